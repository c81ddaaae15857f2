import assert from "node:assert/strict";
import { truncate } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { DiskFormatId } from "../../src/base/ids.js";
import { noResolver } from "../../src/io/resolver.js";
import { diskResize } from "../../src/operations/disk/amend.js";
import { openEditableFile } from "../../src/runtime/node/editable-file.js";
import { createContext, createNodeRuntime } from "../../src/runtime/node/runtime.js";
import { startCarrier } from "./carrier.js";
import { lacking, peerPath } from "./peers.js";
import { prove } from "./proof.js";
import { hashFile } from "./readings.js";
import { run } from "./run.js";
import { scratch } from "./scratch.js";
import { startVirtualBox } from "./virtualbox.js";

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const OLD = 21 * MIB + 3 * 512;

async function qemu(name: "qemu-img" | "qemu-io", ...args: readonly string[]): Promise<string> {
  return (await run(await peerPath(name), args, { timeout: 60_000 })).stdout;
}

async function makeRaw(t: TestContext): Promise<string> {
  const raw = join(await scratch(t, "resize"), "guest.raw");
  await run(process.execPath, ["test/fixtures/pattern.mjs", raw, String(OLD), "461"]);
  return raw;
}

async function resize(t: TestContext, file: string, bytes: number): Promise<void> {
  const runtime = createNodeRuntime({ worker: new URL("../../src/worker-node.js", import.meta.url), workers: 0 });
  t.after(() => runtime.close());
  const editable = await openEditableFile(file, { native: runtime.native });
  try {
    const disk = {
      name: file,
      file: editable,
      resolver: noResolver,
      format: file.endsWith(".raw") ? "raw" : null,
    } as const;
    const result = await diskResize(disk, { bytes }, "apply", createContext(runtime));
    assert.equal(result.capacityBytes.after, bytes);
  } finally {
    await editable.close();
  }
}

/** Format, variant, how qemu-img calls it, and options that make its own. */
const CASES: readonly (readonly [DiskFormatId, string, string, readonly string[]])[] = [
  ["vmdk", "monolithicSparse", "vmdk", ["-o", "subformat=monolithicSparse"]],
  ["vhd", "dynamic", "vpc", ["-o", "subformat=dynamic,force_size=on"]],
  ["vhd", "fixed", "vpc", ["-o", "subformat=fixed,force_size=on"]],
  ["vhdx", "dynamic", "vhdx", ["-o", "subformat=dynamic,block_size=1M"]],
  ["vhdx", "fixed", "vhdx", ["-o", "subformat=fixed,block_size=1M"]],
  ["vdi", "dynamic", "vdi", ["-o", "static=off"]],
  ["vdi", "static", "vdi", ["-o", "static=on"]],
  ["qcow2", "uncompressed", "qcow2", ["-o", "cluster_size=4k"]],
  ["qcow2", "compressed", "qcow2", ["-c", "-o", "compat=0.10"]],
];

for (const [format, variant, driver, make] of CASES) {
  const small = variant === "fixed" || variant === "static";
  test(`resize: qemu-img finds no error in a larger ${format} ${variant}, reads the same and zeros behind, and writes to its new end`, {
    skip: await lacking("qemu-img", "qemu-io"),
    timeout: 240_000,
  }, async (t) => {
    const raw = await makeRaw(t);
    const carrier = startCarrier(t);
    const ours = `${raw}.ours.${format}`;
    await carrier.convert(raw, ours, format, variant);
    const theirs = `${raw}.theirs.${format}`;
    await qemu("qemu-img", "convert", "-f", "raw", "-O", driver, ...make, raw, theirs);
    for (const image of [ours, theirs]) {
      for (const bytes of small ? [40 * MIB, 300 * MIB] : [40 * MIB, 2 * GIB, 300 * GIB]) {
        await resize(t, image, bytes);
        await truncate(raw, bytes);
        await accept(raw, image);
      }
      const end = small ? 300 * MIB : 300 * GIB;
      // A guest's write into what is new: the peer's own allocation has to work in our tables.
      const writing = ["-c", `write -P 0x5a ${end - MIB} 64k`, "-c", `write -P 0x5b ${30 * MIB + 512} 1k`];
      await qemu("qemu-io", "-f", driver, ...writing, image);
      await qemu("qemu-io", "-f", "raw", ...writing, raw);
      await accept(raw, image);
      await truncate(raw, OLD);
      const direction = image === ours ? "written" : "read";
      prove({ format, variant, peer: "qemu-img", direction, what: "resized", cannot: null });
    }

    async function accept(from: string, image: string): Promise<void> {
      if (driver !== "vpc") {
        const checked = await qemu("qemu-img", "check", "-f", driver, image);
        assert.match(checked, /No errors/, image);
      }
      // It walks a VHDX block by block, which takes minutes for a large one.
      const last = format === "vhdx" && JSON.parse(await qemu("qemu-img", "info", "--output=json", "-f", "raw", from));
      if (last === false || last["virtual-size"] < 100 * GIB)
        assert.match(await qemu("qemu-img", "compare", "-f", "raw", "-F", driver, from, image), /identical/);
      const found = JSON.parse(await qemu("qemu-img", "info", "--output=json", "-f", driver, image));
      const wanted = JSON.parse(await qemu("qemu-img", "info", "--output=json", "-f", "raw", from));
      assert.equal(found["virtual-size"], wanted["virtual-size"]);
    }
  });
}

test("resize: VirtualBox shows the new size and reads the same", {
  skip: await lacking("VBoxManage"),
  timeout: 240_000,
}, async (t) => {
  const { manage } = await startVirtualBox(t);
  for (const [made, variant, format, ours] of [
    ["VDI", "Standard", "vdi", "dynamic"],
    ["VDI", "Fixed", "vdi", "static"],
    ["VHD", "Standard", "vhd", "dynamic"],
    ["VHD", "Fixed", "vhd", "fixed"],
    ["VMDK", "Standard", "vmdk", "monolithicSparse"],
  ] as const) {
    const raw = await makeRaw(t);
    const image = `${raw}.${variant}.${format}`;
    await manage("convertfromraw", raw, image, "--format", made, "--variant", variant);
    // It writes every zero of a raw copy.
    const bytes = variant === "Fixed" ? 50 * MIB : 300 * MIB;
    await resize(t, image, bytes);
    const shown = (await manage("showmediuminfo", "disk", image)).stdout;
    assert.match(shown, new RegExp(`Capacity: +${bytes / MIB} MBytes`), `${made} ${variant}`);
    const back = `${image}.back.raw`;
    await manage("clonemedium", "disk", image, back, "--format", "RAW");
    await truncate(raw, bytes);
    assert.equal(await hashFile(back, bytes), await hashFile(raw, bytes), `${made} ${variant}`);
    prove({ format, variant: ours, peer: "VBoxManage", direction: "read", what: "resized", cannot: null });
  }
});
