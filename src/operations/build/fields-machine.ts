/** Settings of machines: hardware, drives, network cards, and what a vendor adds. */
import type { Bus } from "../../base/ids.js";
import {
  count,
  file,
  image,
  listOf,
  localized,
  mapOf,
  type RecordShape,
  record,
  required,
  type SettingsOf,
  setting,
  size,
  text,
  word,
  yesNo,
} from "./shape.js";
import type {
  ControllerSpec,
  DeviceSpec,
  DriveSpec,
  GuestSpec,
  HardwareSpec,
  NicSpec,
  OptionHardware,
  RangeSpec,
  SerialSpec,
  VideoSpec,
  VmwareSpec,
} from "./spec.js";

const BUSES = [
  "ide",
  "sata",
  "scsi",
  "nvme",
  "virtio-blk",
  "virtio-scsi",
  "usb",
  "floppy",
] as const satisfies readonly Bus[];
const config = setting(
  mapOf(text, "KEY"),
  "VMware's settings of the item (`vmw:Config`).",
  "{ connectable.allowGuestControl: true }",
);
const only = setting(listOf(text), "Deployment options that have it; left out: all of them.", "[large]");

const guest = record<GuestSpec>(
  "Guest system",
  {
    cim: setting(count(0, 65535), "Number of CIM_OperatingSystem.OsType, which OVF goes by.", "96"),
    vmware: setting(text, "VMware's name.", "debian12_64Guest"),
    virtualbox: setting(text, "VirtualBox's name.", "Debian12_64"),
    osinfo: setting(text, "libosinfo's id.", "http://debian.org/debian/12"),
    proxmox: setting(text, "`ostype` of Proxmox VE.", "l26"),
    xenserver: setting(text, "XenServer's template.", "Debian Bookworm 12"),
    description: setting(localized, "The name for people.", "Debian 12"),
    name: setting(text, "Any name that `--os` of convert takes; all others follow from it.", "debian12"),
  },
  "name",
);

const controller = record<ControllerSpec>(
  "Controller",
  {
    bus: required(word(BUSES), "The bus.", "scsi"),
    model: setting(text, "As a platform calls it: `pvscsi`, `lsilogic`, `AHCI`, `PIIX4`.", "pvscsi"),
    index: setting(count(0, 255), "Its number among those of its bus; left out: in their order.", "0"),
    config,
  },
  "bus",
);

const drive = record<DriveSpec>(
  "Drive",
  {
    disk: setting(
      file,
      "The image of a disk, in any format that vmferry reads; `app.ova!disk.vmdk` is a member of a package.",
      "root.qcow2",
    ),
    size: setting(
      size,
      "Bytes that the guest sees. Without an image: an empty disk; with one: no less than that has.",
      "20GiB",
    ),
    "same-as": setting(text, "The id of a disk of another machine, which both use.", "quorum"),
    cdrom: setting(image, "A CD drive, with this image in it.", "seed.iso"),
    floppy: setting(image, "A floppy drive, with this image in it.", "empty"),
    id: setting(text, "What the disk is called in the package; left out: by its file or its number.", "root"),
    controller: setting(
      text,
      "The controller that it hangs on, or `any` that the target has; left out: of a disk the first of `controllers`.",
      "scsi0",
    ),
    slot: setting(count(0, 255), "Its place there.", "0"),
    "read-only": setting(yesNo, "Whether the guest cannot write to it.", "no"),
    shared: setting(yesNo, "Whether several machines may write to it at once.", "no"),
    only,
    config,
  },
  "disk",
);

const nic = record<NicSpec>(
  "Network card",
  {
    network: setting(text, "The network that it is plugged into.", "LAN"),
    model: setting(text, "As a platform calls it: `vmxnet3`, `e1000`, `virtio`.", "vmxnet3"),
    mac: setting(text, "Its address; left out: chosen where the package is deployed.", "'00:50:56:01:02:03'"),
    connected: setting(yesNo, "Whether it is plugged in when the machine starts.", "yes"),
    kind: setting(
      word(["nat", "bridged", "hostonly", "internal", "network"]),
      "What kind of network it is.",
      "bridged",
    ),
    vlan: setting(count(1, 4094), "Tag of the VLAN (OVF 2).", "100"),
    "port-profile": setting(text, "Id of a port profile (OVF 2).", "prod"),
    only,
    config,
  },
  "network",
);

const range = (what: "memory" | "processors"): RecordShape<RangeSpec> =>
  record<RangeSpec>(`Limits of ${what}`, {
    min: setting(what === "memory" ? size : count(1, 4096), "The least.", what === "memory" ? "1GiB" : "1"),
    max: setting(what === "memory" ? size : count(1, 4096), "The most.", what === "memory" ? "64GiB" : "16"),
  });

const inOption = record<OptionHardware>("Hardware in an option", {
  cpus: setting(count(1, 4096), "Processors.", "8"),
  "cores-per-socket": setting(count(1, 4096), "Of them in one socket.", "4"),
  memory: setting(size, "Memory.", "16GiB"),
});

const device = record<DeviceSpec>("Other device", {
  type: required(count(0, 65535), "CIM resource type.", "1"),
  subtype: setting(text, "Resource sub type.", "vmware.vmci"),
  name: setting(text, "What it is called.", "VMCI device"),
  required: setting(yesNo, "Whether an importer that does not know it has to refuse the package; no by default.", "no"),
  only,
  config,
});

