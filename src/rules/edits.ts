/** Edits that mends are made of. */
import type { OvfDocument } from "../ovf/document.js";
import { CIM_CLASSES, RASD } from "../ovf/namespaces.js";
import type { OvfItem } from "../ovf/views/items.js";
import type { XmlEdit } from "../xml/changes.js";
import type { XmlElement } from "../xml/tree.js";

/**
 * Sets an attribute of the standard where it stands, or with `null` removes it. A new one is qualified as those beside it are; where no
 * prefix is declared for it, the element declares one itself.
 */
export function attributeEdits(
  { scope }: OvfDocument,
  element: XmlElement,
  name: string,
  value: string | null,
): readonly XmlEdit[] {
  const own = element.attributes.filter((attribute) => scope.isCore(attribute.namespace));
  const there = own.filter((attribute) => attribute.name === name);
  const set = (namespace: string): XmlEdit => ({ edit: "xml", element, change: { namespace, name, value } });
  if (value === null) return there.map(({ namespace }) => set(namespace));
  // An extension's own attributes stand without a namespace, which makes them no attributes of the standard.
  const core = scope.isCore(element.namespace);
  const beside = own.find((attribute) => core || attribute.namespace !== "");
  const namespace = (there.find((attribute) => attribute.namespace === scope.namespace) ?? there[0] ?? beside)
    ?.namespace;
  return namespace === undefined ? qualifiedEdits(scope.namespace, element, name, value) : [set(namespace)];
}

/** Sets an attribute in a namespace. Where no prefix is declared for it, the element declares one itself. */
export function qualifiedEdits(
  namespace: string,
  element: XmlElement,
  name: string,
  value: string,
): readonly XmlEdit[] {
  const set: XmlEdit = { edit: "xml", element, change: { namespace, name, value } };
  if (namespace === "" || prefixOf(element, namespace) !== null) return [set];
  return [{ edit: "xml", element, change: { declare: freePrefix(element, "ovf"), as: namespace } }, set];
}

/** The nearest prefix that an attribute of a namespace can have at an element; `null`: there is none. */
function prefixOf(element: XmlElement, namespace: string): string | null {
  const hidden = new Set<string>();
  for (let at: XmlElement | null = element; at !== null; at = at.parent) {
    for (const declaration of at.declarations) {
      const { prefix } = declaration;
      if (declaration.namespace === namespace && prefix !== "" && !hidden.has(prefix)) return prefix;
      hidden.add(prefix);
    }
  }
  return null;
}

function freePrefix(element: XmlElement, wished: string): string {
  const taken = new Set<string>();
  for (let at: XmlElement | null = element; at !== null; at = at.parent) {
    for (const { prefix } of at.declarations) taken.add(prefix);
  }
  for (let n = 0; ; n++) {
    const prefix = n === 0 ? wished : `${wished}-${n}`;
    if (!taken.has(prefix)) return prefix;
  }
}

/** Says that nobody has to know an element. */
export function optionalEdits(document: OvfDocument, element: XmlElement): readonly XmlEdit[] {
  return attributeEdits(document, element, "required", "false");
}

/** Sets a property of an item. A new one stands where the alphabet puts it, as the schemas want it. */
export function propertyEdit(item: OvfItem, name: string, value: string): XmlEdit {
  const { element, scope } = item;
  for (const there of scope.cimChildren(element, name)) return { edit: "xml", element: there, change: { text: value } };
  let namespace = RASD;
  let before: XmlElement | undefined;
  for (const child of element.elements()) {
    const own = child.namespace.startsWith(CIM_CLASSES);
    if (own) namespace = child.namespace;
    if (before === undefined && (!own || child.name > name)) before = child;
  }
  const created = element.create(namespace, name);
  created.text = value;
  return { edit: "xml", element, change: { insert: created, ...(before === undefined ? {} : { before }) } };
}

/** Takes an element out. */
export function removal(element: XmlElement): XmlEdit {
  return { edit: "xml", element, change: "remove" };
}
