import type { XmlElement } from "../../xml/tree.js";
import { VSSD } from "../namespaces.js";
import type { OvfScope, Section } from "../scope.js";
import { VSSD_FIELDS } from "../tables/cim-fields.js";
import { OvfCim } from "./cim.js";
import { OvfEthernetPortItem, type OvfItem, OvfRasdItem, OvfStorageItem } from "./items.js";
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
   * The items that make up the machine in a configuration. An item for this very configuration replaces one of the same InstanceID
   * that is for all (DSP0243 9.8).
   */
  itemsFor(configuration: string | null): OvfItem[] {
    const applying = this.items.filter((item) => item.appliesTo(configuration));
    const key = (item: OvfItem): string => `${item.bound} ${item.instanceId ?? ""}`;
    const specific = new Set(applying.filter((item) => item.configurations.length > 0).map(key));
    return applying.filter(
      (item) => item.configurations.length > 0 || item.instanceId === null || !specific.has(key(item)),
    );
  }
}

/** The hardware sections of a machine. */
export function hardwareOf(scope: OvfScope, sections: Iterable<Section>): OvfHardware[] {
  const found: OvfHardware[] = [];
  for (const { name, core, element } of sections) {
    if (core && name === "VirtualHardwareSection") found.push(new OvfHardware(element, scope));
  }
  return found;
}
