import { FerryError } from "../base/errors.js";
import type { XmlDocument, XmlElement } from "../xml/tree.js";
import { OvfScope } from "./scope.js";
import { OvfNode } from "./views/node.js";
import { insertOrdered } from "./write.js";

/**
 * An OVF environment: what a guest is told about itself when it starts (DSP8027; DSP0243 11). Views write through to the tree, as those
 * of descriptors do.
 */
export interface EnvironmentDocument {
  readonly xml: XmlDocument;
  readonly scope: OvfScope;
  /** `azure`: Microsoft's provisioning document, which has the same root and nothing else in common. */
  readonly kind: "ovf" | "azure";
  readonly environment: EnvironmentView;
}

/**
 * An environment over a parsed document.
 * @throws `ovf-env/not-an-environment` where the root element is none
 */
export function openEnvironment(xml: XmlDocument): EnvironmentDocument {
  const { root } = xml;
  if (root.name !== "Environment") {
    throw new FerryError("ovf-env/not-an-environment", `the root element is ${root.name}, not Environment`, {
      hint: "This is XML of another kind; guests find their environment as ovf-env.xml.",
      location: root.location,
    });
  }
  const scope = new OvfScope(root.namespace);
  const kind = root.element(AZURE, "ProvisioningSection") === undefined ? "ovf" : "azure";
  return { xml, scope, kind, environment: new EnvironmentView(root, scope) };
}

const AZURE = "http://schemas.microsoft.com/windowsazure";

/** What has properties: the environment itself, for its own machine, and an `Entity`, for another one. */
abstract class PropertyHolder extends OvfNode {
  /** Id of the system in the descriptor. */
  get id(): string | null {
    return this.attribute("id");
  }

  set id(id: string | null) {
    this.setAttribute("id", id);
  }

  get properties(): readonly EnvironmentProperty[] {
    const found: EnvironmentProperty[] = [];
    for (const section of this.scope.children(this.element, "PropertySection")) {
      for (const element of this.scope.children(section, "Property")) {
        found.push(new EnvironmentProperty(element, this.scope));
      }
    }
    return found;
  }

  /** The value of a property; `null`: there is none of that key. */
  value(key: string): string | null {
    return this.properties.find((property) => property.key === key)?.value ?? null;
  }

  /** Sets the value of a property, which is added where it is missing, or with `null` removes it. */
  setValue(key: string, value: string | null): void {
    const present = this.properties.filter((property) => property.key === key);
    const [first] = present;
    if (value === null) for (const property of present) property.element.remove();
    else if (first !== undefined) first.value = value;
    else {
      const section = this.part("PropertySection") ?? this.create("PropertySection");
      const created = section.create(section.namespace, "Property");
      insertOrdered(section, created, ["Property"]);
      const property = new EnvironmentProperty(created, this.scope);
      property.key = key;
      property.value = value;
    }
  }
}

/** The root of an environment. */
export class EnvironmentView extends PropertyHolder {
  protected override get childOrder(): readonly string[] {
    return ["PlatformSection", "PropertySection", "Entity"];
  }

  /** What the machine runs on. */
  get platform(): EnvironmentPlatform | null {
    const element = this.part("PlatformSection");
    return element === undefined ? null : new EnvironmentPlatform(element, this.scope);
  }

  /** The same, created where it is missing. */
  ensurePlatform(): EnvironmentPlatform {
    return this.platform ?? new EnvironmentPlatform(this.create("PlatformSection"), this.scope);
  }

  /** The systems and collections beside this one. */
  get entities(): readonly EnvironmentEntity[] {
    return [...this.scope.children(this.element, "Entity")].map(
      (element) => new EnvironmentEntity(element, this.scope),
    );
  }

  /** Elements that the standard does not have. */
  get unknown(): readonly XmlElement[] {
    return [...this.element.elements()].filter((child) => !this.scope.isCore(child.namespace));
  }
}

/** An `Entity`: a system or collection beside the machine. */
export class EnvironmentEntity extends PropertyHolder {}

/** A `PlatformSection`. */
export class EnvironmentPlatform extends OvfNode {
  protected override get childOrder(): readonly string[] {
    return PLATFORM_ORDER;
  }

  /** The kind of platform: `VMware ESXi`. */
  get kind(): string | null {
    return this.scope.childText(this.element, "Kind");
  }

  set kind(kind: string | null) {
    this.setText("Kind", kind);
  }

  get version(): string | null {
    return this.scope.childText(this.element, "Version");
  }

  set version(version: string | null) {
    this.setText("Version", version);
  }

  get vendor(): string | null {
    return this.scope.childText(this.element, "Vendor");
  }

  set vendor(vendor: string | null) {
    this.setText("Vendor", vendor);
  }

  /** Language and country: `de-AT`. VMware writes `en_US`. */
  get locale(): string | null {
    return this.scope.childText(this.element, "Locale");
  }

  set locale(locale: string | null) {
    this.setText("Locale", locale);
  }

  /** Minutes from UTC, to the east; `null` where it is missing or no number. The standard's prose calls it TimeZone, its schema does not. */
  get timezone(): number | null {
    const text = this.scope.childText(this.element, "Timezone") ?? this.scope.childText(this.element, "TimeZone");
    return text !== null && /^[+-]?[0-9]{1,5}$/.test(text) ? Number(text) : null;
  }

  set timezone(minutes: number | null) {
    this.setText("Timezone", minutes === null ? null : String(minutes));
  }
}

/** The children of a PlatformSection, in order. */
const PLATFORM_ORDER: readonly string[] = ["Kind", "Version", "Vendor", "Locale", "Timezone"];

/** A `Property`. */
export class EnvironmentProperty extends OvfNode {
  get key(): string | null {
    return this.attribute("key");
  }

  set key(key: string | null) {
    this.setAttribute("key", key);
  }

  /** As it is: an empty value is a value. */
  get value(): string | null {
    return this.scope.attribute(this.element, "value") ?? null;
  }

  set value(value: string | null) {
    this.setAttribute("value", value);
  }
}
