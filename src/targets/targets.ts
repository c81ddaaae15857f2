import type { TargetId } from "../base/ids.js";
import { createRegistry, type Registry } from "../base/registry.js";
import { aws } from "./aws.js";
import { hyperv2019, hyperv2022, hyperv2025 } from "./hyperv.js";
import { libvirt, proxmox8, proxmox9, qemu } from "./kvm.js";
import { ovf, xcpNg83, xenserver8 } from "./ovf.js";
import type { TargetProfile } from "./profile.js";
import { virtualbox7 } from "./virtualbox.js";
import { fusion13, vsphere7, vsphere8, vsphere65, workstation17 } from "./vmware.js";
import { xen } from "./xen.js";

/** Every target with a profile. Adding a version of a platform: its profile and one line here. */
export const targets: Registry<TargetId, TargetProfile> = createRegistry<TargetId, TargetProfile>([
  ovf,
  vsphere65,
  vsphere7,
  vsphere8,
  workstation17,
  fusion13,
  virtualbox7,
  xenserver8,
  xcpNg83,
  hyperv2019,
  hyperv2022,
  hyperv2025,
  libvirt,
  proxmox8,
  proxmox9,
  aws,
  qemu,
  xen,
]);
