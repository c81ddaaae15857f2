import assert from "node:assert/strict";
import { test } from "node:test";
import { allFiles, readText } from "../../../test/support/partial-model.js";
import type { Appliance, Machine } from "../../appliance/appliance.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { ConfigFiles } from "../platform.js";
import { sasName } from "../sas.js";
import { libvirtPlatform } from "./platform.js";

interface Read {
  readonly appliance: Appliance;
  readonly machine: Machine;
  readonly codes: readonly string[];
  readonly foreign: readonly string[];
  readonly findings: readonly Diagnostic[];
}

function read(inner: string, type = "kvm", files?: ConfigFiles): Read {
  const xml = `<domain type="${type}"><name>m</name><memory>1048576</memory>${inner}</domain>`;
  const { appliance, findings } = readText(libvirtPlatform, "m.xml", xml, files);
  const machine = appliance.machines[0] as Machine;
  const foreign = machine.foreign.map(({ name }) => name);
  return { appliance, machine, codes: findings.map(({ code }) => code), foreign, findings };
}

const os = (inner: string, attributes = ""): string =>
  `<os ${attributes}><type arch="x86_64" machine="q35">hvm</type>${inner}</os>`;
const disk = (dev: string, rest = "", attributes = ""): string =>
  `<disk type="file" device="disk" ${attributes}><source file="/i/${dev}.img"/><target dev="${dev}"${rest}</disk>`;
const places = ({ machine }: Read): string[] =>
  machine.attachments.map(({ controller, slot }) => `${controller}:${slot}`);

test("a drive without an address lies where libvirt counts it to by its name", () => {
  const names = ["hda", "hdd", "sdh", "vdc", "xvdb", "fdb"];
  const found = read(`<devices>${names.map((name) => disk(name, "/>")).join("")}</devices>`);
  assert.deepEqual(places(found), ["ide0:0", "ide1:1", "scsi1:0", "virtio-blk0:2", "xen0:1", "fdc0:1"]);
  const sata = read(`<devices>${disk("sdh", ' bus="sata"/>')}</devices>`);
  assert.deepEqual(places(sata), ["sata1:1"]);
});

test("an address counts: channels of IDE are controllers, targets and units of SCSI one number", () => {
  const address = (controller: number, bus: number, target: number, unit: number): string =>
    `/><address type="drive" controller="${controller}" bus="${bus}" target="${target}" unit="${unit}"/>`;
  const found = read(
    `<devices><controller type="scsi" index="0" model="virtio-scsi"/><controller type="scsi" index="2" model="lsisas1068"/>` +
      `${disk("hda", ` bus="ide"${address(0, 1, 0, 1)}`)}${disk("sda", ` bus="scsi"${address(0, 0, 3, 0)}`)}` +
      `${disk("sdb", ` bus="scsi"${address(0, 0, 0, 4)}`)}${disk("sdc", ` bus="scsi"${address(2, 0, 1, 0)}`)}</devices>`,
  );
  assert.deepEqual(places(found), ["ide1:1", "scsi0:3", "scsi0:4", "scsi2:1"]);
  assert.deepEqual(
    found.machine.controllers.map(({ id, bus, model, index }) => [id, bus, model, index]),
    [
      ["scsi0", "virtio-scsi", null, 0],
      ["scsi2", "scsi", "mptsas1068", 0],
      ["ide1", "ide", null, 1],
    ],
  );
});

test("two drives of one place get two, and it is said", () => {
  const found = read(`<devices>${disk("sda", ' bus="ide"/>')}${disk("hda", ' bus="ide"/>')}</devices>`);
  assert.deepEqual(places(found), ["ide0:0", "ide0:1"]);
  assert.ok(found.foreign.includes("place of hda"));
});

test("a disk that is no file is named by what the host calls it", () => {
  const { appliance, codes, findings } = read(
    `<devices><disk type="block"><source dev="/dev/vg/a"/><target dev="vda"/></disk>` +
      `<disk type="network"><source protocol="rbd" name="pool/b"><host name="mon"/></source><target dev="vdb"/></disk>` +
      `<disk type="volume"><source pool="default" volume="c.qcow2"/><target dev="vdc"/></disk>` +
      `<disk type="nvme"><target dev="vdd"/></disk></devices>`,
  );
  assert.deepEqual(
    appliance.disks.map(({ id, file }) => `${id} ${file}`),
    ["vda /dev/vg/a", "vdb rbd://mon/pool/b", "vdc default/c.qcow2", "vdd nvme:vdd"],
  );
  assert.deepEqual(
    codes,
    Array.from({ length: 4 }, () => "libvirt/disk-elsewhere"),
  );
  assert.match(findings[0]?.hint ?? "", /--map-disk vda=PATH/);
});

