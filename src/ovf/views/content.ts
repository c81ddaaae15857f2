import type { XmlElement } from "../../xml/tree.js";
import { VIRTUALBOX, VMWARE } from "../namespaces.js";
import type { OvfScope, Section } from "../scope.js";
import { hardwareOf, type OvfHardware } from "./hardware.js";
import { OvfNode } from "./parts.js";
import { OvfProduct } from "./product.js";

/** A virtual system, or a collection of them: `VirtualSystem`, `VirtualSystemCollection`, or OVF 0.9's `Content`. */
export class OvfContent extends OvfNode {
  readonly kind: "system" | "collection";

  constructor(element: XmlElement, scope: OvfScope, kind: "system" | "collection") {
    super(element, scope);
    this.kind = kind;
  }

  /** VirtualBox names its collection with `ovf:name` only. */
  get id(): string | null {
    return this.attribute("id") ?? this.attribute("name");
  }

  /** The `Name` element. */
  get name(): XmlElement | undefined {
    return this.scope.child(this.element, "Name");
  }

  get children(): readonly OvfContent[] {
    return contentsOf(this.element, this.scope);
  }

  get sections(): readonly Section[] {
    return [...this.scope.sections(this.element)];
  }

  /** The sections of the standard with a name. */
  sectionsNamed(name: string): readonly XmlElement[] {
    return this.sections.filter((section) => section.core && section.name === name).map((section) => section.element);
  }

  get hardware(): readonly OvfHardware[] {
    return hardwareOf(this.scope, this.sections);
  }

  get products(): readonly OvfProduct[] {
    return this.sectionsNamed("ProductSection").map((element) => new OvfProduct(element, this.scope));
  }

  get operatingSystem(): OvfOperatingSystem | null {
    const [element] = this.sectionsNamed("OperatingSystemSection");
    return element === undefined ? null : new OvfOperatingSystem(element, this.scope);
  }

  /** VirtualBox's own settings of the machine. Their elements are in whatever namespace was the default. */
  get virtualBoxMachine(): XmlElement | undefined {
    return this.element.element(VIRTUALBOX, "Machine");
  }
}

/** An OperatingSystemSection. */
export class OvfOperatingSystem extends OvfNode {
  /** CIM_OperatingSystem.OSType. */
  get cimId(): number | null {
    const id = this.attribute("id");
    return id !== null && /^[0-9]{1,5}$/.test(id) ? Number(id) : null;
  }

  get version(): string | null {
    return this.attribute("version");
  }

  /** The `Description` element. */
  get description(): XmlElement | undefined {
    return this.scope.child(this.element, "Description");
  }

  /** VMware's guest id: `ubuntu64Guest`. */
  get vmwareType(): string | null {
    return this.element.attribute(VMWARE, "osType")?.trim() || null;
  }

  /** VirtualBox's name: `Debian_64`. */
  get virtualBoxType(): string | null {
    return this.element.element(VIRTUALBOX, "OSType")?.text.trim() || null;
  }
}

/** The systems and collections directly in an element. */
export function contentsOf(element: XmlElement, scope: OvfScope): OvfContent[] {
  const contents: OvfContent[] = [];
  for (const child of scope.children(element)) {
    const name =
      child.name === "Content" ? (scope.typeOf(child)?.name.replace(/_Type$/, "") ?? "VirtualSystem") : child.name;
    if (name === "VirtualSystem") contents.push(new OvfContent(child, scope, "system"));
    else if (name === "VirtualSystemCollection") contents.push(new OvfContent(child, scope, "collection"));
  }
  return contents;
}
