import type { XmlElement } from "../../xml/tree.js";
import { CIM_CLASSES } from "../namespaces.js";
import type { OvfScope } from "../scope.js";
import type { CimFields, CimKind } from "../tables/cim-fields.js";
import { insertDeclared } from "../write.js";
import { isTrue, OvfNode, OvfText, wholeNumber } from "./node.js";

/** The value of a property of a kind. Where it is missing or cannot be read: `null`, or an empty list. */
export type CimValue<K extends CimKind> = {
  string: string | null;
  number: number | null;
  boolean: boolean | null;
  strings: readonly string[];
  numbers: readonly number[];
}[K];

/** An element whose children are the properties of a CIM class, in the class's own namespace. */
export abstract class OvfCim<F extends CimFields> extends OvfNode {
  /** What stands behind this element where a configuration changes parts of it (DSP0243 9.8): its properties count where this has none. */
  readonly under: OvfCim<F> | null;

  constructor(element: XmlElement, scope: OvfScope, under: OvfCim<F> | null = null) {
    super(element, scope);
    this.under = under;
  }

  /** The properties of the class. */
  abstract readonly fields: F;
  /** The class's namespace, for elements that have no property yet. */
  protected abstract readonly classNamespace: string;

  /** A property by its CIM name. */
  get<N extends keyof F & string>(name: N): CimValue<F[N]> {
    return this.#read(name, this.fields[name] ?? "string") as CimValue<F[N]>;
  }

  /** Sets a property; `null`, or an empty list, removes it. A new one stands where the alphabet puts it, as the schemas want it. */
  set<N extends keyof F & string>(name: N, value: CimValue<F[N]>): void {
    if (value === null) this.setProperty(name, null);
    else if (Array.isArray(value)) this.setProperties(name, value.map(String));
    else this.setProperty(name, String(value));
  }

  /** The text of a property, trimmed; `null` where it is missing or empty. Also of properties that the class does not have. */
  property(name: string): string | null {
    return this.scope.cimText(this.#holder(name), name);
  }

  /** All values of a property that may repeat. */
  properties(name: string): string[] {
    return [...this.scope.cimChildren(this.#holder(name), name)]
      .map((child) => child.text.trim())
      .filter((text) => text !== "");
  }

  /** The element of a property, for its place. */
  propertyElement(name: string): XmlElement | undefined {
    for (const child of this.scope.cimChildren(this.#holder(name), name)) if (child.text.trim() !== "") return child;
    return undefined;
  }

  /** A property with a text that may be localized: ElementName, Caption, Description. */
  localized(name: string): OvfText | null {
    for (const child of this.scope.cimChildren(this.#holder(name), name)) return new OvfText(child, this.scope);
    return null;
  }

  /** Sets a property's text in this very element, or with `null` removes all its elements. */
  setProperty(name: string, value: string | null): void {
    const [first] = this.scope.cimChildren(this.element, name);
    if (value === null) for (const child of [...this.scope.cimChildren(this.element, name)]) child.remove();
    else {
      let element = first;
      for (const child of this.scope.cimChildren(this.element, name)) {
        if (child.text.trim() === "") continue;
        element = child;
        break;
      }
      (element ?? this.#create(name)).text = value;
    }
  }

  /** Sets all values of a property that may repeat. */
  setProperties(name: string, values: readonly string[]): void {
    const present = [...this.scope.cimChildren(this.element, name)];
    values.forEach((value, i) => {
      (present[i] ?? this.#create(name)).text = value;
    });
    for (const child of present.slice(values.length)) child.remove();
  }

  /** The element whose properties of a name count. */
  #holder(name: string): XmlElement {
    if (this.under === null) return this.element;
    for (let at: OvfCim<F> | null = this; at !== null; at = at.under) {
      for (const _ of this.scope.cimChildren(at.element, name)) return at.element;
    }
    return this.element;
  }

  #read(name: string, kind: CimKind): CimValue<CimKind> {
    switch (kind) {
      case "string":
        return this.property(name);
      case "number":
        return wholeNumber(this.property(name));
      case "boolean": {
        const text = this.property(name);
        return text !== null && /^(true|false|0|1)$/i.test(text) ? isTrue(text) : null;
      }
      case "strings":
        return this.properties(name);
      case "numbers":
        return this.properties(name).flatMap((text) => wholeNumber(text) ?? []);
    }
  }

  /** A new property: behind those of its name, else before the first whose name the alphabet puts behind it. */
  #create(name: string): XmlElement {
    let namespace: string | null = null;
    let before: XmlElement | undefined;
    for (const child of this.element.elements()) {
      // An element that is named like a class is no property: boot sources stand behind the properties of their configuration.
      const own =
        (child.namespace.startsWith(CIM_CLASSES) || this.scope.isCore(child.namespace)) &&
        !child.name.startsWith("CIM_");
      if (own) namespace ??= child.namespace;
      if (before === undefined && (!own || child.name > name)) before = child;
    }
    const spelled = name === "InstanceID" && this.scope.legacy ? "InstanceId" : name;
    const created = this.element.create(namespace ?? this.classNamespace, spelled);
    insertDeclared(this.element, created, before);
    return created;
  }
}
