/** Items of hardware and of resource allocation, read once for all rules. */
import { CIM_CLASSES } from "../ovf/namespaces.js";
import { EPASD_FIELDS, RASD_FIELDS, SASD_FIELDS } from "../ovf/tables/cim-fields.js";
import type { OvfItem } from "../ovf/views/items.js";
import type { XmlElement } from "../xml/tree.js";

/** What an item says. */
export interface ItemFacts {
  readonly item: OvfItem;
  readonly instanceId: string | null;
  /** `null`: missing, or no number of at most nine digits. */
  readonly resourceType: number | null;
  /** The first text of each property of its CIM class, trimmed and not empty. */
  readonly properties: ReadonlyMap<string, string>;
  /** Every HostResource, trimmed and not empty. */
  readonly hostResources: readonly string[];
  /** Every Connection, trimmed and not empty. */
  readonly connections: readonly string[];
  /** Whether it has attributes: most have none, and then need not be asked for one. */
  readonly attributes: boolean;
  readonly bound: "min" | "normal" | "max";
  /** Empty: for all. */
  readonly configurations: readonly string[];
  /** The InstanceID where it is spelled `InstanceId`, as OVF 0.9 has it. */
  readonly oldId: XmlElement | null;
  /** Properties without a text. */
  readonly empty: readonly XmlElement[];
  /** Second and further elements of a property that is there once. */
  readonly repeated: readonly XmlElement[];
  /** Children in a CIM namespace that the class there does not have. */
  readonly unknown: readonly XmlElement[];
  /** Children in a namespace of somebody else. */
  readonly foreign: readonly XmlElement[];
}

/** Items that InstanceIDs tell apart: a hardware section's, or those of a ResourceAllocationSection. */
export interface ItemGroup<I extends ItemFacts = ItemFacts> {
  /** The section. */
  readonly element: XmlElement;
  readonly items: readonly I[];
  /** Items by InstanceID, in order. */
  readonly byInstance: ReadonlyMap<string, readonly I[]>;
}

/** Whether two sets of configurations have one in common; an empty set is all. */
export function meet(some: readonly string[], others: readonly string[]): boolean {
  if (some.length === 0 || others.length === 0) return true;
  if (some.length < 8 || others.length < 8) return some.some((one) => others.includes(one));
  const set = new Set(others);
  return some.some((one) => set.has(one));
}

/** What an item is called in messages. */
export function nameOfItem(facts: ItemFacts): string {
  const label = facts.properties.get("ElementName") ?? facts.properties.get("Caption");
  if (label !== undefined) return JSON.stringify(label);
  return facts.instanceId === null ? "(without a name)" : `with InstanceID ${facts.instanceId}`;
}

/** Items by their InstanceID, put into a map. */
export function byInstanceId<I extends ItemFacts>(items: readonly I[], found: Map<string, I[]>): Map<string, I[]> {
  for (const facts of items) {
    if (facts.instanceId === null) continue;
    const same = found.get(facts.instanceId);
    if (same === undefined) found.set(facts.instanceId, [facts]);
    else same.push(facts);
  }
  return found;
}

/** Properties that may repeat: of all items two, of network ports a few more (DSP8023's CIM classes). */
const LISTS: ReadonlySet<string> = new Set(
  Object.entries(EPASD_FIELDS).flatMap(([name, kind]) => (kind.endsWith("s") ? [name] : [])),
);

/** What OVF 0.9 has besides, and what may be of any type. */
const MORE_PROPERTIES: readonly string[] = ["BusNumber", "ComponentSetting"];

const CLASSES: readonly (readonly [name: string, properties: ReadonlySet<string>])[] = [
  ["CIM_ResourceAllocationSettingData", new Set([...Object.keys(RASD_FIELDS), ...MORE_PROPERTIES])],
  ["CIM_StorageAllocationSettingData", new Set([...Object.keys(SASD_FIELDS), ...MORE_PROPERTIES])],
  ["CIM_EthernetPortAllocationSettingData", new Set([...Object.keys(EPASD_FIELDS), ...MORE_PROPERTIES])],
];

/** Whether a CIM class of items has a property. Classes that items are not of have every one. */
function hasProperty(namespace: string, name: string): boolean {
  for (const [cimClass, properties] of CLASSES) {
    if (namespace.startsWith(cimClass, namespace.lastIndexOf("/") + 1)) return properties.has(name);
  }
  return true;
}

const NONE: readonly never[] = [];

/** Adds to a list that is made with the first one: most items need none. */
function add<T>(list: T[] | null, one: T): T[] {
  if (list === null) return [one];
  list.push(one);
  return list;
}

/** In one pass over the children: items are by far the most of a large descriptor. */
export function itemFacts(item: OvfItem): ItemFacts {
  const properties = new Map<string, string>();
  // A set for the few that have any: there are a hundred thousand items.
  let emptyNames = null as Set<string> | null;
  let hostResources: string[] | null = null;
  let connections: string[] | null = null;
  let oldId: XmlElement | null = null;
  let empty: XmlElement[] | null = null;
  let repeated: XmlElement[] | null = null;
  let unknown: XmlElement[] | null = null;
  let foreign: XmlElement[] | null = null;
  for (const child of item.element.elements()) {
    const { namespace } = child;
    const cim = namespace.startsWith(CIM_CLASSES);
    if (!cim && !item.scope.isCore(namespace)) {
      foreign = add(foreign, child);
      continue;
    }
    let { name } = child;
    if (name === "InstanceId") {
      // OVF 0.9 spells the one name differently.
      name = "InstanceID";
      oldId = child;
    }
    if (cim && !hasProperty(namespace, name)) unknown = add(unknown, child);
    const said = properties.has(name);
    if ((said || emptyNames?.has(name) === true) && !LISTS.has(name)) repeated = add(repeated, child);
    const text = child.text.trim();
    if (text === "") {
      empty = add(empty, child);
      emptyNames = (emptyNames ?? new Set<string>()).add(name);
      continue;
    }
    if (!said) properties.set(name, text);
    if (name === "HostResource") hostResources = add(hostResources, text);
    else if (name === "Connection") connections = add(connections, text);
  }
  const type = properties.get("ResourceType") ?? "";
  const plain = item.element.attributes.length === 0;
  return {
    item,
    instanceId: properties.get("InstanceID") ?? null,
    resourceType: /^[0-9]{1,9}$/.test(type) ? Number(type) : null,
    properties,
    hostResources: hostResources ?? NONE,
    connections: connections ?? NONE,
    attributes: !plain,
    bound: plain ? "normal" : item.bound,
    configurations: plain ? NONE : item.configurations,
    oldId,
    empty: empty ?? NONE,
    repeated: repeated ?? NONE,
    unknown: unknown ?? NONE,
    foreign: foreign ?? NONE,
  };
}
