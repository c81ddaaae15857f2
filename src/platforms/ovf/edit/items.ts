/** New items of virtual hardware, in the words and the order of those beside them. */
import { RASD, VMWARE } from "../../../ovf/namespaces.js";
import { resourceType } from "../../../ovf/tables/resource-types.js";
import type { OvfHardware } from "../../../ovf/views/hardware.js";
import { OvfEthernetPortItem, type OvfItem, OvfRasdItem, OvfStorageItem } from "../../../ovf/views/items.js";
import { insertDeclared } from "../../../ovf/write.js";
import type { XmlElement } from "../../../xml/tree.js";
import type { EditSession } from "./session.js";

/** The order of OVF 0.9's items. Since then they follow the alphabet. */
const LEGACY_ORDER: readonly string[] = [
  "Caption",
  "Description",
  "InstanceId",
  "ResourceType",
  "ResourceSubType",
  "HostResource",
  "AllocationUnits",
  "VirtualQuantity",
  "AutomaticAllocation",
  "Parent",
  "Connection",
  "Address",
  "AddressOnParent",
];

/** Properties by CIM name, `null` for those that are left out; `label` becomes what this dialect calls it. */
export interface NewItem {
  readonly label: string;
  readonly ResourceType: string;
  readonly [name: string]: string | null;
}

/** Adds an item behind those of its kind, with an InstanceID of its own. */
export function addItem({ document: { scope } }: EditSession, hardware: OvfHardware, item: NewItem): OvfItem {
  const { items } = hardware;
  const kind = resourceType(Number(item.ResourceType))?.kind;
  const { label, ...rest } = item;
  // The second generation has elements of their own for drives and cards, which not all writers use.
  const model = items.find((other) => resourceType(other.resourceType ?? 0)?.kind === kind);
  const any = model ?? items.find((other) => other.kind === "item");
  const named = (name: string): boolean => any?.property(name) != null;
  const legacy = scope.legacy || (any !== undefined && !named("ElementName") && named("Caption"));
  const properties: Record<string, string | null> = {
    ...rest,
    [scope.legacy ? "InstanceId" : "InstanceID"]: nextId(hardware),
    [legacy ? "Caption" : "ElementName"]: label,
    // VirtualBox writes both.
    ...(!legacy && named("Caption") ? { Caption: label } : {}),
  };
  const names = Object.keys(properties).filter((name) => properties[name] !== null);
  const rank = (name: string): number => (scope.legacy ? LEGACY_ORDER.indexOf(name) : 0);
  names.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  const { element } = hardware;
  const like = any?.element ?? hardware.system?.element;
  const created = element.create(like?.namespace ?? scope.namespace, model?.element.name ?? "Item");
  insertDeclared(element, created, placeFor(hardware, model, kind));
  const [property] = any?.element.elements() ?? [];
  // One declaration for the item, where each property would need one of its own.
  if (property === undefined && !isDeclared(element, RASD)) created.declare("rasd", RASD);
  for (const name of names) {
    const child = created.create(property?.namespace ?? RASD, name);
    insertDeclared(created, child);
    child.text = properties[name] ?? "";
  }
  if (model?.kind === "storage") return new OvfStorageItem(created, scope);
  return model?.kind === "ethernet" ? new OvfEthernetPortItem(created, scope) : new OvfRasdItem(created, scope);
}

/** Whether a prefix stands for a namespace at an element. */
function isDeclared(element: XmlElement, namespace: string): boolean {
  for (let at: XmlElement | null = element; at !== null; at = at.parent) {
    if (at.declarations.some((one) => one.prefix !== "" && one.namespace === namespace)) return true;
  }
  return false;
}

/** Behind the last item of the kind, else behind all items; `undefined`: at the end. */
function placeFor(hardware: OvfHardware, model: OvfItem | undefined, kind: string | undefined): XmlElement | undefined {
  const { items } = hardware;
  const plain = items.filter((item) => item.kind === (model?.kind ?? "item"));
  const last = plain.findLast((item) => resourceType(item.resourceType ?? 0)?.kind === kind) ?? plain.at(-1);
  const behind = last?.element ?? hardware.system?.element ?? hardware.info?.element;
  let found = behind === undefined;
  for (const child of hardware.element.elements()) {
    if (found) return child;
    found = child.id === behind?.id;
  }
  return undefined;
}

/** An InstanceID that no item has. */
function nextId({ items }: OvfHardware): string {
  let highest = 0;
  const used = new Set<string>();
  for (const { instanceId } of items) {
    if (instanceId === null) continue;
    used.add(instanceId);
    if (/^[0-9]{1,9}$/.test(instanceId)) highest = Math.max(highest, Number(instanceId));
  }
  while (used.has(String(highest + 1))) highest++;
  return String(highest + 1);
}

/** Items of a kind, without their limits. */
export function itemsOf({ items }: OvfHardware, kind: string): readonly OvfItem[] {
  return items.filter((item) => item.bound === "normal" && resourceType(item.resourceType ?? 0)?.kind === kind);
}

/** Whether the words are those of VMware: it is a VMware machine, or a descriptor that VMware's settings are in. */
export function isVmware({ document }: EditSession, hardware: OvfHardware): boolean {
  if (hardware.systemTypes.some((type) => /^(?:vmx|esx)-/i.test(type))) return true;
  if (hardware.systemTypes.some((type) => /^virtualbox-/i.test(type))) return false;
  return document.xml.root.declarations.some(({ namespace }) => namespace === VMWARE);
}
