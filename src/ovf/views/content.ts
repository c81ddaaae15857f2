import type { XmlElement } from "../../xml/tree.js";
import { VIRTUALBOX } from "../namespaces.js";
import type { OvfScope } from "../scope.js";
import { hardwareOf, type OvfHardware } from "./hardware.js";
import type { OvfText } from "./node.js";
import { OvfProduct } from "./product.js";
import { OvfHolder } from "./section.js";
import { OvfOperatingSystem } from "./sections.js";

/** The content of an envelope: systems and collections. */
export abstract class OvfContents extends OvfHolder {
  /** Systems and collections directly in it. */
  get children(): readonly OvfContent[] {
    return contentsOf(this.element, this.scope);
  }

  /** All systems and collections in it, however deep, each before what it holds. */
  *descendants(): Generator<OvfContent> {
    for (const child of this.children) {
      yield child;
      yield* child.descendants();
    }
  }

  get products(): readonly OvfProduct[] {
    return this.sectionsOf(OvfProduct);
  }
}

/** A virtual system, or a collection of them: `VirtualSystem`, `VirtualSystemCollection`, or OVF 0.9's `Content`. */
export class OvfContent extends OvfContents {
  readonly kind: "system" | "collection";

  constructor(element: XmlElement, scope: OvfScope, kind: "system" | "collection") {
    super(element, scope);
    this.kind = kind;
  }

  /** VirtualBox names its collection with `ovf:name` only. */
  get id(): string | null {
    return this.attribute("id") ?? this.attribute("name");
  }

  set id(id: string | null) {
    this.setAttribute("id", id);
  }

  get info(): OvfText | null {
    return this.message("Info");
  }

  set info(text: string | null) {
    this.setText("Info", text);
  }

  get name(): OvfText | null {
    return this.message("Name");
  }

  set name(text: string | null) {
    this.setText("Name", text);
  }

  get hardware(): readonly OvfHardware[] {
    return hardwareOf(this.scope, this.sections);
  }

  get operatingSystem(): OvfOperatingSystem | null {
    return this.sectionOf(OvfOperatingSystem);
  }

  /** VirtualBox's own settings of the machine. Their elements are in whatever namespace was the default. */
  get virtualBoxMachine(): XmlElement | undefined {
    return this.element.element(VIRTUALBOX, "Machine");
  }
}

/** The envelope as what holds sections and content. */
export class OvfEnvelope extends OvfContents {}

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
