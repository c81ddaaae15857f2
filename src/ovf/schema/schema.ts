import { FerryError } from "../../base/errors.js";
import { builtinType } from "./builtin-types.js";
import { contentModel } from "./content-model.js";
import type {
  AnyType,
  AttributeUse,
  ComplexType,
  ElementDeclaration,
  Particle,
  SchemaType,
  Term,
  Wildcard,
} from "./model.js";
import type { ComplexTypeNotation, SchemaModule } from "./notation.js";
import { type ContentNotation, NotationReader, type SimpleNotation, type TermNotation } from "./notation-reader.js";
import type { SimpleType } from "./simple-types.js";

/** Of the built-in types. */
const XML_SCHEMA = "http://www.w3.org/2001/XMLSchema";

/** What takes everything. */
export const ANY_TYPE: AnyType = { kind: "any", name: "xs:anyType" };

/** A module with what it repeats of another. */
interface FlatModule {
  readonly prefix: string;
  readonly namespace: string;
  readonly elements: ReadonlyMap<string, ElementNotation>;
  readonly attributes: ReadonlyMap<string, string>;
  readonly types: ReadonlyMap<string, ComplexTypeNotation>;
  readonly simpleTypes: ReadonlyMap<string, string>;
}

interface ElementNotation {
  readonly type: string;
  readonly nillable: boolean;
  /** The head of the substitution group that it is in. */
  readonly replaces: string | null;
}

/** The schemas of one version, put together when and as far as a document asks. */
export class Schema {
  readonly #modules: ReadonlyMap<string, FlatModule>;
  readonly #namespaces: ReadonlyMap<string, string>;
  readonly #elements = new Map<string, ElementDeclaration>();
  readonly #attributes = new Map<string, SimpleType>();
  readonly #types = new Map<string, SchemaType>();

  constructor(modules: readonly SchemaModule[]) {
    this.#modules = new Map(modules.map((module) => [module.namespace, flatten(module)]));
    const prefixes = modules.map(({ prefix, namespace }) => [prefix, namespace] as const);
    this.#namespaces = new Map([["xs", XML_SCHEMA], ...prefixes]);
  }

  /** The prefix that documents use for a namespace of the standard. */
  prefixOf(namespace: string): string | undefined {
    return this.#modules.get(namespace)?.prefix;
  }

  /** A global element. */
  element(namespace: string, name: string): ElementDeclaration | undefined {
    const key = `${namespace} ${name}`;
    let found = this.#elements.get(key);
    if (found !== undefined) return found;
    const module = this.#modules.get(namespace);
    const notation = module?.elements.get(name);
    if (module === undefined || notation === undefined) return undefined;
    found = this.#declare(module, name, notation);
    this.#elements.set(key, found);
    return found;
  }

  /** The type of a global attribute. */
  attribute(namespace: string, name: string): SimpleType | undefined {
    const key = `${namespace} ${name}`;
    let found = this.#attributes.get(key);
    if (found !== undefined) return found;
    const module = this.#modules.get(namespace);
    const notation = module?.attributes.get(name);
    if (module === undefined || notation === undefined) return undefined;
    found = this.#simple(module, new NotationReader(notation).simple(), null);
    this.#attributes.set(key, found);
    return found;
  }

  /** A named type, built-in ones included. */
  type(namespace: string, name: string): SchemaType | undefined {
    const key = `${namespace} ${name}`;
    let found = this.#types.get(key);
    if (found !== undefined) return found;
    found = namespace === XML_SCHEMA ? this.#builtin(name) : this.#defined(namespace, name);
    if (found !== undefined) this.#types.set(key, found);
    return found;
  }

  /** What may stand where a global element is referred to: itself and, in turn, what replaces it. */
  #substitutes(namespace: string, name: string): ElementDeclaration[] {
    const head = this.element(namespace, name);
    const found = head === undefined ? [] : [head];
    for (const module of this.#modules.values()) {
      for (const [member, { replaces }] of module.elements) {
        if (replaces === null) continue;
        const [at, local] = this.#resolve(module, replaces);
        if (at === namespace && local === name) found.push(...this.#substitutes(module.namespace, member));
      }
    }
    return found;
  }

