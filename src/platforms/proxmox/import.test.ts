import assert from "node:assert/strict";
import { test } from "node:test";
import type { Appliance, Machine } from "../../appliance/appliance.js";
import { GIB, MIB } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import { encodeText, parseConf } from "./conf.js";
import { readProxmoxConf } from "./import.js";
import { sizeFrom } from "./view.js";

function read(
  lines: readonly string[],
  files: readonly string[] = [],
): { appliance: Appliance; machine: Machine; findings: Diagnostic[]; foreign: string[] } {
  const findings: Diagnostic[] = [];
  const bytes = new TextEncoder().encode(lines.join("\n"));
  const config = readProxmoxConf({ name: "100", label: "100.conf", bytes });
  const found = {
    find(path: string) {
      const name = files.find((file) => path.endsWith(file));
      return name === undefined ? undefined : { name, size: 1 };
    },
  };
  const appliance = config.appliance(found, (finding) => findings.push(finding));
  const machine = appliance.machines[0] as Machine;
  return { appliance, machine, findings, foreign: machine.foreign.map(({ name }) => name) };
}

test("what a configuration leaves out is what Proxmox VE means by it", () => {
  const { machine } = read(["scsi0: local-lvm:vm-100-disk-0,size=8G"]);
  assert.deepEqual(
    [machine.name, machine.firmware, machine.chipset, machine.cpu.count, machine.memoryBytes, machine.clock],
    ["100", "bios", "i440fx", 1, 512 * MIB, "utc"],
  );
  assert.deepEqual(machine.controllers, [{ id: "scsihw0", bus: "scsi", model: "lsi", index: 0 }]);
  assert.deepEqual(machine.boot, [{ device: "disk", index: null }]);
  assert.deepEqual(machine.dynamicMemory, null);
});

test("Windows keeps its clock at local time unless it is told otherwise", () => {
  assert.equal(read(["ostype: win11"]).machine.clock, "localtime");
  assert.equal(read(["ostype: win11", "localtime: 0"]).machine.clock, "utc");
  assert.equal(read(["ostype: l26", "localtime: 1"]).machine.clock, "localtime");
});

test("EFI with its variables, secure boot by enrolled keys, and the TPM's version", () => {
  const efi = ["bios: ovmf", "machine: pc-q35-8.1,viommu=intel", "efidisk0: local:100/vm-100-disk-1.raw,efitype=4m"];
  const plain = read(efi, ["vm-100-disk-1.raw"]);
  assert.deepEqual([plain.machine.firmware, plain.machine.chipset], ["efi", "q35"]);
  assert.deepEqual(
    plain.appliance.files.map(({ id, role }) => [id, role]),
    [[plain.machine.nvram, "nvram"]],
  );
  assert.ok(plain.foreign.includes("machine: viommu"));
  assert.equal(read(efi).machine.nvram, null, "no file, no variables");
  assert.equal(read([...efi.slice(0, 2), `${efi[2]},pre-enrolled-keys=1`]).machine.firmware, "efi-secure");
  assert.equal(read(["efidisk0: a:b,pre-enrolled-keys=1"]).machine.firmware, "bios", "keys alone are no EFI");
  assert.equal(read(["tpmstate0: a:b,version=v2.0"]).machine.tpm, "2.0");
  assert.equal(read(["tpmstate0: a:b"]).machine.tpm, "1.2");
});

test("processors: those that are plugged in when it starts, and how many there may be", () => {
  const { cpu } = read(["sockets: 2", "cores: 4", "vcpus: 3", "cpu: host,flags=+aes;+nested-virt"]).machine;
  assert.deepEqual(cpu, { count: 3, coresPerSocket: 4, threadsPerCore: null, max: 8, nested: true });
  assert.equal(read(["cpu: host,flags=-nested-virt"]).machine.cpu.nested, false);
  assert.equal(read(["cpu: host"]).machine.cpu.nested, true);
  assert.equal(read(["cpu: x86-64-v2-AES"]).machine.cpu.nested, null);
  assert.ok(read(["cpu: host"]).foreign.includes("cpu: model of the processor"));
});

test("a balloon below the memory is what the guest may shrink to", () => {
  const memory = ["memory: current=4096"];
  assert.deepEqual(read([...memory, "balloon: 1024"]).machine.dynamicMemory, { minBytes: GIB, maxBytes: 4 * GIB });
  for (const balloon of [0, 4096, 8192]) {
    assert.equal(read([...memory, `balloon: ${balloon}`]).machine.dynamicMemory, null, String(balloon));
  }
});

