/** Disks of XVA archives as the command names them. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { toHex } from "../../src/base/bytes.js";
import { run } from "../../src/cli/program.js";
import { xxh64 } from "../../src/io/checksums/xxh64.js";
import { ovaXml, type XvaMember, xvaBytes } from "../../src/package/xva/testing/archive.js";
import { captureStreams } from "../support/streams.js";

const MIB = 2 ** 20;
const root = mkdtempSync(join(tmpdir(), "vmferry-xva-"));
after(() => rmSync(root, { recursive: true }));

/** A disk of 5.5 MiB: chunks 0, 3 and 5, the last one padded to 1 MiB with what is not the guest's. */
const size = 5.5 * MIB;
const guest = new Uint8Array(size);
for (const at of [0, 3 * MIB + 7, size - 9]) guest.fill(0x20 + (at % 90), at, at + 9);
const padded = new Uint8Array(6 * MIB).fill(0xee);
padded.set(guest);

function chunk(name: string, bytes: Uint8Array): readonly XvaMember[] {
  return [
    [name, bytes],
    [`${name}.xxhash`, new TextEncoder().encode(toHex(xxh64(bytes)).toUpperCase())],
  ];
}

const disk = [0, 3, 5].flatMap((i) => chunk(`Ref:4/0000000${i}`, padded.subarray(i * MIB, (i + 1) * MIB)));
const other = chunk("Ref:7/00000000", padded.slice(0, 512));
const one = join(root, "one.xva");
const two = join(root, "two.xva");
writeFileSync(one, xvaBytes([ovaXml({ "Ref:4": size }), ...disk]));
writeFileSync(two, xvaBytes([ovaXml({ "Ref:4": size, "Ref:7": 512 }), ...disk, ...other]));

async function vmferry(...argv: string[]): Promise<{ exitCode: number; out: string; err: string }> {
  const streams = captureStreams();
  const exitCode = await run([...argv, "--quiet"], streams, new AbortController().signal);
  return { exitCode, out: streams.out(), err: streams.err() };
}

describe("a disk of an XVA", () => {
  for (const name of [`${two}!Ref:4`, one]) {
    const said = name === one ? "the only one, by the archive alone" : "by its name";
    it(`is converted: ${said}`, async () => {
      const raw = join(root, `${name === one ? "one" : "two"}.raw`);
      const { exitCode, err } = await vmferry("disk", "convert", name, raw);
      assert.equal(exitCode, 0, err);
      assert.ok(Buffer.from(guest).equals(readFileSync(raw)));
    });
  }

  it("is described, hashed, mapped and checked", async () => {
    const info = JSON.parse((await vmferry("disk", "info", `${two}!Ref:4`, "--json")).out);
    assert.deepEqual([info.format, info.capacityBytes, info.allocatedBytes], ["xva", size, 2.5 * MIB]);
    assert.deepEqual(info.diagnostics, []);
    const hash = JSON.parse((await vmferry("disk", "hash", one, "--json")).out);
    assert.equal(hash.digest, createHash("sha256").update(guest).digest("hex"));
    assert.equal((await vmferry("disk", "map", `${two}!Ref:7`)).exitCode, 0);
    const checked = await vmferry("disk", "check", `${two}!Ref:4`, "--json");
    assert.deepEqual([checked.exitCode, JSON.parse(checked.out).verdict], [0, "sound"]);
  });

  it("is damaged where a chunk does not have its sum, or is missing at the end", async () => {
    const bytes = readFileSync(two);
    bytes.writeUInt8(1, bytes.indexOf("Ref:4/00000003") + 600);
    const flipped = join(root, "flipped.xva");
    writeFileSync(flipped, bytes);
    const checked = JSON.parse((await vmferry("disk", "check", `${flipped}!Ref:4`, "--json")).out);
    assert.deepEqual([checked.verdict, checked.counts], ["damaged", { "xva/bad-sum": 1 }]);
    const short = join(root, "short.xva");
    writeFileSync(short, xvaBytes([ovaXml({ "Ref:4": size }), ...disk.slice(0, 4)]));
    const cut = JSON.parse((await vmferry("disk", "check", short, "--json")).out);
    assert.deepEqual([cut.verdict, cut.counts], ["damaged", { "xva/size-differs": 1 }]);
  });

  it("is asked for by its name where there are several, with the names in the message", async () => {
    for (const name of [two, `${two}!Ref:9`]) {
      const { exitCode, err } = await vmferry("disk", "info", name);
      assert.equal(exitCode, 3, err);
      assert.match(err, /error\[xva\/which-disk\].*Ref:4 .*Ref:7 /);
    }
  });

  it("is neither a member nor a file for another format", async () => {
    assert.match((await vmferry("disk", "info", `${two}!Ref:4`, "--from", "vmdk")).err, /^error\[/m);
    const nothing = join(root, "nothing.raw");
    writeFileSync(nothing, new Uint8Array(4096));
    assert.match((await vmferry("disk", "info", nothing, "--from", "xva")).err, /^error\[xva\/no-archive\]/m);
  });
});
