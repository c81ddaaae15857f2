import type { XmlElement } from "../../xml/tree.js";
import { actualType } from "./actual-type.js";
import type { SchemaType } from "./model.js";
import type { Schema } from "./schema.js";
import { type Move, movesOf, type Row, rowOf } from "./siblings.js";
import { type SchemaVersion, schemaOf } from "./versions.js";

/** In which order the children of elements belong: what mending asks. */
export interface ChildOrder {
  /**
   * The moves that bring the children of an element into order, to be made one behind the other. Children that the schema does not
   * know stay where they are. Empty where all stands right or the order is not known.
   */
  moves(parent: XmlElement): readonly Move[];
  /**
   * The child in front of which a new one of that name belongs; `null`: behind all; `undefined`: the element does not take it, or what
   * it takes is not known.
   */
  placeFor(parent: XmlElement, namespace: string, name: string): XmlElement | null | undefined;
}

/** The order that the schemas of a version want. */
export function childOrder(version: SchemaVersion): ChildOrder {
  const schema = schemaOf(version);
  const rowIn = (parent: XmlElement): Row | null => {
    const type = typeOf(schema, parent);
    return type?.kind === "complex" && type.content !== null ? rowOf(type.content.particle) : null;
  };
  return {
    moves(parent): readonly Move[] {
      const row = rowIn(parent);
      return row === null ? [] : movesOf(row.place([...parent.elements()]));
    },
    placeFor(parent, namespace, name): XmlElement | null | undefined {
      const row = rowIn(parent);
      if (row === null) return undefined;
      const children = [...parent.elements()];
      const [wanted] = row.place([{ namespace, name }]);
      if (wanted === undefined || wanted.slot < 0) return undefined;
      const index = row.place(children).findIndex(({ slot }) => slot > wanted.slot);
      return children[index] ?? null;
    },
  };
}

/** The type of an element by its place below the root; `null` where its place has none. */
function typeOf(schema: Schema, element: XmlElement): SchemaType | null {
  const path = [element];
  for (let at = element.parent; at !== null; at = at.parent) path.push(at);
  return path.reduceRight<SchemaType | null>((above, step, index) => {
    if (above === null && index < path.length - 1) return null;
    const content = above?.kind === "complex" ? above.content : null;
    const { namespace, name } = step;
    const declared = (content?.find(namespace, name) ?? schema.element(namespace, name))?.type ?? null;
    return declared === null ? null : (actualType(schema, step, declared) ?? declared);
  }, null);
}