const serialPort = record<SerialSpec>("Serial port", {
  index: setting(count(0, 255), "Its number, COM1 is 0; left out: its place in the list.", "0"),
  backing: setting(word(["pty", "file", "pipe", "network", "device"]), "What is at the other end.", "file"),
  target: setting(text, "The file, pipe, address or device of the host.", "/tmp/console"),
});

const video = record<VideoSpec>(
  "Graphics card",
  {
    model: setting(text, "As a platform calls it.", "VMSVGA"),
    memory: setting(size, "Its memory.", "16MiB"),
    displays: setting(count(1, 64), "Displays.", "1"),
    config,
  },
  "model",
);

const vmware = record<VmwareSpec>("VMware's additions", {
  config: setting(mapOf(text, "KEY"), "Settings of the machine (`vmw:Config`).", "{ memoryHotAddEnabled: true }"),
  "extra-config": setting(
    mapOf(text, "KEY"),
    "Lines of the VMX file (`vmw:ExtraConfig`).",
    "{ disk.EnableUUID: 'TRUE' }",
  ),
});

/** Settings of one machine, without those of products. */
export const machineSettings: SettingsOf<HardwareSpec> = {
  name: setting(localized, "What people call it; left out: its id.", "Web server"),
  annotation: setting(localized, "A description.", "{ file: notes.txt }"),
  os: setting(guest, "The guest system.", "debian12"),
  "hardware-type": setting(
    listOf(text),
    "Hardware version; left out: the lowest that has what the machine uses.",
    "vmx-19",
  ),
  uuid: setting(text, "SMBIOS UUID.", "564d1a2b-0c3d-4e5f-8a9b-0c1d2e3f4a5b"),
  cpus: setting(count(1, 4096), "Processors; 1 by default.", "2"),
  "cores-per-socket": setting(count(1, 4096), "Processors in one socket.", "2"),
  "threads-per-core": setting(count(1, 64), "Threads of a core.", "1"),
  "max-cpus": setting(count(1, 4096), "Processors that it may have while it runs.", "8"),
  nested: setting(yesNo, "Whether the guest may run machines of its own.", "no"),
  memory: required(size, "Memory.", "2GiB"),
  "dynamic-memory": setting(
    range("memory"),
    "Where memory may shrink and grow while it runs.",
    "{ min: 1GiB, max: 4GiB }",
  ),
  "cpu-limits": setting(range("processors"), "What whoever deploys it may choose.", "{ min: 1, max: 8 }"),
  "memory-limits": setting(range("memory"), "What whoever deploys it may choose.", "{ min: 1GiB, max: 16GiB }"),
  firmware: setting(word(["bios", "efi", "efi-secure"]), "What it boots by; left out: read from the boot disk.", "efi"),
  tpm: setting(word(["1.2", "2.0"]), "A trusted platform module.", "'2.0'"),
  nvram: setting(file, "What the firmware remembers, in VMware's format.", "web.nvram"),
  chipset: setting(word(["i440fx", "q35"]), "The chip set of the mainboard.", "q35"),
  virtualization: setting(word(["hvm", "pv", "pvh"]), "How a guest of Xen runs.", "hvm"),
  clock: setting(word(["utc", "localtime"]), "What the hardware clock shows.", "utc"),
  controllers: setting(
    mapOf(controller, "ID"),
    "Controllers; left out: those that the target has.",
    "{ scsi0: { bus: scsi, model: pvscsi } }",
  ),
  drives: setting(listOf(drive), "Disks, CD and floppy drives, in order.", "[root.qcow2, { cdrom: seed.iso }]"),
  nics: setting(listOf(nic), "Network cards, in order.", "[LAN]"),
  "serial-ports": setting(
    listOf(serialPort),
    "Serial ports, COM1 first.",
    "[{ backing: network, target: 'tcp://:9001' }]",
  ),
  sound: setting(text, "A sound card, as a platform calls it.", "hdaudio"),
  video: setting(video, "The graphics card.", "{ memory: 16MiB }"),
  devices: setting(listOf(device), "Items that have no setting of their own.", "[{ type: 1, subtype: vmware.vmci }]"),
  boot: setting(
    listOf(text),
    "What it boots from, in order: `disk`, `cdrom`, `floppy`, `network`, `drive:N` and `nic:N`, counted from 0 in their lists.",
    "[disk, cdrom, network]",
  ),
  "install-delay": setting(
    count(0, 65535),
    "The first start is an installation: seconds to wait before the machine stops.",
    "300",
  ),
  transports: setting(listOf(text), "How the guest gets its OVF environment.", "[com.vmware.guestInfo, iso]"),
  "cpu-config": setting(mapOf(text, "KEY"), "VMware's settings of the processor item.", "{ }"),
  "memory-config": setting(mapOf(text, "KEY"), "VMware's settings of the memory item.", "{ }"),
  options: setting(
    mapOf(inOption, "OPTION"),
    "What is otherwise in a deployment option.",
    "{ large: { cpus: 8, memory: 16GiB } }",
  ),
  vmware: setting(vmware, "What VMware's platforms know.", "{ extra-config: { disk.EnableUUID: 'TRUE' } }"),
};
