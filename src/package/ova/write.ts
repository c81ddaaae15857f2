/** Writes an OVA: a file set whose files become members of one ustar archive (DSP0243 5.3). */
import { alignUp, toHex } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { HashName } from "../../base/ids.js";
import { printable } from "../../base/text.js";
import type { Context } from "../../io/context.js";
import type { FileSet } from "../../io/file-set.js";
import { hashSource } from "../../io/hash-lane.js";
import type { ByteSource } from "../../io/source.js";
import { sliceSource } from "../../io/sources/slice.js";
import type { ByteTarget, RandomTarget } from "../../io/target.js";
import type { PackageWriter } from "../model.js";
import { foldName, problemOfName } from "../names.js";
import { serializeTarHeader, TAR_BLOCK, tarHeaderBytes } from "../tar/header.js";
import { descriptorTarget, type FrontHash, frontHash, memberTarget } from "./member.js";

/** Two zero blocks. More, as GNU tar writes to fill a record of 10 KiB, is not asked for by anybody. */
const END_BYTES = 2 * TAR_BLOCK;

/** A file set in which the archive can be written anywhere and read back. */
export type ArchiveFileSet = FileSet & Required<Pick<FileSet, "createRandom" | "readBack">>;

/** How an OVA is written. */
export interface OvaWriteOptions {
  /** The archive's name in the file set. */
  readonly name: string;
  /** Every member's time. */
  readonly modified: Date;
  /** Digest for the manifest; `null`: there will be none. */
  readonly digest: HashName | null;
  /**
   * A descriptor that is created last because it tells sizes, and stands first: so many bytes are kept for it. What is
   * left over becomes white space behind its root element. `null`: it is created first, as any member.
   */
  readonly descriptor: { readonly name: string; readonly room: number } | null;
}

/** An OVA that is being written. */
export interface OvaWriter extends PackageWriter {
  createRandom(name: string, size: number | null): Promise<RandomTarget>;
  /** A complete member, before the commit. */
  readBack(name: string): Promise<ByteSource>;
}

interface Member {
  readonly dataAt: number;
  readonly size: number;
  digest: string | null;
}

/** Bytes of an archive of members with these names and sizes, end included. */
export function ovaBytes(members: Iterable<{ readonly name: string; readonly size: number }>): number {
  let at = 0;
  for (const { name, size } of members) at = alignUp(at + tarHeaderBytes(name) + size, TAR_BLOCK);
  return at + END_BYTES;
}

/**
 * Starts an OVA in a file set, which is committed and aborted with it. Members stand in the order in which they are
 * created: the descriptor first, then files in the order of its References, manifest and certificate last.
 *
 * Members of known size lie at fixed places, so any number of them may be open at once and workers write them in place.
 * A member of unknown size is the only one that may be open until it is closed.
 * @throws what `createRandom` of the file set throws
 */
