/** One item of virtual hardware as it is written. */
import { cleanText } from "../../appliance/fit/text.js";
import { el, type XmlAttributeValues, type XmlChild, type XmlNode } from "../../xml/build.js";

/** Properties of an item by name; `null` leaves one out. */
export type ItemProperties = Readonly<Record<string, string | number | boolean | null>>;

/** Not everybody has to know it. */
export const OPTIONAL: { readonly "ovf:required": "false" } = { "ovf:required": "false" };

/** An item with its properties in the order of the alphabet, which the schemas want. `null` leaves one out. */
export function item(
  prefix: "rasd" | "epasd",
  properties: ItemProperties,
  attributes: XmlAttributeValues = {},
  ...extensions: readonly XmlChild[]
): XmlNode {
  const children = Object.entries(properties)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, value]) => (value === null ? [] : [el(`${prefix}:${name}`, {}, cleanText(String(value)))]));
  return el(prefix === "rasd" ? "Item" : "EthernetPortItem", attributes, ...children, ...extensions);
}
