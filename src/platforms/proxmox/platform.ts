import type { Platform } from "../platform.js";
import { readProxmoxConf } from "./import.js";

/** Machines of Proxmox VE: what `/etc/pve/qemu-server` holds, and its backups. */
export const proxmoxPlatform: Platform = {
  id: "proxmox",
  label: "Proxmox VE",
  reads: ["proxmox", "vma"],
  defaultTarget: null,
  defaults: {},
  readConfig: (text) => readProxmoxConf(text),
};
