import type { XmlElement } from "../../xml/tree.js";
import { VSSD } from "../namespaces.js";
import type { OvfScope, Section } from "../scope.js";
import { VSSD_FIELDS } from "../tables/cim-fields.js";
import { OvfCim } from "./cim.js";
import { itemOver, OvfEthernetPortItem, type OvfItem, OvfRasdItem, OvfStorageItem } from "./items.js";
import { OvfSection } from "./section.js";
import { type VmwareSetting, vmwareSettings } from "./settings.js";

/** The items in a section, in order, whatever configuration they are for. */
export function itemsIn(element: XmlElement, scope: OvfScope): OvfItem[] {
  const items: OvfItem[] = [];
  for (const child of scope.children(element)) {
    if (child.name === "Item") items.push(new OvfRasdItem(child, scope));
    else if (child.name === "StorageItem") items.push(new OvfStorageItem(child, scope));
    else if (child.name === "EthernetPortItem") items.push(new OvfEthernetPortItem(child, scope));
  }
  return items;
}

/** The `System` of a hardware section: what kind of machine it is (CIM_VirtualSystemSettingData). */
export class OvfSystem extends OvfCim<typeof VSSD_FIELDS> {
  readonly fields: typeof VSSD_FIELDS = VSSD_FIELDS;
  protected readonly classNamespace: string = VSSD;

  get identifier(): string | null {
    return this.property("VirtualSystemIdentifier");
  }

  set identifier(identifier: string | null) {
    this.setProperty("VirtualSystemIdentifier", identifier);
  }

  /** Machine types that the hardware was made for: `vmx-13`, `virtualbox-2.2`. Writers separate several by spaces or commas. */
  get types(): readonly string[] {
    const types = this.property("VirtualSystemType");
    // oVirt's type is one, and has a space: ENGINE 4.1.0.0.
    if (types !== null && /^ENGINE [0-9.]+$/.test(types)) return [types];
    return (types ?? "").split(/[\s,]+/).filter((type) => type !== "");
  }

  set types(types: readonly string[]) {
    this.setProperty("VirtualSystemType", types.length === 0 ? null : types.join(" "));
  }
}

/** A VirtualHardwareSection (DSP0243 8.1). */
export class OvfHardware extends OvfSection {
  static override readonly sectionName: string = "VirtualHardwareSection";

  protected override get childOrder(): readonly string[] {
    return ["Info", "System", "Item", "EthernetPortItem", "StorageItem"];
  }

  /** Tells several hardware sections of a system apart (2.x). */
  get id(): string | null {
    return this.attribute("id");
  }

  set id(id: string | null) {
    this.setAttribute("id", id);
  }

  get system(): OvfSystem | null {
    const element = this.part("System");
    return element === undefined ? null : new OvfSystem(element, this.scope);
  }

  /** The system, created where it is missing. */
  ensureSystem(): OvfSystem {
    return this.system ?? new OvfSystem(this.create("System"), this.scope);
  }

  get systemTypes(): readonly string[] {
    return this.system?.types ?? [];
  }

  get systemIdentifier(): string | null {
    return this.system?.identifier ?? null;
  }

  /** How the guest gets its environment. */
  get transports(): readonly string[] {
    return (this.attribute("transport") ?? "").split(/[\s,]+/).filter((transport) => transport !== "");
  }

  set transports(transports: readonly string[]) {
    this.setAttribute("transport", transports.length === 0 ? null : transports.join(" "));
  }

  /** All items, whatever configuration they are for. */
  get items(): readonly OvfItem[] {
    return itemsIn(this.element, this.scope);
  }

  get settings(): readonly VmwareSetting[] {
    return vmwareSettings(this.element, this.scope);
  }

  /**
   * The items that make up the machine in a configuration, limits included. Of several with one InstanceID and one bound, of which at
   * least one is for configurations, a later one stands over the earlier: like-named properties count as it has them (DSP0243 9.8).
   * Two that are for all are no variants of each other but a mistake, and both are given.
   */
  itemsFor(configuration: string | null): OvfItem[] {
    const merged: OvfItem[] = [];
    const places = new Map<string, number>();
    for (const item of this.items) {
      if (!item.appliesTo(configuration)) continue;
      const id = item.instanceId;
      const key = `${item.bound} ${id ?? ""}`;
      const place = id === null ? undefined : places.get(key);
      const earlier = place === undefined ? undefined : merged[place];
      const variants = earlier !== undefined && (item.configurations.length > 0 || earlier.configurations.length > 0);
      if (place !== undefined && variants) merged[place] = itemOver(item, earlier);
      else {
        if (id !== null && place === undefined) places.set(key, merged.length);
        merged.push(item);
      }
    }
    return merged;
  }
}

/** An item with the limits that the author sets for it (DSP0243 8.4). */
export interface ItemRange {
  /** `null`: only limits are given. */
  readonly item: OvfItem | null;
  readonly min: OvfItem | null;
  readonly max: OvfItem | null;
}

/** Items by InstanceID with their limits, in the order of their first mention. Items without an id stand alone. */
export function rangesOf(items: readonly OvfItem[]): readonly ItemRange[] {
  const ranges = new Map<string, { item: OvfItem | null; min: OvfItem | null; max: OvfItem | null }>();
  items.forEach((item, i) => {
    const wished = item.bound === "normal" ? "item" : item.bound;
    const id = item.instanceId;
    let range = ranges.get(id === null ? `without ${i}` : `id ${id}`);
    if (range === undefined || range[wished] !== null) {
      range = { item: null, min: null, max: null };
      ranges.set(id === null || ranges.has(`id ${id}`) ? `without ${i}` : `id ${id}`, range);
    }
    range[wished] = item;
  });
  return [...ranges.values()];
}

/** The hardware sections of a machine. */
export function hardwareOf(scope: OvfScope, sections: Iterable<Section>): OvfHardware[] {
  const found: OvfHardware[] = [];
  for (const { name, core, element } of sections) {
    if (core && name === "VirtualHardwareSection") found.push(new OvfHardware(element, scope));
  }
  return found;
}
