import { defaultLimits } from "../src/base/limits.js";
import type { ComplexTypeNotation } from "../src/ovf/schema/notation.js";
import { parseXml } from "../src/xml/parse.js";
import type { XmlElement } from "../src/xml/tree.js";

/** An XML schema document in the notation of `src/ovf/schema/notation.ts`. */
export interface ReadSchema {
  readonly prefix: string;
  readonly namespace: string;
  readonly elements: Record<string, string>;
  readonly attributes: Record<string, string>;
  readonly types: Record<string, ComplexTypeNotation>;
  readonly simpleTypes: Record<string, string>;
}

const XS = "http://www.w3.org/2001/XMLSchema";

/** One prefix for each namespace, whatever the documents call it. */
const PREFIXES: Readonly<Record<string, string>> = {
  "http://schemas.dmtf.org/ovf/envelope/1": "ovf",
  "http://schemas.dmtf.org/ovf/envelope/2": "ovf",
  "http://schemas.dmtf.org/ovf/environment/1": "ovfenv",
  "http://schemas.dmtf.org/wbem/wscim/1/common": "cim",
  "http://www.w3.org/XML/1998/namespace": "xml",
  "http://www.w3.org/2000/09/xmldsig#": "ds",
  "http://www.w3.org/2001/04/xmlenc#": "xenc",
  "http://www.w3.org/2009/xmlenc11#": "xenc11",
  ...Object.fromEntries(
    (
      [
        ["VirtualSystemSettingData", "vssd"],
        ["ResourceAllocationSettingData", "rasd"],
        ["StorageAllocationSettingData", "sasd"],
        ["EthernetPortAllocationSettingData", "epasd"],
        ["BootConfigSetting", "bootc"],
        ["BootSourceSetting", "boots"],
      ] as const
    ).map(([name, prefix]) => [`http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_${name}`, prefix]),
  ),
};

