import type { PlatformId } from "../base/ids.js";
import { createRegistry, type Registry } from "../base/registry.js";
import { hypervPlatform } from "./hyperv/platform.js";
import { libvirtPlatform } from "./libvirt/platform.js";
import { ovfPlatform } from "./ovf/platform.js";
import type { Platform } from "./platform.js";
import { proxmoxPlatform } from "./proxmox/platform.js";
import { qemuPlatform } from "./qemu/platform.js";
import { virtualboxPlatform } from "./virtualbox/platform.js";
import { vmwarePlatform } from "./vmware/platform.js";
import { xenPlatform } from "./xen/platform.js";
import { xenserverPlatform } from "./xenserver/platform.js";

/** Every platform. Adding one: its folder, its profile in `targets`, one line here, a docs page and fixtures. */
export const platforms: Registry<PlatformId, Platform> = createRegistry<PlatformId, Platform>([
  ovfPlatform,
  vmwarePlatform,
  virtualboxPlatform,
  hypervPlatform,
  libvirtPlatform,
  xenPlatform,
  qemuPlatform,
  proxmoxPlatform,
  xenserverPlatform,
]);
