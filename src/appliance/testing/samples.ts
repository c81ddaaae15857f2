import { GIB, MIB } from "../../base/bytes.js";
import type { Appliance, Cpu, Disk, GuestOs, Machine } from "../appliance.js";
import { blankAppliance, blankAttachment, blankDisk, blankGuestOs, blankMachine, blankNic } from "../blank.js";

/** An appliance with nothing in it. */
export function appliance(parts: Partial<Appliance> = {}): Appliance {
  return { ...blankAppliance(), ...parts };
}

/** A BIOS machine with one processor, 512 MiB and no devices. */
export function machine(parts: Partial<Machine> = {}): Machine {
  return { ...blankMachine("m"), firmware: "bios", firmwareFrom: "declared", memoryBytes: 512 * MIB, ...parts };
}

/** An 8 GiB VMDK. */
export function disk(id: string, parts: Partial<Disk> = {}): Disk {
  return blankDisk(id, `${id}.vmdk`, { format: "vmdk", variant: "streamOptimized", capacityBytes: 8 * GIB, ...parts });
}

/** Processors, with nothing said beyond their number. */
export function cpu(count: number, coresPerSocket: number | null = null): Cpu {
  return { ...blankMachine("m").cpu, count, coresPerSocket };
}

/** A guest system by some of its names. */
export function guestOs(names: Partial<GuestOs>): GuestOs {
  return { ...blankGuestOs(), ...names };
}

/** A drive. */
export const drive: typeof blankAttachment = blankAttachment;

/** A network card. */
export const nic: typeof blankNic = blankNic;

/** EFI, SATA, a virtio card: a modern Linux as VirtualBox exports it. */
export function efiSataVirtio(): Appliance {
  return appliance({
    name: "web",
    disks: [disk("vmdisk1")],
    networks: [{ name: "NAT", description: null }],
    machines: [
      machine({
        id: "web",
        name: "web server",
        annotation: 'Serves "pages"\nfor | everyone, 100%',
        guestOs: guestOs({ cim: 96, vmware: null, virtualbox: "Debian12_64", description: null }),
        hardwareTypes: ["virtualbox-2.2"],
        firmware: "efi",
        firmwareFrom: "vendor",
        cpu: cpu(4, 2),
        memoryBytes: 2 * GIB,
        controllers: [{ id: "3", bus: "sata", model: "AHCI", index: 0 }],
        attachments: [drive("disk", { disk: "vmdisk1", file: null, controller: "3", slot: 0 })],
        nics: [nic({ network: "NAT", model: "virtio", mac: "08:00:27:a1:b2:c3", connected: true, portProfile: null })],
      }),
    ],
  });
}

/** BIOS, an IDE disk, a CD with an image, an empty CD drive, a floppy. */
export function biosIdeCd(): Appliance {
  return appliance({
    name: "old",
    disks: [disk("hd", { capacityBytes: 4 * GIB })],
    files: [
      { id: "iso", name: "install media.iso", role: "iso", size: 1024 },
      { id: "fd", name: "drivers.img", role: "floppy", size: 1474560 },
    ],
    machines: [
      machine({
        id: "old",
        name: "old",
        guestOs: guestOs({ cim: 69, vmware: null, virtualbox: null, description: null }),
        hardwareTypes: ["vmx-07"],
        controllers: [
          { id: "ide0", bus: "ide", model: null, index: 0 },
          { id: "ide1", bus: "ide", model: null, index: 1 },
          { id: "fd0", bus: "floppy", model: null, index: 0 },
        ],
        attachments: [
          drive("disk", { disk: "hd", file: null, controller: "ide0", slot: 0 }),
          drive("cdrom", { disk: null, file: "iso", controller: "ide1", slot: 0 }),
          drive("cdrom", { disk: null, file: null, controller: "ide1", slot: 1 }),
          drive("floppy", { disk: null, file: "fd", controller: "fd0", slot: 0 }),
        ],
        nics: [
          nic({ network: "Bridged", model: "PCNet32", mac: "00:50:56:12:34:56", connected: true, portProfile: null }),
          nic({ network: "HostOnly", model: "E1000", mac: null, connected: false, portProfile: null }),
        ],
        boot: [
          { device: "cdrom", index: null },
          { device: "disk", index: 0 },
          { device: "network", index: 0 },
        ],
      }),
    ],
  });
}

/** BIOS, four disks on two SCSI controllers of different models, a VMware guest id, a vSphere network. */
export function scsiMultiDisk(): Appliance {
  return appliance({
    name: "db",
    disks: [disk("d0"), disk("d1"), disk("d2"), disk("d3", { file: null, format: null, variant: null })],
    machines: [
      machine({
        id: "db",
        name: "db",
        guestOs: guestOs({
          cim: 80,
          vmware: "rhel8_64Guest",
          virtualbox: null,
          description: "Red Hat Enterprise Linux 8",
        }),
        hardwareTypes: ["vmx-15"],
        cpu: cpu(8, 4),
        memoryBytes: 16 * GIB,
        controllers: [
          { id: "3", bus: "scsi", model: "lsilogic", index: 0 },
          { id: "4", bus: "scsi", model: "VirtualSCSI", index: 1 },
          { id: "5", bus: "usb", model: "vmware.usb.xhci", index: 0 },
        ],
        attachments: [
          drive("disk", { disk: "d0", file: null, controller: "3", slot: 0 }),
          drive("disk", { disk: "d1", file: null, controller: "3", slot: 1 }),
          drive("disk", { disk: "d2", file: null, controller: "4", slot: 0 }),
          drive("disk", { disk: "d3", file: null, controller: "4", slot: 8 }),
        ],
        nics: [nic({ network: "VM Network", model: "VmxNet3", mac: null, connected: true, portProfile: null })],
      }),
    ],
  });
}

/** Secure boot, two NVMe disks, Windows. */
export function nvmeSecure(): Appliance {
  return appliance({
    name: "nv",
    disks: [disk("n0"), disk("n1")],
    machines: [
      machine({
        id: "nv",
        name: "nv",
        guestOs: guestOs({ cim: null, vmware: "windows2019srvNext_64Guest", virtualbox: null, description: null }),
        hardwareTypes: ["vmx-19"],
        firmware: "efi-secure",
        firmwareFrom: "vendor",
        cpu: cpu(2, null),
        memoryBytes: 4 * GIB,
        controllers: [{ id: "n", bus: "nvme", model: null, index: 0 }],
        attachments: [
          drive("disk", { disk: "n0", file: null, controller: "n", slot: 0 }),
          drive("disk", { disk: "n1", file: null, controller: "n", slot: 1 }),
        ],
        nics: [nic({ network: "VM Network", model: "E1000e", mac: null, connected: true, portProfile: null })],
      }),
    ],
  });
}

/** The sample appliances by name, one for each golden file. */
export const samples: Readonly<Record<string, () => Appliance>> = {
  "efi-sata-virtio": efiSataVirtio,
  "bios-ide-cd": biosIdeCd,
  "scsi-multi-disk": scsiMultiDisk,
  "nvme-secure": nvmeSecure,
};
