import { FerryError } from "../../base/errors.js";
import type { OvfReader, TargetProfile } from "../../targets/profile.js";
import type { Facts } from "../facts.js";
import type { ItemNode } from "../nodes.js";

/** Targets whose reader has a property. */
export function readers(has: (reader: OvfReader) => boolean): (target: TargetProfile) => boolean {
  return ({ reader }) => reader !== null && has(reader);
}

/** The target that a rule is asked about, and what reads OVF for it. @throws `internal/bug` in rules without `targets` */
export function asked({ target }: Facts): { readonly target: TargetProfile; readonly reader: OvfReader } {
  if (target?.reader == null) throw new FerryError("internal/bug", "the rule is for targets that read OVF");
  return { target, reader: target.reader };
}

/** What an item is called in messages. */
export function itemName(node: ItemNode): string {
  const label = node.properties.get("ElementName") ?? node.properties.get("Caption");
  if (label !== undefined) return JSON.stringify(label);
  return node.instanceId === null ? "(without a name)" : `with InstanceID ${node.instanceId}`;
}

/** Whether importers must know an item. Only the plain word counts: that is what readers compare with. */
export function isRequired({ item }: ItemNode): boolean {
  return item.required;
}

/** Whether an item is one of the machine, and no limit of another one. */
export function isNormal({ item }: ItemNode): boolean {
  return item.bound === "normal";
}
