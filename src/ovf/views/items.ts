import type { XmlElement } from "../../xml/tree.js";
import { CIM_CLASSES, EPASD, RASD, SASD } from "../namespaces.js";
import { type CimFields, EPASD_FIELDS, RASD_FIELDS, SASD_FIELDS } from "../tables/cim-fields.js";
import { resourceType } from "../tables/resource-types.js";
import { parseUnit, scaleQuantity, type Unit } from "../tables/units.js";
import { OvfCim } from "./cim.js";
import type { OvfText } from "./node.js";
import { wholeNumber } from "./node.js";
import { type VmwareSetting, vmwareSettings } from "./settings.js";

/** A quantity of an item with its unit. */
export interface Amount {
  /** In the unit's base (bytes, hertz, pieces); `null` where the quantity is no whole number or beyond 2^53 - 1. */
  readonly value: number | null;
  /** `null` where what is written is no unit. Nothing written means pieces. */
  readonly unit: Unit | null;
}

const PIECES: Unit = { base: "count", numerator: 1n, denominator: 1n, standard: true };

/** One piece of virtual hardware: what all kinds of items have in common (CIM_ResourceAllocationSettingData, DSP0243 8.3). */
export abstract class OvfHardwareItem<F extends CimFields = typeof RASD_FIELDS> extends OvfCim<F> {
  abstract readonly kind: "item" | "storage" | "ethernet";

  get instanceId(): string | null {
    return this.property("InstanceID");
  }

  set instanceId(id: string | null) {
    this.setProperty("InstanceID", id);
  }

  /** `null`: missing, or no number. */
  get resourceType(): number | null {
    return wholeNumber(this.property("ResourceType"));
  }

  set resourceType(type: number | null) {
    this.setProperty("ResourceType", type === null ? null : String(type));
  }

  /** Sub types in order of preference. Writers separate them by spaces or commas. */
  get resourceSubTypes(): readonly string[] {
    return (this.property("ResourceSubType") ?? "").split(/[\s,]+/).filter((subType) => subType !== "");
  }

  set resourceSubTypes(subTypes: readonly string[]) {
    this.setProperty("ResourceSubType", subTypes.length === 0 ? null : subTypes.join(" "));
  }

  /** The name of a type that ResourceType has no number for. */
  get otherResourceType(): string | null {
    return this.property("OtherResourceType");
  }

  set otherResourceType(name: string | null) {
    this.setProperty("OtherResourceType", name);
  }

  /** As written. */
  get quantity(): string | null {
    return this.property("VirtualQuantity");
  }

  set quantity(quantity: string | null) {
    this.setProperty("VirtualQuantity", quantity);
  }

  /** The unit of the quantity (where VirtualQuantityUnits says nothing), of limit and reservation. */
  get allocationUnits(): string | null {
    return this.property("AllocationUnits");
  }

  set allocationUnits(unit: string | null) {
    this.setProperty("AllocationUnits", unit);
  }

  /** As written: what the machine has at least. */
  get reservation(): string | null {
    return this.property("Reservation");
  }

  set reservation(quantity: string | null) {
    this.setProperty("Reservation", quantity);
  }

  /** As written: what the machine has at most. */
  get limit(): string | null {
    return this.property("Limit");
  }

  set limit(quantity: string | null) {
    this.setProperty("Limit", quantity);
  }

  /** Its share, compared with that of others. */
  get weight(): number | null {
    return wholeNumber(this.property("Weight"));
  }

  set weight(weight: number | null) {
    this.setProperty("Weight", weight === null ? null : String(weight));
  }

  /** Id of the controller that it hangs on. */
  get parent(): string | null {
    return this.property("Parent");
  }

  set parent(id: string | null) {
    this.setProperty("Parent", id);
  }

  get addressOnParent(): number | null {
    return wholeNumber(this.property("AddressOnParent"));
  }

  set addressOnParent(address: number | null) {
    this.setProperty("AddressOnParent", address === null ? null : String(address));
  }

  get address(): string | null {
    return this.property("Address");
  }

  set address(address: string | null) {
    this.setProperty("Address", address);
  }

  /** What the item is backed by: `ovf:/disk/id`, `ovf:/file/id`. */
  get hostResources(): readonly string[] {
    return this.properties("HostResource");
  }

  set hostResources(resources: readonly string[]) {
    this.setProperties("HostResource", resources);
  }

  /** Names of networks. */
  get connections(): readonly string[] {
    return this.properties("Connection");
  }

  set connections(names: readonly string[]) {
    this.setProperties("Connection", names);
  }

  /** Whether the device is connected when the machine starts; `null`: not said. */
  get automaticAllocation(): boolean | null {
    const text = this.property("AutomaticAllocation");
    return text === null ? null : /^(true|1)$/i.test(text);
  }

  set automaticAllocation(automatic: boolean | null) {
    this.setProperty("AutomaticAllocation", automatic === null ? null : String(automatic));
  }