export async function createOva(to: ArchiveFileSet, options: OvaWriteOptions, ctx: Context): Promise<OvaWriter> {
  const archive = await to.createRandom(options.name, null);
  const mtime = Math.floor(options.modified.getTime() / 1000);
  const members = new Map<string, Member>();
  const names = new Set<string>();
  const open = new Set<string>();
  let growing: string | null = null;
  let broken: string | null = null;
  let ended = false;
  const room = options.descriptor === null ? 0 : alignUp(options.descriptor.room, TAR_BLOCK);
  let end = options.descriptor === null ? 0 : tarHeaderBytes(options.descriptor.name) + room;

  const newHash = (): FrontHash => frontHash(options.digest, (algorithm) => ctx.runtime.hash(algorithm));

  function claim(name: string): void {
    const problem = problemOfName(name);
    if (problem !== null)
      throw new FerryError("internal/bug", `'${printable(name)}' is no name for a member: ${problem}`);
    if (names.has(foldName(name))) {
      throw new FerryError("package/duplicate-name", `two files of the result would be called '${printable(name)}'`, {
        hint: "Rename one of the files.",
      });
    }
    if (ended) throw new FerryError("internal/bug", `'${name}' comes after the end of the archive`);
    if (growing !== null) throw new FerryError("internal/bug", `'${growing}' has no size yet and must be closed first`);
    names.add(foldName(name));
    open.add(name);
  }

  /** A member is complete: its header can be written. */
  async function complete(name: string, headerAt: number, size: number, digest: Uint8Array | null): Promise<void> {
    const dataAt = headerAt + tarHeaderBytes(name);
    await archive.writeAt(headerAt, serializeTarHeader({ name, size, mtime }));
    // Zeros at a member's end are not written: the file must reach there all the same before it can be read back.
    await archive.truncate(end);
    members.set(name, { dataAt, size, digest: digest === null ? null : toHex(digest) });
    open.delete(name);
  }

  async function createRandom(name: string, size: number | null): Promise<RandomTarget> {
    claim(name);
    const headerAt = end;
    const dataAt = headerAt + tarHeaderBytes(name);
    if (size === null) growing = name;
    else end = alignUp(dataAt + size, TAR_BLOCK);
    const hash = newHash();
    return memberTarget({
      name,
      archive,
      dataAt,
      size,
      hash,
      async closed(finalSize): Promise<void> {
        if (size === null) {
          growing = null;
          end = alignUp(dataAt + finalSize, TAR_BLOCK);
        }
        await complete(name, headerAt, finalSize, hash.digest(finalSize));
      },
      aborted(): void {
        broken = name;
      },
    });
  }

  function createDescriptor(name: string): ByteTarget {
    claim(name);
    return descriptorTarget({
      name,
      room,
      async closed(bytes): Promise<void> {
        const hash = newHash();
        hash.put(0, bytes);
        await archive.writeAt(tarHeaderBytes(name), bytes);
        await complete(name, 0, bytes.length, hash.digest(bytes.length));
      },
      aborted(): void {
        broken = name;
      },
    });
  }

  function complain(): void {
    if (broken !== null) throw new FerryError("internal/bug", `'${broken}' was given up, so the archive has a hole`);
    const [name] = open;
    if (name !== undefined) throw new FerryError("internal/bug", `'${name}' is not complete`);
    if (options.descriptor !== null && !members.has(options.descriptor.name)) {
      throw new FerryError("internal/bug", `room was kept for '${options.descriptor.name}', which was never created`);
    }
  }

  const writer: OvaWriter = {
    label: to.label,
    descriptorFirst: options.descriptor === null,
    needsSizes: false,
    async create(name, size): Promise<ByteTarget> {
      return name === options.descriptor?.name ? createDescriptor(name) : createRandom(name, size);
    },
    createRandom,
    async readBack(name): Promise<ByteSource> {
      const member = members.get(name);
      if (member === undefined) throw new FerryError("internal/bug", `'${name}' is no complete member of the archive`);
      const whole = await to.readBack(options.name);
      // The slice closes nothing, so what was opened here is closed with it.
      return { ...sliceSource(whole, member.dataAt, member.size, name), close: () => whole.close() };
    },
    async digests(): Promise<ReadonlyMap<string, string>> {
      const { digest } = options;
      if (digest === null) throw new FerryError("internal/bug", "the archive is written without digests");
      const digests = new Map<string, string>();
      for (const [name, member] of [...members].sort(([, a], [, b]) => a.dataAt - b.dataAt)) {
        member.digest ??= await digestOf(await writer.readBack(name), digest);
        digests.set(name, member.digest);
      }
      return digests;
    },
    async finish(): Promise<void> {
      complain();
      if (ended) return;
      ended = true;
      await archive.truncate(end + END_BYTES);
      await archive.close();
    },
    room: () => to.room(),
    async commit(): Promise<void> {
      await writer.finish();
      await to.commit();
    },
    abort: (reason) => to.abort(reason),
  };
  return writer;

  async function digestOf(source: ByteSource, algorithm: HashName): Promise<string> {
    try {
      const [digest] = await hashSource(source, [algorithm], ctx);
      return toHex(digest ?? new Uint8Array());
    } finally {
      await source.close();
    }
  }
}
