/** Options of `vmferry disk convert` that decide how a result is stored. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { run } from "../../src/cli/program.js";
import { zlibCodec } from "../../src/runtime/node/codec.js";
import { captureStreams } from "../support/streams.js";

const root = mkdtempSync(join(tmpdir(), "vmferry-disk-convert-"));
after(() => rmSync(root, { recursive: true, force: true }));

interface Said {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
  /** The code of the error that ended the run. */
  readonly code: string | null;
}

async function vmferry(...argv: string[]): Promise<Said> {
  const streams = captureStreams();
  // On this thread: starting others takes longer than the work.
  const inline = argv[1] === "convert" || argv[1] === "compare" ? ["--workers", "0"] : [];
  const exitCode = await run([...argv, ...inline, "--quiet"], streams, new AbortController().signal);
  const err = streams.err();
  return { exitCode, out: streams.out(), err, code: /^error\[(.+?)\]/m.exec(err)?.[1] ?? null };
}

/** A raw disk of 4 MiB: text in some of its clusters of 64 KiB. */
function rawDisk(name: string, clusters: readonly number[]): string {
  const bytes = Buffer.alloc(4 * 2 ** 20);
  for (const cluster of clusters) bytes.fill(`cluster ${cluster} `, cluster * 65_536, (cluster + 1) * 65_536);
  const file = join(root, name);
  writeFileSync(file, bytes);
  return file;
}

describe("--compression", () => {
  const guest = rawDisk("guest.raw", [0, 5]);
  const to = join(root, "packed.qcow2");

  it("zstd packs with Zstandard, or is refused by a Node.js that cannot", async () => {
    const argv = ["disk", "convert", guest, to, "--variant", "compressed", "--compression", "zstd", "--prove"];
    const said = await vmferry(...argv);
    if (zlibCodec().zstdInto === undefined) {
      assert.deepEqual([said.exitCode, said.code, existsSync(to)], [3, "disk/no-encoder", false]);
      return;
    }
    assert.equal(said.exitCode, 0, said.err);
    const info = JSON.parse((await vmferry("disk", "info", to, "--json")).out);
    assert.deepEqual([info.variant, info.properties.compression], ["compressed", "zstd"]);
  });

  it("is refused where the variant or the format does not have it", async () => {
    for (const name of ["x.qcow2", "x.vhd", "x.raw"]) {
      const said = await vmferry("disk", "convert", guest, join(root, name), "--compression", "zstd");
      assert.deepEqual([said.exitCode, said.code], [2, "disk/unknown-compression"], name);
    }
    const stream = ["--variant", "streamOptimized"];
    const vmdk = await vmferry("disk", "convert", guest, join(root, "x.vmdk"), ...stream, "--compression", "zstd");
    assert.deepEqual([vmdk.exitCode, vmdk.code], [2, "disk/unknown-compression"]);
    const plain = await vmferry("disk", "convert", guest, join(root, "y.vmdk"), ...stream, "--compression", "deflate");
    assert.equal(plain.exitCode, 0, plain.err);
  });
});

