import assert from "node:assert/strict";
import { test } from "node:test";
import type { Appliance, Machine } from "../../appliance/appliance.js";
import { fit } from "../../appliance/fit.js";
import { appliance, disk, drive, machine, nic } from "../../appliance/testing/samples.js";
import { GIB, MIB } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { proxmox9 } from "../../targets/kvm.js";
import type { ExportPlan } from "../platform.js";
import { exportProxmox, type ProxmoxOptions } from "./export.js";
import { diskSize, dnsName, ostypeOf, soundOf, vgaOf } from "./words.js";

function write(source: Appliance, options: Partial<ProxmoxOptions> = {}): ExportPlan {
  const { appliance: fitted, shapes } = fit(source, proxmox9);
  return exportProxmox(fitted, shapes, proxmox9, options);
}

function textOf(plan: ExportPlan, ending: string): string {
  const config = plan.configs.find(({ name }) => name.endsWith(ending)) ?? assert.fail(ending);
  return new TextDecoder().decode(config.bytes);
}

function codes(parts: Partial<Machine>, rest: Partial<Appliance> = {}): string[] {
  return write(appliance({ ...rest, machines: [machine(parts)] })).notes.map(({ code }) => code);
}

test("what cannot be said is a note", () => {
  assert.deepEqual(codes({}), []);
  assert.ok(codes({ name: "a b" }).includes("proxmox/name-changed"));
  assert.ok(codes({ dynamicMemory: { minBytes: MIB, maxBytes: 64 * GIB } }).includes("proxmox/memory-starts-full"));
  assert.ok(codes({ guestOs: { ...machine().guestOs, vmware: "ubuntu-64" } }).includes("proxmox/guest-os-mapped"));
  assert.ok(
    codes({ controllers: [{ id: "u", bus: "usb", model: null, index: 0 }] }).includes("proxmox/controllers-implied"),
  );
  for (const device of [
    { sound: "sb16" },
    { video: { model: "Voodoo", memoryBytes: null, heads: null } },
    { serialPorts: [{ index: 7, backing: null, target: null }] },
    { serialPorts: [{ index: 0, backing: "file" as const, target: "/tmp/x" }] },
  ]) {
    assert.ok(codes(device).includes("proxmox/device-changed"), JSON.stringify(device));
  }
  assert.ok(codes({ nics: [nic({ network: "VM Network" })] }).includes("proxmox/network-chosen"));
  assert.ok(codes({ nics: [nic({ kind: "nat", vlan: 3 })] }).includes("proxmox/vlan-dropped"));
  const ide = {
    controllers: [{ id: "i", bus: "ide" as const, model: null, index: 0 }],
    attachments: [drive("disk", { disk: "d", controller: "i", slot: 0, readOnly: true })],
  };
  assert.ok(codes(ide, { disks: [disk("d")] }).includes("proxmox/read-only-dropped"));
});

test("all drives on SCSI hang on one kind of controller, that of the boot disk", () => {
  const disks = Array.from({ length: 4 }, (_, i) => disk(`d${i}`));
  const at = (index: number, controller: string, slot: number) =>
    drive("disk", { disk: `d${index}`, controller, slot });
  const plan = write(
    appliance({
      disks,
      machines: [
        machine({
          controllers: [
            { id: "v", bus: "virtio-scsi", model: null, index: 0 },
            { id: "l", bus: "scsi", model: "lsilogic", index: 0 },
            { id: "m", bus: "scsi", model: "lsi", index: 1 },
          ],
          attachments: [at(0, "v", 0), at(1, "l", 2), at(2, "m", 3), at(3, "l", 9)],
          boot: [{ device: "disk", index: 1 }],
        }),
      ],
    }),
  );
  const conf = textOf(plan, ".conf");
  assert.match(conf, /^scsihw: lsi$/m);
  assert.deepEqual(
    [...conf.matchAll(/^(scsi[0-9]+): \S*disk([0-9])/gm)].map(([, name, number]) => [name, number]),
    [
      ["scsi0", "1"],
      ["scsi1", "4"],
      ["scsi10", "3"],
      ["scsi2", "2"],
    ],
  );
  const noted = plan.notes.map(({ code }) => code);
  assert.ok(noted.includes("proxmox/one-scsi-controller") && noted.includes("proxmox/drive-renumbered"));
});

