import type { XmlElement } from "../../xml/tree.js";
import { CIM_CLASSES, VMWARE } from "../namespaces.js";
import type { OvfScope } from "../scope.js";
import { isTrue, OvfNode, wholeNumber } from "./parts.js";

/** One piece of virtual hardware: `Item`, `StorageItem` (sasd) or `EthernetPortItem` (epasd). */
export class OvfItem extends OvfNode {
  /** The text of a property of the item's CIM class; `null` where it is missing or empty. */
  property(name: string): string | null {
    return this.scope.cimText(this.element, name);
  }

  /** All values of a property that may repeat. */
  properties(name: string): string[] {
    return [...this.scope.cimChildren(this.element, name)]
      .map((child) => child.text.trim())
      .filter((text) => text !== "");
  }

  /** The element of a property, for its place. */
  propertyElement(name: string): XmlElement | undefined {
    for (const child of this.scope.cimChildren(this.element, name)) if (child.text.trim() !== "") return child;
    return undefined;
  }

  get instanceId(): string | null {
    return this.property("InstanceID");
  }

  /** `null`: missing, or no number. */
  get resourceType(): number | null {
    return wholeNumber(this.property("ResourceType"));
  }

  /** Sub types in order of preference. Writers separate them by spaces or commas. */
  get resourceSubTypes(): readonly string[] {
    return (this.property("ResourceSubType") ?? "").split(/[\s,]+/).filter((subType) => subType !== "");
  }

  get quantity(): string | null {
    return this.property("VirtualQuantity");
  }

  /** Id of the controller that it hangs on. */
  get parent(): string | null {
    return this.property("Parent");
  }

  get addressOnParent(): number | null {
    return wholeNumber(this.property("AddressOnParent"));
  }

  get address(): string | null {
    return this.property("Address");
  }

  /** What it is called. OVF 0.9 and VirtualBox's 2.0 have only a caption. */
  get label(): string | null {
    return this.property("ElementName") ?? this.property("Caption");
  }

  /** Whether importers must know it; the default of the standard. */
  get required(): boolean {
    const required = this.attribute("required");
    return required === null || isTrue(required);
  }

  /** `min` and `max` limit the item of the same InstanceID; `normal` is the item itself. */
  get bound(): "min" | "normal" | "max" {
    const bound = this.attribute("bound");
    return bound === "min" || bound === "max" ? bound : "normal";
  }

  /** `vmw:Config` and `vmw:ExtraConfig` children. */
  get settings(): readonly VmwareSetting[] {
    return vmwareSettings(this.element);
  }

  /** Children that belong to nobody's CIM class: vendor extensions. */
  *extensions(): Generator<XmlElement> {
    for (const child of this.element.elements()) {
      if (!child.namespace.startsWith(CIM_CLASSES) && !this.scope.isCore(child.namespace)) yield child;
    }
  }
}

/** A `vmw:Config` or `vmw:ExtraConfig`. */
export interface VmwareSetting {
  readonly kind: "Config" | "ExtraConfig";
  readonly key: string;
  readonly value: string;
  readonly element: XmlElement;
}

function vmwareSettings(element: XmlElement): VmwareSetting[] {
  const settings: VmwareSetting[] = [];
  for (const child of element.elements(VMWARE)) {
    if (child.name !== "Config" && child.name !== "ExtraConfig") continue;
    const key = child.attribute(VMWARE, "key") ?? child.attribute("", "key");
    const value = child.attribute(VMWARE, "value") ?? child.attribute("", "value") ?? "";
    if (key !== undefined) settings.push({ kind: child.name, key, value, element: child });
  }
  return settings;
}

/** A VirtualHardwareSection. */
export class OvfHardware extends OvfNode {
  /** The `System` element. */
  get system(): XmlElement | undefined {
    return this.scope.child(this.element, "System");
  }

  /** Machine types that it was made for: `vmx-13`, `virtualbox-2.2`. Writers separate several by spaces or commas. */
  get systemTypes(): readonly string[] {
    const { system } = this;
    const types = system === undefined ? null : this.scope.cimText(system, "VirtualSystemType");
    // oVirt's type is one, and has a space: ENGINE 4.1.0.0.
    if (types !== null && /^ENGINE [0-9.]+$/.test(types)) return [types];
    return (types ?? "").split(/[\s,]+/).filter((type) => type !== "");
  }

  get systemIdentifier(): string | null {
    const { system } = this;
    return system === undefined ? null : this.scope.cimText(system, "VirtualSystemIdentifier");
  }

  /** How the guest gets its environment. */
  get transports(): readonly string[] {
    return (this.attribute("transport") ?? "").split(/[\s,]+/).filter((transport) => transport !== "");
  }

  /** All items, whatever configuration they are for. */
  get items(): readonly OvfItem[] {
    const items: OvfItem[] = [];
    for (const child of this.scope.children(this.element)) {
      if (child.name === "Item" || child.name === "StorageItem" || child.name === "EthernetPortItem") {
        items.push(new OvfItem(child, this.scope));
      }
    }
    return items;
  }

  get settings(): readonly VmwareSetting[] {
    return vmwareSettings(this.element);
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
export function hardwareOf(
  scope: OvfScope,
  sections: Iterable<{ readonly name: string; readonly core: boolean; readonly element: XmlElement }>,
): OvfHardware[] {
  const found: OvfHardware[] = [];
  for (const { name, core, element } of sections) {
    if (core && name === "VirtualHardwareSection") found.push(new OvfHardware(element, scope));
  }
  return found;
}
