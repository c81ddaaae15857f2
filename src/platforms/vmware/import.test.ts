import assert from "node:assert/strict";
import { test } from "node:test";
import { GIB, MIB } from "../../base/bytes.js";
import { type Read, read } from "./testing/read.js";

const drives = ({ machine }: Read): unknown[] =>
  machine.attachments.map(({ device, controller, slot, disk, file }) => [
    device,
    `${controller}:${slot}`,
    disk ?? file,
  ]);

test("a machine that says next to nothing is what VMware means by that", () => {
  const { machine, codes, foreign } = read(
    new TextEncoder().encode('config.version = "8"\nethernet0.present = "true"'),
  );
  assert.equal(machine.name, "web");
  assert.deepEqual([machine.cpu.count, machine.memoryBytes], [1, 32 * MIB]);
  assert.deepEqual([machine.firmware, machine.firmwareFrom, machine.tpm], ["bios", "default", null]);
  assert.deepEqual(
    machine.attachments.map(({ device, slot }) => [device, slot]),
    [["floppy", 0]],
  );
  assert.deepEqual(
    [machine.nics[0]?.model, machine.nics[0]?.kind, machine.nics[0]?.network],
    ["vlance", "bridged", null],
  );
  assert.deepEqual(codes, ["vmware/model-by-default"]);
  assert.deepEqual(foreign, {});
});

test("what VMware leaves out of controllers and cards goes by the guest's width", () => {
  const devices =
    'scsi0.present = "TRUE"\nscsi0:0.present = "TRUE"\nscsi0:0.fileName = "a.vmdk"\nethernet0.present = "TRUE"';
  const wide = read(devices);
  assert.deepEqual([wide.machine.controllers[0]?.model, wide.machine.nics[0]?.model], ["lsilogic", "e1000"]);
  const narrow = read(`${devices}\nguestOS = "winxppro"`);
  assert.deepEqual([narrow.machine.controllers[0]?.model, narrow.machine.nics[0]?.model], ["buslogic", "vlance"]);
});

test("drives are read on every bus, with their controllers' chips", () => {
  const on = (name: string, file: string, more = ""): string =>
    `${name}.present = "TRUE"\n${name}.fileName = "${file}"\n${more}\n`;
  const found = read(
    'scsi0.present = "TRUE"\nscsi0.virtualDev = "PVSCSI"\nscsi1.present = "TRUE"\nscsi1.virtualDev = "lsisas1068"\n' +
      'sata0.present = "TRUE"\nnvme0.present = "TRUE"\n' +
      on("scsi0:0", "a.vmdk") +
      on("scsi0:10", "c.vmdk") +
      on("scsi0:9", "b.vmdk") +
      on("scsi1:0", "d.vmdk") +
      on("sata0:1", "x.iso", 'sata0:1.deviceType = "cdrom-image"') +
      on("nvme0:0", "e.vmdk") +
      on("ide0:1", "f.vmdk", 'ide0:1.deviceType = "ata-hardDisk"') +
      on("ide1:0", "auto detect", 'ide1:0.deviceType = "cdrom-raw"') +
      'floppy1.present = "TRUE"\nfloppy1.fileType = "file"\nfloppy1.fileName = "x.flp"\n',
  );
  assert.deepEqual(drives(found), [
    ["floppy", "floppy0:1", "x.flp"],
    ["disk", "ide0:1", "ide0:1"],
    ["cdrom", "ide1:0", null],
    ["disk", "nvme0:0", "nvme0:0"],
    ["cdrom", "sata0:1", "x.iso"],
    ["disk", "scsi0:0", "scsi0:0"],
    ["disk", "scsi0:9", "scsi0:9"],
    ["disk", "scsi0:10", "scsi0:10"],
    ["disk", "scsi1:0", "scsi1:0"],
  ]);
  const models = new Map(found.machine.controllers.map(({ id, model }) => [id, model]));
  assert.deepEqual([models.get("scsi0"), models.get("scsi1"), models.get("sata0")], ["pvscsi", "lsisas1068", null]);
  assert.deepEqual([found.codes, found.foreign], [[], {}]);
});