describe("--backing", () => {
  const base = rawDisk("base.raw", [0, 1, 2, 3, 10, 20]);
  const guest = rawDisk("changed.raw", [0, 1, 3, 10, 20, 30]);

  async function extentsOf(name: string): Promise<readonly (readonly [number, number, string])[]> {
    const { extents } = JSON.parse((await vmferry("disk", "map", name, "--json")).out) as {
      extents: { offset: number; length: number; kind: string }[];
    };
    return extents.map(({ offset, length, kind }) => [offset / 65_536, length / 65_536, kind]);
  }

  /** Converts the guest over a base, with proof. */
  async function over(baseName: string, name: string, ...options: string[]): Promise<string> {
    const to = join(root, name);
    const said = await vmferry("disk", "convert", guest, to, "--backing", join(root, baseName), "--prove", ...options);
    assert.equal(said.exitCode, 0, said.err);
    assert.equal((await vmferry("disk", "compare", to, guest, "--allow-external")).exitCode, 0);
    return to;
  }

  it("stores in a QCOW2 only what differs, over a base of any format, and names it with its format", async () => {
    for (const [format, extension, variant] of [
      ["raw", "raw", null],
      ["qcow2", "qcow2", "compressed"],
      ["vhd", "vhd", "fixed"],
      ["vmdk", "vmdk", "monolithicSparse"],
    ] as const) {
      const named = `base.${extension}`;
      if (variant !== null) await vmferry("disk", "convert", base, join(root, named), "--variant", variant);
      for (const packed of ["uncompressed", "compressed"]) {
        const to = await over(named, `over-${format}-${packed}.qcow2`, "--variant", packed);
        const extents = await extentsOf(to);
        // Cluster 2 became zeros, cluster 30 was zeros.
        assert.deepEqual(
          extents.filter(([, , kind]) => kind !== "absent"),
          [
            [2, 1, "zero"],
            [30, 1, "data"],
          ],
          to,
        );
        const info = JSON.parse((await vmferry("disk", "info", to, "--allow-external", "--json")).out);
        assert.deepEqual(info.parent, { name: named, identity: null });
        assert.equal(info.properties.backingFormat, format === "vhd" ? "vpc" : format);
      }
    }
  });

  it("stores in a differencing VHD only the blocks that differ, and knows its parent by its id", async () => {
    await vmferry("disk", "convert", base, join(root, "parent.vhd"));
    const to = await over("parent.vhd", "child.vhd");
    const parent = JSON.parse((await vmferry("disk", "info", join(root, "parent.vhd"), "--json")).out);
    const info = JSON.parse((await vmferry("disk", "info", to, "--allow-external", "--json")).out);
    assert.deepEqual(info.parent, { name: "parent.vhd", identity: parent.identity });
    assert.equal(info.variant, "differencing");
  });

  it("names a base of another folder from the result's own", async () => {
    mkdirSync(join(root, "below"), { recursive: true });
    const to = join(root, "below", "changes.qcow2");
    assert.equal((await vmferry("disk", "convert", guest, to, "--backing", base)).exitCode, 0);
    const same = await vmferry("disk", "compare", to, guest, "--map-disk", `../base.raw=${base}`);
    assert.equal(same.exitCode, 0, same.err);
  });

  it("takes the word of --backing-format where name and content disagree", async () => {
    const misnamed = join(root, "golden.img");
    await vmferry("disk", "convert", base, misnamed, "--to", "qcow2");
    const to = join(root, "golden-changes.qcow2");
    const argv = ["disk", "convert", guest, to, "--backing", misnamed];
    assert.equal((await vmferry(...argv)).code, "disk/name-disagrees");
    assert.equal((await vmferry(...argv, "--backing-format", "qcow2")).exitCode, 0);
    assert.equal((await vmferry("disk", "compare", to, guest, "--allow-external")).exitCode, 0);
  });

  it("is refused where the format stands alone, where sizes must agree, over itself, and with what contradicts it", async () => {
    const small = join(root, "small.raw");
    writeFileSync(small, Buffer.alloc(1024 * 1024, 7));
    await vmferry("disk", "convert", small, join(root, "small.vhd"));
    for (const [code, exitCode, ...argv] of [
      ["disk/cannot-back", 3, "x.vdi", "--backing", base],
      ["disk/cannot-back", 3, "x.vhd", "--backing", base],
      ["disk/cannot-back", 3, "x.vhd", "--backing", join(root, "small.vhd")],
      ["cli/usage", 2, "x.qcow2", "--backing", join(root, "nowhere.raw")],
      ["cli/usage", 2, "base.raw", "--to", "qcow2", "--force", "--backing", base],
      ["cli/usage", 2, "x.qcow2", "--keep-chain", "--backing", base],
      ["cli/usage", 2, "x.qcow2", "--sparse", "none", "--backing", base],
    ] as const) {
      const [name, ...options] = argv;
      const said = await vmferry("disk", "convert", guest, join(root, name), ...options);
      assert.deepEqual([said.code, said.exitCode], [code, exitCode], argv.join(" "));
    }
  });
});

describe("--salvage", () => {
  const stream = (name: string): string => join(root, name);

  it("saves what is whole of a stream that is cut off, names what is lost in bytes, and ends with exit code 1", async () => {
    const raw = rawDisk("salvage.raw", [1, 2, 30, 31]);
    const whole = stream("whole.vmdk");
    assert.equal((await vmferry("disk", "convert", raw, whole, "--variant", "streamOptimized")).exitCode, 0);
    const bytes = readFileSync(whole);
    const cut = stream("cut.vmdk");
    // Two grains of a sector each stay; the third is cut off.
    writeFileSync(cut, bytes.subarray(0, 130 * 512 + 100));
    const refused = await vmferry("disk", "convert", cut, join(root, "not.raw"));
    assert.deepEqual([refused.exitCode, refused.code], [3, "vmdk/no-footer"]);
    const back = join(root, "saved.raw");
    const said = await vmferry("disk", "convert", cut, back, "--salvage", "--prove", "--json");
    assert.equal(said.exitCode, 1);
    const { diagnostics, proof } = JSON.parse(said.out);
    assert.equal(proof[0].equal, true);
    const [lost] = diagnostics;
    assert.equal(lost.code, "disk/data-lost");
    const { offset, length } = lost.data.ranges[0];
    assert.deepEqual([lost.data.rangeCount, offset + length], [1, 4 * 2 ** 20]);
    assert.ok(offset > 2 * 65_536 && offset <= 31 * 65_536, String(offset));
    const [was, is] = [readFileSync(raw), readFileSync(back)];
    assert.ok(is.subarray(0, offset).equals(was.subarray(0, offset)));
    assert.equal(
      is.subarray(offset).findIndex((byte) => byte !== 0),
      -1,
    );
  });

  it("of a stream that is whole is a plain conversion, and the exit code is 0", async () => {
    const raw = rawDisk("salvage-whole.raw", [7]);
    const whole = stream("sound.vmdk");
    assert.equal((await vmferry("disk", "convert", raw, whole, "--variant", "streamOptimized")).exitCode, 0);
    const back = join(root, "sound.raw");
    assert.equal((await vmferry("disk", "convert", whole, back, "--salvage")).exitCode, 0);
    assert.ok(readFileSync(back).equals(readFileSync(raw)));
  });

  it("is refused for a disk whose tables alone say where its data belongs", async () => {
    const raw = rawDisk("salvage-other.raw", [7]);
    const other = stream("other.qcow2");
    assert.equal((await vmferry("disk", "convert", raw, other)).exitCode, 0);
    const said = await vmferry("disk", "convert", other, join(root, "other.raw"), "--salvage");
    assert.deepEqual([said.exitCode, said.code], [3, "disk/cannot-salvage"]);
  });
});
