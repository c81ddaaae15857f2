import type { Appliance, Attachment, Controller, Machine, Nic } from "../../src/appliance/appliance.js";
import { GIB, MIB, TIB } from "../../src/base/bytes.js";
import type { Bus, Firmware } from "../../src/base/ids.js";
import { fc } from "./fast-check.js";

/** Text of every kind: words, quotes, control characters, other scripts, half characters, markup of every platform. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.constantFrom(
    "web server",
    "a/b",
    "../../etc",
    "CON",
    "it's",
    "\u2019; x",
    '"|#',
    "$(id)`",
    "]]>&<x>",
    "a,b=c",
    "#>",
    "\ud800",
    "é東京",
    "NAT",
    "",
  ),
);

const buses: readonly Bus[] = ["ide", "sata", "scsi", "nvme", "virtio-blk", "virtio-scsi", "floppy", "usb"];
const controllerModels = [
  null,
  "AHCI",
  "PIIX4",
  "lsilogic",
  "lsilogicsas",
  "VirtualSCSI",
  "buslogic",
  "VirtioSCSI",
  "mptsas1068",
  "nonsense",
];
const nicModels = [
  null,
  "E1000",
  "E1000e",
  "VmxNet3",
  "PCNet32",
  "virtio",
  "82540EM",
  "rtl8139",
  "legacy",
  "synthetic",
  "nonsense",
];
const firmwares: readonly (Firmware | "unknown")[] = ["bios", "efi", "efi-secure", "unknown"];
const guests = [null, "debian12_64Guest", "windows2019srv_64Guest", "otherGuest", "rhel7-64", "new\nline"];
const boxes = [null, "Debian_64", "Debian12_64", "Ubuntu22_LTS_64", "Windows10_64", "Nonsense"];

const nic: fc.Arbitrary<Nic> = fc.record({
  network: fc.option(anyText, { nil: null }),
  kind: fc.constantFrom(null, "nat" as const, "bridged" as const, "hostonly" as const, "internal" as const),
  vlan: fc.constantFrom(null, null, 1, 4094),
  model: fc.constantFrom(...nicModels),
  mac: fc.option(
    fc.oneof(
      fc
        .uint8Array({ minLength: 6, maxLength: 6 })
        .map((b) => [...b].map((x) => x.toString(16).padStart(2, "0")).join(":")),
      fc.constantFrom("nonsense", "00:50:56:01:02:03", "08:00:27:AA:BB:CC"),
    ),
    { nil: null },
  ),
  connected: fc.boolean(),
  portProfile: fc.option(fc.string({ maxLength: 5 }), { nil: null, freq: 4 }),
});

const controllerList: fc.Arbitrary<Controller[]> = fc
  .array(fc.tuple(fc.constantFrom(...buses), fc.constantFrom(...controllerModels), fc.nat({ max: 5 })), {
    maxLength: 5,
  })
  .map((list) => list.map(([bus, model, index], i) => ({ id: `c${i}`, bus, model, index })));

function attachmentOf(
  controllers: readonly Controller[],
  disks: readonly string[],
  files: readonly string[],
): fc.Arbitrary<Attachment> {
  const controller = fc.constantFrom(null, "missing", ...controllers.map((c) => c.id));
  return fc
    .record({
      device: fc.constantFrom<Attachment["device"]>("disk", "disk", "cdrom", "floppy"),
      disk: fc.constantFrom(null, "missing", ...disks),
      file: fc.constantFrom(null, "missing", ...files),
      controller,
      slot: fc.option(fc.nat({ max: 20 }), { nil: null }),
      readOnly: fc.boolean(),
    })
    .map((a) => (a.device === "disk" ? { ...a, file: null } : { ...a, disk: null }));
}

function machineOf(id: string, disks: readonly string[], files: readonly string[]): fc.Arbitrary<Machine> {
  return controllerList.chain((controllers) =>
    fc.record({
      id: fc.constant(id),
      name: anyText,
      annotation: fc.option(anyText, { nil: null }),
      uuid: fc.constantFrom(null, "564d1a2b-3c4d-5e6f-7081-92a3b4c5d6e7", "nonsense"),
      virtualization: fc.constantFrom(null, "hvm" as const, "pv" as const, "pvh" as const),
      chipset: fc.constantFrom(null, "i440fx" as const, "q35" as const),
      tpm: fc.constantFrom(null, "1.2" as const, "2.0" as const),
      nvram: fc.constantFrom(null, "missing", ...files),
      directBoot: fc.constantFrom(null, null, {
        kernel: files[0] ?? null,
        initrd: null,
        arguments: "root=/dev/xvda1 'x\" ro",
        loader: null,
      }),
      dynamicMemory: fc.constantFrom(null, { minBytes: 256 * MIB, maxBytes: 2 * GIB }),
      serialPorts: fc.constantFrom(
        [],
        [{ index: 0, backing: "pipe" as const, target: "/tmp/'x\"|" }],
        [
          { index: 0, backing: null, target: null },
          { index: 3, backing: "pty" as const, target: null },
        ],
      ),
      sound: fc.constantFrom(null, "AC97", "hdaudio", "non'sense"),
      video: fc.constantFrom(null, { model: "qxl", memoryBytes: 16 * MIB, heads: 2 }),
      clock: fc.constantFrom(null, "utc" as const, "localtime" as const),
      guestOs: fc.record({
        cim: fc.option(fc.nat({ max: 130 }), { nil: null }),
        vmware: fc.constantFrom(...guests),
        virtualbox: fc.constantFrom(...boxes),
        osinfo: fc.constantFrom(null, "http://debian.org/debian/12", "http://nonsense/\"'"),
        proxmox: fc.constantFrom(null, "l26", "win11"),
        xenserver: fc.constantFrom(null, "Debian Bookworm 12"),
        description: fc.option(anyText, { nil: null }),
      }),
      hardwareTypes: fc.subarray(["vmx-07", "vmx-19", "virtualbox-2.2", "vmx-99"]),
      firmware: fc.constantFrom(...firmwares),
      firmwareFrom: fc.constant(null),
      cpu: fc.record({
        count: fc.nat({ max: 40 }),
        coresPerSocket: fc.option(fc.nat({ max: 8 }), { nil: null }),
        threadsPerCore: fc.constantFrom(null, 1, 2),
        max: fc.constantFrom(null, 64),
        nested: fc.constantFrom(null, true, false),
      }),
      memoryBytes: fc.oneof(
        fc.nat({ max: 64 }).map((n) => n * 256 * MIB),
        fc.nat({ max: 2 ** 31 }),
      ),
      bounds: fc.constantFrom([], [{ fact: "cpu" as const, min: 1, max: null }]),
      controllers: fc.constant(controllers),
      attachments: fc.array(attachmentOf(controllers, disks, files), { maxLength: 8 }),
      nics: fc.array(nic, { maxLength: 4 }),
      boot: fc.array(
        fc.record({
          device: fc.constantFrom("disk" as const, "cdrom" as const, "network" as const, "floppy" as const),
          index: fc.option(fc.nat({ max: 8 }), { nil: null }),
        }),
        { maxLength: 4 },
      ),
      install: fc.constantFrom(null, { initialBootStopDelaySeconds: 60 }),
      transports: fc.subarray(["iso", "com.vmware.guestInfo"]),
      foreign: fc.constantFrom([], [{ source: "vmware", name: "sound card", payload: "<x/>", machine: id }]),
    }),
  );
}

/** Appliances that an importer might hand over, and some that none should. */
export const anyAppliance: fc.Arbitrary<Appliance> = fc
  .record({ disks: fc.nat({ max: 5 }), files: fc.nat({ max: 3 }), machines: fc.integer({ min: 1, max: 3 }) })
  .chain((counts) => {
    const diskIds = Array.from({ length: counts.disks }, (_, i) => `d${i}`);
    const fileIds = Array.from({ length: counts.files }, (_, i) => `f${i}`);
    return fc.record({
      name: fc.option(anyText, { nil: null }),
      machines: fc.tuple(...Array.from({ length: counts.machines }, (_, i) => machineOf(`m${i}`, diskIds, fileIds))),
      networks: fc.array(fc.record({ name: anyText, description: fc.option(anyText, { nil: null }) }), {
        maxLength: 2,
      }),
      disks: fc.tuple(
        ...diskIds.map((id) =>
          fc.record({
            id: fc.constant(id),
            file: fc.constantFrom(null, `${id}.vmdk`),
            format: fc.constantFrom(null, "vmdk" as const),
            variant: fc.constant(null),
            capacityBytes: fc.constantFrom(0, 8 * GIB, 70 * TIB),
            parent: fc.constantFrom(null, ...diskIds),
            compression: fc.constant(null),
            chunkBytes: fc.constant(null),
            shared: fc.boolean(),
          }),
        ),
      ),
      files: fc.tuple(
        ...fileIds.map((id) =>
          fc.record({
            id: fc.constant(id),
            name: fc.oneof(anyText, fc.constantFrom("../x.iso", "a b.iso", "C:\\x.img")),
            role: fc.constantFrom("iso" as const, "floppy" as const, "nvram" as const, "file" as const),
            size: fc.constant(null),
          }),
        ),
      ),
      products: fc.constantFrom(
        [],
        [
          {
            class: null,
            instance: null,
            name: "App",
            vendor: null,
            version: null,
            fullVersion: null,
            machine: null,
            properties: [],
          },
        ],
      ),
      eulas: fc.constantFrom([], [{ machine: "m0", text: "terms" }]),
      options: fc.constantFrom([], [{ id: "small", label: "Small", default: true }]),
      startup: fc.constantFrom([], [{ machine: "m0", order: 1, startDelaySeconds: 5 }]),
      groups: fc.constantFrom([], [{ id: "g", name: null, members: ["m0"] }]),
      foreign: fc.constantFrom([], [{ source: "ovf", name: "CustomSection", payload: "<x/>", machine: null }]),
      origins: fc.constant(new Map()),
    });
  });
