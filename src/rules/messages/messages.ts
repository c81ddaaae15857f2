import type { ForeignMessage } from "./message.js";
import { proxmoxMessages } from "./proxmox.js";
import { virtV2vMessages } from "./virt-v2v.js";
import { virtualBoxMessages } from "./virtualbox.js";
import { vmwareMessages } from "./vmware.js";
import { vmwareManifestMessages } from "./vmware-manifest.js";

/** Every message of another program that vmferry can explain. */
export const foreignMessages: readonly ForeignMessage[] = [
  ...vmwareMessages,
  ...vmwareManifestMessages,
  ...virtualBoxMessages,
  ...virtV2vMessages,
  ...proxmoxMessages,
];
