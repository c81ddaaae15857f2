import type { Schema } from "../../scripts/schema-render.js";

/**
 * Checks a value against the part of JSON Schema that `schemas/` and the schema of SARIF use. Stricter than the standard in one point: a property
 * that the schema does not name is a mistake, so that types, schemas and results cannot drift apart.
 * @returns one line for each mistake
 */
export function validate(value: unknown, root: Schema): string[] {
  return check(value, root, root, "$");
}

function check(value: unknown, schema: Schema, root: Schema, at: string): string[] {
  if (typeof schema.$ref === "string") return check(value, definition(root, schema.$ref), root, at);
  if (Array.isArray(schema.anyOf)) {
    const attempts = schema.anyOf.map((option: Schema) => check(value, option, root, at));
    return attempts.some((mistakes) => mistakes.length === 0) ? [] : (attempts[0] ?? []);
  }
  if (Array.isArray(schema.oneOf)) {
    const fitting = schema.oneOf.filter((option: Schema) => check(value, option, root, at).length === 0);
    if (fitting.length !== 1) return [`${at}: fits ${fitting.length} of the schemas that exclude each other`];
  }
  if ("const" in schema && value !== schema.const) return [`${at}: is not ${JSON.stringify(schema.const)}`];
  if (Array.isArray(schema.enum) && !schema.enum.includes(value))
    return [`${at}: ${JSON.stringify(value)} is not listed`];
  const types = schema.type === undefined ? null : [schema.type].flat();
  const whole = typeof value === "number" && Number.isInteger(value) && types?.includes("integer") === true;
  if (types !== null && !whole && !types.includes(typeName(value)))
    return [`${at}: is ${typeName(value)}, not ${types.join(" or ")}`];
  if (typeof schema.pattern === "string" && typeof value === "string" && !new RegExp(schema.pattern).test(value)) {
    return [`${at}: ${JSON.stringify(value)} does not match ${schema.pattern}`];
  }
  if (typeof value === "number" && typeof schema.minimum === "number" && value < schema.minimum)
    return [`${at}: ${value} is less than ${schema.minimum}`];
  if (typeof value === "number" && typeof schema.maximum === "number" && value > schema.maximum)
    return [`${at}: ${value} is more than ${schema.maximum}`];
  if (Array.isArray(value) && typeof schema.minItems === "number" && value.length < schema.minItems)
    return [`${at}: has fewer than ${schema.minItems} items`];
  if (
    Array.isArray(value) &&
    schema.uniqueItems === true &&
    new Set(value.map((v) => JSON.stringify(v))).size < value.length
  )
    return [`${at}: has an item twice`];
  if (Array.isArray(value))
    return value.flatMap((item, i) => check(item, (schema.items ?? {}) as Schema, root, `${at}[${i}]`));
  return typeName(value) === "object" ? checkObject(value as Record<string, unknown>, schema, root, at) : [];
}

function checkObject(value: Record<string, unknown>, schema: Schema, root: Schema, at: string): string[] {
  const properties = (schema.properties ?? {}) as Readonly<Record<string, Schema>>;
  const required = (schema.required ?? []) as readonly string[];
  const mistakes = required.filter((key) => !Object.hasOwn(value, key)).map((key) => `${at}.${key}: is missing`);
  for (const [key, item] of Object.entries(value)) {
    const known = Object.hasOwn(properties, key)
      ? properties[key]
      : (schema.additionalProperties as Schema | boolean | undefined);
    if (known === true) continue;
    if (known !== undefined && known !== false) mistakes.push(...check(item, known, root, `${at}.${key}`));
    else if (schema.type === "object") mistakes.push(`${at}.${key}: is not in the schema`);
  }
  return mistakes;
}

function definition(root: Schema, ref: string): Schema {
  const definitions = (root.$defs ?? root.definitions) as Readonly<Record<string, Schema>> | undefined;
  const found = definitions?.[ref.replace(/^#\/(?:\$defs|definitions)\//, "")];
  if (found === undefined) throw new Error(`${ref} is not in the schema`);
  return found;
}

function typeName(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}
