import { FerryError } from "../base/errors.js";
import type { JsonValue } from "../base/ids.js";
import type { Context } from "../io/context.js";
import type { ByteSource } from "../io/source.js";
import type { LayoutPart } from "./model.js";

/** Bytes of memory for a stretch: place, length, kind, how many it stands for, and its turn. */
const BYTES_EACH = 28;

/** A kind of parts that are many and alike: those that follow each other are one stretch, which counts them. */
export interface PartKind {
  readonly index: number;
}

interface Kind {
  readonly what: string;
  /** Name of the count; `null`: a part of its own, with values. */
  readonly counted: string | null;
  readonly values: LayoutPart["values"];
}

/**
 * What lies where in a file, told in any order, and given out as parts that tile the file. What lies past its end is cut off. Where two parts
 * overlap, the one that starts first is shown, of two at one place the one that was told first; of the other what is left.
 */
export class FileLayout {
  readonly #size: number;
  readonly #label: string;
  readonly #most: number;
  readonly #kinds: Kind[] = [];
  #places = new Float64Array(256);
  #lengths = new Float64Array(256);
  #kindOf = new Uint32Array(256);
  #counts = new Uint32Array(256);
  #count = 0;

  constructor(source: ByteSource, ctx: Context) {
    this.#size = source.size;
    this.#label = source.label;
    this.#most = ctx.limits.tableBytes;
  }

  /** A part by itself. @throws `io/limit` */
  part(offset: number, length: number, what: string, values: Readonly<Record<string, JsonValue>> = {}): void {
    this.#kinds.push({ what, counted: null, values });
    this.#add(offset, length, this.#kinds.length - 1);
  }

  /** Declares parts that are many and alike. @param counted what their number is called in the values */
  kind(what: string, counted: string, values: Readonly<Record<string, JsonValue>> = {}): PartKind {
    this.#kinds.push({ what, counted, values });
    return { index: this.#kinds.length - 1 };
  }

  /** One of many. @throws `io/limit` where they lie in more stretches than `limits.tableBytes` hold */
  one(kind: PartKind, offset: number, length: number): void {
    const last = this.#count - 1;
    if (last >= 0 && this.#kindOf[last] === kind.index) {
      const end = (this.#places[last] as number) + (this.#lengths[last] as number);
      if (end === offset && offset + length <= this.#size) {
        this.#lengths[last] = (this.#lengths[last] as number) + length;
        this.#counts[last] = (this.#counts[last] as number) + 1;
        return;
      }
    }
    this.#add(offset, length, kind.index);
  }

  #add(offset: number, length: number, kind: number): void {
    const end = Math.min(offset + length, this.#size);
    if (!(offset >= 0 && end > offset)) return;
    if (this.#count === this.#places.length) this.#widen();
    this.#places[this.#count] = offset;
    this.#lengths[this.#count] = end - offset;
    this.#kindOf[this.#count] = kind;
    this.#counts[this.#count++] = 1;
  }

  #widen(): void {
    if (this.#count * 2 * BYTES_EACH > this.#most) {
      throw new FerryError("io/limit", `${this.#label} lies in more than ${this.#count} stretches`, {
        hint: "Raise the limit tableBytes if the disk is trusted.",
      });
    }
    const wider = <T extends Float64Array | Uint32Array>(from: T, into: T): T => {
      into.set(from);
      return into;
    };
    const room = this.#count * 2;
    this.#places = wider(this.#places, new Float64Array(room));
    this.#lengths = wider(this.#lengths, new Float64Array(room));
    this.#kindOf = wider(this.#kindOf, new Uint32Array(room));
    this.#counts = wider(this.#counts, new Uint32Array(room));
  }

  /** The parts in the order of the file, without gaps. @param between what a stretch is called that nobody told of */
  *parts(between: string): Iterable<LayoutPart> {
    const places = this.#places;
    const order = new Uint32Array(this.#count).map((_, i) => i);
    order.sort((a, b) => (places[a] as number) - (places[b] as number) || a - b);
    let at = 0;
    let run: { readonly kind: number; readonly from: number; end: number; count: number } | null = null;
    for (const i of order) {
      const from = places[i] as number;
      const end = from + (this.#lengths[i] as number);
      const kind = this.#kindOf[i] as number;
      const count = this.#counts[i] as number;
      // Packed units share a sector with their neighbours: they count, whatever is left of them.
      if (run !== null && run.kind === kind && from <= run.end && this.#kinds[kind]?.counted !== null) {
        run.end = Math.max(run.end, end);
        run.count += count;
        at = run.end;
        continue;
      }
      if (end <= at) continue;
      if (run !== null) yield this.#part(run);
      if (from > at) yield { offset: at, length: from - at, what: between, values: {} };
      run = { kind, from: Math.max(from, at), end, count };
      at = end;
    }
    if (run !== null) yield this.#part(run);
    if (at < this.#size) yield { offset: at, length: this.#size - at, what: between, values: {} };
  }

  #part({ kind, from, end, count }: { kind: number; from: number; end: number; count: number }): LayoutPart {
    const { what, counted, values } = this.#kinds[kind] as Kind;
    return {
      offset: from,
      length: end - from,
      what,
      values: counted === null ? values : { [counted]: count, ...values },
    };
  }
}
