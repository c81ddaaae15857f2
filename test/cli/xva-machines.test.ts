/** Machines in XVA archives as the command names them. Archives are crafted by xapi's data model: see test/support/xva.ts. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import * as zlib from "node:zlib";
import { run } from "../../src/cli/program.js";
import { emptyStream } from "../../src/operations/empty-disk.js";
import { createContext } from "../../src/runtime/node/runtime.js";
import { captureStreams } from "../support/streams.js";
import { Workshop } from "../support/workshop.js";
import { importXva } from "../support/xapi.js";
import { cd, network, type RpcRecord, sr, vbd, vdi, vif, vm, xvaOf } from "../support/xva.js";

const MIB = 2 ** 20;
const root = mkdtempSync(join(tmpdir(), "vmferry-xva-machines-"));
after(() => rmSync(root, { recursive: true }));
const shop = new Workshop();
after(() => shop.close());

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

describe("convert --to xenserver", () => {
  it("makes one file that xapi's importer takes, with the disks, addresses and settings", async () => {
    const to = join(root, "again.xva");
    const { exitCode, out, err } = await vmferry(
      "convert",
      plain,
      to,
      "--for",
      "xcp-ng-8.3",
      "--prove",
      "--json",
      "--quiet",
    );
    assert.equal(exitCode, 0, err);
    const result = JSON.parse(out);
    assert.deepEqual(
      result.files.map(({ name, size }: { name: string; size: number }) => [name, size]),
      [["again.xva", statSync(to).size]],
    );
    assert.deepEqual(
      result.proof.map(({ name, equal }: { name: string; equal: boolean }) => [
        name.startsWith("again.xva!Ref:"),
        equal,
      ]),
      [
        [true, true],
        [true, true],
      ],
    );
    assert.deepEqual(
      result.losses.map(({ code }: { code: string }) => code),
      ["xenserver/preserve"],
    );
    const imported = importXva(new Uint8Array(readFileSync(to)));
    const [machine] = imported.machines;
    assert.deepEqual(
      machine?.drives.map(({ number, type }) => [number, type]),
      [
        ["0", "Disk"],
        ["1", "Disk"],
        ["3", "CD"],
      ],
    );
    assert.deepEqual(machine?.cards, [
      { device: "0", mac: "ce:0b:61:7d:00:00", network: "LAN", locking: "network_default" },
    ]);
    const before = importXvaDisks(archive);
    const after = [...imported.disks.values()].map((bytes) => createHash("sha256").update(bytes).digest("hex"));
    assert.deepEqual(after.sort(), before.sort());
  });

  it("takes a package of another platform: EFI, secure boot, TPM, a CD image by its name", async () => {
    const folder = join(root, "vmx");
    mkdirSync(folder);
    writeFileSync(join(folder, "win.iso"), new Uint8Array(4096));
    writeFileSync(join(folder, "disk.vmdk"), await emptyStream("disk.vmdk", 64 * MIB, createContext(shop.runtime)));
    writeFileSync(
      join(folder, "win.vmx"),
      [
        'config.version = "8"',
        'virtualHW.version = "19"',
        'displayName = "win"',
        'guestOS = "windows2019srv-64"',
        'memsize = "4096"',
        'numvcpus = "4"',
        'firmware = "efi"',
        'uefi.secureBoot.enabled = "TRUE"',
        'vtpm.present = "TRUE"',
        'scsi0.present = "TRUE"',
        'scsi0.virtualDev = "pvscsi"',
        'scsi0:0.present = "TRUE"',
        'scsi0:0.fileName = "disk.vmdk"',
        'sata0.present = "TRUE"',
        'sata0:0.present = "TRUE"',
        'sata0:0.deviceType = "cdrom-image"',
        'sata0:0.fileName = "win.iso"',
      ].join("\n"),
    );
    const to = join(root, "win.xva");
    // The name says what is meant.
    const { exitCode, out, err } = await vmferry("convert", folder, to, "--json", "--quiet");
    assert.equal(exitCode, 0, err);
    const codes = JSON.parse(out).losses.map(({ code }: { code: string }) => code);
    for (const code of ["fit/disk-moved", "xenserver/image-named"]) assert.ok(codes.includes(code), code);
    const { machines, disks } = importXva(new Uint8Array(readFileSync(to)));
    const { fields, drives, tpms } = machines[0] ?? assert.fail();
    assert.deepEqual(fields.HVM_boot_params, { firmware: "uefi", order: "cdn" });
    assert.equal((fields.platform as Record<string, string>).secureboot, "true");
    assert.equal((fields.platform as Record<string, string>).viridian, "true");
    assert.deepEqual(fields.other_config, { base_template_name: "Windows Server 2019 (64-bit)" });
    assert.equal(tpms, 1);
    assert.deepEqual(drives.map(({ number, type, vdi }) => [number, type, vdi !== null]).sort(), [
      ["0", "Disk", true],
      ["3", "CD", true],
    ]);
    assert.deepEqual(
      [...disks.values()].map((bytes) => bytes.length),
      [64 * MIB],
    );
  });

  it("writes PV guests with their boot loader, and shows a plan that writes nothing", async () => {
    const pv = join(root, "pv.xva");
    const guest = vm("Ref:0", {
      HVM_boot_policy: "",
      HVM_boot_params: {},
      domain_type: "pv",
      PV_bootloader: "pygrub",
      PV_args: "ro",
    });
    writeFileSync(
      pv,
      xvaOf([guest, vbd("Ref:1", "Ref:0", "Ref:2", 0), vdi("Ref:2", "Ref:3", MIB), sr("Ref:3")], { "Ref:2": MIB }),
    );
    const to = join(root, "pv-again.xva");
    const shown = await vmferry("convert", pv, to, "--to", "xenserver", "--dry-run", "--quiet");
    assert.equal(shown.exitCode, 0, shown.err);
    assert.match(shown.out, /pv-again\.xva!ova\.xml/);
    assert.throws(() => statSync(to));
    assert.equal((await vmferry("convert", pv, to, "--to", "xenserver", "--quiet")).exitCode, 0);
    const [machine] = importXva(new Uint8Array(readFileSync(to))).machines;
    assert.deepEqual(
      ["domain_type", "HVM_boot_policy", "PV_bootloader", "PV_args"].map((name) => machine?.fields[name]),
      ["pv", "", "pygrub", "ro"],
    );
    const again = await vmferry("convert", pv, to, "--to", "xenserver", "--quiet");
    assert.match(again.err, /io\/exists/);
  });
});

/** Digests of the disks of a crafted archive, whose chunks have no sums. */
function importXvaDisks(bytes: Uint8Array): string[] {
  assert.ok(bytes.length > 0);
  return ["disk2.raw", "disk10.raw"].map((name) =>
    createHash("sha256")
      .update(readFileSync(join(root, name)))
      .digest("hex"),
  );
}
