import type { Occurrence } from "./notation-reader.js";
import type { SimpleType } from "./simple-types.js";

/** An element as a schema declares it. */
export interface ElementDeclaration {
  readonly namespace: string;
  readonly name: string;
  /** As OVF documents write it: `rasd:Address`. */
  readonly label: string;
  readonly type: SchemaType;
  /** `xsi:nil` may stand at it. */
  readonly nillable: boolean;
}

/** An attribute that a type names. */
export interface AttributeUse {
  readonly namespace: string;
  readonly name: string;
  /** As OVF documents write it: `ovf:id`. */
  readonly label: string;
  readonly type: SimpleType;
  readonly required: boolean;
}

/** Names that a type takes without naming them. */
export interface Wildcard {
  /** Of any namespace; of any `other` than `of`; of that `one`. */
  readonly takes: "any" | "other" | "one";
  readonly of: string;
  /** What it finds must be declared somewhere. */
  readonly strict: boolean;
}

/** What can stand in one place: one of several elements, or what a wildcard takes. */
export type Term =
  | { readonly kind: "elements"; readonly elements: readonly ElementDeclaration[] }
  | { readonly kind: "wildcard"; readonly wildcard: Wildcard };

/** A content model as a tree. */
export type Particle = Occurrence &
  (
    | { readonly kind: "term"; readonly term: Term }
    | { readonly kind: "sequence" | "choice"; readonly parts: readonly Particle[] }
  );

/** What a child element was found to be: the declaration, or the wildcard that took it. */
export interface Match {
  readonly declaration: ElementDeclaration | null;
  readonly wildcard: Wildcard | null;
}

/** Where one is between the children of an element. */
export interface State {
  /** The children may end here. */
  readonly complete: boolean;
  /** What may come next. */
  readonly expected: readonly Term[];
}

/** A step from one child to the next. */
export interface Step extends Match {
  readonly namespace: string;
  /** Position in the model. */
  readonly to: number;
}

/** The order in which the children of an element may stand. */
export interface ContentModel {
  readonly particle: Particle;
  readonly start: State;
  /** What a child is; `null` where it may not come. */
  step(state: State, namespace: string, name: string): Step | null;
  /** Where one stands behind a child. */
  after(step: Step): State;
  /** The declaration of a name, wherever in the model it stands. */
  find(namespace: string, name: string): ElementDeclaration | undefined;
}

/** A type of elements that hold elements or have attributes. */
export interface ComplexType {
  readonly kind: "complex";
  /** As documents name it: `ovf:File_Type`; `null` for one that only an element has. */
  readonly name: string | null;
  readonly base: SchemaType | null;
  readonly abstract: boolean;
  /** Text may stand between the elements. */
  readonly mixed: boolean;
  /** `null` where no elements may stand. */
  readonly content: ContentModel | null;
  /** The type of its text, where it holds text alone. */
  readonly text: SimpleType | null;
  readonly attributes: readonly AttributeUse[];
  readonly otherAttributes: Wildcard | null;
}

/** XML Schema's `anyType`, which takes everything and checks what is declared. */
export interface AnyType {
  readonly kind: "any";
  readonly name: string;
}

/** What elements can be. */
export type SchemaType = ComplexType | SimpleType | AnyType;

/** Whether a wildcard takes names of a namespace. */
export function takesNamespace(wildcard: Wildcard, namespace: string): boolean {
  if (wildcard.takes === "any") return true;
  // Names without a namespace are not those of another one (XML Schema 1.0, part 1, 3.10.4).
  return wildcard.takes === "one" ? namespace === wildcard.of : namespace !== wildcard.of && namespace !== "";
}

/** Whether a type is another one or derived from it (XML Schema 1.0, part 1, 3.4.6 and 3.14.6). */
export function isDerived(type: SchemaType, from: SchemaType): boolean {
  if (from.kind === "any") return true;
  if (from.kind === "simple" && from.members?.some((member) => isDerived(type, member)) === true) return true;
  for (let at: SchemaType | null = type; at !== null; at = at.kind === "any" ? null : at.base) {
    if (at === from) return true;
  }
  return false;
}
