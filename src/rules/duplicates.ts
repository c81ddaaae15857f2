import type { XmlElement } from "../xml/tree.js";
import type { Finding } from "./rule.js";

/** A finding for each thing whose key an earlier one has; `values` has `{id}` (the key, or what `nameOf` gives), and the first one is named beside. */
export function* repeated<T>(
  things: Iterable<T>,
  keyOf: (thing: T) => string | null,
  elementOf: (thing: T) => XmlElement,
  nameOf: (thing: T) => string | null = keyOf,
): Generator<Finding> {
  // Places are worked out for what is found alone: of a large descriptor that means a look at all its lines.
  const first = new Map<string, XmlElement>();
  for (const thing of things) {
    const key = keyOf(thing);
    if (key === null) continue;
    const element = elementOf(thing);
    const before = first.get(key);
    if (before === undefined) first.set(key, element);
    else
      yield {
        values: { id: nameOf(thing) },
        location: element.location,
        related: [{ message: "the first one is here", location: before.location }],
      };
  }
}
