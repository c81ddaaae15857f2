import type { XmlAttribute, XmlDocument, XmlElement } from "../../xml/tree.js";
import { XSI } from "../namespaces.js";
import { typeNamed } from "./actual-type.js";
import { normalizeSpace } from "./builtin-types.js";
import { AttributeChecker } from "./check-attributes.js";
import { diagnoseChildren } from "./diagnose.js";
import { finding, quoted, type StructureFinding, writtenAttribute, writtenName } from "./findings.js";
import { type ComplexType, type ContentModel, isDerived, type Match, type SchemaType } from "./model.js";
import { ANY_TYPE, type Schema } from "./schema.js";
import { type Row, rowOf } from "./siblings.js";
import { describeSimpleType, isValue, type SimpleType } from "./simple-types.js";
import { type SchemaVersion, schemaOf } from "./versions.js";

/**
 * What in a document is not as the schemas of a version say: elements in the wrong place, missing or unknown, attributes, values,
 * text. Findings come in document order as far as they are asked for; none means that the document is valid. The document is walked
 * once, and each child is looked up once.
 * @param version `schemaVersionOf(document.root)` is the newest for the document's namespace
 */
export function* checkStructure(document: XmlDocument, version: SchemaVersion): Generator<StructureFinding> {
  const schema = schemaOf(version);
  const { root } = document;
  const declaration = schema.element(root.namespace, root.name);
  if (declaration === undefined) {
    yield unknownRoot(root, version);
    return;
  }
  const checker = new Checker(schema);
  checker.push(root, { declaration, wildcard: null });
  for (let found = checker.next(); found !== null; found = checker.next()) yield* found;
}

function unknownRoot(root: XmlElement, version: SchemaVersion): StructureFinding {
  const expected = version.startsWith("environment") ? "ovfenv:Environment" : "ovf:Envelope";
  const namespace = root.namespace === "" ? "no namespace" : `the namespace ${root.namespace}`;
  return finding("element-unexpected", root, {
    subject: writtenName(root),
    expected: [expected],
    found: writtenName(root),
    message: `the root element is ${writtenName(root)} in ${namespace}, which the schemas of ${version} do not know`,
    hint: `It should be ${expected}.`,
  });
}

interface Task {
  readonly element: XmlElement;
  readonly match: Match;
}

function* chain<T>(...parts: readonly Iterable<T>[]): Generator<T> {
  for (const part of parts) yield* part;
}

const NONE: readonly StructureFinding[] = [];

class Checker {
  readonly #schema: Schema;
  /** What is still to be looked at, the next one last: elements wait here instead of on the stack of calls. */
  readonly #tasks: Task[] = [];
  readonly #attributes: AttributeChecker;
  readonly #rows = new Map<ContentModel, Row | null>();
  #findings: StructureFinding[] = [];
  /** What is wrong with the children of the element that is looked at. */
  #explained: Iterable<StructureFinding> | null = null;

  constructor(schema: Schema) {
    this.#schema = schema;
    this.#attributes = new AttributeChecker(schema, (found) => this.#findings.push(found));
  }

  push(element: XmlElement, match: Match): void {
    this.#tasks.push({ element, match });
  }

