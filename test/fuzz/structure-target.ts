import { readFile } from "node:fs/promises";
import { checkStructure } from "../../src/ovf/schema/check.js";
import { childOrder } from "../../src/ovf/schema/child-order.js";
import { schemaVersionOf } from "../../src/ovf/schema/versions.js";
import { parseXml } from "../../src/xml/parse.js";
import type { XmlElement } from "../../src/xml/tree.js";
import type { FuzzTarget } from "./target.js";

/** Structure held to the schemas, and the order of children mended. */
export function structureTarget(descriptors: () => Promise<readonly Uint8Array[]>): FuzzTarget {
  return {
    name: "ovf-structure",
    async seeds() {
      return [...(await descriptors()), new Uint8Array(await readFile("test/fixtures/ovf/encryption-2.ovf"))];
    },
    async run(bytes, ctx) {
      const document = parseXml(bytes, "fuzz.ovf", ctx.limits);
      const { root } = document;
      const version = schemaVersionOf(root) ?? "1.1.1";
      const order = childOrder(version);
      const parents = new Map<number, XmlElement>();
      for (const { kind, element, message, hint } of checkStructure(document, version)) {
        if (message === "" || hint === "" || element.line < 1) throw new Error(`${kind} says nothing`);
        const { parent } = element;
        if (kind === "element-order" && parent !== null) parents.set(parent.id, parent);
      }
      for (const parent of parents.values()) {
        const count = [...parent.elements()].length;
        const moves = order.moves(parent);
        if (moves.length === 0) throw new Error("what is out of order has no place to go to");
        for (const { child, before } of moves) parent.insert(child, before ?? undefined);
        if (order.moves(parent).length > 0) throw new Error("what was brought into order is not in order");
        if ([...parent.elements()].length !== count) throw new Error("a child was lost or doubled");
      }
      for (const { kind, element } of checkStructure(document, version)) {
        if (kind === "element-order" && parents.has(element.parent?.id ?? -1)) throw new Error("still out of order");
      }
    },
  };
}