test("an image that the machine can start without leaves an empty drive", () => {
  const xml = (policy: string): string =>
    `<devices><disk type="file" device="cdrom"><source file="/iso/x.iso" ${policy}/><target dev="hdc"/></disk></devices>`;
  const none = allFiles(() => true);
  const optional = read(xml('startupPolicy="optional"'), "kvm", none);
  assert.equal(optional.machine.attachments[0]?.file, null);
  assert.ok(optional.foreign.includes("image of hdc"));
  assert.equal(read(xml(""), "kvm", none).machine.attachments[0]?.file, "/iso/x.iso");
});

test("firmware is what the domain declares, or what its loader is", () => {
  const of = (text: string): readonly unknown[] => {
    const { firmware, firmwareFrom } = read(text).machine;
    return [firmware, firmwareFrom];
  };
  const secure = '<feature enabled="yes" name="secure-boot"/>';
  assert.deepEqual(of(os("", 'firmware="efi"')), ["efi", "declared"]);
  assert.deepEqual(of(os("", 'firmware="bios"')), ["bios", "declared"]);
  assert.deepEqual(of(os("")), ["bios", "default"]);
  assert.deepEqual(of(os(`<firmware>${secure}</firmware>`, 'firmware="efi"')), ["efi-secure", "declared"]);
  assert.deepEqual(
    of(os(`<firmware>${secure}<feature enabled="no" name="enrolled-keys"/></firmware>`, 'firmware="efi"')),
    ["efi", "declared"],
  );
  assert.deepEqual(of(os('<loader readonly="yes" type="pflash">/usr/share/x.fd</loader>')), ["efi", "declared"]);
  assert.deepEqual(of(os('<loader secure="yes" type="pflash">/x.fd</loader>')), ["efi-secure", "declared"]);
  assert.deepEqual(of(os("<loader>/usr/share/ovmf/OVMF.fd</loader>")), ["efi", "declared"]);
  assert.deepEqual(of(os("<loader>/usr/share/seabios/bios.bin</loader>")), ["bios", "declared"]);
});

test("the firmware's memory is taken over where it lies beside the domain", () => {
  const xml = os("<nvram>/var/lib/libvirt/qemu/nvram/m_VARS.fd</nvram>", 'firmware="efi"');
  const found = read(xml);
  assert.equal(found.appliance.files.find(({ id }) => id === found.machine.nvram)?.role, "nvram");
  const none = read(
    xml,
    "kvm",
    allFiles(() => true),
  );
  assert.deepEqual([none.machine.nvram, none.foreign.includes("nvram"), none.machine.firmware], [null, true, "efi"]);
});

test("units of memory are libvirt's", () => {
  for (const [text, unit, bytes] of [
    ["3", "", 3 * 1024],
    ["3", 'unit="b"', 3],
    ["3", 'unit="bytes"', 3],
    ["3", 'unit="KB"', 3000],
    ["3", 'unit="k"', 3 * 1024],
    ["3", 'unit="MiB"', 3 * 2 ** 20],
    ["3", 'unit="M"', 3 * 2 ** 20],
    ["3", 'unit="GB"', 3e9],
    ["3", 'unit="T"', 3 * 2 ** 40],
  ] as const) {
    const xml = `<domain type="kvm"><name>m</name><memory ${unit}>${text}</memory></domain>`;
    const { appliance } = readText(libvirtPlatform, "m.xml", xml);
    assert.equal(appliance.machines[0]?.memoryBytes, bytes, unit);
  }
  for (const memory of [
    "<memory>x</memory>",
    '<memory unit="furlong">3</memory>',
    "<memory>-1</memory>",
    "",
    '<memory unit="E">999999</memory>',
  ]) {
    const { appliance, findings } = readText(libvirtPlatform, "m.xml", `<domain type="kvm">${memory}</domain>`);
    assert.deepEqual(
      [appliance.machines[0]?.memoryBytes, findings.map(({ code }) => code)],
      [0, ["config/strange-value"]],
    );
  }
});