test("a drive that VMware does not see is not read, and said", () => {
  const found = read(
    'scsi0:0.present = "TRUE"\nscsi0:0.fileName = "a.vmdk"\nide0:0.present = "TRUE"\nscsi1:0.present = "FALSE"\nscsi1:0.fileName = "b.vmdk"',
  );
  assert.deepEqual(drives(found), []);
  assert.deepEqual(found.codes, ["vmware/drive-unseen", "vmware/drive-unseen"]);
  assert.deepEqual(found.foreign, { "ide0:0": "", "scsi0:0": "a.vmdk" });
  assert.deepEqual(found.needed, []);
});

test("how a disk is written to is carried by name, and disks of several machines are shared", () => {
  const disk = (name: string, more: string): string =>
    `${name}.present = "TRUE"\n${name}.fileName = "${name.replace(":", "-")}.vmdk"\n${name}.${more}\n`;
  const { appliance, foreign } = read(
    'scsi0.present = "TRUE"\nscsi0.virtualDev = "lsilogic"\nscsi1.present = "TRUE"\nscsi1.virtualDev = "lsilogic"\nscsi1.sharedBus = "physical"\n' +
      disk("scsi0:0", 'mode = "independent-persistent"') +
      disk("scsi0:1", 'writeThrough = "TRUE"') +
      disk("scsi0:2", 'sharing = "multi-writer"') +
      disk("scsi0:3", 'mode = "persistent"') +
      disk("scsi0:4", 'deviceType = "scsi-passthru-rdm"') +
      disk("scsi1:0", 'redo = "x.REDO_1"'),
  );
  assert.deepEqual(foreign, {
    "scsi0:0.mode": "independent-persistent",
    "scsi0:1.writeThrough": "TRUE",
    "scsi0:4.deviceType": "scsi-passthru-rdm",
    "scsi1:0.redo": "x.REDO_1",
  });
  assert.deepEqual(
    appliance.disks.filter(({ shared }) => shared).map(({ id }) => id),
    ["scsi0:2", "scsi1:0"],
  );
});

test("images that are not there leave their drives empty; devices of the host are named", () => {
  const found = read(
    'ide0:0.present = "TRUE"\nide0:0.deviceType = "cdrom-image"\nide0:0.fileName = "/vmfs/volumes/iso/gone.iso"\n' +
      'ide0:1.present = "TRUE"\nide0:1.deviceType = "cdrom-image"\nide0:1.fileName = "C:\\Program Files\\VMware\\isoimages\\gone.iso"\n' +
      'ide1:0.present = "TRUE"\nide1:0.deviceType = "atapi-cdrom"\nide1:0.fileName = "/dev/sr0"\n' +
      'ide1:1.present = "TRUE"\nide1:1.deviceType = "cdrom-raw"\nide1:1.fileName = "D:"\nide1:1.clientDevice = "TRUE"',
  );
  assert.deepEqual(
    found.machine.attachments.map(({ device, file }) => [device, file]),
    [
      ["cdrom", null],
      ["cdrom", null],
      ["cdrom", null],
      ["cdrom", null],
    ],
  );
  assert.deepEqual(found.codes, ["config/image-missing"]);
  assert.deepEqual(Object.keys(found.foreign), ["image of VMware's tools in ide0:1", "ide1:0 of the host"]);
});