/** Reads a schema. Whatever the notation cannot say is an error, so that nothing is dropped silently. */
export function readSchema(bytes: Uint8Array, file: string): ReadSchema {
  // Two of the W3C's documents have a document type; nothing in them depends on it.
  const source = new TextDecoder().decode(bytes).replace(/<!DOCTYPE[^[>]*(?:\[[\s\S]*?\]\s*)?>/, "");
  const { root } = parseXml(new TextEncoder().encode(source), file, defaultLimits);
  return new Reader(root).read();
}

class Reader {
  readonly #root: XmlElement;
  readonly #namespace: string;
  readonly #result: ReadSchema;

  constructor(root: XmlElement) {
    this.#root = root;
    this.#namespace = root.attribute("", "targetNamespace") ?? "";
    const prefix = PREFIXES[this.#namespace];
    if (prefix === undefined) throw new Error(`no prefix for ${this.#namespace}`);
    this.#result = { prefix, namespace: this.#namespace, elements: {}, attributes: {}, types: {}, simpleTypes: {} };
  }

  read(): ReadSchema {
    for (const child of parts(this.#root)) {
      const name = child.attribute("", "name") ?? "";
      switch (child.name) {
        case "import":
        case "attributeGroup": // only xml:specialAttrs, to which nothing refers
          break;
        case "element": {
          const head = child.attribute("", "substitutionGroup");
          const replaces = head === undefined ? "" : ` replaces ${this.#qualified(child, head)}`;
          this.#result.elements[name] = `${this.#elementType(child, name)}${replaces}`;
          break;
        }
        case "attribute":
          this.#result.attributes[name] = this.#attributeType(child);
          break;
        case "complexType":
          this.#complexType(child, name);
          break;
        case "simpleType":
          this.#result.simpleTypes[name] = this.#simpleType(child);
          break;
        default:
          throw unknown(child);
      }
    }
    return this.#result;
  }

  /** A type, the anonymous one of an element under a name made from where it stands, and `~`. */
  #elementType(element: XmlElement, path: string): string {
    known(element, ["name", "type", "nillable", "substitutionGroup", "minOccurs", "maxOccurs"]);
    const nil = element.attribute("", "nillable") === "true" ? "~" : "";
    const named = element.attribute("", "type");
    if (named !== undefined) return `${this.#qualified(element, named)}${nil}`;
    const own = [...parts(element)][0];
    if (own === undefined) return `xs:anyType${nil}`;
    if (own.name !== "complexType") throw unknown(own);
    const name = path.includes("/") ? path : `/${path}`;
    this.#complexType(own, name);
    return `${name}${nil}`;
  }

  #complexType(type: XmlElement, name: string): void {
    known(type, ["name", "abstract", "mixed"]);
    const children = [...parts(type)];
    const flags = {
      ...(type.attribute("", "abstract") === "true" ? { abstract: true as const } : {}),
      ...(type.attribute("", "mixed") === "true" ? { mixed: true as const } : {}),
    };
    const inner = children[0];
    const derived = inner?.name === "complexContent" || inner?.name === "simpleContent";
    const derivation = derived ? [...parts(inner)][0] : undefined;
    const body = derivation ?? type;
    const base = derivation === undefined ? "" : this.#qualified(derivation, derivation.attribute("", "base") ?? "");
    this.#result.types[name] = {
      ...this.#base(inner, derivation, base),
      ...flags,
      ...this.#body(body, name, inner?.name === "simpleContent"),
    };
  }

  #base(inner: XmlElement | undefined, derivation: XmlElement | undefined, base: string): ComplexTypeNotation {
    if (derivation === undefined) return {};
    if (inner?.name === "simpleContent" && base.startsWith("xs:")) return { text: base };
    return derivation.name === "extension" ? { extends: base } : { restricts: base };
  }

  #body(body: XmlElement, name: string, simple: boolean): ComplexTypeNotation {
    const attributes: string[] = [];
    const facets: XmlElement[] = [];
    let content: string | undefined;
    let text: string | undefined;
    for (const child of parts(body)) {
      if (child.name === "attribute") attributes.push(this.#attribute(child));
      else if (child.name === "anyAttribute") attributes.push(wildcard(child));
      else if (simple && child.name === "simpleType") text = this.#simpleType(child);
      else if (simple) facets.push(child);
      else {
        content = this.#particle(child, name);
        // The outermost sequence needs no parentheses.
        if (child.name === "sequence" && content.endsWith(")")) content = content.slice(1, -1);
      }
    }
    if (facets.length > 0) text = `${text ?? ""}${renderFacets(facets)}`;
    return {
      ...(content === undefined || content === "" ? {} : { content }),
      ...(text === undefined ? {} : { text }),
      ...(attributes.length === 0 ? {} : { attributes: attributes.join(" ") }),
    };
  }

  #particle(particle: XmlElement, path: string): string {
    const occurs = occurrence(particle);
    switch (particle.name) {
      case "sequence":
      case "choice": {
        known(particle, ["minOccurs", "maxOccurs"]);
        const inner = [...parts(particle)].map((part) => this.#particle(part, path));
        return inner.length === 0 ? "" : `(${inner.join(particle.name === "sequence" ? ", " : " | ")})${occurs}`;
      }
      case "any":
        return `${wildcard(particle)}${occurs}`;
      case "element": {
        const ref = particle.attribute("", "ref");
        if (ref !== undefined) return `@${this.#qualified(particle, ref)}${occurs}`;
        const name = particle.attribute("", "name") ?? "";
        return `${name}=${this.#elementType(particle, `${path}/${name}`)}${occurs}`;
      }
      default:
        throw unknown(particle);
    }
  }

  #attribute(attribute: XmlElement): string {
    known(attribute, ["name", "type", "ref", "use", "default"]);
    const needed = attribute.attribute("", "use") === "required" ? "!" : "";
    const ref = attribute.attribute("", "ref");
    if (ref !== undefined) return `@${this.#qualified(attribute, ref)}${needed}`;
    const qualified = this.#root.attribute("", "attributeFormDefault") === "qualified";
    const prefix = qualified ? `${this.#result.prefix}:` : "";
    return `${prefix}${attribute.attribute("", "name")}=${this.#attributeType(attribute)}${needed}`;
  }

  #attributeType(attribute: XmlElement): string {
    const named = attribute.attribute("", "type");
    if (named !== undefined) return this.#qualified(attribute, named);
    const own = [...parts(attribute)][0];
    return own === undefined ? "xs:anySimpleType" : this.#simpleType(own);
  }

  #simpleType(type: XmlElement): string {
    const [derivation] = parts(type);
    if (derivation?.name === "restriction") {
      const base = derivation.attribute("", "base");
      if (base === undefined) throw unknown(derivation);
      return `${this.#qualified(derivation, base)}${renderFacets([...parts(derivation)])}`;
    }
    if (derivation?.name === "union") {
      const named = (derivation.attribute("", "memberTypes") ?? "").split(/\s+/).filter((name) => name !== "");
      const members = named.map((name) => this.#qualified(derivation, name));
      return `(${[...members, ...[...parts(derivation)].map((member) => this.#simpleType(member))].join(" | ")})`;
    }
    throw unknown(derivation ?? type);
  }

  /** A qualified name with our prefix, or none for the document's own namespace. */
  #qualified(at: XmlElement, name: string): string {
    const colon = name.indexOf(":");
    const namespace = meaning(at, name.slice(0, Math.max(0, colon)));
    const local = name.slice(colon + 1);
    if (namespace === XS) return `xs:${local}`;
    if (namespace === this.#namespace) return local;
    const prefix = PREFIXES[namespace];
    if (prefix === undefined) throw new Error(`no prefix for ${namespace}`);
    return `${prefix}:${local}`;
  }
}

