/** Products and licences as they stand in a spec. */
import type { Product, Property } from "../../appliance/appliance.js";
import { fields, put, type SpecSource, some, text, type Value } from "./values.js";

/** Adds what belongs to a machine, or with `null` to the whole appliance. */
export function about(map: Map<string, Value>, machine: string | null, source: SpecSource): void {
  const { appliance } = source;
  const products = appliance.products.flatMap((product, index) =>
    product.machine === machine ? [productOf(product, index, source)] : [],
  );
  put(map, "products", some(products));
  // An empty list item would be nothing.
  const eulas = appliance.eulas.flatMap((eula) => (eula.machine === machine ? [text(eula.text)] : []));
  put(map, "eulas", some(eulas));
}

function productOf(product: Product, index: number, source: SpecSource): Value {
  const { properties } = product;
  const map = fields([
    ["name", product.name],
    ["vendor", product.vendor],
    ["version", product.version],
    ["full-version", product.fullVersion],
    ["class", product.class],
    ["instance", product.instance],
  ]);
  const questions = properties.map((property) => [property.key, propertyOf(property, index, source)] as const);
  if (questions.length === 0) return map;
  const twice = new Set(properties.map(({ key }) => key)).size < properties.length;
  if (!twice) map.set("properties", new Map(questions));
  else
    map.set(
      "property-list",
      questions.map(([key, own]) => new Map([["key", text(key)], ...own])),
    );
  return map;
}

function propertyOf(property: Property, product: number, { options }: SpecSource): Map<string, Value> {
  const { key, value } = property;
  const values = new Map<string, Value>();
  for (const [option, appliance] of options) {
    const other = appliance.products[product]?.properties.find((one) => one.key === key)?.value;
    if (typeof other === "string" && other !== value) values.set(option, text(other));
  }
  return fields([
    ["type", property.type],
    ["label", property.label],
    ["description", property.description],
    ["default", typeof value === "string" ? value : null],
    ["values", values.size === 0 ? null : values],
    ["category", property.category],
    ["user-configurable", property.userConfigurable ? null : false],
    ["password", property.password ? true : null],
    ["qualifiers", property.qualifiers],
  ]);
}