test("a machine with more drives than there is room for is refused", () => {
  const disks = Array.from({ length: 32 }, (_, i) => disk(`d${i}`));
  const controllers = [0, 1].map((index) => ({ id: `l${index}`, bus: "scsi" as const, model: "lsi", index }));
  const attachments = disks.map(({ id }, i) =>
    drive("disk", { disk: id, controller: `l${i % 2}`, slot: Math.floor(i / 2) }),
  );
  const { notes } = write(appliance({ disks, machines: [machine({ controllers, attachments })] }));
  assert.deepEqual(
    notes.filter(({ severity }) => severity === "error").map(({ code }) => code),
    ["proxmox/no-room"],
  );
});

test("EFI variables of OVMF are taken along, those of other firmware are named as lost", () => {
  const efi = (name: string, size: number | null) =>
    write(
      appliance({
        files: [{ id: "n", name, role: "nvram", size }],
        machines: [machine({ firmware: "efi", nvram: "n" })],
      }),
    );
  const own = efi("web_VARS.fd", 540_672);
  assert.match(
    textOf(own, "import.sh"),
    /efidisk0 "\$storage:0,import-from=\$here\/"'[^']*-efi-vars\.raw,efitype=4m,pre-enrolled-keys=0'/,
  );
  assert.deepEqual(own.notes, []);
  assert.match(textOf(efi("web_VARS.fd", 131_072), "import.sh"), /efitype=2m/);
  const other = efi("web.nvram", 8192);
  assert.match(textOf(other, "import.sh"), /efidisk0 "\$storage:1"',efitype=4m'/);
  assert.deepEqual(
    other.notes.map(({ code }) => code),
    ["platform/nvram-dropped"],
  );
});

test("several machines have a configuration and a script each", () => {
  const two = appliance({ machines: [machine({ id: "a", name: "a" }), machine({ id: "b", name: "b" })] });
  assert.deepEqual(
    write(two).configs.map(({ name }) => name),
    ["a.conf", "import-a.sh", "b.conf", "import-b.sh"],
  );
});

test("names that a host cannot have are refused", () => {
  for (const options of [{ storage: "a,b" }, { bridge: "" }, { isoStorage: "../x" }]) {
    assert.throws(
      () => write(appliance({ machines: [machine()] }), options),
      (error) => error instanceof FerryError && error.code === "proxmox/bad-name",
    );
  }
});

test("words of other platforms", () => {
  const named = (parts: Partial<Machine["guestOs"]>): string => ostypeOf({ ...machine().guestOs, ...parts }).ostype;
  assert.deepEqual(
    [
      named({ proxmox: "w2k3" }),
      named({ vmware: "windows2019srv-64" }),
      named({ vmware: "windows2019srvnext-64" }),
      named({ virtualbox: "Windows11_64" }),
      named({ vmware: "other24xlinux-64" }),
      named({ vmware: "freebsd-64" }),
      named({ virtualbox: "Ubuntu_64" }),
      named({ proxmox: "nonsense" }),
    ],
    ["w2k3", "win10", "win11", "win11", "l24", "other", "l26", "other"],
  );
  assert.deepEqual(["AC97", "hda", "ich9", "ICH6", "sb16"].map(soundOf), [
    "AC97",
    "intel-hda",
    "ich9-intel-hda",
    "intel-hda",
    null,
  ]);
  assert.deepEqual(vgaOf({ model: "VMSVGA", memoryBytes: 16 * MIB, heads: 1 }), {
    value: "vmware,memory=16",
    exact: true,
  });
  assert.deepEqual(vgaOf({ model: "std", memoryBytes: 1, heads: 3 }), { value: "std", exact: false });
  assert.deepEqual(["a b.c_d", "-", "..", "é", `${"x".repeat(70)}`].map(dnsName), [
    "a-b.c-d",
    "machine",
    "machine",
    "e",
    "x".repeat(63),
  ]);
  assert.deepEqual([2 ** 41, 3 * GIB, 1536, 1000, 0].map(diskSize), ["2T", "3G", "1536", "1000", "0"]);
});
