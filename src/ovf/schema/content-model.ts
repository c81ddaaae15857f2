import {
  type ContentModel,
  type ElementDeclaration,
  type Particle,
  type State,
  type Step,
  type Term,
  takesNamespace,
  type Wildcard,
} from "./model.js";

interface BuiltState extends State {
  readonly named: ReadonlyMap<string, readonly Step[]>;
  readonly wild: readonly (Step & { readonly wildcard: Wildcard })[];
}

/** The content model that a tree describes. */
export function contentModel(particle: Particle): ContentModel {
  return new Automaton(particle);
}

/**
 * The order in which the children of an element may stand. XML Schema demands that a child's name alone tells which part of the model
 * it is (unique particle attribution), so one position is the whole state and each child is looked up once.
 */
class Automaton implements ContentModel {
  readonly particle: Particle;
  readonly #terms: Term[] = [];
  readonly #follow: number[][] = [];
  readonly #first: readonly number[];
  readonly #last: ReadonlySet<number>;
  readonly #optional: boolean;
  /** By position; -1 is where one starts. */
  readonly #states = new Map<number, BuiltState>();

  constructor(particle: Particle) {
    this.particle = particle;
    const { first, last, optional } = this.#place(particle);
    this.#first = first;
    this.#last = new Set(last);
    this.#optional = optional;
  }

  get start(): State {
    return this.#state(-1);
  }

  step(state: State, namespace: string, name: string): Step | null {
    const { named, wild } = state as BuiltState;
    const steps = named.get(name);
    if (steps !== undefined) for (const step of steps) if (step.namespace === namespace) return step;
    for (const step of wild) if (takesNamespace(step.wildcard, namespace)) return step;
    return null;
  }

  find(namespace: string, name: string): ElementDeclaration | undefined {
    for (const term of this.#terms) {
      if (term.kind === "wildcard") continue;
      for (const found of term.elements) if (found.name === name && found.namespace === namespace) return found;
    }
    return undefined;
  }

  after(step: Step): State {
    return this.#state(step.to);
  }

  /** Numbers the terms and notes which may follow which (Glushkov's construction). Tables are not deep. */
  #place(particle: Particle): { readonly first: number[]; readonly last: number[]; readonly optional: boolean } {
    const placed = this.#placeOnce(particle);
    if (particle.many) this.#link(placed.last, placed.first);
    return { ...placed, optional: placed.optional || particle.least === 0 };
  }

  #placeOnce(particle: Particle): { readonly first: number[]; readonly last: number[]; readonly optional: boolean } {
    if (particle.kind === "term") {
      const position = this.#terms.push(particle.term) - 1;
      this.#follow.push([]);
      return { first: [position], last: [position], optional: false };
    }
    const parts = particle.parts.map((part) => this.#place(part));
    if (particle.kind === "choice") {
      return {
        first: parts.flatMap((part) => part.first),
        last: parts.flatMap((part) => part.last),
        optional: parts.some((part) => part.optional),
      };
    }
    let first: number[] = [];
    let last: number[] = [];
    let optional = true;
    for (const part of parts) {
      this.#link(last, part.first);
      if (optional) first = [...first, ...part.first];
      last = part.optional ? [...last, ...part.last] : part.last;
      optional &&= part.optional;
    }
    return { first, last, optional };
  }

  #link(from: readonly number[], to: readonly number[]): void {
    for (const position of from) {
      const follow = this.#follow[position] ?? [];
      for (const next of to) if (!follow.includes(next)) follow.push(next);
    }
  }

  #state(position: number): BuiltState {
    const known = this.#states.get(position);
    if (known !== undefined) return known;
    const next = position < 0 ? this.#first : (this.#follow[position] ?? []);
    const named = new Map<string, Step[]>();
    const wild: (Step & { readonly wildcard: Wildcard })[] = [];
    const expected: Term[] = [];
    for (const to of next) {
      const term = this.#terms[to];
      if (term === undefined) continue;
      expected.push(term);
      if (term.kind === "wildcard") {
        wild.push({ namespace: "", declaration: null, wildcard: term.wildcard, to });
        continue;
      }
      for (const declaration of term.elements) {
        const steps = named.get(declaration.name) ?? [];
        steps.push({ namespace: declaration.namespace, declaration, wildcard: null, to });
        named.set(declaration.name, steps);
      }
    }
    const complete = position < 0 ? this.#optional : this.#last.has(position);
    const state: BuiltState = { complete, expected, named, wild };
    this.#states.set(position, state);
    return state;
  }
}