test("drives hang where Proxmox VE hangs them", () => {
  const { machine, appliance } = read([
    "scsihw: virtio-scsi-single",
    "ide3: none,media=cdrom",
    "scsi30: local-zfs:vm-100-disk-3,size=1T,ro=1,iothread=1,discard=on",
    "virtio15: /dev/disk/by-id/ata-X,size=10K",
    "sata5: store:iso/debian.iso,media=cdrom,size=1M",
    "scsi31: out:of-range",
    "unused0: local:100/vm-100-disk-9.raw",
  ]);
  assert.deepEqual(
    machine.attachments.map(({ device, controller, slot, readOnly }) => [device, controller, slot, readOnly]),
    [
      ["cdrom", "ide.1", 1, false],
      ["disk", "scsihw0", 30, true],
      ["disk", "virtio", 15, false],
      ["cdrom", "ahci0", 5, false],
    ],
  );
  assert.deepEqual(
    appliance.disks.map(({ id, capacityBytes, shared }) => [id, capacityBytes, shared]),
    [
      ["scsi30", 2 ** 40, false],
      ["virtio15", 10240, false],
    ],
  );
  const names = machine.foreign.map(({ name }) => name);
  assert.deepEqual(names.sort(), ["scsi30: iothread, discard", "scsi31", "unused0"]);
});

test("files that are raw by their name are raw whatever stands in them, and others are told by content", () => {
  const formats = (volume: string, files: string[]): unknown =>
    read([`scsi0: ${volume}`], files).appliance.disks[0]?.format;
  assert.equal(formats("local:100/vm-100-disk-0.raw", ["vm-100-disk-0.raw"]), "raw");
  assert.equal(formats("lvm:vm-100-disk-0", ["vm-100-disk-0"]), "raw");
  assert.equal(formats("local:100/vm-100-disk-0.qcow2", ["vm-100-disk-0.qcow2"]), null);
});

test("network cards by either spelling, with VLAN, and NAT where there is no bridge", () => {
  const { machine, foreign } = read([
    "net0: virtio=BC:24:11:00:00:01,bridge=vmbr0,tag=5,firewall=1,trunks=1;2",
    "net1: model=e1000e,macaddr=BC:24:11:00:00:02,link_down=1",
    "net31: rtl8139",
    "net32: virtio",
  ]);
  const nic = { portProfile: null };
  assert.deepEqual(machine.nics, [
    { ...nic, network: "vmbr0", kind: "bridged", vlan: 5, model: "virtio", mac: "bc:24:11:00:00:01", connected: true },
    { ...nic, network: null, kind: "nat", vlan: null, model: "e1000e", mac: "bc:24:11:00:00:02", connected: false },
    { ...nic, network: null, kind: "nat", vlan: null, model: "rtl8139", mac: null, connected: true },
  ]);
  assert.deepEqual(foreign, ["net0: firewall, trunks", "net32"]);
});

test("boot orders of both kinds", () => {
  const drives = ["ide2: none,media=cdrom", "scsi0: a:b", "scsi1: a:c", "net0: virtio", "net1: virtio"];
  assert.deepEqual(read([...drives, "boot: order=scsi1;net1;ide2;hostpci0"]).machine.boot, [
    { device: "disk", index: 2 },
    { device: "network", index: 1 },
    { device: "cdrom", index: 0 },
  ]);
  assert.deepEqual(read([...drives, "boot: ncd", "bootdisk: scsi1"]).machine.boot, [
    { device: "network", index: 0 },
    { device: "network", index: 1 },
    { device: "disk", index: 2 },
    { device: "cdrom", index: 0 },
  ]);
});

test("ports, sound, screen and when it starts", () => {
  const { machine, appliance, foreign } = read([
    "serial0: socket",
    "serial3: /dev/ttyS0",
    "audio0: device=ich9-intel-hda,driver=none",
    "vga: qxl3,memory=32",
    "startup: order=3,up=10,down=60",
    "name: web",
  ]);
  assert.deepEqual(machine.serialPorts, [
    { index: 0, backing: "pipe", target: null },
    { index: 3, backing: "device", target: "/dev/ttyS0" },
  ]);
  assert.equal(machine.sound, "ich9-intel-hda");
  assert.deepEqual(machine.video, { model: "qxl", memoryBytes: 32 * MIB, heads: 3 });
  assert.deepEqual(appliance.startup, [{ machine: "web", order: 3, startDelaySeconds: 10 }]);
  assert.deepEqual(foreign, ["audio0: driver", "startup: down"]);
  assert.deepEqual(read(["startup: 7", "memory: 64"]).appliance.startup, [
    { machine: "100", order: 7, startDelaySeconds: 0 },
  ]);
});

