/** Configurations and backups of Proxmox VE. */
import { memorySource } from "../../src/io/sources/memory.js";
import { openVma } from "../../src/package/vma/open.js";
import { readProxmoxConf } from "../../src/platforms/proxmox/import.js";
import { craftVma, mendVmaSums } from "../support/vma.js";
import type { FuzzTarget } from "./target.js";

const CONFS: readonly string[] = [
  "#caf%C3%A9\nname: web\nmemory: current=2048\nballoon: 512\ncores: 2\nsockets: 2\nvcpus: 3\nscsihw: lsi\nscsi0: local:100/vm-100-disk-0.qcow2,size=32G\n" +
    "scsi9: local-lvm:vm-100-disk-1,size=1.5T,ro=1\nide2: none,media=cdrom\nnet0: virtio=BC:24:11:00:00:01,bridge=vmbr0,tag=7\nboot: order=scsi9;net0;ide2\n",
  "bios: ovmf\nmachine: pc-q35-8.1,viommu=intel\nefidisk0: a:b,efitype=4m,pre-enrolled-keys=1\ntpmstate0: a:c,version=v2.0\nboot: cdn\nbootdisk: virtio0\n" +
    "virtio0: /dev/sdb\ncdrom: local:iso/a.iso\nstartup: order=1,up=2\nserial0: socket\nvga: qxl2,memory=16\nsmbios1: uuid=3dd750ce-d910-44d0-9493-525c0be4e687\n" +
    "[PENDING]\nmemory: 64\n[snap]\nmemory: 32\n[special:cloudinit]\nname: x\n",
];

const conf: FuzzTarget = {
  name: "proxmox-conf",
  seeds: async () => CONFS.map((text) => new TextEncoder().encode(text)),
  async run(bytes) {
    const config = readProxmoxConf({ name: "100", label: "100.conf", bytes });
    const { machines, disks } = config.appliance({ find: (path) => ({ name: path, size: 1 }) }, () => {});
    for (const machine of machines) {
      const controllers = new Set(machine.controllers.map(({ id }) => id));
      for (const { controller, disk } of machine.attachments) {
        if (controller === null || !controllers.has(controller)) throw new Error("a drive hangs on nothing");
        if (disk !== null && !disks.some(({ id }) => id === disk)) throw new Error("a drive has a disk that is none");
      }
      for (const { device, index } of machine.boot) {
        const list: readonly unknown[] = device === "network" ? machine.nics : machine.attachments;
        if (index !== null && list[index] === undefined) throw new Error("a boot device is not there");
      }
      for (const number of [machine.memoryBytes, machine.cpu.count, ...disks.map((d) => d.capacityBytes)]) {
        if (!(Number.isSafeInteger(number) && number >= 0)) throw new Error(`${number} is no amount`);
      }
    }
  },
};

/** Bytes of a disk with zeros in it. */
function blocks(count: number): Uint8Array {
  const bytes = new Uint8Array(count * 4096);
  for (let i = 0; i < count; i += 3) bytes[i * 4096] = i + 1;
  return bytes;
}

const vma: FuzzTarget = {
  name: "vma",
  seeds: async () => [
    craftVma({
      configs: { "qemu-server.conf": CONFS[0] ?? "", "qemu-server.fw": "[OPTIONS]\n" },
      devices: [
        { name: "drive-scsi0", bytes: blocks(40) },
        { name: "drive-efidisk0", bytes: blocks(3) },
      ],
      order: [
        [0, 2],
        [1, 0],
        [0, 0],
        [0, 1],
      ],
    }),
    craftVma({ configs: {}, devices: [{ name: "vmstate", bytes: blocks(16) }] }),
  ],
  repair(bytes) {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (buffer.length < 12_288) return;
    const first = buffer.readUInt32BE(56);
    if (first < 48 || first > buffer.length) return;
    mendVmaSums(buffer, first + 512 <= buffer.length ? [first] : []);
  },
  async run(bytes, ctx) {
    const { disks } = await openVma(memorySource(bytes, "fuzz.vma"), ctx);
    for (const disk of disks) {
      let end = 0;
      const runs = disk.runs({ offset: 0, length: Math.min(disk.size, 2 ** 24) });
      for (let i = 0; i < runs.length; i += 3) {
        const [guest = 0, at = 0, length = 0] = runs.subarray(i, i + 3);
        if (guest < end || length <= 0 || guest + length > disk.size) throw new Error("a run lies where none should");
        if (at + length > bytes.length) throw new Error("a run lies behind the end of the file");
        end = guest + length;
      }
    }
  },
};

/** The targets of this file. */
export const proxmoxTargets: readonly FuzzTarget[] = [conf, vma];