test("network cards have their VLAN, their link and the kind of their network", () => {
  const { machine, foreign } = read(
    `<devices><interface type="network"><source network="lab" portgroup="web"/><vlan><tag id="42"/></vlan><link state="down"/></interface>` +
      `<interface type="bridge"><source bridge="br0"/><vlan trunk="yes"><tag id="1"/><tag id="2"/></vlan></interface>` +
      `<interface type="user"><mac address="52-54-00-AA-BB-CC"/></interface>` +
      `<interface type="hostdev"><source><address type="pci"/></source></interface></devices>`,
  );
  assert.deepEqual(
    machine.nics.map(({ network, kind, vlan, connected, portProfile, model }) => [
      network,
      kind,
      vlan,
      connected,
      portProfile,
      model,
    ]),
    [
      ["lab", "network", 42, false, "web", "rtl8139"],
      ["br0", "bridged", null, true, null, "rtl8139"],
      [null, "nat", null, true, null, "rtl8139"],
      [null, null, null, true, null, "rtl8139"],
    ],
  );
  assert.equal(machine.nics[2]?.mac, "52:54:00:aa:bb:cc");
  assert.ok(foreign.includes("vlan of network card 1") && foreign.includes("interface hostdev (network card 3)"));
});

test("serial ports keep their numbers and what is behind them", () => {
  const { machine } = read(
    `<devices><serial type="unix"><source mode="bind" path="/run/a"/><target port="3"/></serial>` +
      `<serial type="tcp"><source mode="bind" host="::1" service="4000"/><protocol type="telnet"/></serial>` +
      `<serial type="tcp"><source mode="connect" host="h" service="5"/></serial><serial type="null"/>` +
      `<serial type="pty"><target type="usb-serial"/></serial><console type="pty"/></devices>`,
  );
  assert.deepEqual(
    machine.serialPorts.map(({ index, backing, target }) => [index, backing, target]),
    [
      [0, "network", "telnet://::1:4000,server"],
      [1, "network", "tcp://h:5"],
      [2, null, null],
      [3, "pipe", "/run/a"],
    ],
  );
});

test("nested virtualization is told by what the guest's processor may do", () => {
  const nested = (features: string): boolean | null =>
    read(`<cpu mode="host-model">${features}</cpu>`).machine.cpu.nested;
  assert.equal(nested(""), null);
  assert.equal(nested('<feature policy="require" name="vmx"/>'), true);
  assert.equal(nested('<feature policy="optional" name="vmx"/><feature policy="disable" name="svm"/>'), true);
  assert.equal(nested('<feature policy="disable" name="vmx"/>'), false);
});

test("a guest of Xen that boots its own kernel is read with what fetches it", () => {
  const { machine, codes, foreign } = read(
    `<os><type>linux</type></os><bootloader>/usr/bin/pygrub</bootloader><devices>${disk("sda1", "/>")}<console type="pty"/></devices>`,
    "xen",
  );
  assert.deepEqual([machine.virtualization, machine.firmware, machine.serialPorts], ["pv", "unknown", []]);
  assert.deepEqual(machine.directBoot, { kernel: null, initrd: null, arguments: null, loader: "/usr/bin/pygrub" });
  assert.ok(codes.includes("xen/partition-disk"));
  assert.deepEqual(foreign, []);
});

test("a name without slashes has them again from its title", () => {
  const xml = "<domain type='kvm'><name>a-b</name><title>a/b</title><memory>1</memory></domain>";
  assert.equal(readText(libvirtPlatform, "x", xml).appliance.machines[0]?.name, "a/b");
});

test("passwords of consoles and arguments of QEMU are in no payload", () => {
  const { machine } = read(
    `<devices><graphics type="vnc" passwd="hunter2"/></devices>` +
      `<q:commandline xmlns:q="http://libvirt.org/schemas/domain/qemu/1.0"><q:arg value="hunter2"/></q:commandline>`,
  );
  assert.equal(machine.foreign.length, 2);
  assert.ok(!JSON.stringify(machine).includes("hunter2"));
});

test("what is no machine is refused", () => {
  for (const xml of [
    "<network/>",
    "<domain type='lxc'><os><type>exe</type></os></domain>",
    `<domain type='kvm'><devices>${"<disk/>".repeat(3000)}</devices></domain>`,
  ]) {
    assert.throws(
      () => readText(libvirtPlatform, "x.xml", xml),
      (error) => error instanceof FerryError && error.code === "config/unreadable",
    );
  }
});

test("a domain of endless things ends", () => {
  const many = Array.from({ length: 5000 }, (_, i) => `<thing${i}/>`).join("");
  assert.ok(read(`<devices>${many}</devices>`).machine.foreign.length < 300);
});

test("a name that a conversion gave to a drive is its place, and nothing that is lost", () => {
  const drive = (name: string): string => `<devices>${disk("sda", ` bus="scsi"/><wwn>${name}</wwn>`)}</devices>`;
  assert.deepEqual(read(drive(sasName(0, 3))).foreign, []);
  assert.deepEqual(read(drive("5000c50015ea71ac")).foreign, ["wwn of sda"]);
});
