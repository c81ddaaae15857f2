import type { Platform } from "../platform.js";
import { readProxmoxConf } from "./import.js";

/** Machines of Proxmox VE: what `/etc/pve/qemu-server` holds. */
export const proxmoxPlatform: Platform = {
  id: "proxmox",
  label: "Proxmox VE",
  reads: ["proxmox"],
  defaultTarget: null,
  defaults: {},
  readConfig: (text) => readProxmoxConf(text),
};
