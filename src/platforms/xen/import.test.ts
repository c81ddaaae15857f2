import assert from "node:assert/strict";
import { test } from "node:test";
import { allFiles, readText } from "../../../test/support/partial-model.js";
import type { Appliance, Machine } from "../../appliance/appliance.js";
import { FerryError } from "../../base/errors.js";
import { xenPlatform } from "./platform.js";

interface Read {
  readonly appliance: Appliance;
  readonly machine: Machine;
  readonly codes: readonly string[];
  readonly foreign: readonly string[];
}

function read(text: string): Read {
  const { appliance, findings } = readText(xenPlatform, "guest", `name = "m"\nmemory = 512\n${text}`, allFiles());
  const machine = appliance.machines[0] as Machine;
  return {
    appliance,
    machine,
    codes: findings.map(({ code }) => code),
    foreign: machine.foreign.map(({ name }) => name),
  };
}

const HVM = 'type = "hvm"\n';

test("an emulated guest finds the first four disks hd on IDE, sd on a SCSI chip, and all others as Xen's own", () => {
  const disks = "disk = ['/a,,hda', '/b,,hdd', '/c,,sdb', '/d,,xvdc', '/e,,hde', '/f,,hdc,cdrom']";
  const places = (text: string): string[] => read(text).machine.attachments.map((a) => `${a.controller}:${a.slot}`);
  assert.deepEqual(places(HVM + disks), ["ide0:0", "ide1:1", "scsi0:1", "xen0:2", "xen0:4", "ide1:0"]);
  assert.deepEqual(places(`${HVM}hdtype = "ahci"\n${disks}`).slice(0, 2), ["sata0:0", "sata0:3"]);
  assert.deepEqual(places(disks), ["xen0:0", "xen0:3", "xen0:1", "xen0:2", "xen0:4", "xen0:5"]);
  const { controllers } = read(HVM + disks).machine;
  assert.deepEqual(
    controllers.filter(({ bus }) => bus === "scsi").map(({ id, index, model }) => [id, index, model]),
    [
      ["scsi0", 0, "lsi53c895a"],
      ["xen0", 1, "xen"],
    ],
  );
});

test("two disks of one name are in two places, and it is said", () => {
  const found = read("disk = ['/a,,xvda', '/b,,xvda']");
  assert.deepEqual(
    found.machine.attachments.map(({ slot }) => slot),
    [0, 1],
  );
  assert.ok(found.foreign.includes("place of xvda"));
});

test("firmware is BIOS, unless OVMF is asked for; a guest without hardware has none", () => {
  const of = (text: string): unknown => [read(text).machine.firmware, read(text).machine.firmwareFrom];
  assert.deepEqual(of(HVM), ["bios", "default"]);
  assert.deepEqual(of(`${HVM}firmware = "uefi"`), ["efi", "declared"]);
  assert.deepEqual(of(`${HVM}bios = "ovmf"`), ["efi", "declared"]);
  assert.deepEqual(of(`${HVM}firmware = "/usr/lib/xen/boot/OVMF.fd"`), ["efi", "declared"]);
  assert.deepEqual(of(`${HVM}bios = "seabios"`), ["bios", "declared"]);
  assert.deepEqual(of('kernel = "/k"'), ["unknown", null]);
});

test("kernels, their arguments and what fetches them are read; old loaders of firmware are none", () => {
  assert.deepEqual(read(`${HVM}kernel = "/usr/lib/xen/boot/hvmloader"`).machine.directBoot, null);
  assert.deepEqual(read('bootloader = "pygrub"\nextra = "ro"').machine.directBoot, {
    kernel: null,
    initrd: null,
    arguments: "ro",
    loader: "pygrub",
  });
  const own = read('type = "pvh"\nkernel = "/k"\nramdisk = "/r"\ncmdline = "a"\nextra = "b"');
  assert.deepEqual([own.machine.virtualization, own.machine.directBoot?.arguments], ["pvh", "a"]);
  assert.deepEqual(
    own.appliance.files.map(({ name, role }) => [name, role]),
    [
      ["/k", "kernel"],
      ["/r", "initrd"],
    ],
  );
});

