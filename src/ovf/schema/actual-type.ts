import { isQualifiedName } from "../../xml/characters.js";
import type { XmlElement } from "../../xml/tree.js";
import { XSI } from "../namespaces.js";
import { normalizeSpace } from "./builtin-types.js";
import { isDerived, type SchemaType } from "./model.js";
import type { Schema } from "./schema.js";

/** The type that an element has by its `xsi:type`, else the declared one; `null` where it names none that fits. */
export function actualType(schema: Schema, element: XmlElement, declared: SchemaType): SchemaType | null {
  const value = element.attribute(XSI, "type");
  if (value === undefined) return declared;
  const type = typeNamed(schema, element, value);
  return type !== undefined && isDerived(type, declared) ? type : null;
}

/** The type that a value of `xsi:type` names at an element. */
export function typeNamed(schema: Schema, element: XmlElement, value: string): SchemaType | undefined {
  const name = normalizeSpace(value, "collapse");
  if (!isQualifiedName(name)) return undefined;
  const colon = name.indexOf(":");
  const prefix = name.slice(0, Math.max(0, colon));
  for (let at: XmlElement | null = element; at !== null; at = at.parent) {
    for (const declared of at.declarations) {
      if (declared.prefix === prefix) return schema.type(declared.namespace, name.slice(colon + 1));
    }
  }
  return undefined;
}