test("cards are plugged in as the file says", () => {
  const card = (n: number, lines: Readonly<Record<string, string>>): string =>
    [`ethernet${n}.present = "TRUE"`, `ethernet${n}.virtualDev = "vmxnet3"`]
      .concat(Object.entries(lines).map(([key, value]) => `ethernet${n}.${key} = "${value}"`))
      .join("\n");
  const { machine, appliance, codes } = read(
    [
      card(0, { connectionType: "nat" }),
      card(1, { connectionType: "hostonly", startConnected: "FALSE" }),
      card(2, { connectionType: "custom", vnet: "/dev/vmnet8" }),
      card(3, { connectionType: "pvn", pvnID: "52 1a", networkName: "lab" }),
      card(4, { networkName: "VM Network", addressType: "static", address: "00-50-56-AA-BB-CC" }),
      card(5, {
        "dvs.switchId": "50 3f",
        "dvs.portgroupId": "dvportgroup-21",
        addressType: "vpx",
        generatedAddress: "00:50:56:9f:08:51",
      }),
      card(6, { networkName: "x", addressType: "static", address: "nonsense" }),
    ].join("\n"),
  );
  assert.deepEqual(
    machine.nics.map(({ network, kind, mac, connected }) => [network, kind, mac, connected]),
    [
      [null, "nat", null, true],
      [null, "hostonly", null, false],
      ["vmnet8", "network", null, true],
      ["lab", "internal", null, true],
      ["VM Network", "network", "00:50:56:aa:bb:cc", true],
      ["dvportgroup-21", "network", "00:50:56:9f:08:51", true],
      ["x", "network", null, true],
    ],
  );
  assert.deepEqual(
    appliance.networks.map(({ name }) => name),
    ["vmnet8", "lab", "VM Network", "dvportgroup-21", "x"],
  );
  assert.deepEqual(codes, ["config/strange-value"]);
});

test("firmware, security, processors and memory", () => {
  const secure = read(
    'firmware = "efi"\nuefi.secureBoot.enabled = "TRUE"\nvtpm.present = "TRUE"\nnvram = "web.nvram"\nnumvcpus = "8"\ncpuid.coresPerSocket = "4"\n' +
      'memsize = "4096"\nvhv.enable = "TRUE"\nuuid.bios = "56 4d b7 68 f3 32 42 ee-62 01 06 97 3c f5 c3 0c"\nvcpu.hotadd = "TRUE"',
  );
  const { machine } = secure;
  assert.deepEqual([machine.firmware, machine.firmwareFrom, machine.tpm], ["efi-secure", "declared", "2.0"]);
  assert.deepEqual(machine.cpu, { count: 8, coresPerSocket: 4, threadsPerCore: null, max: null, nested: true });
  assert.deepEqual([machine.memoryBytes, machine.nvram], [4 * GIB, "web.nvram"]);
  assert.equal(machine.uuid, "564db768-f332-42ee-6201-06973cf5c30c");
  assert.deepEqual(secure.foreign, { "vcpu.hotadd": "TRUE" });
  assert.equal(read('nvram = "gone.nvram"').machine.nvram, null);
  assert.equal(read('managedvm.autoAddVTPM = "software"').machine.tpm, "2.0");
});

test("values that cannot be are said, and something else counts", () => {
  for (const bad of [
    'memsize = "lots"',
    'memsize = "-4"',
    'memsize = "99999999999999"',
    'memsize = "9999999999999999999999999"',
    'numvcpus = "0"',
    'cpuid.coresPerSocket = "1.5"',
    'firmware = "coreboot"',
    'uuid.bios = "56 4d"',
    'bios.bootOrder = "hdd,tape"',
  ]) {
    const { machine, codes } = read(bad);
    assert.deepEqual(codes, ["config/strange-value"], bad);
    assert.deepEqual([machine.memoryBytes, machine.cpu.count, machine.firmware], [32 * MIB, 1, "bios"], bad);
  }
});

test("serial ports, USB, sound, graphics and clock", () => {
  const { machine, foreign } = read(
    'serial0.present = "TRUE"\nserial0.fileType = "pipe"\nserial0.fileName = "\\\\.\\pipe\\com1"\n' +
      'serial1.present = "TRUE"\nserial1.fileType = "file"\nserial1.fileName = "log.txt"\n' +
      'serial2.present = "TRUE"\nserial2.autodetect = "TRUE"\nserial2.fileName = "auto detect"\n' +
      'serial3.present = "TRUE"\nserial3.fileType = "network"\nserial3.fileName = "tcp://:5000"\nserial3.network.endPoint = "server"\n' +
      'usb.present = "TRUE"\nehci.present = "TRUE"\nusb_xhci.present = "TRUE"\nsound.present = "TRUE"\nsound.virtualDev = "hdaudio"\n' +
      'svga.vramSize = "16777216"\nsvga.numDisplays = "2"\nrtc.diffFromUTC = "0"',
  );
  assert.deepEqual(machine.serialPorts, [
    { index: 0, backing: "pipe", target: "\\\\.\\pipe\\com1" },
    { index: 1, backing: "file", target: "log.txt" },
    { index: 2, backing: "device", target: null },
    { index: 3, backing: "network", target: "tcp://:5000" },
  ]);
  assert.deepEqual(
    machine.controllers.map(({ id, model }) => [id, model]),
    [
      ["usb0", "ehci"],
      ["usb1", "usb_xhci"],
    ],
  );
  assert.deepEqual([machine.sound, machine.clock], ["hdaudio", "utc"]);
  assert.deepEqual(machine.video, { model: "svga", memoryBytes: 16 * MIB, heads: 2 });
  assert.deepEqual(Object.keys(foreign), ["serial3.network.endPoint"]);
  const local = read('rtc.diffFromUTC = "3600"');
  assert.deepEqual([local.machine.clock, local.foreign], ["localtime", { "rtc.diffFromUTC": "3600" }]);
});

