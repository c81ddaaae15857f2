import assert from "node:assert/strict";
import { copyFile, mkdir, readdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { startFerry } from "../support/ferry.js";
import { craftSeSparse, descriptorText } from "../support/vmdk.js";
import { startCarrier } from "./carrier.js";
import { lacking, peerPath } from "./peers.js";
import { prove } from "./proof.js";
import { hashFile } from "./readings.js";
import { run } from "./run.js";
import { scratch } from "./scratch.js";
import { startVirtualBox } from "./virtualbox.js";

const MIB = 2 ** 20;
const ODD = 21 * MIB + 3 * 512;

async function qemuImg(...args: readonly string[]): Promise<string> {
  return (await run(await peerPath("qemu-img"), args, { timeout: 60_000 })).stdout;
}

async function qemuIo(image: string, ...commands: readonly string[]): Promise<void> {
  const args = commands.flatMap((command) => ["-c", command]);
  await run(await peerPath("qemu-io"), ["-f", "qcow2", ...args, image], { timeout: 30_000 });
}

/** A chain of three that qemu-img made: changes of less than a cluster, zeros over data, a disk that grew. Returns its folder. */
async function makeChain(t: TestContext): Promise<string> {
  const folder = await scratch(t, "chain");
  const file = (name: string): string => join(folder, name);
  await run(process.execPath, ["test/fixtures/pattern.mjs", file("base.raw"), String(ODD), "431"]);
  await qemuImg("convert", "-f", "raw", "-O", "qcow2", file("base.raw"), file("base.qcow2"));
  await qemuIo(file("base.qcow2"), "write -q -P 64 2M 9M");
  await qemuImg("create", "-q", "-f", "qcow2", "-b", "base.qcow2", "-F", "qcow2", file("middle.qcow2"));
  await qemuIo(file("middle.qcow2"), "write -q -P 65 3M 100k", "write -q -z 5M 1M", "write -q -P 0 7M 128k");
  const size = String(ODD + 3 * MIB);
  await qemuImg("create", "-q", "-f", "qcow2", "-b", "middle.qcow2", "-F", "qcow2", file("top.qcow2"), size);
  await qemuIo(file("top.qcow2"), "write -q -P 66 3M 1k", "write -q -P 67 9M 64k", `write -q -P 68 ${ODD + MIB} 512`);
  return folder;
}

const LAYERS = ["base", "middle", "top"] as const;

test("chains: qemu-img reads a kept chain as its source, layer by layer, and every file holds only what differs", {
  skip: await lacking("qemu-img", "qemu-io"),
  timeout: 240_000,
}, async (t) => {
  const folder = await makeChain(t);
  const ferry = startFerry();
  t.after(() => ferry.close());
  for (const variant of ["uncompressed", "compressed"]) {
    const into = join(folder, variant);
    await mkdir(into);
    const { outcome } = await ferry.convertDisk(join(folder, "top.qcow2"), join(into, "top.qcow2"), {
      keepChain: true,
      variant,
      prove: true,
    });
    assert.deepEqual(
      outcome.proof?.map(({ name, equal }) => [name, equal]),
      LAYERS.map((name) => [`${name}.qcow2`, true]),
    );
    const chain = JSON.parse(await qemuImg("info", "--backing-chain", "--output=json", join(into, "top.qcow2")));
    assert.deepEqual(
      chain.map((layer: Record<string, string>) => [layer["backing-filename"], layer["backing-filename-format"]]),
      [
        ["middle.qcow2", "qcow2"],
        ["base.qcow2", "qcow2"],
        [undefined, undefined],
      ],
    );
    for (const name of LAYERS) {
      const [theirs, ours] = [join(folder, `${name}.qcow2`), join(into, `${name}.qcow2`)];
      assert.match(await qemuImg("check", "-f", "qcow2", ours), /No errors were found/);
      assert.match(await qemuImg("compare", "-f", "qcow2", "-F", "qcow2", theirs, ours), /identical/);
    }
    const own = JSON.parse(await qemuImg("map", "--output=json", join(into, "top.qcow2")));
    const written = own.filter((part: { depth: number; data: boolean }) => part.depth === 0 && part.data === true);
    assert.ok(written.reduce((sum: number, part: { length: number }) => sum + part.length, 0) <= 3 * 65_536);
    await qemuIo(join(into, "middle.qcow2"), "write -q -P 70 12M 3M");
    await qemuImg("rebase", "-f", "qcow2", "-F", "qcow2", "-b", "base.qcow2", join(into, "top.qcow2"));
    assert.match(await qemuImg("check", "-f", "qcow2", join(into, "top.qcow2")), /No errors were found/);
    const about = { format: "qcow2", variant, peer: "qemu-img", cannot: null } as const;
    prove({ ...about, direction: "written", what: "chain" });
    if (variant === "uncompressed") prove({ ...about, direction: "read", what: "chain" });
  }
});

test("chains: a chain kept as differencing VHDs is one to VirtualBox, and reads as its source", {
  skip: await lacking("qemu-img", "qemu-io", "VBoxManage"),
  timeout: 240_000,
}, async (t) => {
  const folder = await makeChain(t);
  const { manage } = await startVirtualBox(t);
  const ferry = startFerry();
  t.after(() => ferry.close());
  for (const variant of ["dynamic", "fixed"]) {
    const into = join(folder, variant);
    await mkdir(into);
    await ferry.convertDisk(join(folder, "top.qcow2"), join(into, "top.vhd"), {
      keepChain: true,
      variant,
      prove: true,
    });
    for (const name of LAYERS) {
      const raw = join(folder, `${name}.${variant}.raw`);
      await qemuImg("convert", "-f", "qcow2", "-O", "raw", join(folder, `${name}.qcow2`), raw);
      // Layers of a VHD have one size: what the smaller ones lack is zeros.
      const size = ODD + 3 * MIB;
      await truncate(raw, size);
      const image = join(into, `${name}.vhd`);
      const shown = (await manage("showmediuminfo", "disk", image)).stdout;
      assert.match(shown, /State: +created/);
      assert.match(shown, name === "base" ? /Parent UUID: +base/ : /Parent UUID: +[0-9a-f-]{36}/);
      const back = `${raw}.back`;
      await manage("clonemedium", "disk", image, back, "--format", "RAW");
      assert.equal(await hashFile(back, size), await hashFile(raw, size), `${variant} ${name}`);
    }
    prove({ format: "vhd", variant, peer: "VBoxManage", direction: "written", what: "chain over it", cannot: null });
  }
  const children = { format: "vhd", variant: "differencing", peer: "VBoxManage" } as const;
  prove({ ...children, direction: "written", what: "chain", cannot: null });
});

test("chains: a differencing VHD of VirtualBox's becomes a QCOW2 chain that qemu-img reads alike", {
  skip: await lacking("qemu-img", "VBoxManage"),
  timeout: 120_000,
}, async (t) => {
  const folder = await scratch(t, "chain-vbox");
  const { manage } = await startVirtualBox(t);
  const file = (name: string): string => join(folder, name);
  await run(process.execPath, ["test/fixtures/pattern.mjs", file("guest.raw"), String(ODD), "461"]);
  await manage("convertfromraw", file("guest.raw"), file("base.vhd"), "--format", "VHD");
  await manage(
    "createmedium",
    "disk",
    "--filename",
    file("child.vhd"),
    "--diffparent",
    file("base.vhd"),
    "--format",
    "VHD",
  );
  await manage("mediumio", "--disk", file("child.vhd"), "formatfat", "--quick");
  await manage("clonemedium", "disk", file("child.vhd"), file("flat.raw"), "--format", "RAW");
  const ferry = startFerry();
  t.after(() => ferry.close());
  await ferry.convertDisk(file("child.vhd"), file("child.qcow2"), { keepChain: true, prove: true });
  assert.deepEqual((await readdir(folder)).filter((name) => name.endsWith(".qcow2")).sort(), [
    "base.qcow2",
    "child.qcow2",
  ]);
  assert.match(
    await qemuImg("compare", "-f", "raw", "-F", "qcow2", file("flat.raw"), file("child.qcow2")),
    /identical/,
  );
  assert.match(
    await qemuImg("compare", "-f", "raw", "-F", "qcow2", file("guest.raw"), file("base.qcow2")),
    /identical/,
  );
  const children = { format: "vhd", variant: "differencing", peer: "VBoxManage" } as const;
  prove({ ...children, direction: "read", what: "chain", cannot: null });
});

test("vhd: a fixed disk rounded to whole MiB has the size that Azure asks for, to qemu-img and VirtualBox", {
  skip: await lacking("qemu-img", "VBoxManage"),
  timeout: 120_000,
}, async (t) => {
  const folder = await scratch(t, "azure");
  const raw = join(folder, "guest.raw");
  await run(process.execPath, ["test/fixtures/pattern.mjs", raw, String(ODD), "461"]);
  const image = join(folder, "guest.vhd");
  const ferry = startFerry();
  t.after(() => ferry.close());
  await ferry.convertDisk(raw, image, { variant: "fixed", roundTo: MIB, from: "raw", prove: true });
  assert.equal((await stat(image)).size, 22 * MIB + 512);
  assert.equal(JSON.parse(await qemuImg("info", "-f", "vpc", "--output=json", image))["virtual-size"], 22 * MIB);
  const { manage } = await startVirtualBox(t);
  assert.match((await manage("showmediuminfo", "disk", image)).stdout, /Capacity: +22 MBytes/);
  const grown = join(folder, "grown.raw");
  await copyFile(raw, grown);
  assert.match(await qemuImg("compare", "-f", "raw", "-F", "vpc", grown, image), /identical/);
  assert.equal((await startCarrier(t).info(image)).properties.creator, "win");
  for (const peer of ["qemu-img", "VBoxManage"] as const) {
    prove({ format: "vhd", variant: "fixed", peer, direction: "written", what: "rounded to 1 MiB", cannot: null });
  }
});

test("qcow2: internal snapshots are read as qemu-img reads them, also from before the disk was made larger", {
  skip: await lacking("qemu-img", "qemu-io"),
  timeout: 120_000,
}, async (t) => {
  const folder = await scratch(t, "snapshots");
  const file = (name: string): string => join(folder, name);
  await run(process.execPath, ["test/fixtures/pattern.mjs", file("guest.raw"), String(ODD), "461"]);
  await qemuImg("convert", "-c", "-f", "raw", "-O", "qcow2", file("guest.raw"), file("base.qcow2"));
  await qemuImg("create", "-q", "-f", "qcow2", "-b", "base.qcow2", "-F", "qcow2", file("disk.qcow2"));
  for (const [i, name] of ["clean", "two words", "3"].entries()) {
    await qemuIo(file("disk.qcow2"), `write -q -P ${80 + i} ${i}M 1500k`, `write -q -z ${3 + i}M 64k`);
    await qemuImg("snapshot", "-c", name, file("disk.qcow2"));
    await qemuImg("resize", "-f", "qcow2", file("disk.qcow2"), `+${1 + i}M`);
  }
  await qemuIo(file("disk.qcow2"), "write -q -P 90 0 8M");
  const ferry = startFerry();
  t.after(() => ferry.close());
  for (const [word, option] of [
    ["1", "snapshot.id=1"],
    ["clean", "snapshot.id=1"],
    ["two words", "snapshot.name=two words"],
    ["3", "snapshot.id=3"],
  ] as const) {
    const [theirs, ours] = [file("theirs.raw"), file(`ours-${word}-${option.length}.raw`)];
    await qemuImg("convert", "-f", "qcow2", "-l", option, "-O", "raw", file("disk.qcow2"), theirs);
    const { plan } = await ferry.convertDisk(file("disk.qcow2"), ours, { snapshot: word });
    const { size } = await stat(ours);
    assert.ok(plan.files.length === 1);
    assert.ok((await stat(theirs)).size >= size);
    await truncate(theirs, size);
    assert.equal(await hashFile(ours, size), await hashFile(theirs, size), word);
  }
  const about = { format: "qcow2", peer: "qemu-img", direction: "read", what: "snapshots", cannot: null } as const;
  for (const variant of ["uncompressed", "compressed"]) prove({ ...about, variant });
});

test("vmdk: a space-efficient delta over a base is read as qemu-img reads it", {
  skip: await lacking("qemu-img"),
  timeout: 120_000,
}, async (t) => {
  const folder = await scratch(t, "sesparse");
  const file = (name: string): string => join(folder, name);
  const sectors = 3 * 32_768 + 16_384;
  await run(process.execPath, ["test/fixtures/pattern.mjs", file("guest.raw"), String(sectors * 512), "461"]);
  await qemuImg("convert", "-f", "raw", "-O", "vmdk", file("guest.raw"), file("base.vmdk"));
  const cid = /^CID=(.*)$/m.exec((await readFile(file("base.vmdk"))).toString("latin1"))?.[1] ?? "";
  const grain = (value: number): Uint8Array => new Uint8Array(4096).fill(value);
  const grains = { 0: grain(1), 1: "zero", 2: "unmapped", 300: grain(2), 8192: grain(3), 14335: grain(4) } as const;
  for (const firstGrain of [0, 4090, 9000]) {
    const extent = craftSeSparse(sectors, grains, firstGrain);
    await writeFile(file("x-sesparse.vmdk"), extent.read(0, extent.size));
    const settings = ['createType="seSparse"', `parentCID=${cid}`, 'parentFileNameHint="base.vmdk"'];
    // QEMU counts an extent line twice that follows an empty one; VMware writes a comment between them.
    const lines = ["# Extent description", `RW ${sectors} SESPARSE "x-sesparse.vmdk"`];
    await writeFile(file("x.vmdk"), descriptorText(lines, settings));
    await qemuImg("convert", "-f", "vmdk", "-O", "raw", file("x.vmdk"), file("theirs.raw"));
    assert.equal(await startCarrier(t).sum(file("x.vmdk")), await hashFile(file("theirs.raw"), sectors * 512));
  }
  prove({ format: "vmdk", variant: "seSparse", peer: "qemu-img", direction: "alike", what: "chain", cannot: null });
});

test("chains: a QCOW2 written over a base that was there is read, checked and followed by qemu-img", {
  skip: await lacking("qemu-img"),
  timeout: 240_000,
}, async (t) => {
  const folder = await scratch(t, "backing");
  const file = (name: string): string => join(folder, name);
  await run(process.execPath, ["test/fixtures/pattern.mjs", file("base.raw"), String(ODD), "431"]);
  await run(process.execPath, ["test/fixtures/pattern.mjs", file("other.raw"), String(3 * MIB), "77"]);
  // A guest that has grown, with other bytes, zeros over data and one byte that differs.
  const guest = Buffer.concat([await readFile(file("base.raw")), Buffer.alloc(2 * MIB)]);
  (await readFile(file("other.raw"))).copy(guest, 5 * MIB + 512);
  guest.fill(0, MIB, MIB + 200_000);
  guest[ODD + MIB] = 1;
  await writeFile(file("guest.raw"), guest);
  const ferry = startFerry();
  t.after(() => ferry.close());
  for (const [format, driver, ...options] of [
    ["raw", "raw"],
    ["qcow2", "qcow2", "-c"],
    ["vmdk", "vmdk"],
    ["vhd", "vpc", "-o", "force_size=on"],
    ["vhdx", "vhdx"],
    ["vdi", "vdi"],
  ] as const) {
    const base = `under.${format}`;
    await qemuImg("convert", "-f", "raw", "-O", driver, ...options, file("base.raw"), file(base));
    for (const variant of ["uncompressed", "compressed"]) {
      const over = `over-${format}-${variant}.qcow2`;
      const { outcome } = await ferry.convertDisk(file("guest.raw"), file(over), {
        over: file(base),
        variant,
        prove: true,
      });
      assert.equal(outcome.proof?.[0]?.equal, true);
      assert.match(await qemuImg("check", file(over)), /No errors were found/);
      assert.match(await qemuImg("compare", "-f", "raw", file("guest.raw"), file(over)), /identical/);
      const chain = JSON.parse(await qemuImg("info", "--backing-chain", "--output=json", file(over)));
      assert.deepEqual(
        chain.map((image: Record<string, unknown>) => [
          image.format,
          image["backing-filename"] ?? null,
          image["backing-filename-format"] ?? null,
        ]),
        [
          ["qcow2", base, driver],
          [driver, null, null],
        ],
      );
      assert.ok((await stat(file(over))).size < 4.5 * MIB, "only what differs is stored");
    }
  }
});
