/** Options of `vmferry disk convert` that decide how a result is stored. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
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
  const exitCode = await run([...argv, "--quiet"], streams, new AbortController().signal);
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