test("a BIOS boots in the order of its file, each disk by its place; EFI keeps its order elsewhere", () => {
  const disks =
    'ide0:0.present = "TRUE"\nide0:0.fileName = "a.vmdk"\nide0:1.present = "TRUE"\nide0:1.fileName = "b.vmdk"\nethernet1.present = "TRUE"\n';
  const order = 'bios.bootOrder = "cdrom,ethernet1,hdd,floppy"\nbios.hddOrder = "ide0:1,ide0:0,scsi9:9"\n';
  assert.deepEqual(read(disks + order).machine.boot, [
    { device: "cdrom", index: null },
    { device: "network", index: 0 },
    { device: "disk", index: 1 },
    { device: "disk", index: 0 },
    { device: "floppy", index: null },
  ]);
  assert.deepEqual(read(`${disks}${order}firmware = "efi"`).machine.boot, []);
  assert.deepEqual(read('bios.bootOrder = "allow:hd,cd"').machine.boot, [
    { device: "disk", index: null },
    { device: "cdrom", index: null },
  ]);
});

test("what the model has no place for is carried by name, and nothing that may be secret by value", () => {
  const { foreign } = read(
    'guestinfo.userdata = "c2VjcmV0"\nRemoteDisplay.vnc.enabled = "TRUE"\nRemoteDisplay.vnc.password = "hunter2"\n' +
      'sharedFolder0.present = "TRUE"\nsharedFolder0.hostPath = "/srv"\nsharedFolder1.present = "FALSE"\npciPassthru0.present = "TRUE"\npciPassthru0.id = "05:00.0"\n' +
      'isolation.tools.copy.disable = "FALSE"\ntools.syncTime = "TRUE"\nsched.cpu.min = "0"\nsched.mem.min = "512"\nsched.swap.derivedName = "/x"\n' +
      'encryptedVM.guid = "{1}"\nencryption.keySafe = "vmware:key/list/"',
  );
  assert.deepEqual(foreign, {
    "guestinfo.userdata": "",
    "isolation.tools.copy.disable": "FALSE",
    "tools.syncTime": "TRUE",
    "sched.mem.min": "512",
    "encryptedVM.guid": "{1}",
    "encryption.keySafe": "",
    pciPassthru0: "pciPassthru0.present = TRUE\npciPassthru0.id = 05:00.0",
    "RemoteDisplay.vnc": "RemoteDisplay.vnc.enabled = TRUE\nRemoteDisplay.vnc.password",
    sharedFolder0: "sharedFolder0.present = TRUE\nsharedFolder0.hostPath = /srv",
  });
});

test("snapshots and a suspended state are said to stay behind", () => {
  const disk = 'ide0:0.present = "TRUE"\nide0:0.fileName = "web-000002.vmdk"\n';
  assert.deepEqual(read(disk, { "web.vmsd": 600 }).foreign, { snapshots: "web.vmsd: 1 disk as of now" });
  assert.deepEqual(read("", { "web.vmsd": 600 }).foreign, { snapshots: "web.vmsd" });
  assert.deepEqual(read("", { "web.vmsd": 0 }).foreign, {});
  assert.deepEqual(read('checkpoint.vmState = "web.vmss"').foreign, { "suspended state": "web.vmss" });
});
