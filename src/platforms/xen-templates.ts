/** Templates of XenServer and XCP-ng by guest systems. */

import type { GuestOs } from "../appliance/appliance.js";
import { findGuestSystem } from "../appliance/guest-os.js";
import { XENSERVER_TEMPLATES } from "../appliance/guest-templates.js";

/** What a machine is made from that no template stands for. */
export const OTHER_TEMPLATE = "Other install media";

/** The template for a guest system: the one that the source names, else one of its very version, else `null`. */
export function templateOf(guestOs: GuestOs): string | null {
  if (guestOs.xenserver !== null && guestOs.xenserver.trim() !== "") return guestOs.xenserver;
  const { system, exact } = findGuestSystem(guestOs);
  return exact && Object.hasOwn(XENSERVER_TEMPLATES, system.vmx) ? (XENSERVER_TEMPLATES[system.vmx] ?? null) : null;
}
