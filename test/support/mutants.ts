import { FerryError } from "../../src/base/errors.js";
import { defaultLimits } from "../../src/base/limits.js";
import { parseXml } from "../../src/xml/parse.js";
import type { XmlDocument, XmlElement } from "../../src/xml/tree.js";

/** Values that are right for some types and wrong for others. */
const VALUES = ["", "true", "7", "-1", "x", "65536", "http://a b/%", "2010-01-01", "en-US"];

/** Copies of a document with one or two mistakes each, the same for the same seed. */
export function* mutants(document: XmlDocument, count: number, seed: number): Generator<Uint8Array> {
  const bytes = document.serialize();
  const pick = picker(seed);
  for (let index = 0; index < count; index++) {
    const copy = parseXml(bytes, document.file, defaultLimits);
    const elements = [...everything(copy.root)];
    for (let mistakes = 1 + pick(2); mistakes > 0; mistakes--) {
      const element = elements[pick(elements.length)];
      if (element !== undefined && element.parent !== null) damage(copy, element, elements, pick);
    }
    yield copy.serialize();
  }
}

type Pick = (below: number) => number;

/** Whole numbers below a bound. */
function picker(seed: number): Pick {
  let state = seed % 2147483648;
  return (below) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * below);
  };
}

function* everything(element: XmlElement): Generator<XmlElement> {
  yield element;
  for (const child of element.elements()) yield* everything(child);
}

function damage(document: XmlDocument, element: XmlElement, others: readonly XmlElement[], pick: Pick): void {
  const { parent, attributes } = element;
  if (parent === null) return;
  const siblings = [...parent.elements()];
  const children = [...element.elements()];
  const attribute = attributes[pick(attributes.length)];
  const other = others[pick(others.length)] ?? element;
  const value = VALUES[pick(VALUES.length)] ?? "";
  const mistakes: readonly (() => void)[] = [
    () => element.remove(),
    () => parent.insert(element, siblings[pick(siblings.length)]),
    () => attribute !== undefined && element.setAttribute(attribute.namespace, attribute.name, null),
    () => attribute !== undefined && element.setAttribute(attribute.namespace, attribute.name, value),
    () => {
      element.text = value;
    },
    () => element.insert(document.create(other.namespace, other.name), children[pick(3)]),
    () => {
      const twin = document.create(element.namespace, element.name);
      if (children.length === 0) twin.text = element.text;
      parent.insert(twin, element);
    },
    () => element.setAttribute("", "other", value),
  ];
  try {
    mistakes[pick(mistakes.length)]?.();
  } catch (error) {
    // An element that was removed before, or a namespace that has no prefix there.
    if (!(error instanceof FerryError)) throw error;
  }
}