test("network cards are on the bridge that Xen takes, unless a script leads elsewhere", () => {
  const { machine, foreign, codes } = read(
    `${HVM}vif = ['', 'type=vif, mac=00:16:3e:00:00:01', 'script=vif-nat', 'script=vif-openvswitch,bridge=ovs0.42,model=e1000', 'mac=x,ip=10.0.0.1', 'vlan=7,script=/etc/xen/scripts/vif-route']`,
  );
  assert.deepEqual(
    machine.nics.map(({ network, kind, vlan, model, mac }) => [network, kind, vlan, model, mac]),
    [
      ["xenbr0", "bridged", null, "rtl8139", null],
      ["xenbr0", "bridged", null, "xen", "00:16:3e:00:00:01"],
      [null, "nat", null, "rtl8139", null],
      ["ovs0", "bridged", 42, "e1000", null],
      ["xenbr0", "bridged", null, "rtl8139", null],
      [null, null, 7, "rtl8139", null],
    ],
  );
  assert.ok(codes.includes("config/strange-value"));
  assert.ok(foreign.includes("ip of network card 4") && foreign.includes("script of network card 5"));
});

test("serial ports are in QEMU's words", () => {
  const { machine } = read(
    `${HVM}serial = ['pty', 'file:/l', 'tcp:h:1,server,nowait', 'none', 'unix:/s,server', '/dev/ttyS1', 'stdio']`,
  );
  assert.deepEqual(
    machine.serialPorts.map(({ index, backing, target }) => [index, backing, target]),
    [
      [0, "pty", null],
      [1, "file", "/l"],
      [2, "network", "tcp://h:1,server"],
      [4, "pipe", "/s"],
      [5, "device", "/dev/ttyS1"],
      [6, null, null],
    ],
  );
});

test("a video card, a sound card, nesting, the clock and processors that wait are read", () => {
  const { machine } = read(
    `${HVM}vga = "qxl"\nvideoram = 64\nsoundhw = "hda"\nnestedhvm = 1\nlocaltime = 1\nvcpus = 2\nmaxvcpus = 8\nusbversion = 3\nboot = "nd"\nmaxmem = 1024`,
  );
  assert.deepEqual(machine.video, { model: "qxl", memoryBytes: 64 * 2 ** 20, heads: null });
  assert.deepEqual([machine.sound, machine.clock], ["hda", "localtime"]);
  assert.deepEqual([machine.cpu.count, machine.cpu.max, machine.cpu.nested], [2, 8, true]);
  assert.deepEqual(machine.dynamicMemory, { minBytes: 512 * 2 ** 20, maxBytes: 1024 * 2 ** 20 });
  assert.deepEqual(
    machine.boot.map(({ device }) => device),
    ["network", "cdrom"],
  );
  assert.equal(machine.controllers[0]?.model, "nec-usb-xhci");
});

test("what is left is named, and no password is in it", () => {
  const { machine, foreign } = read(
    `${HVM}vnc = 1\nvncpasswd = "hunter2"\nmy_password = "hunter2"\npci = ['01:00.0']\ncpus = "1-2"\non_crash = "preserve"`,
  );
  for (const name of ["graphics vnc", "pci", "cpus", "on_crash", "my_password"])
    assert.ok(foreign.includes(name), name);
  assert.ok(!JSON.stringify(machine).includes("hunter2"));
});

test("what is no configuration is refused, and memory that is none is said", () => {
  assert.throws(
    () => readText(xenPlatform, "x", "import os\n"),
    (error) => error instanceof FerryError && error.code === "config/unreadable",
  );
  const { findings } = readText(xenPlatform, "x", "name = 'x'\nmemory = 'much'\n");
  assert.deepEqual(
    findings.map(({ code }) => code),
    ["config/strange-value"],
  );
});
