/**
 * How schemas are written down in `tables`: one value for each XML schema document, in a notation close to how a person would say it.
 * `scripts/gen-ovf-schema.ts` writes it, `compile.ts` reads it.
 *
 * Names without a prefix are the module's own; `xs:` is XML Schema's built-in types; other prefixes are those of the modules.
 *
 * - Content: `Info=Msg_Type, Name=Msg_Type?, @Section*, (A=x | B=y)+, <other>*`. `=` declares an element with its type, `@` refers to a
 *   global one and all that may stand in its place, `<other>` is any element of another namespace, `<any>` any at all, `<xml>` any of
 *   the namespace with that prefix; `~` behind a type: the element may be nil. What a wildcard finds is checked where its declaration
 *   is known; with `strict` it must be known.
 * - Attributes: `ovf:id=xs:string! @xml:lang <any>`; `!` means that it must be there. A name without a prefix has no namespace.
 * - Simple types: `xs:byte`, `xs:string{"a" | "b"}`, `xs:unsignedShort{0..2}`, `xs:string{length ..64}`, `(A | B)` for a union; `{0..2}`
 *   narrows the text of the type that is restricted.
 */
export interface SchemaModule {
  readonly prefix: string;
  readonly namespace: string;
  /** The module that this one repeats but for what it says itself. */
  readonly like?: SchemaModule;
  /** What `like` has and this one does not: `element Foo`, `type Bar`. */
  readonly without?: readonly string[];
  /** Global elements: their type, `~` where they may be nil, `replaces Head` for a member of a substitution group. */
  readonly elements?: Readonly<Record<string, string>>;
  /** Global attributes: their simple type. */
  readonly attributes?: Readonly<Record<string, string>>;
  readonly types?: Readonly<Record<string, ComplexTypeNotation>>;
  readonly simpleTypes?: Readonly<Record<string, string>>;
}

/** A complex type: with `content` it holds elements, with `text` a simple value, with neither nothing (but for what the base has). */
export interface ComplexTypeNotation {
  /** The type that this one extends, or restricts: then what it says replaces what the base says. */
  readonly extends?: string;
  readonly restricts?: string;
  readonly abstract?: true;
  /** Text may stand between the elements. */
  readonly mixed?: true;
  readonly content?: string;
  readonly text?: string;
  readonly attributes?: string;
}