  get elementName(): OvfText | null {
    return this.localized("ElementName");
  }

  set elementName(text: string | null) {
    this.setProperty("ElementName", text);
  }

  get caption(): OvfText | null {
    return this.localized("Caption");
  }

  set caption(text: string | null) {
    this.setProperty("Caption", text);
  }

  get description(): OvfText | null {
    return this.localized("Description");
  }

  set description(text: string | null) {
    this.setProperty("Description", text);
  }

  /** What it is called. OVF 0.9 and VirtualBox's 2.0 have only a caption. */
  get label(): string | null {
    return this.property("ElementName") ?? this.property("Caption");
  }

  /** `min` and `max` limit the item of the same InstanceID; `normal` is the item itself (DSP0243 8.4). */
  get bound(): "min" | "normal" | "max" {
    const bound = this.attribute("bound");
    return bound === "min" || bound === "max" ? bound : "normal";
  }

  set bound(bound: "min" | "normal" | "max" | null) {
    this.setAttribute("bound", bound);
  }

  /**
   * A quantity in its unit's base; `null` where the item does not say it. VirtualQuantity is in VirtualQuantityUnits, else in
   * AllocationUnits, which for processors is about reservation and limit alone: they are counted in pieces.
   */
  amount(name: "VirtualQuantity" | "Reservation" | "Limit"): Amount | null {
    const quantity = this.property(name);
    if (quantity === null) return null;
    const unit = this.#unitOf(name);
    return { value: unit === null ? null : scaleQuantity(quantity, unit), unit };
  }

  #unitOf(name: "VirtualQuantity" | "Reservation" | "Limit"): Unit | null {
    let text = this.allocationUnits;
    if (name === "VirtualQuantity") {
      const own = this.property("VirtualQuantityUnits");
      const processor = resourceType(this.resourceType ?? 0)?.kind === "cpu";
      text = own ?? (processor ? null : text);
    }
    return text === null ? PIECES : parseUnit(text);
  }

  /** `vmw:Config` and `vmw:ExtraConfig` children. */
  get settings(): readonly VmwareSetting[] {
    const own = vmwareSettings(this.element, this.scope);
    if (!(this.under instanceof OvfHardwareItem)) return own;
    const known = new Set(own.map(({ kind, key }) => `${kind} ${key}`));
    return [...this.under.settings.filter(({ kind, key }) => !known.has(`${kind} ${key}`)), ...own];
  }

  /** Children that belong to nobody's CIM class: vendor extensions. */
  *extensions(): Generator<XmlElement> {
    const own: XmlElement[] = [];
    for (const child of this.element.elements()) {
      if (!child.namespace.startsWith(CIM_CLASSES) && !this.scope.isCore(child.namespace)) own.push(child);
    }
    if (this.under instanceof OvfHardwareItem) {
      for (const child of this.under.extensions()) {
        if (!own.some(({ namespace, name }) => namespace === child.namespace && name === child.name)) yield child;
      }
    }
    yield* own;
  }

  /** The first extension of a name. */
  extension(namespace: string, name: string): XmlElement | undefined {
    for (const child of this.extensions()) if (child.namespace === namespace && child.name === name) return child;
    return undefined;
  }
}

/** An `Item`. */
export class OvfRasdItem extends OvfHardwareItem<typeof RASD_FIELDS> {
  readonly kind = "item" as const;
  readonly fields: typeof RASD_FIELDS = RASD_FIELDS;
  protected readonly classNamespace: string = RASD;
}

/** A `StorageItem` (2.x). */
export class OvfStorageItem extends OvfHardwareItem<typeof SASD_FIELDS> {
  readonly kind = "storage" as const;
  readonly fields: typeof SASD_FIELDS = SASD_FIELDS;
  protected readonly classNamespace: string = SASD;
}

/** An `EthernetPortItem` (2.x), or the `Item` of a port profile. */
export class OvfEthernetPortItem extends OvfHardwareItem<typeof EPASD_FIELDS> {
  readonly kind = "ethernet" as const;
  readonly fields: typeof EPASD_FIELDS = EPASD_FIELDS;
  protected readonly classNamespace: string = EPASD;
}

/** An item of any kind, with the properties that all have. `kind` tells which it is, `instanceof` gives it its own properties. */
export type OvfItem = OvfHardwareItem<typeof RASD_FIELDS>;

/** An item over an earlier one of the same InstanceID: what it does not have counts as the earlier one has it (DSP0243 9.8). */
export function itemOver(item: OvfItem, earlier: OvfItem): OvfItem {
  const { element, scope } = item;
  switch (item.kind) {
    case "item":
      return new OvfRasdItem(element, scope, earlier as OvfRasdItem);
    case "storage":
      return new OvfStorageItem(element, scope, earlier as OvfStorageItem);
    case "ethernet":
      return new OvfEthernetPortItem(element, scope, earlier as OvfEthernetPortItem);
  }
}