  /** What is wrong with the next element itself and its children as such; `null` behind the last. */
  next(): Iterable<StructureFinding> | null {
    const task = this.#tasks.pop();
    if (task === undefined) return null;
    this.#check(task.element, task.match);
    if (this.#findings.length === 0 && this.#explained === null) return NONE;
    const own = this.#findings;
    const explained = this.#explained;
    this.#findings = [];
    this.#explained = null;
    return explained === null ? own : chain(own, explained);
  }

  #check(element: XmlElement, match: Match): void {
    const declaration = match.declaration ?? this.#schema.element(element.namespace, element.name) ?? null;
    if (declaration === null && match.wildcard?.strict === true) {
      this.#add("element-unexpected", element, {
        subject: writtenName(element),
        found: writtenName(element),
        message: `${writtenName(element)} stands where only elements may that a schema declares, and none does`,
        hint: "Remove it, or use an element of XML Signature or XML Encryption.",
      });
      return;
    }
    const { attributes } = element;
    const declared = declaration?.type ?? ANY_TYPE;
    const type = attributes.length === 0 ? declared : this.#actualType(element, attributes, declared);
    if (type === null) return;
    if (type.kind === "complex" && type.abstract) {
      this.#add("unknown-type", element, {
        subject: writtenName(element),
        message: `${writtenName(element)} does not say what it is: its type ${type.name ?? ""} is only the common part of others`,
        hint: `Use one of the elements that stand in its place, such as ${type.name?.startsWith("ovf:Content") === true ? "ovf:VirtualSystem" : "ovf:AnnotationSection"}.`,
      });
      return;
    }
    this.#attributes.check(element, attributes, type);
    if (declaration !== null && this.#isNil(element, attributes, declaration.nillable ? "nillable" : "never")) return;
    const label = declaration?.label ?? writtenName(element);
    if (type.kind === "any") this.#anyContent(element);
    else if (type.kind === "simple") this.#textContent(element, label, type);
    else if (type.text !== null) this.#textContent(element, label, type.text);
    else if (type.content !== null) this.#elementContent(element, label, type, type.content);
    else if (!type.mixed) this.#noContent(element, label);
  }

  #add(...parts: Parameters<typeof finding>): void {
    this.#findings.push(finding(...parts));
  }

  /** The declared type, or the one that `xsi:type` names; `null` where that is none. */
  #actualType(element: XmlElement, attributes: readonly XmlAttribute[], declared: SchemaType): SchemaType | null {
    const attribute = attributes.find(({ name, namespace }) => name === "type" && namespace === XSI);
    if (attribute === undefined) return declared;
    const value = normalizeSpace(attribute.value, "collapse");
    const type = typeNamed(this.#schema, element, value);
    if (type !== undefined && isDerived(type, declared)) return type;
    const name = declared.kind === "any" ? null : declared.name;
    this.#add("unknown-type", element, {
      attribute,
      subject: writtenAttribute(attribute),
      found: value,
      expected: name === null ? [] : [name],
      message:
        type === undefined
          ? `${writtenAttribute(attribute)} names the type ${quoted(value)}, which the standard does not have`
          : `${writtenAttribute(attribute)} names the type ${value}, which is no ${name ?? "type of this element"}`,
      hint: "Use a type of the standard that fits the element, or leave it out.",
    });
    return null;
  }

  /** Whether `xsi:nil` says that an element has no value: then it is empty. */
  #isNil(element: XmlElement, attributes: readonly XmlAttribute[], may: "nillable" | "never"): boolean {
    const attribute = attributes.find(({ name, namespace }) => name === "nil" && namespace === XSI);
    if (attribute === undefined) return false;
    const common = { attribute, subject: writtenAttribute(attribute), found: attribute.value } as const;
    if (may === "never") {
      this.#add("attribute-unexpected", element, {
        ...common,
        message: `${writtenName(element)} must have a value, so ${writtenAttribute(attribute)} may not stand at it`,
        hint: "Remove the attribute, and give the element its value.",
      });
      return false;
    }
    const value = normalizeSpace(attribute.value, "collapse");
    if (!/^(?:true|false|0|1)$/.test(value)) {
      this.#add("value-invalid", element, {
        ...common,
        expected: ["true or false"],
        message: `${writtenAttribute(attribute)} is ${quoted(value)}, not true or false`,
        hint: "Give it true or false.",
      });
    }
    if (value !== "true" && value !== "1") return false;
    for (const _ of element.elements()) return this.#nilWithContent(element);
    return element.text === "" || this.#nilWithContent(element);
  }

  #nilWithContent(element: XmlElement): true {
    this.#add("text-unexpected", element, {
      subject: writtenName(element),
      message: `${writtenName(element)} has content, and xsi:nil says that it has none`,
      hint: "Remove xsi:nil, or the content.",
    });
    return true;
  }

  #anyContent(element: XmlElement): void {
    const first = this.#tasks.length;
    for (const child of element.elements()) this.push(child, ANYTHING);
    this.#reverseFrom(first);
  }

  #textContent(element: XmlElement, label: string, type: SimpleType): void {
    for (const child of element.elements()) {
      this.#add("element-unexpected", child, {
        subject: writtenName(child),
        found: writtenName(child),
        message: `${label} holds ${writtenName(child)}, where only text may stand`,
        hint: `${label} takes ${describeSimpleType(type)}.`,
      });
      return;
    }
    if (type.free) return;
    const { text } = element;
    if (isValue(type, text)) return;
    const expected = describeSimpleType(type);
    this.#add("value-invalid", element, {
      subject: label,
      expected: [expected],
      found: text,
      message: `${label} is ${quoted(text.trim())}, not ${expected}`,
      hint: `Give it ${expected}.`,
    });
  }

  #noContent(element: XmlElement, label: string): void {
    for (const child of element.elements()) {
      this.#add("element-unexpected", child, {
        subject: writtenName(child),
        found: writtenName(child),
        message: `${label} takes no ${writtenName(child)}, and no other element`,
        hint: "Remove it.",
      });
      return;
    }
    const { text } = element;
    if (text === "") return;
    const blank = isBlank(text);
    this.#add("text-unexpected", element, {
      subject: label,
      found: text,
      message: blank
        ? `${label} holds white space and must be empty`
        : `${label} holds the text ${quoted(text.trim())} and must be empty`,
      hint: "Write it as one tag that ends in />.",
    });
  }

  #elementContent(element: XmlElement, label: string, type: ComplexType, model: ContentModel): void {
    const first = this.#tasks.length;
    let state = model.start;
    let fits = true;
    for (const child of element.elements()) {
      const step = model.step(state, child.namespace, child.name);
      if (step === null) {
        fits = false;
        break;
      }
      this.push(child, step);
      state = model.after(step);
    }
    if (fits && state.complete) this.#reverseFrom(first);
    else {
      this.#tasks.length = first;
      this.#explain(element, label, model);
    }
    if (type.mixed) return;
    const { text } = element;
    if (isBlank(text)) return;
    this.#add("text-unexpected", element, {
      subject: label,
      found: text,
      message: `${label} holds the text ${quoted(text.trim())}, where only elements may stand`,
      hint: "Remove the text, or make it a comment.",
    });
  }

  #explain(element: XmlElement, label: string, model: ContentModel): void {
    const children = [...element.elements()];
    let row = this.#rows.get(model);
    if (row === undefined) {
      row = rowOf(model.particle);
      this.#rows.set(model, row);
    }
    const { findings, matches } = diagnoseChildren(element, label, children, model, row);
    this.#explained = findings;
    for (let index = children.length - 1; index >= 0; index--) {
      const child = children[index];
      const match = matches[index] ?? null;
      if (child !== undefined && match !== null) this.push(child, match);
    }
  }

  /** The last task is the next, so children are turned round. */
  #reverseFrom(first: number): void {
    const tasks = this.#tasks;
    for (let low = first, high = tasks.length - 1; low < high; low++, high--) {
      const [a, b] = [tasks[low], tasks[high]];
      if (a === undefined || b === undefined) return;
      tasks[low] = b;
      tasks[high] = a;
    }
  }
}

/** Whether a text is white space as XML knows it, or nothing. */
function isBlank(text: string): boolean {
  return !/[^ \t\r\n]/.test(text);
}

/** What stands under an element of which nothing is known. */
const ANYTHING: Match = { declaration: null, wildcard: null };
