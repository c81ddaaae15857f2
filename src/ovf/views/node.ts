import type { XmlElement } from "../../xml/tree.js";
import type { OvfScope } from "../scope.js";
import { insertOrdered } from "../write.js";

/**
 * A view of one element of a descriptor. It reads the tree whenever it is asked and keeps nothing; setters write through to the tree,
 * where `null` takes an attribute or element away, and change no line but their own.
 */
export class OvfNode {
  readonly element: XmlElement;
  readonly scope: OvfScope;

  constructor(element: XmlElement, scope: OvfScope) {
    this.element = element;
    this.scope = scope;
  }

  /** Names of children in the order of the schemas, for those that setters create. */
  protected get childOrder(): readonly string[] {
    return ["Info", "Name", "Label", "Description"];
  }

  /** An attribute of the standard, trimmed; `null` where it is missing or empty. */
  attribute(name: string): string | null {
    const value = this.scope.attribute(this.element, name)?.trim();
    return value === undefined || value === "" ? null : value;
  }

  /** Sets an attribute of the standard, or with `null` removes it. */
  setAttribute(name: string, value: string | null): void {
    this.scope.setAttribute(this.element, name, value);
  }

  /** An attribute that is a whole number; `null` where it is missing or no number from 0 to 2^53 - 1. */
  protected number(name: string): number | null {
    return wholeNumber(this.attribute(name));
  }

  protected setNumber(name: string, value: number | null): void {
    this.setAttribute(name, value === null ? null : String(value));
  }

  protected setFlag(name: string, value: boolean | null): void {
    this.setAttribute(name, value === null ? null : String(value));
  }

  /** A child element of the standard. */
  part(name: string): XmlElement | undefined {
    return this.scope.child(this.element, name);
  }

  /** A child element with a text that may be localized. */
  protected message(name: string): OvfText | null {
    const element = this.part(name);
    return element === undefined ? null : new OvfText(element, this.scope);
  }

  /** Sets the text of a child element, which is created where it is missing, or with `null` removes it. */
  protected setText(name: string, value: string | null): void {
    const present = this.part(name);
    if (value === null) present?.remove();
    else (present ?? this.create(name)).text = value;
  }

  /** A new child element of the standard in its place. */
  protected create(name: string): XmlElement {
    const child = this.element.create(this.#childNamespace, name);
    insertOrdered(this.element, child, this.childOrder);
    return child;
  }

  /** The namespace of new children: that of those which are there. OVF 0.9 has them in none. */
  get #childNamespace(): string {
    for (const child of this.scope.children(this.element)) return child.namespace;
    const { namespace } = this.element;
    return this.scope.isCore(namespace) ? namespace : this.scope.namespace;
  }

  /** The configurations that the element is for; empty: for all. */
  get configurations(): readonly string[] {
    return words(this.attribute("configuration"));
  }

  set configurations(ids: readonly string[]) {
    this.setAttribute("configuration", ids.length === 0 ? null : ids.join(" "));
  }

  /** Whether the element counts in a configuration; `null`: the package has none. */
  appliesTo(configuration: string | null): boolean {
    const { configurations } = this;
    return configurations.length === 0 || (configuration !== null && configurations.includes(configuration));
  }

  /** Whether importers must know the element (DSP0243 8.4). Nothing said means yes. */
  get required(): boolean {
    const required = this.attribute("required");
    return required === null || isTrue(required);
  }

  /** `null` says nothing, which means yes. */
  set required(required: boolean | null) {
    this.setFlag("required", required);
  }
}

/** An element with a text that may be localized: `Msg_Type` of the schemas. */
export class OvfText extends OvfNode {
  /** The text that stands in the element itself, as it is. */
  get text(): string {
    return this.element.text;
  }

  set text(text: string) {
    this.element.text = text;
  }

  /** Id of the message that holds it in other languages. */
  get messageId(): string | null {
    return this.attribute("msgid");
  }

  set messageId(id: string | null) {
    this.setAttribute("msgid", id);
  }
}

/** Whether an attribute is `true` as XML Schema writes it. Writers from scripting languages begin it with a capital. */
export function isTrue(value: string | null): boolean {
  return value !== null && /^(true|1)$/i.test(value);
}

/** A whole number from 0 to 2^53 - 1; `null` for any other text. */
export function wholeNumber(text: string | null): number | null {
  if (text === null || !/^[0-9]{1,16}$/.test(text.trim())) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : null;
}

/** The words of a list that is separated by white space. */
export function words(text: string | null): readonly string[] {
  return (text ?? "").split(/\s+/).filter((word) => word !== "");
}
