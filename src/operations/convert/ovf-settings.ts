/** What goes into an OVF package beside the words of OVF. */
import type { FitResult } from "../../appliance/fit.js";
import type { Context } from "../../io/context.js";
import type { EmbeddedSettings } from "../../platforms/embedded.js";
import { nameGuest } from "../../platforms/ovf/export-guest.js";
import { type OvfFlavour, profileOf } from "../../platforms/ovf/flavours.js";
import { embedVirtualbox } from "../../platforms/virtualbox/export.js";

/** The settings of a flavour's consumer for the machines of a package; none for most. */
export function embeddedFor(
  { appliance, shapes }: Pick<FitResult, "appliance" | "shapes">,
  flavour: OvfFlavour,
  ctx: Context,
): { readonly embedded?: EmbeddedSettings } {
  if (flavour.virtualbox !== true) return {};
  const type = ({ guestOs }: (typeof appliance.machines)[number]): string => nameGuest(guestOs).virtualbox ?? "Other";
  return { embedded: embedVirtualbox(appliance, shapes, profileOf(flavour), type, ctx) };
}
