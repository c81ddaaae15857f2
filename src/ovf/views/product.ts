import type { XmlElement } from "../../xml/tree.js";
import { VMWARE } from "../namespaces.js";
import { isTrue, OvfNode } from "./parts.js";

/** A ProductSection: software, and the questions that it asks. */
export class OvfProduct extends OvfNode {
  get class(): string | null {
    return this.attribute("class");
  }

  get instance(): string | null {
    return this.attribute("instance");
  }

  /** An element of the section, such as `Product` or `Vendor`. */
  part(name: string): XmlElement | undefined {
    return this.scope.child(this.element, name);
  }

  /** In order, each with the category that stands before it. */
  get properties(): readonly OvfProperty[] {
    const properties: OvfProperty[] = [];
    let category: XmlElement | null = null;
    for (const child of this.scope.children(this.element)) {
      if (child.name === "Category") category = child;
      else if (child.name === "Property") properties.push(new OvfProperty(child, this, category));
    }
    return properties;
  }
}

/** A `Property`. */
export class OvfProperty extends OvfNode {
  readonly product: OvfProduct;
  /** The `Category` element that it stands under. */
  readonly category: XmlElement | null;

  constructor(element: XmlElement, product: OvfProduct, category: XmlElement | null) {
    super(element, product.scope);
    this.product = product;
    this.category = category;
  }

  get key(): string | null {
    return this.attribute("key");
  }

  /** The key as guests see it: `[class.]key[.instance]` (DSP0243 9.5). */
  get qualifiedKey(): string {
    const { class: prefix, instance } = this.product;
    return `${prefix === null ? "" : `${prefix}.`}${this.key ?? ""}${instance === null ? "" : `.${instance}`}`;
  }

  /** `string` where nothing is said. */
  get type(): string {
    return this.attribute("type") ?? "string";
  }

  get password(): boolean {
    return isTrue(this.attribute("password"));
  }

  get userConfigurable(): boolean {
    return isTrue(this.attribute("userConfigurable"));
  }

  get qualifiers(): string | null {
    return this.attribute("qualifiers") ?? (this.element.attribute(VMWARE, "qualifiers")?.trim() || null);
  }

  part(name: string): XmlElement | undefined {
    return this.scope.child(this.element, name);
  }

  /** The value in a configuration: that of the `Value` element for it, else the default. An empty value is a value. */
  valueFor(configuration: string | null): string | null {
    if (configuration !== null) {
      for (const child of this.scope.children(this.element, "Value")) {
        const value = new OvfNode(child, this.scope);
        if (value.configurations.includes(configuration)) return this.scope.attribute(child, "value") ?? null;
      }
    }
    return this.scope.attribute(this.element, "value") ?? null;
  }
}
