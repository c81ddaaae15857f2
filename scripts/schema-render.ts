import ts from "typescript";

/** A JSON Schema, or a part of one. */
export type Schema = { readonly [keyword: string]: unknown };

const file = "src/report/results.ts";
/** Documents that are no results: what other programs write for vmferry to read. */
const others: readonly (readonly [file: string, type: string])[] = [
  ["src/platforms/hyperv/document.ts", "HypervDocument"],
];

/** Types that are not spelled out: any JSON, and identifiers of the form `area/what`. */
const special: Readonly<Record<string, Schema>> = {
  JsonValue: {},
  DiagnosticCode: { type: "string", pattern: "^[a-z0-9-]+/[a-z0-9-]+$" },
};

/** One schema for each document type of `src/report/results.ts`, by its name: `inspect`, `validate` ... */
export function renderSchemas(): ReadonlyMap<string, Schema> {
  const options: ts.CompilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    types: [],
    noEmit: true,
  };
  const program = ts.createProgram([file, ...others.map(([other]) => other)], options);
  const checker = program.getTypeChecker();
  const typeOf = (from: string, name: string): ts.Type => {
    const source = program.getSourceFile(from);
    const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
    if (module === undefined) throw new Error(`${from} is no module; run this from the project root`);
    const found = checker.getExportsOfModule(module).find((symbol) => symbol.name === name);
    if (found === undefined) throw new Error(`${from} exports no type ${name}`);
    return checker.getDeclaredTypeOfSymbol(found);
  };
  const type = typeOf(file, "Result");
  const results = type.isUnion() ? type.types : [type];
  const schemas = new Map<string, Schema>();
  for (const document of [...results, ...others.map(([other, name]) => typeOf(other, name))]) {
    const id = documentId(checker, document);
    schemas.set(id.replace(/^vmferry\/|@\d+$/g, ""), renderDocument(checker, document, id));
  }
  return schemas;
}

/** The value of a document's `schema` property: `vmferry/inspect@1`. */
function documentId(checker: ts.TypeChecker, document: ts.Type): string {
  const property = document.getProperty("schema");
  const type = property === undefined ? undefined : checker.getTypeOfSymbol(property);
  if (type?.isStringLiteral()) return type.value;
  throw new Error(`${checker.typeToString(document)} has no schema property with one value`);
}

function renderDocument(checker: ts.TypeChecker, document: ts.Type, id: string): Schema {
  const defs = new Map<string, Schema>();
  const body = new TypeRenderer(checker, defs).object(document);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: `urn:${id.replace("/", ":").replace("@", ":")}`,
    title: id,
    ...body,
    ...(defs.size === 0 ? {} : { $defs: Object.fromEntries([...defs].sort(([a], [b]) => (a < b ? -1 : 1))) }),
  };
}

class TypeRenderer {
  readonly #checker: ts.TypeChecker;
  /** Named interfaces met so far. */
  readonly #defs: Map<string, Schema>;

  constructor(checker: ts.TypeChecker, defs: Map<string, Schema>) {
    this.#checker = checker;
    this.#defs = defs;
  }

  object(type: ts.Type): Schema {
    const properties: Record<string, Schema> = {};
    const required: string[] = [];
    for (const symbol of this.#checker.getPropertiesOfType(type)) {
      if ((symbol.flags & ts.SymbolFlags.Optional) === 0) required.push(symbol.name);
      const schema = this.#type(this.#checker.getTypeOfSymbol(symbol));
      const description = ts.displayPartsToString(symbol.getDocumentationComment(this.#checker));
      properties[symbol.name] = description === "" ? schema : { description, ...schema };
    }
    const doc = type.getSymbol()?.getDocumentationComment(this.#checker) ?? [];
    const description = ts.displayPartsToString(doc);
    return { ...(description === "" ? {} : { description }), type: "object", required, properties };
  }

  #type(type: ts.Type): Schema {
    const alias = type.aliasSymbol?.name;
    const known = alias === undefined ? undefined : special[alias];
    if (known !== undefined) return known;
    if (type.isUnion()) return this.#union(type.types);
    if (type.isStringLiteral()) return { const: type.value };
    if (type.flags & ts.TypeFlags.String) return { type: "string" };
    if (type.flags & ts.TypeFlags.TemplateLiteral) return special.DiagnosticCode ?? {};
    if (type.flags & ts.TypeFlags.Number) return { type: "number" };
    if (type.flags & ts.TypeFlags.Boolean) return { type: "boolean" };
    if (type.flags & ts.TypeFlags.Null) return { type: "null" };
    const [element] = this.#checker.isArrayType(type) ? this.#checker.getTypeArguments(type as ts.TypeReference) : [];
    if (element !== undefined) return { type: "array", items: this.#type(element) };
    const value = type.getStringIndexType();
    if (value !== undefined) return { type: "object", additionalProperties: this.#type(value) };
    if (type.flags & ts.TypeFlags.Object) return this.#named(type);
    throw new Error(`no schema for the type ${this.#checker.typeToString(type)}`);
  }

  /** Named interfaces become definitions; what is written in place stays in place. */
  #named(type: ts.Type): Schema {
    const name = type.getSymbol()?.name ?? "__type";
    if (name === "__type") return this.object(type);
    if (!this.#defs.has(name)) {
      this.#defs.set(name, {});
      this.#defs.set(name, this.object(type));
    }
    return { $ref: `#/$defs/${name}` };
  }

  #union(types: readonly ts.Type[]): Schema {
    const nullable = types.some((type) => type.flags & ts.TypeFlags.Null);
    // An optional property counts `undefined` among its types; JSON leaves it out instead.
    const rest = types.filter((type) => !(type.flags & (ts.TypeFlags.Null | ts.TypeFlags.Undefined)));
    if (rest.every((type) => type.isStringLiteral())) {
      // Sorted, since the compiler's order depends on what else it has seen.
      const values = rest.map((type) => (type as ts.StringLiteralType).value).sort();
      return { enum: nullable ? [...values, null] : values };
    }
    const kinds = rest.every((type) => type.flags & ts.TypeFlags.BooleanLike)
      ? [{ type: "boolean" }]
      : rest.map((type) => this.#type(type));
    const [only] = kinds;
    if (kinds.length > 1 || only === undefined) return { anyOf: nullable ? [...kinds, { type: "null" }] : kinds };
    if (!nullable) return only;
    const keys = Object.keys(only);
    if (keys.length === 1 && typeof only.type === "string") return { type: [only.type, "null"] };
    return { anyOf: [only, { type: "null" }] };
  }
}