  #resolve(module: FlatModule, name: string): readonly [namespace: string, local: string] {
    const colon = name.indexOf(":");
    if (colon < 0) return [module.namespace, name];
    const namespace = this.#namespaces.get(name.slice(0, colon));
    if (namespace === undefined) throw new FerryError("internal/bug", `no schema has the prefix of ${name}`);
    return [namespace, name.slice(colon + 1)];
  }

  #declare(
    module: FlatModule,
    name: string,
    { type, nillable }: { readonly type: string; readonly nillable: boolean },
  ): ElementDeclaration {
    const find = (): SchemaType => this.#named(module, type);
    let found: SchemaType | null = null;
    return {
      namespace: module.namespace,
      name,
      label: `${module.prefix}:${name}`,
      nillable,
      // Types hold elements of their own type.
      get type(): SchemaType {
        found ??= find();
        return found;
      },
    };
  }

  #named(module: FlatModule, name: string): SchemaType {
    const [namespace, local] = this.#resolve(module, name);
    const type = this.type(namespace, local);
    if (type === undefined) throw new FerryError("internal/bug", `no schema has the type ${name}`);
    return type;
  }

  #namedSimple(module: FlatModule, name: string): SimpleType {
    const type = this.#named(module, name);
    if (type.kind !== "simple") throw new FerryError("internal/bug", `the type ${name} is not simple`);
    return type;
  }

  #builtin(name: string): SchemaType | undefined {
    if (name === "anyType") return ANY_TYPE;
    const builtin = builtinType(name);
    if (builtin === undefined) return undefined;
    const base = builtin.base === null ? null : this.type(XML_SCHEMA, builtin.base);
    return {
      kind: "simple",
      name: `xs:${name}`,
      base: base?.kind === "simple" ? base : null,
      builtin,
      facets: null,
      members: null,
      free: builtin.free,
    };
  }

  #defined(namespace: string, name: string): SchemaType | undefined {
    const module = this.#modules.get(namespace);
    const complex = module?.types.get(name);
    if (module !== undefined && complex !== undefined) return this.#complex(module, name, complex);
    const simple = module?.simpleTypes.get(name);
    if (module === undefined || simple === undefined) return undefined;
    return { ...this.#simple(module, new NotationReader(simple).simple(), null), name: `${module.prefix}:${name}` };
  }

  #simple(module: FlatModule, notation: SimpleNotation, narrowed: SimpleType | null): SimpleType {
    if (notation.kind === "union") {
      const members = notation.members.map((member) => this.#simple(module, member, narrowed));
      const base = this.#namedSimple(module, "xs:anySimpleType");
      return { kind: "simple", name: null, base, builtin: base.builtin, facets: null, members, free: false };
    }
    const base = notation.name === "" ? narrowed : this.#namedSimple(module, notation.name);
    if (base === null) throw new FerryError("internal/bug", `a type of ${module.prefix} narrows nothing`);
    if (notation.facets === null) return base;
    return { ...base, name: null, base, facets: notation.facets, members: null, free: false };
  }

  #complex(module: FlatModule, name: string, notation: ComplexTypeNotation): ComplexType {
    const baseName = notation.extends ?? notation.restricts ?? null;
    const base = baseName === null ? null : this.#named(module, baseName);
    const above = base?.kind === "complex" ? base : null;
    const inherits = notation.extends !== undefined;
    const text = this.#text(module, notation, above?.text ?? (base?.kind === "simple" ? base : null));
    const particle = this.#particleOf(module, notation);
    const parts = [inherits ? above?.content?.particle : undefined, particle].filter((part) => part !== undefined);
    const content: Particle = { kind: "sequence", parts, least: 1, many: false };
    const { attributes, otherAttributes } = this.#attributesOf(module, notation, above);
    return {
      kind: "complex",
      name: name.includes("/") ? null : `${module.prefix}:${name}`,
      base: base ?? ANY_TYPE,
      abstract: notation.abstract === true,
      mixed: notation.mixed === true || (inherits && above?.mixed === true),
      content: parts.length === 0 ? null : contentModel(parts.length === 1 ? (parts[0] ?? content) : content),
      text,
      attributes,
      otherAttributes,
    };
  }

  #text(module: FlatModule, { text }: ComplexTypeNotation, above: SimpleType | null): SimpleType | null {
    return text === undefined ? above : this.#simple(module, new NotationReader(text).simple(), above);
  }

  #particleOf(module: FlatModule, { content }: ComplexTypeNotation): Particle | undefined {
    return content === undefined ? undefined : this.#particle(module, new NotationReader(content).content());
  }

  #particle(module: FlatModule, notation: ContentNotation): Particle {
    const { least, many } = notation;
    if (notation.kind === "term") return { kind: "term", term: this.#term(module, notation.term), least, many };
    const parts = notation.parts.map((part) => this.#particle(module, part));
    return { kind: notation.kind, parts, least, many };
  }

  #term(module: FlatModule, notation: TermNotation): Term {
    switch (notation.kind) {
      case "element":
        return { kind: "elements", elements: [this.#declare(module, notation.name, notation)] };
      case "reference":
        return { kind: "elements", elements: this.#substitutes(...this.#resolve(module, notation.name)) };
      case "wildcard":
        return { kind: "wildcard", wildcard: this.#wildcard(module, notation) };
    }
  }

  #wildcard(module: FlatModule, notation: { readonly namespace: string; readonly strict: boolean }): Wildcard {
    const { namespace, strict } = notation;
    if (namespace === "any" || namespace === "other") return { takes: namespace, of: module.namespace, strict };
    return { takes: "one", of: this.#resolve(module, `${namespace}:`)[0], strict };
  }

  #attributesOf(
    module: FlatModule,
    notation: ComplexTypeNotation,
    above: ComplexType | null,
  ): Pick<ComplexType, "attributes" | "otherAttributes"> {
    const attributes = new Map((above?.attributes ?? []).map((use) => [use.label, use]));
    let otherAttributes = notation.extends === undefined ? null : (above?.otherAttributes ?? null);
    for (const part of new NotationReader(notation.attributes ?? "").attributes()) {
      if (part.kind === "wildcard") otherAttributes = this.#wildcard(module, part);
      else {
        const use = this.#attributeUse(module, part);
        attributes.set(use.label, use);
      }
    }
    return { attributes: [...attributes.values()], otherAttributes };
  }

  #attributeUse(
    module: FlatModule,
    part: { readonly name: string; readonly type?: string; readonly required: boolean },
  ): AttributeUse {
    const { name, type, required } = part;
    // A name that is not a reference and has no prefix has no namespace.
    const [namespace, local] = type !== undefined && !name.includes(":") ? ["", name] : this.#resolve(module, name);
    const found = type === undefined ? this.attribute(namespace, local) : this.#namedSimple(module, type);
    if (found === undefined) throw new FerryError("internal/bug", `no schema has the attribute ${name}`);
    const prefix = namespace === "" ? "" : `${this.prefixOf(namespace)}:`;
    return { namespace, name: local, label: `${prefix}${local}`, type: found, required };
  }
}

function flatten(module: SchemaModule): FlatModule {
  const { prefix, namespace } = module;
  const like = module.like === undefined ? null : flatten(module.like);
  const merge = <T>(kind: string, above: ReadonlyMap<string, T> | undefined, own: Readonly<Record<string, T>> = {}) => {
    const merged = new Map([...(above ?? []), ...Object.entries(own)]);
    for (const name of module.without ?? [])
      if (name.startsWith(`${kind} `)) merged.delete(name.slice(kind.length + 1));
    return merged;
  };
  const elements = Object.entries(module.elements ?? {}).map(([name, text]) => [name, readElement(text)] as const);
  return {
    prefix,
    namespace,
    elements: merge("element", like?.elements, Object.fromEntries(elements)),
    attributes: merge("attribute", like?.attributes, module.attributes),
    types: merge("type", like?.types, module.types),
    simpleTypes: merge("simple-type", like?.simpleTypes, module.simpleTypes),
  };
}

/** `Type~ replaces Head` */
function readElement(notation: string): ElementNotation {
  const [left = "", replaces] = notation.split(" replaces ");
  const nillable = left.endsWith("~");
  return { type: nillable ? left.slice(0, -1) : left, nillable, replaces: replaces ?? null };
}
