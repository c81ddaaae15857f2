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
export function rowOf(particle: Particle): Row | null {
  const slots: Slot[] = [];
  return collect(particle, slots) && hasUniqueNames(slots) ? new Row(slots) : null;
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

/** The slots of a content model, with what is looked up in them again and again. */
export class Row {
  readonly slots: readonly (Slot & { readonly labels: readonly string[] })[];
  /** The names that it takes, as documents write them. */
  readonly labels: readonly string[];
  /** By name, then by namespace. */
  readonly #named = new Map<string, Map<string, { readonly slot: number; readonly match: Match }>>();
  readonly #wild: { readonly slot: number; readonly wildcard: Wildcard; readonly match: Match }[] = [];
  readonly #meant = new Map<string, string>();

  constructor(slots: readonly Slot[]) {
    this.slots = slots.map((slot) => ({ ...slot, labels: labelsOf(slot.terms) }));
    this.labels = this.slots.flatMap(({ labels }) => labels);
    slots.forEach(({ terms }, slot) => {
      for (const term of terms) this.#add(term, slot);
    });
  }

  /** Puts each child into its slot: by name, or else where a wildcard takes it. */
  place<E extends Named>(children: readonly E[]): readonly Placed<E>[] {
    return children.map((element) => {
      const { namespace, name } = element;
      const found =
        this.#named.get(name)?.get(namespace) ?? this.#wild.find(({ wildcard }) => takesNamespace(wildcard, namespace));
      return { element, slot: found?.slot ?? -1, match: found?.match ?? null };
    });
  }

  /** What somebody meant who wrote a name in another case or namespace. */
  meant(name: string): string | undefined {
    return this.#meant.get(name.toLowerCase());
  }

  #add(term: Term, slot: number): void {
    if (term.kind === "wildcard") {
      const { wildcard } = term;
      this.#wild.push({ slot, wildcard, match: { declaration: null, wildcard } });
      return;
    }
    for (const declaration of term.elements) {
      const { namespace, name, label } = declaration;
      const spaces = this.#named.get(name) ?? new Map();
      spaces.set(namespace, { slot, match: { declaration, wildcard: null } });
      this.#named.set(name, spaces);
      this.#meant.set(name.toLowerCase(), label);
    }
  }
}

/** The names of terms as documents write them. */
export function labelsOf(terms: readonly Term[]): string[] {
  return terms.flatMap((term) => (term.kind === "elements" ? term.elements.map((element) => element.label) : []));
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
export function movesOf(placed: readonly Placed[], kept: ReadonlySet<Placed> = keptInPlace(placed)): readonly Move[] {
  const staying = placed.filter((child) => child.slot >= 0 && kept.has(child));
  const moved = placed.filter((child) => !kept.has(child)).sort((a, b) => a.slot - b.slot);
  let next = 0;
  return moved.map(({ element, slot }) => {
    while ((staying[next]?.slot ?? Number.POSITIVE_INFINITY) <= slot) next++;
    return { child: element, before: staying[next]?.element ?? null };
  });
}
