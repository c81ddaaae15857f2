import type { XmlElement } from "../../xml/tree.js";
import { type Match, type Particle, type Term, takesNamespace, type Wildcard } from "./model.js";

/** One place among the children of an element, with how many may stand there. */
export interface Slot {
  readonly terms: readonly Term[];
  readonly least: 0 | 1;
  readonly many: boolean;
}

/** A child element, or one that is to become one. */
export interface Named {
  readonly namespace: string;
  readonly name: string;
}

/** What a child is, and the slot that it belongs to; -1 where it belongs nowhere. */
export interface Placed<E extends Named = XmlElement> {
  readonly element: E;
  readonly slot: number;
  readonly match: Match | null;
}

/**
 * A content model as a row of slots; `null` for one in which choices and groups make that impossible. All of OVF's own are rows;
 * those of XML Signature and XML Encryption are not.
 */
export function slotsOf(particle: Particle): readonly Slot[] | null {
  const slots: Slot[] = [];
  return collect(particle, slots) && hasUniqueNames(slots) ? slots : null;
}

function collect(particle: Particle, slots: Slot[]): boolean {
  const { least, many } = particle;
  if (particle.kind === "term") slots.push({ terms: [particle.term], least, many });
  else if (particle.kind === "sequence") {
    if (particle.parts.length === 1 && particle.parts[0] !== undefined) {
      const [inner] = particle.parts;
      const merged = { least: inner.least === 0 ? 0 : least, many: inner.many || many } as const;
      return inner.kind === "sequence" && (many || least === 0) ? false : collect({ ...inner, ...merged }, slots);
    }
    if (many || least === 0) return false;
    return particle.parts.every((part) => collect(part, slots));
  } else {
    const terms: Term[] = [];
    for (const part of particle.parts) {
      if (part.kind !== "term" || (part.many && !many)) return false;
      terms.push(part.term);
    }
    const optional = particle.parts.some((part) => part.least === 0);
    slots.push({ terms, least: optional ? 0 : least, many });
  }
  return true;
}

function hasUniqueNames(slots: readonly Slot[]): boolean {
  const names = new Set<string>();
  for (const { terms } of slots) {
    for (const term of terms) {
      if (term.kind === "wildcard") continue;
      for (const { namespace, name } of term.elements) {
        if (names.has(`${namespace} ${name}`)) return false;
        names.add(`${namespace} ${name}`);
      }
    }
  }
  return true;
}

/** Puts each child into its slot: by name, or else where a wildcard takes it. */
export function placeChildren<E extends Named>(children: readonly E[], slots: readonly Slot[]): readonly Placed<E>[] {
  const named = new Map<string, { readonly slot: number; readonly match: Match }>();
  const wild: { readonly slot: number; readonly wildcard: Wildcard; readonly match: Match }[] = [];
  slots.forEach(({ terms }, slot) => {
    for (const term of terms) {
      if (term.kind === "wildcard") {
        const { wildcard } = term;
        wild.push({ slot, wildcard, match: { declaration: null, wildcard } });
      } else {
        for (const declaration of term.elements) {
          const match = { declaration, wildcard: null };
          named.set(`${declaration.namespace} ${declaration.name}`, { slot, match });
        }
      }
    }
  });
  return children.map((element) => {
    const { namespace, name } = element;
    const found = named.get(`${namespace} ${name}`) ?? wild.find(({ wildcard }) => takesNamespace(wildcard, namespace));
    return { element, slot: found?.slot ?? -1, match: found?.match ?? null };
  });
}

/**
 * The children that can stay where they are: a longest row of them in which slots do not go down. Of several such rows, the one that
 * keeps what stands first, so that what comes late is what must move. What belongs nowhere stays too. O(n log n).
 */
export function keptInPlace(placed: readonly Placed[]): ReadonlySet<Placed> {
  // From the end: for each length of a row, the index of the child with the highest slot that begins one.
  const heads: number[] = [];
  const following = new Int32Array(placed.length).fill(-1);
  const slotAt = (index: number): number => placed[index]?.slot ?? -1;
  for (let index = placed.length - 1; index >= 0; index--) {
    const slot = slotAt(index);
    if (slot < 0) continue;
    let low = 0;
    let high = heads.length;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (slotAt(heads[middle] ?? 0) >= slot) low = middle + 1;
      else high = middle;
    }
    following[index] = low === 0 ? -1 : (heads[low - 1] ?? -1);
    heads[low] = index;
  }
  const kept = new Set(placed.filter(({ slot }) => slot < 0));
  for (let index = heads.at(-1) ?? -1; index >= 0; index = following[index] ?? -1) {
    const child = placed[index];
    if (child !== undefined) kept.add(child);
  }
  return kept;
}

/** A child to be moved in front of a sibling that stays; `null`: behind all. */
export interface Move {
  readonly child: XmlElement;
  readonly before: XmlElement | null;
}

/** The moves that bring children into order, to be made in this order: `parent.insert(child, before ?? undefined)`. */
export function movesOf(placed: readonly Placed[]): readonly Move[] {
  const kept = keptInPlace(placed);
  const staying = placed.filter((child) => child.slot >= 0 && kept.has(child));
  const moved = placed.filter((child) => !kept.has(child)).sort((a, b) => a.slot - b.slot);
  let next = 0;
  return moved.map(({ element, slot }) => {
    while ((staying[next]?.slot ?? Number.POSITIVE_INFINITY) <= slot) next++;
    return { child: element, before: staying[next]?.element ?? null };
  });
}
