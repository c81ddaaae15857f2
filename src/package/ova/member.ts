/** Members of an OVA that is being written: places in the archive that look like files of their own. */

import { alignUp, concatBytes } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { HashName } from "../../base/ids.js";
import type { IncrementalHash } from "../../io/codec.js";
import type { SourceRef } from "../../io/source.js";
import type { ByteTarget, RandomTarget, TargetRef } from "../../io/target.js";
import { slackOf } from "../slack.js";
import { TAR_BLOCK } from "../tar/header.js";

/** Bytes of zeros fed to a digest at a time. */
const ZEROS = 64 * 1024;

/** More zeros at once than this are not hashed here, where nothing else could be done meanwhile: the member is read back. */
const MOST_ZEROS = 64 * 1024 * 1024;

/** A digest of what is written, as long as it is written in order. */
export interface FrontHash {
  /** Whether a digest is asked for: bytes are best written through here then. */
  readonly wanted: boolean;
  put(offset: number, chunk: Uint8Array): void;
  zeros(offset: number, length: number): void;
  /** Bytes came, or may come, in another way than in order. */
  spoil(): void;
  /** The digest of `size` bytes; `null` where they did not all come in order. Asked for once. */
  digest(size: number): Uint8Array | null;
}

/** A digest that follows the front of what is written; `null` where nothing has to be hashed. */
export function frontHash(algorithm: HashName | null, make: (algorithm: HashName) => IncrementalHash): FrontHash {
  let hash = algorithm === null ? null : make(algorithm);
  let front = 0;
  const zeros = (offset: number, length: number): void => {
    if (offset !== front || length > MOST_ZEROS) hash = null;
    const block = hash === null ? null : new Uint8Array(Math.min(ZEROS, length));
    for (let left = length; block !== null && left > 0; left -= block.length) {
      hash?.update(left < block.length ? block.subarray(0, left) : block);
    }
    front = offset + length;
  };
  return {
    wanted: algorithm !== null,
    put(offset, chunk): void {
      if (offset !== front) hash = null;
      hash?.update(chunk);
      front = offset + chunk.length;
    },
    zeros,
    spoil(): void {
      hash = null;
    },
    digest(size): Uint8Array | null {
      if (front < size) zeros(front, size - front);
      return front === size && hash !== null ? hash.digest() : null;
    },
  };
}

/** Where a member lies and what is told about it. */
export interface MemberPlace {
  readonly name: string;
  readonly archive: RandomTarget;
  readonly dataAt: number;
  /** `null`: known when it is closed; the member is the last one until then. */
  readonly size: number | null;
  readonly hash: FrontHash;
  /** Called once, with the final size. */
  closed(size: number): Promise<void>;
  /** Called once where the member is given up. */
  aborted(): void;
}

/**
 * A member as a target of its own. Workers get a reference to it only where its size is known: they must not write
 * over the member behind it.
 */
export function memberTarget(place: MemberPlace): RandomTarget {
  const { name, archive, dataAt, size, hash } = place;
  let position = 0;
  let extent = 0;
  let ended = false;

  function reach(offset: number, length: number): void {
    if (ended) throw new FerryError("internal/bug", `'${name}' was written after it was closed`);
    if (size !== null && offset + length > size) {
      throw new FerryError("internal/bug", `'${name}' was announced with ${size} bytes and got ${offset + length}`);
    }
    extent = Math.max(extent, offset + length);
  }

  return {
    label: name,
    get position(): number {
      return position;
    },
    async write(chunk): Promise<void> {
      reach(position, chunk.length);
      const at = position;
      position += chunk.length;
      hash.put(at, chunk);
      await archive.writeAt(dataAt + at, chunk);
    },
    async zeros(length): Promise<void> {
      reach(position, length);
      hash.zeros(position, length);
      position += length;
    },
    async writeAt(offset, chunk): Promise<void> {
      reach(offset, chunk.length);
      hash.put(offset, chunk);
      await archive.writeAt(dataAt + offset, chunk);
    },
    ...(archive.takeAt === undefined || hash.wanted
      ? {}
      : {
          async take(source: SourceRef, offset: number, length: number): Promise<number> {
            reach(position, length);
            const taken = (await archive.takeAt?.(dataAt + position, source, offset, length)) ?? 0;
            position += taken;
            return taken;
          },
        }),
    async truncate(length): Promise<void> {
      reach(0, length);
      if (size !== null) {
        if (length !== size) {
          throw new FerryError("internal/bug", `'${name}' was announced with ${size} bytes and is cut to ${length}`);
        }
        return;
      }
      if (length < extent) {
        hash.spoil();
        await archive.truncate(dataAt + length);
      }
      extent = length;
    },
    ref(): TargetRef | null {
      const of = size === null ? null : archive.ref();
      if (of === null || size === null) return null;
      hash.spoil();
      return { kind: "slice", of, offset: dataAt, length: size };
    },
    async close(): Promise<void> {
      if (ended) return;
      ended = true;
      await place.closed(size ?? extent);
    },
    async abort(): Promise<void> {
      if (ended) return;
      ended = true;
      place.aborted();
    },
  };
}

/** Where a descriptor goes that is written last and stands first. */
export interface DescriptorPlace {
  readonly name: string;
  /** Bytes that were kept: whole blocks. */
  readonly room: number;
  /** Called once, with what the member holds. */
  closed(bytes: Uint8Array): Promise<void>;
  aborted(): void;
}

/** A descriptor is collected in memory and filled up to its room with white space, which XML allows behind the root element. */
export function descriptorTarget({ name, room, closed, aborted }: DescriptorPlace): ByteTarget {
  const parts: Uint8Array[] = [];
  let position = 0;
  let ended = false;
  return {
    label: name,
    get position(): number {
      return position;
    },
    async write(chunk): Promise<void> {
      position += chunk.length;
      if (position > room) {
        throw new FerryError("internal/bug", `the descriptor needs more than the ${room} bytes that were kept for it`);
      }
      parts.push(chunk.slice());
    },
    async zeros(): Promise<void> {
      throw new FerryError("internal/bug", "a descriptor holds no zeros");
    },
    async close(): Promise<void> {
      if (ended) return;
      ended = true;
      // Up to the end of a block the archive pads by itself; whole blocks that are left over must be the member's.
      const filler = alignUp(position, TAR_BLOCK) === room ? 0 : room - position;
      position += filler;
      await closed(concatBytes([...parts, slackOf(filler)]));
    },
    async abort(): Promise<void> {
      if (ended) return;
      ended = true;
      aborted();
    },
  };
}
