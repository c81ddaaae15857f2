/*
 * Which driver of Linux a device needs. Sources: the kernel's own tables of devices (`drivers/ata`, `drivers/scsi`, `drivers/message/fusion`,
 * `drivers/net`), by the chips that platforms emulate.
 */
import type { Bus } from "../base/ids.js";
import { type NicChip, nicChip, type ScsiChip, scsiChip } from "./chips.js";

const DISK_DRIVERS: Partial<Readonly<Record<Bus, string>>> = {
  ide: "ata_piix",
  sata: "ahci",
  nvme: "nvme",
  "virtio-blk": "virtio_blk",
  "virtio-scsi": "virtio_scsi",
};
const SCSI_DRIVERS: Partial<Readonly<Record<ScsiChip, string>>> = {
  "53c1030": "mptspi",
  sas1068: "mptsas",
  pvscsi: "vmw_pvscsi",
  "53c895a": "sym53c8xx",
  virtio: "virtio_scsi",
  hyperv: "hv_storvsc",
  xen: "xen_blkfront",
};
const NIC_DRIVERS: Partial<Readonly<Record<NicChip, string>>> = {
  e1000: "e1000",
  e1000e: "e1000e",
  pcnet: "pcnet32",
  rtl8139: "8139cp",
  tulip: "tulip",
  vmxnet3: "vmxnet3",
  virtio: "virtio_net",
  hyperv: "hv_netvsc",
  xen: "xen_netfront",
};

/** Buses whose disks need one driver, whatever the model of the controller. */
export const BUSES_WITH_DRIVER: readonly (readonly [bus: Bus, driver: string])[] = Object.entries(DISK_DRIVERS) as [
  Bus,
  string,
][];

/** The driver that a disk on a controller needs; `null`: nobody knows which. */
export function diskDriverOf({ bus, model }: { readonly bus: Bus; readonly model: string | null }): string | null {
  if (bus !== "scsi") return DISK_DRIVERS[bus] ?? null;
  const chip = model === null ? null : scsiChip(model);
  return chip === null ? null : (SCSI_DRIVERS[chip] ?? null);
}

/** The driver that a network card needs; `null`: nobody knows which. */
export function nicDriverOf(model: string | null): string | null {
  const chip = model === null ? null : nicChip(model);
  return chip === null ? null : (NIC_DRIVERS[chip] ?? null);
}