function meaning(at: XmlElement, prefix: string): string {
  for (let element: XmlElement | null = at; element !== null; element = element.parent) {
    for (const declared of element.declarations) if (declared.prefix === prefix) return declared.namespace;
  }
  return prefix === "xml" ? "http://www.w3.org/XML/1998/namespace" : "";
}

function* parts(element: XmlElement): Generator<XmlElement> {
  for (const child of element.elements(XS)) if (child.name !== "annotation") yield child;
}

function known(element: XmlElement, names: readonly string[]): void {
  for (const attribute of element.attributes) {
    if (!names.includes(attribute.name))
      throw new Error(`${element.name} with ${attribute.name} at line ${element.line}`);
  }
}

function unknown(element: XmlElement): Error {
  return new Error(`the notation has no word for ${element.name} at line ${element.line}`);
}

function wildcard(element: XmlElement): string {
  known(element, ["namespace", "processContents", "minOccurs", "maxOccurs"]);
  const namespace = element.attribute("", "namespace") ?? "##any";
  const word = namespace === "##any" ? "any" : namespace === "##other" ? "other" : PREFIXES[namespace];
  const process = element.attribute("", "processContents") ?? "strict";
  if (word === undefined || (process !== "strict" && process !== "lax")) throw unknown(element);
  return `<${word}${process === "strict" ? " strict" : ""}>`;
}

function occurrence(particle: XmlElement): string {
  const least = particle.attribute("", "minOccurs") ?? "1";
  const most = particle.attribute("", "maxOccurs") ?? "1";
  const signs: Readonly<Record<string, string>> = { "0 1": "?", "0 unbounded": "*", "1 unbounded": "+", "1 1": "" };
  const sign = signs[`${least} ${most}`];
  if (sign === undefined) throw unknown(particle);
  return sign;
}

/** Facets; a list of successive numbers is written as the range that it is. */
function renderFacets(facets: readonly XmlElement[]): string {
  if (facets.length === 0) return "";
  const values = (name: string): string[] =>
    facets.filter((facet) => facet.name === name).map((facet) => facet.attribute("", "value") ?? "");
  const listed = values("enumeration");
  const least = values("minInclusive")[0];
  const most = values("maxInclusive")[0];
  const longest = values("maxLength")[0];
  const number = [least, most, longest].filter((value) => value !== undefined).length + listed.length;
  if (number !== facets.length) throw unknown(facets[0] as XmlElement);
  if (longest !== undefined) return `{length ..${longest}}`;
  if (listed.length === 0) return `{${least ?? ""}..${most ?? ""}}`;
  const numbers = listed.map(Number);
  const first = numbers[0] ?? 0;
  const successive = listed.every((value, i) => /^\d+$/.test(value) && numbers[i] === first + i);
  if (successive) return `{${first}..${first + listed.length - 1}}`;
  return `{${listed.map((value) => JSON.stringify(value)).join(" | ")}}`;
}