test("passwords and keys of cloud-init are named without what they are", () => {
  const { machine, foreign } = read([
    "ide2: local-lvm:vm-100-cloudinit,media=cdrom",
    "cipassword: $5$secret",
    "sshkeys: ssh-rsa%20SECRET",
    "args: -object secret,data=SECRET",
    "smbios1: uuid=3dd750ce-d910-44d0-9493-525c0be4e687,serial=U0VDUkVU,base64=1",
    "hostpci0: 00:02.0",
  ]);
  assert.deepEqual(foreign, [
    "smbios1: serial",
    "ide2: the settings for cloud-init",
    "cipassword",
    "sshkeys",
    "args",
    "hostpci0",
  ]);
  assert.ok(!/secret/i.test(JSON.stringify(machine).replaceAll("secret,data", "")));
  assert.deepEqual(machine.attachments[0]?.file, null);
});

test("descriptions are text of any script, and come back from how they are written", () => {
  const text = "100% sure: yes\n é東京 #[x]";
  const lines = text.split("\n").map((line) => `#${encodeText(line)}`);
  assert.ok(lines.every((line) => /^#[ -~]*$/.test(line)));
  assert.equal(parseConf(new TextEncoder().encode(`${lines.join("\n")}\nname: a`)).description, text);
  assert.equal(parseConf(new TextEncoder().encode("#100%\n#%zz%C3\n")).description, "100%\n%zz\ufffd");
});

test("in a backup drives are devices of the archive, and what it left out is a finding", () => {
  const lines = [
    "bios: ovmf",
    "efidisk0: local-lvm:vm-100-disk-0,efitype=4m",
    "scsi0: local-lvm:vm-100-disk-1,size=8G",
    "scsi1: local-lvm:vm-100-disk-2,size=8G,backup=0",
    "ide0: none,media=cdrom",
    "ide2: local:iso/debian.iso,media=cdrom",
    "boot: order=scsi1;scsi0;ide2",
    "#qmdump#map:scsi0:drive-of-mine:local-lvm:raw:",
    "#qmdump#map:efidisk0:drive-efidisk0:local-lvm:raw:",
  ];
  const { machine, appliance, findings } = read(lines, ["drive-of-mine", "drive-efidisk0"]);
  assert.deepEqual(
    appliance.disks.map(({ id, file }) => [id, file]),
    [["scsi0", "drive-of-mine"]],
  );
  assert.deepEqual(
    machine.attachments.map(({ device, disk, file }) => [device, disk, file]),
    [
      ["cdrom", null, null],
      ["cdrom", null, null],
      ["disk", "scsi0", null],
    ],
  );
  assert.deepEqual(machine.boot, [
    { device: "disk", index: 2 },
    { device: "cdrom", index: 1 },
  ]);
  assert.equal(appliance.files.find(({ id }) => id === machine.nvram)?.name, "drive-efidisk0");
  assert.deepEqual(
    findings.map(({ code }) => code),
    ["vma/not-in-backup", "vma/not-in-backup"],
  );
});

test("one file for volumes of two storages is an error, and for one volume twice it is none", () => {
  const codes = (second: string): string[] =>
    read(["scsi0: a:vm-100-disk-0", `scsi1: ${second}`], ["vm-100-disk-0"]).findings.map(({ code }) => code);
  assert.deepEqual(codes("b:vm-100-disk-0"), ["proxmox/one-file"]);
  assert.deepEqual(codes("a:vm-100-disk-0"), []);
});

test("what vzdump wrote for itself is no description", () => {
  const { machine, findings } = read(["memory: 64", "#qmdump#map:scsi0:drive-scsi0:local:raw:", "what is this"]);
  assert.equal(machine.annotation, null);
  assert.deepEqual(
    findings.map(({ code }) => code),
    ["config/strange-line"],
  );
});

test("a file without a setting is none", () => {
  assert.throws(
    () => read(["# nothing", "[snap]", "memory: 64"]),
    (error) => error instanceof FerryError && error.code === "config/unreadable",
  );
});

test("sizes", () => {
  assert.deepEqual(
    ["32G", "104858K", "1.5M", "512", "2T", "x", "-1G", "9999999999999G", "99999999999T"].map(sizeFrom),
    [32 * GIB, 104858 * 1024, 1.5 * MIB, 512, 2 * 2 ** 40, null, null, null, null],
  );
});

test("large nonsense takes no time, and a configuration of endless lines is refused", () => {
  for (const text of [
    `#${" ".repeat(1e6)}x`,
    `name:${" ".repeat(1e6)}x\u2028y`,
    `boot: ${"d".repeat(1e6)}`,
    `boot: order=${"usb0;".repeat(1e6)}`,
    "\n".repeat(4e6),
  ]) {
    const started = performance.now();
    const { machine: found } = read([text, "memory: 16"]);
    assert.ok(performance.now() - started < 5000, text.slice(0, 12));
    assert.ok(found.foreign.length < 300);
  }
  assert.throws(() => parseConf(new TextEncoder().encode("a: b\n".repeat(200_001))), { code: "config/unreadable" });
});
