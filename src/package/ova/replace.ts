/** Small members of an archive that are put where it lies: over what they replace, or at its end. No other member moves. */
import { alignUp } from "../../base/bytes.js";
import type { FileEdit, Patch } from "../../io/target.js";
import { serializeTarHeader, TAR_BLOCK, tarHeaderBytes } from "../tar/header.js";
import type { TarIndex, TarMember } from "../tar/index.js";

/** A file that becomes a member. */
export interface NewMember {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What is put, and what goes. */
export interface Replacement {
  /** In this order where they come to lie at the end. */
  readonly put: readonly NewMember[];
  /** Names of members that go, beside those that are replaced. */
  readonly drop: ReadonlySet<string>;
  /** Time of the new members: seconds since 1970. */
  readonly mtime: number;
}

const END_BYTES = 2 * TAR_BLOCK;

/**
 * The change of an archive's file; `null` where one that goes lies between others and what replaces it takes another number of blocks. What
 * follows the end of the archive is cut off where something is put there.
 */
export function planReplacement(index: TarIndex, { put, drop, mtime }: Replacement): FileEdit | null {
  const goes = new Set([...drop, ...put.map(({ name }) => name)]);
  const tail = tailOf(index, goes);
  const patches: Patch[] = [];
  const last: NewMember[] = [];
  const inside = new Map(
    index.members.filter((member) => member.headerAt < tail).map((member) => [member.name, member]),
  );
  for (const member of put) {
    const old = inside.get(member.name);
    inside.delete(member.name);
    if (old === undefined) {
      last.push(member);
      continue;
    }
    const bytes = memberBytes(member, mtime);
    if (bytes.length !== endOf(old) - old.headerAt) return null;
    patches.push({ at: old.headerAt, bytes });
  }
  if ([...inside.keys()].some((name) => goes.has(name))) return null;
  if (last.length === 0 && tail >= alignUp(index.end, TAR_BLOCK)) return { patches, fileBytes: null };
  let at = tail;
  for (const member of last) {
    const bytes = memberBytes(member, mtime);
    patches.push({ at, bytes });
    at += bytes.length;
  }
  patches.push({ at, bytes: new Uint8Array(END_BYTES) });
  return { patches, fileBytes: at + END_BYTES };
}

/**
 * The names of an archive's members as they would stand after a replacement that `planReplacement` finds room for. What goes and what is put at
 * the end is moved; what is put over its old self stays.
 */
export function namesAfter(index: TarIndex, { put, drop }: Replacement): readonly string[] {
  const goes = new Set([...drop, ...put.map(({ name }) => name)]);
  const tail = tailOf(index, goes);
  const inside = index.members.filter(({ headerAt }) => headerAt < tail).map(({ name }) => name);
  return [...inside, ...put.map(({ name }) => name).filter((name) => !inside.includes(name))];
}

/** Where the members at the end that go begin, or the archive's end. Whatever the index knows nothing of stays before it. */
function tailOf({ members, end }: TarIndex, goes: ReadonlySet<string>): number {
  let at = alignUp(end, TAR_BLOCK);
  for (const member of [...members].reverse()) {
    if (!goes.has(member.name) || endOf(member) !== at) break;
    at = member.headerAt;
  }
  return at;
}

function endOf({ dataAt, size }: TarMember): number {
  return alignUp(dataAt + size, TAR_BLOCK);
}

function memberBytes({ name, bytes }: NewMember, mtime: number): Uint8Array {
  const head = tarHeaderBytes(name);
  const all = new Uint8Array(alignUp(head + bytes.length, TAR_BLOCK));
  all.set(serializeTarHeader({ name, size: bytes.length, mtime }));
  all.set(bytes, head);
  return all;
}
