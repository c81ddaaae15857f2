/** Machines in XVA archives as the command names them. Archives are crafted by xapi's data model: see test/support/xva.ts. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import * as zlib from "node:zlib";
import { run } from "../../src/cli/program.js";
import { captureStreams } from "../support/streams.js";
import { cd, network, type RpcRecord, sr, vbd, vdi, vif, vm, xvaOf } from "../support/xva.js";

const MIB = 2 ** 20;
const root = mkdtempSync(join(tmpdir(), "vmferry-xva-machines-"));
after(() => rmSync(root, { recursive: true }));

const records: readonly RpcRecord[] = [
  vm("Ref:0", { name_label: "web" }),
  vbd("Ref:1", "Ref:0", "Ref:2", 0),
  vdi("Ref:2", "Ref:3", 5 * MIB + 512),
  sr("Ref:3"),
  cd("Ref:4", "Ref:0", 3),
  vbd("Ref:5", "Ref:0", "Ref:10", 1),
  vdi("Ref:10", "Ref:3", 2 * MIB),
  vif("Ref:7", "Ref:0", "Ref:8", 0),
  network("Ref:8", "LAN"),
];
const archive = xvaOf(records, { "Ref:2": 5 * MIB + 512, "Ref:10": 2 * MIB });
const plain = join(root, "web.xva");
writeFileSync(plain, archive);

async function vmferry(
  ...argv: string[]
): Promise<{ readonly exitCode: number; readonly out: string; readonly err: string }> {
  const streams = captureStreams();
  const exitCode = await run(argv, streams, new AbortController().signal);
  return { exitCode, out: streams.out(), err: streams.err() };
}

describe("an XVA", () => {
  it("is inspected as a machine with its disks", async () => {
    const { exitCode, out, err } = await vmferry("inspect", plain, "--json", "--quiet");
    assert.equal(exitCode, 0, err);
    const result = JSON.parse(out);
    assert.deepEqual([result.package.kind, result.package.name], ["xva", "web.xva"]);
    assert.deepEqual(result.descriptor, { name: "ova.xml", version: "2", producer: "XCP-ng 8.3.0" });
    assert.deepEqual(
      result.appliance.disks.map((d: { file: string; format: string; capacityBytes: number }) => [
        d.file,
        d.format,
        d.capacityBytes,
      ]),
      [
        ["Ref:2", "xva", 5 * MIB + 512],
        ["Ref:10", "xva", 2 * MIB],
      ],
    );
    assert.equal(result.details[0].guestIds.xenserver, "Debian Bookworm 12");
  });

  it("is converted with the bytes of its disks, also packed as a whole", async () => {
    const packed = join(root, "packed.xva");
    writeFileSync(packed, zlib.gzipSync(archive));
    const names: (readonly [string, string])[] = [
      [plain, "plain"],
      [packed, "gzip"],
    ];
    const { zstdCompressSync } = zlib as { zstdCompressSync?: (bytes: Uint8Array) => Uint8Array };
    if (zstdCompressSync !== undefined) {
      writeFileSync(join(root, "web.xva.zst"), zstdCompressSync(archive));
      names.push([join(root, "web.xva.zst"), "zstd"]);
    }
    const disks = await Promise.all(
      [2, 10].map(async (ref) => {
        const raw = join(root, `disk${ref}.raw`);
        const { exitCode, err } = await vmferry("disk", "convert", `${plain}!Ref:${ref}`, raw, "--quiet");
        assert.equal(exitCode, 0, err);
        return readFileSync(raw);
      }),
    );
    for (const [source, name] of names) {
      const to = join(root, name);
      const { exitCode, err } = await vmferry("convert", source, to, "--to", "libvirt", "--prove", "--quiet");
      assert.equal(exitCode, 0, err);
      for (const [i, disk] of disks.entries()) {
        const raw = join(root, `${name}-${i}.raw`);
        await vmferry("disk", "convert", join(to, `web-disk${i + 1}.qcow2`), raw, "--quiet");
        assert.ok(readFileSync(raw).equals(disk), `${name} disk ${i + 1}`);
      }
      const xml = readFileSync(join(to, "web.xml"), "utf8");
      assert.match(xml, /<mac address="ce:0b:61:7d:00:00"\/>/);
    }
  });

  it("is no OVF package to the commands that need one, which say what to do", async () => {
    for (const command of ["verify", "validate"]) {
      const { exitCode, err } = await vmferry(command, plain, "--quiet");
      assert.ok(exitCode > 0);
      assert.match(err, /package\/not-ovf/, command);
    }
  });

  it("that is packed and is none is not unpacked for it", async () => {
    const other = join(root, "other.xva");
    writeFileSync(other, zlib.gzipSync(new Uint8Array(100_000)));
    const { exitCode, err } = await vmferry("inspect", other, "--quiet");
    assert.ok(exitCode > 0);
    assert.match(err, /package\/unknown-kind/);
  });
});
