import { QEMU_DISKS } from "../files.js";
import type { Platform } from "../platform.js";
import { exportProxmox, type ProxmoxOptions, proxmoxDefaults } from "./export.js";
import { readProxmoxConf } from "./import.js";

/** Machines of Proxmox VE: what `/etc/pve/qemu-server` holds, and its backups. */
export const proxmoxPlatform: Platform<ProxmoxOptions> = {
  id: "proxmox",
  label: "Proxmox VE",
  reads: ["proxmox", "vma"],
  defaultTarget: "proxmox-9",
  defaults: proxmoxDefaults,
  choices: { disks: ["qcow2", "raw"] },
  disks: QEMU_DISKS,
  readConfig: (text) => readProxmoxConf(text),
  exportConfig: async (fitted, shapes, target, options) => exportProxmox(fitted, shapes, target, options),
};
