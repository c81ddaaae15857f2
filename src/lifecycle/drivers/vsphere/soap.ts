/** Messages of the vSphere Web Services API (SOAP 1.1, namespace `urn:vim25`): written from nodes, read into elements. */
import { FerryError } from "../../../base/errors.js";
import type { Limits } from "../../../base/limits.js";
import { printable } from "../../../base/text.js";
import { el, renderXml, type XmlNode } from "../../../xml/build.js";
import { parseXml } from "../../../xml/parse.js";
import type { XmlElement } from "../../../xml/tree.js";

/** The namespace of everything that the API says. */
export const VIM = "urn:vim25";
const ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/";
const XSI = "http://www.w3.org/2001/XMLSchema-instance";
const XSD = "http://www.w3.org/2001/XMLSchema";

/** A managed object. */
export interface Ref {
  /** Its type: `VirtualMachine`. */
  readonly type: string;
  /** What the server calls it: `vm-42`. */
  readonly value: string;
}

/** What a server says in place of an answer. */
export interface Fault {
  /** Its type: `NotAuthenticated`; empty where it has none. */
  readonly name: string;
  /** In the server's words, with control characters made visible. */
  readonly words: string;
  /** Its simple members. */
  readonly fields: ReadonlyMap<string, string>;
}

/** A reference as an argument. */
export function refNode(name: string, { type, value }: Ref): XmlNode {
  return el(name, { type }, value);
}

/** A value of a simple type, where the API takes any. */
export function anyText(name: string, value: string): XmlNode {
  return el(name, { "xsi:type": "xsd:string" }, value);
}

/** One call as a message. @throws `xml/forbidden-character` */
export function renderCall(method: string, of: Ref, args: readonly XmlNode[]): Uint8Array {
  const text = renderXml(
    el(
      "soapenv:Envelope",
      { "xmlns:soapenv": ENVELOPE, "xmlns:xsd": XSD, "xmlns:xsi": XSI },
      el("soapenv:Body", {}, el(method, { xmlns: VIM }, refNode("_this", of), ...args)),
    ),
  );
  return new TextEncoder().encode(text);
}

/**
 * What a server answered to a call.
 * @throws `deploy/bad-answer` for what is no message of SOAP
 */
export function parseAnswer(bytes: Uint8Array, method: string, limits: Limits): XmlElement | { readonly fault: Fault } {
  let root: XmlElement;
  try {
    root = parseXml(bytes, `the answer to ${method}`, limits).root;
  } catch (cause) {
    throw badAnswer(method, "what is no XML that can be read", cause);
  }
  const body = root.namespace === ENVELOPE ? root.element(ENVELOPE, "Body") : undefined;
  const [first] = body?.elements() ?? [];
  if (first === undefined) throw badAnswer(method, "what is no message of SOAP");
  if (first.namespace === ENVELOPE && first.name === "Fault") return { fault: faultOf(first) };
  if (first.name !== `${method}Response`) throw badAnswer(method, `${JSON.stringify(printable(first.name))}`);
  return first;
}

/** @param what of the server's words, for the message */
export function badAnswer(method: string, what: string, cause?: unknown): FerryError {
  return new FerryError("deploy/bad-answer", `the server answers ${method} with ${what}`, {
    cause,
    hint: "Is it the address of a vCenter or an ESXi?",
  });
}

function faultOf(fault: XmlElement): Fault {
  const words = childNamed(fault, "faultstring")?.text ?? "";
  const [detail] = childNamed(fault, "detail")?.elements() ?? [];
  if (detail === undefined) return { name: "", words: shown(words), fields: new Map() };
  return { name: typeOf(detail) || detail.name.replace(/Fault$/, ""), words: shown(words), fields: fieldsOf(detail) };
}

/** A fault that is a value: the error of a task or a lease (LocalizedMethodFault). */
export function localizedFault(error: XmlElement): Fault {
  const fault = child(error, "fault");
  return {
    name: fault === undefined ? "" : typeOf(fault),
    words: shown(textOf(error, "localizedMessage") ?? ""),
    fields: fault === undefined ? new Map() : fieldsOf(fault),
  };
}

function fieldsOf(element: XmlElement): Map<string, string> {
  const fields = new Map<string, string>();
  for (const part of element.elements()) {
    const text = part.text.trim();
    if (text !== "" && fields.size < 50) fields.set(part.name, shown(text));
  }
  return fields;
}

/** Words of a server that messages can hold. */
const MOST_SHOWN = 500;

function shown(text: string): string {
  const line = printable(text.trim().replace(/\s+/g, " "));
  return line.length > MOST_SHOWN ? `${line.slice(0, MOST_SHOWN)}…` : line;
}

function childNamed(element: XmlElement, name: string): XmlElement | undefined {
  for (const part of element.elements()) if (part.name === name) return part;
  return undefined;
}

/** The first child of a name in the namespace of the API. */
export function child(element: XmlElement, name: string): XmlElement | undefined {
  return element.element(VIM, name);
}

/** All children of a name. */
export function children(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element === undefined ? [] : [...element.elements(VIM, name)];
}

/** The text of the child that a path of names leads to; `undefined`: it is not there. */
export function textOf(element: XmlElement | undefined, ...path: readonly string[]): string | undefined {
  let at = element;
  for (const name of path) at = at === undefined ? undefined : child(at, name);
  return at?.text.trim();
}

/** A number that is whole and not negative; `undefined` for everything else. */
export function countOf(element: XmlElement | undefined, ...path: readonly string[]): number | undefined {
  const text = textOf(element, ...path);
  const value = text === undefined || !/^\d{1,16}$/.test(text) ? Number.NaN : Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** A reference that an element holds. */
export function refOf(element: XmlElement | undefined): Ref | null {
  const type = element?.attribute("", "type");
  const value = element?.text.trim() ?? "";
  if (type === undefined || !isObjectId(value) || !/^[A-Za-z]{1,64}$/.test(type)) return null;
  return { type, value };
}

/** Whether a text can be what a server calls an object. An ESXi has its networks' names in it: `HaNetwork-VM Network`. */
export function isObjectId(text: string): boolean {
  return /^[^\p{C}]{1,256}$/u.test(text);
}

/** All references of an element that is an array of them. */
export function refsOf(element: XmlElement | undefined): readonly Ref[] {
  const found: Ref[] = [];
  for (const part of element?.elements() ?? []) {
    const ref = refOf(part);
    if (ref !== null) found.push(ref);
  }
  return found;
}

/** The type that an element says it has, without its prefix; empty: none. */
export function typeOf(element: XmlElement): string {
  const type = element.attribute(XSI, "type") ?? "";
  return type.slice(type.indexOf(":") + 1);
}

/** Types of XML Schema that the API uses for values of any type. */
const SIMPLE = new Set([
  ...["string", "boolean", "byte", "short", "int", "long", "float", "double"],
  ...["dateTime", "anyURI", "base64Binary"],
]);

/** An element of an answer as an argument of another call, under another name. */
export function asNode(element: XmlElement, name: string): XmlNode {
  const type = typeOf(element);
  const inner = [...element.elements()].map((part) => asNode(part, part.name));
  return el(
    name,
    {
      type: element.attribute("", "type"),
      "xsi:type": type === "" ? null : SIMPLE.has(type) ? `xsd:${type}` : type,
    },
    ...(inner.length > 0 ? inner : element.text === "" ? [] : [element.text]),
  );
}
