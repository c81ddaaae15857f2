import type { XmlElement } from "../../xml/tree.js";
import { VMWARE } from "../namespaces.js";
import { isTrue, OvfNode, type OvfText, wholeNumber } from "./node.js";
import { OvfSection } from "./section.js";

/** A ProductSection: software, and the questions that it asks (DSP0243 9.5). */
export class OvfProduct extends OvfSection {
  static override readonly sectionName: string = "ProductSection";

  protected override get childOrder(): readonly string[] {
    const urls = ["ProductUrl", "VendorUrl", "AppUrl"];
    return ["Info", "Product", "Vendor", "Version", "FullVersion", ...urls, "Icon", "Category", "Property"];
  }

  get class(): string | null {
    return this.attribute("class");
  }

  set class(name: string | null) {
    this.setAttribute("class", name);
  }

  get instance(): string | null {
    return this.attribute("instance");
  }

  set instance(name: string | null) {
    this.setAttribute("instance", name);
  }

  get product(): OvfText | null {
    return this.message("Product");
  }

  set product(name: string | null) {
    this.setText("Product", name);
  }

  get vendor(): OvfText | null {
    return this.message("Vendor");
  }

  set vendor(name: string | null) {
    this.setText("Vendor", name);
  }

  get version(): OvfText | null {
    return this.message("Version");
  }

  set version(version: string | null) {
    this.setText("Version", version);
  }

  get fullVersion(): OvfText | null {
    return this.message("FullVersion");
  }

  set fullVersion(version: string | null) {
    this.setText("FullVersion", version);
  }

  get productUrl(): OvfText | null {
    return this.message("ProductUrl");
  }

  set productUrl(url: string | null) {
    this.setText("ProductUrl", url);
  }

  get vendorUrl(): OvfText | null {
    return this.message("VendorUrl");
  }

  set vendorUrl(url: string | null) {
    this.setText("VendorUrl", url);
  }

  /** Where the product will answer once it runs; may hold `${key}`. */
  get appUrl(): OvfText | null {
    return this.message("AppUrl");
  }

  set appUrl(url: string | null) {
    this.setText("AppUrl", url);
  }

  get icons(): readonly OvfIcon[] {
    return [...this.scope.children(this.element, "Icon")].map((element) => new OvfIcon(element, this.scope));
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

/** An `Icon` of a product. */
export class OvfIcon extends OvfNode {
  /** Id of a File. */
  get fileRef(): string | null {
    return this.attribute("fileRef");
  }

  set fileRef(id: string | null) {
    this.setAttribute("fileRef", id);
  }

  get mimeType(): string | null {
    return this.attribute("mimeType");
  }

  set mimeType(type: string | null) {
    this.setAttribute("mimeType", type);
  }

  /** Pixels. */
  get width(): number | null {
    return wholeNumber(this.attribute("width"));
  }

  set width(pixels: number | null) {
    this.setNumber("width", pixels);
  }

  /** Pixels. */
  get height(): number | null {
    return wholeNumber(this.attribute("height"));
  }

  set height(pixels: number | null) {
    this.setNumber("height", pixels);
  }
}

/** A `Property` (DSP0243 9.5.1). */
export class OvfProperty extends OvfNode {
  readonly product: OvfProduct;
  /** The `Category` element that it stands under. */
  readonly category: XmlElement | null;

  constructor(element: XmlElement, product: OvfProduct, category: XmlElement | null) {
    super(element, product.scope);
    this.product = product;
    this.category = category;
  }

  protected override get childOrder(): readonly string[] {
    return ["Label", "Description", "Value"];
  }

  get key(): string | null {
    return this.attribute("key");
  }

  set key(key: string | null) {
    this.setAttribute("key", key);
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

  set type(type: string | null) {
    this.setAttribute("type", type);
  }

  /** Whether the value is a secret. Where that is said unclearly (`yes`), it is. */
  get password(): boolean {
    const said = this.attribute("password")?.trim() ?? "";
    return said !== "" && !/^(?:false|0)$/i.test(said);
  }

  set password(password: boolean | null) {
    this.setFlag("password", password);
  }

  get userConfigurable(): boolean {
    return isTrue(this.attribute("userConfigurable"));
  }

  set userConfigurable(configurable: boolean | null) {
    this.setFlag("userConfigurable", configurable);
  }

  /** The standard's, else VMware's own: `MinLen(1), MaxLen(8)`. */
  get qualifiers(): string | null {
    return this.attribute("qualifiers") ?? (this.element.attribute(VMWARE, "qualifiers")?.trim() || null);
  }

  set qualifiers(qualifiers: string | null) {
    this.setAttribute("qualifiers", qualifiers);
  }

  /** The default that stands in the property itself, as it is: an empty one is a value. */
  get value(): string | null {
    return this.scope.attribute(this.element, "value") ?? null;
  }

  set value(value: string | null) {
    this.setAttribute("value", value);
  }

  get label(): OvfText | null {
    return this.message("Label");
  }

  set label(text: string | null) {
    this.setText("Label", text);
  }

  get description(): OvfText | null {
    return this.message("Description");
  }

  set description(text: string | null) {
    this.setText("Description", text);
  }

  /** Defaults of single configurations. */
  get values(): readonly OvfPropertyValue[] {
    return [...this.scope.children(this.element, "Value")].map((element) => new OvfPropertyValue(element, this.scope));
  }

  /** The value in a configuration: that of the `Value` element for it, else the default. An empty value is a value. */
  valueFor(configuration: string | null): string | null {
    if (configuration !== null) {
      for (const value of this.values) if (value.configurations.includes(configuration)) return value.value;
    }
    return this.value;
  }
}

/** A `Value` of a property: its default in some configurations. */
export class OvfPropertyValue extends OvfNode {
  get value(): string | null {
    return this.scope.attribute(this.element, "value") ?? null;
  }

  set value(value: string | null) {
    this.setAttribute("value", value);
  }
}
