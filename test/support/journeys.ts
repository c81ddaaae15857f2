/** Appliances for journeys between platforms: what machines of many kinds have. */
import type { Appliance } from "../../src/appliance/appliance.js";
import { appliance, cpu, disk, drive, guestOs, machine, nic } from "../../src/appliance/testing/samples.js";
import { GIB, MIB } from "../../src/base/bytes.js";

/** Every fact that the model has, on hardware that most platforms have. */
function full(): Appliance {
  return appliance({
    name: "full",
    disks: [disk("system"), disk("data", { shared: true }), disk("archive")],
    files: [{ id: "iso", name: "tools.iso", role: "iso", size: 2048 }],
    networks: [
      { name: "lan", description: null },
      { name: "dmz", description: null },
    ],
    machines: [
      machine({
        id: "full",
        name: "full",
        annotation: 'Line one\nline two: "quotes", ümlauts',
        uuid: "564d1a2b-3c4d-5e6f-7081-92a3b4c5d6e7",
        guestOs: guestOs({ vmware: "debian12-64", virtualbox: "Debian12_64", osinfo: "http://debian.org/debian/12" }),
        firmware: "efi",
        tpm: "2.0",
        chipset: "q35",
        cpu: { ...cpu(4, 2), threadsPerCore: 1, max: 8, nested: true },
        memoryBytes: 2 * GIB,
        dynamicMemory: { minBytes: GIB, maxBytes: 4 * GIB },
        controllers: [
          { id: "s0", bus: "sata", model: null, index: 0 },
          { id: "s1", bus: "scsi", model: "lsisas1068", index: 0 },
        ],
        attachments: [
          drive("disk", { disk: "system", controller: "s0", slot: 0 }),
          drive("cdrom", { file: "iso", controller: "s0", slot: 1 }),
          drive("disk", { disk: "data", controller: "s1", slot: 0 }),
          drive("disk", { disk: "archive", controller: "s1", slot: 3, readOnly: true }),
        ],
        nics: [
          nic({ network: "lan", kind: "network", vlan: 42, model: "e1000e", mac: "00:50:56:01:02:03" }),
          nic({ network: "dmz", kind: "network", model: "virtio", mac: "00:50:56:01:02:04", connected: false }),
          nic({ kind: "nat", model: "e1000", mac: "00:50:56:01:02:05" }),
        ],
        serialPorts: [
          { index: 0, backing: "pipe", target: "/tmp/port" },
          { index: 1, backing: "pty", target: null },
        ],
        sound: "hda",
        video: { model: "vga", memoryBytes: 16 * MIB, heads: 1 },
        clock: "utc",
        boot: [
          { device: "disk", index: 0 },
          { device: "cdrom", index: 1 },
          { device: "network", index: 0 },
        ],
      }),
    ],
  });
}

/** BIOS, many disks on one SCSI controller, Windows, a clock that shows local time. */
function oldWindows(): Appliance {
  const disks = Array.from({ length: 9 }, (_, i) => disk(`d${i}`));
  return appliance({
    name: "files",
    disks,
    machines: [
      machine({
        id: "files",
        name: "file server 2",
        guestOs: guestOs({ vmware: "windows7srv-64", cim: 103 }),
        cpu: cpu(2, 2),
        memoryBytes: 4 * GIB,
        controllers: [{ id: "c", bus: "scsi", model: "lsilogic", index: 0 }],
        attachments: disks.map(({ id }, i) => drive("disk", { disk: id, controller: "c", slot: i < 7 ? i : i + 1 })),
        nics: [nic({ network: "Production", kind: "bridged", model: "e1000", mac: "00:50:56:0a:0b:0c" })],
        clock: "localtime",
        boot: [{ device: "disk", index: 3 }],
      }),
    ],
  });
}

/** A guest of Xen that knows it is one: no firmware, no boot loader of its own. */
function paravirtual(): Appliance {
  return appliance({
    name: "pv",
    disks: [disk("root")],
    machines: [
      machine({
        id: "pv",
        name: "pv",
        virtualization: "pv",
        directBoot: { kernel: null, initrd: null, arguments: "console=hvc0 ro", loader: "pygrub" },
        attachments: [drive("disk", { disk: "root" })],
        nics: [nic({ network: "xenbr0", kind: "bridged", mac: "00:16:3e:01:02:03" })],
      }),
    ],
  });
}

/** Two machines that are started one after the other. */
function pair(): Appliance {
  const one = (id: string, memoryBytes: number) =>
    machine({
      id,
      name: id,
      firmware: "efi-secure",
      memoryBytes,
      controllers: [{ id: `${id}-c`, bus: "nvme", model: null, index: 0 }],
      attachments: [drive("disk", { disk: `${id}-disk`, controller: `${id}-c`, slot: 0 })],
      nics: [nic({ network: "lan", model: "vmxnet3" })],
    });
  return appliance({
    name: "pair",
    disks: [disk("web-disk"), disk("db-disk")],
    networks: [{ name: "lan", description: "between the two" }],
    machines: [one("web", GIB), one("db", 8 * GIB)],
    startup: [
      { machine: "db", order: 1, startDelaySeconds: 30 },
      { machine: "web", order: 2, startDelaySeconds: 0 },
    ],
  });
}

/** By name. */
export const journeyAppliances: Readonly<Record<string, () => Appliance>> = {
  full,
  "old-windows": oldWindows,
  paravirtual,
  pair,
};
