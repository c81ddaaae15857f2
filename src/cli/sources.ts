import { stat } from "node:fs/promises";
import * as path from "node:path";
import { FerryError } from "../base/errors.js";
import type { DiskFormatId } from "../base/ids.js";
import { folderResolver, type MappedFile, mappedResolver, noResolver } from "../io/resolver.js";
import type { ByteSource, SourceResolver } from "../io/source.js";
import { iterableStream } from "../io/streams.js";
import { type DiskSource, formatNamed } from "../operations/disk/disk.js";
import { type IncomingDisk, type IncomingOptions, openIncoming, packingOf } from "../operations/incoming.js";
import { entryNamed, openPackage } from "../operations/open.js";
import { vmaDisk } from "../operations/vma.js";
import { xvaDisk } from "../operations/xva.js";
import { isVmaHead } from "../package/vma/header.js";
import { isXva } from "../package/xva/chunks.js";
import { hasUndoJournal } from "../runtime/node/editable-file.js";
import { openFileSource } from "../runtime/node/file-source.js";
import { openFolderAccess } from "../runtime/node/folder.js";
import { isRemoteUrl } from "../runtime/node/http/address.js";
import { openInputStream } from "../runtime/node/input-stream.js";
import { openInput, openRemoteFile, readable } from "./inputs.js";
import { packageIn } from "./packages.js";
import type { Session } from "./session.js";

/** A disk that a command line names, with what has to be closed. */
export interface NamedDisk extends DiskSource {
  close(): Promise<void>;
}

/** How a disk is opened. */
export interface NamedDiskOptions {
  /** A format's name; `null`: told by content. */
  readonly from: string | null;
  /** Whether the image may name parents and data files beside it. */
  readonly external: "allowed" | "refused";
  /** Pairs of a name or id that images use for their parents, and the path of the file that is meant. */
  readonly mapDisk?: readonly (readonly [id: string, path: string])[];
  /** An internal snapshot, by id or name. */
  readonly snapshot?: string | null;
  /** `salvage`: a member that is cut off with its archive is opened as far as it is there. */
  readonly damaged?: "refuse" | "salvage";
}

/**
 * Opens a disk by a path or an address, by `PACKAGE!MEMBER`, or from standard input (`-`; a disk of an XVA there is `-!NAME`). What comes once,
 * also out of a file that is packed with gzip or Zstandard, is saved beside what is written first.
 */
export async function openNamedDisk(name: string, options: NamedDiskOptions, session: Session): Promise<NamedDisk> {
  const incoming = await incomingDisk(name, options, "refused", session);
  if (incoming === null) return openStoredDisk(name, options, session);
  if (incoming.kind === "file") return { ...incoming, snapshot: options.snapshot ?? null };
  throw new FerryError("internal/bug", "a disk that was to be saved was not");
}

/** The same for whoever reads it once, from front to back: what comes in a format that allows it is read as it comes. */
export async function openDiskOnce(
  name: string,
  options: NamedDiskOptions & { readonly onePass: IncomingOptions["onePass"] },
  session: Session,
): Promise<NamedDisk | IncomingDisk> {
  const incoming = await incomingDisk(name, options, options.onePass, session);
  if (incoming === null) return openStoredDisk(name, options, session);
  return incoming.kind === "file" ? { ...incoming, snapshot: options.snapshot ?? null } : incoming;
}

function formatOf(options: NamedDiskOptions): DiskFormatId | null {
  return options.from === null ? null : formatNamed(options.from).id;
}

/** Standard input, or a disk of an XVA that comes from there. */
const STDIN = /^-(?:!(.+))?$/;
/** Names of files that may be packed as a whole: `xe vm-export` calls them `.xva` all the same. */
const MAY_BE_PACKED = /\.(?:gz|zst|xva)$/i;

/** A disk that comes once; `null` where the name is not that of one. */
async function incomingDisk(
  name: string,
  options: NamedDiskOptions,
  onePass: IncomingOptions["onePass"],
  session: Session,
): Promise<IncomingDisk | null> {
  const how = { format: formatOf(options), onePass };
  const piped = STDIN.exec(name);
  if (piped !== null) {
    if ("isTTY" in session.stdin && session.stdin.isTTY === true) {
      throw new FerryError("cli/usage", "standard input is a terminal, not a disk", {
        hint: "Pipe a disk into it: gunzip -c disk.vmdk.gz | vmferry disk convert - disk.qcow2.",
      });
    }
    const input = openInputStream(session.stdin, "standard input");
    return openIncoming(input, { ...how, member: piped[1] ?? null }, session.ctx);
  }
  if (isRemoteUrl(name)) return null;
  const parts = await memberOf(name);
  const file = parts?.package ?? name;
  if (!MAY_BE_PACKED.test(file) || !(await isFile(file))) return null;
  const packed = await openFileSource(file, session.runtime.native, path.basename(file));
  try {
    if (packingOf(await packed.read(0, Math.min(4, packed.size), session.ctx.signal)) === null) {
      await packed.close();
      return null;
    }
    const input = iterableStream(packed.label, untilUnchanged(packed, session.ctx.signal));
    const incoming = await openIncoming(input, { ...how, member: parts?.name ?? null }, session.ctx);
    const close = (): Promise<void> => incoming.close().finally(() => packed.close());
    return { ...incoming, name, close };
  } catch (cause) {
    await packed.close();
    throw cause;
  }
}

/** A file from front to back. @throws `io/changed` where it is another one at its end */
async function* untilUnchanged(source: ByteSource, signal: AbortSignal): AsyncIterable<Uint8Array> {
  yield* source.stream(undefined, signal);
  await source.checkUnchanged?.();
}

async function isFile(name: string): Promise<boolean> {
  return (await stat(name).catch(() => null))?.isFile() === true;
}

async function openStoredDisk(name: string, options: NamedDiskOptions, session: Session): Promise<NamedDisk> {
  const format = formatOf(options);
  const { external, mapDisk = [], snapshot = null } = options;
  const member = await memberOf(readable(name));
  const mapped = (otherwise: SourceResolver): SourceResolver =>
    mapDisk.length === 0 ? otherwise : mappedResolver(mappedFiles(mapDisk, external, session), otherwise);
  if (member !== null) {
    const disk = await openMember(member.package, member.name, options, session);
    return { ...disk, resolver: mapped(disk.resolver), snapshot };
  }
  if (isRemoteUrl(name)) {
    const input = await openInput(name, session);
    if (input.kind === "folder") throw new FerryError("internal/bug", "an address was opened as a folder");
    const { source } = input;
    const archived = await diskInArchive(
      { source, name: source.label, close: () => input.close() },
      null,
      format,
      session,
    );
    if (archived !== null) return { ...archived, snapshot };
    const resolver = mapped(folderResolver(input.folder, { external }));
    return { name: source.label, source, resolver, format, snapshot, close: () => input.close() };
  }
  if (await hasUndoJournal(name)) {
    throw new FerryError(
      "io/unfinished-change",
      `${name} is half changed: a change of it was interrupted, or is under way`,
      {
        hint: "Run vmferry disk fix on it: the old bytes are put back first.",
      },
    );
  }
  const source = await openFileSource(name, session.runtime.native, path.basename(name));
  const archived = await diskInArchive({ source, name, close: () => source.close() }, null, format, session);
  if (archived !== null) return { ...archived, snapshot };
  const folder = openFolderAccess(path.dirname(name), session.runtime.native);
  return {
    name,
    source,
    resolver: mapped(folderResolver(folder, { external })),
    format,
    snapshot,
    close: () => source.close(),
  };
}

/** What `--map-disk` says, by id. The files are opened when an image asks for them. */
function mappedFiles(
  pairs: NonNullable<NamedDiskOptions["mapDisk"]>,
  external: NamedDiskOptions["external"],
  session: Session,
): ReadonlyMap<string, MappedFile> {
  const files = new Map<string, MappedFile>();
  for (const [id, name] of pairs) {
    const target = readable(name);
    if (isRemoteUrl(target)) {
      files.set(id, { open: () => openRemoteFile(target, session), beside: noResolver });
      continue;
    }
    const folder = openFolderAccess(path.dirname(target), session.runtime.native);
    files.set(id, {
      open: () => openFileSource(target, session.runtime.native, path.basename(target)),
      beside: folderResolver(folder, { external }),
    });
  }
  return files;
}

/**
 * The two parts of `PACKAGE!MEMBER`; `null` for a file. A file whose own name has a `!` is that file; where a package's has one, the first
 * part that is there counts. In an address the last `!` counts: one that belongs to it is written `%21`.
 */
export async function memberOf(name: string): Promise<{ readonly package: string; readonly name: string } | null> {
  if (isRemoteUrl(name)) {
    const bang = name.lastIndexOf("!");
    // Not one before the path: a password may hold it.
    return bang <= name.indexOf("/", name.indexOf("//") + 2)
      ? null
      : { package: name.slice(0, bang), name: name.slice(bang + 1) };
  }
  if (await isThere(name)) return null;
  let first: { readonly package: string; readonly name: string } | null = null;
  for (let bang = name.indexOf("!", 1); bang > 0; bang = name.indexOf("!", bang + 1)) {
    const parts = { package: name.slice(0, bang), name: name.slice(bang + 1) };
    if (await isThere(parts.package)) return parts;
    first ??= parts;
  }
  return first;
}

async function isThere(file: string): Promise<boolean> {
  return (await stat(file).catch(() => null)) !== null;
}

/**
 * A disk of an XVA or a VMA; `member` may be `null` where it has only one. `null`: the source is neither, or to be read as something else.
 * The source is closed where that fails.
 */
async function diskInArchive(
  { source, name, close }: { readonly source: ByteSource; readonly name: string; close(): Promise<void> },
  member: string | null,
  format: DiskFormatId | null,
  { ctx }: Session,
): Promise<NamedDisk | null> {
  try {
    const whole = member === null ? name : `${name}!${member}`;
    if (
      (format === null || format === "vma") &&
      isVmaHead(await source.read(0, Math.min(4, source.size), ctx.signal))
    ) {
      const chunks = await vmaDisk(source, member, ctx);
      return { name: whole, source, chunks, resolver: noResolver, format: "vma", close };
    }
    if ((format !== null && format !== "xva") || !(await isXva(source, ctx.signal))) return null;
    const chunks = await xvaDisk(source, member, ctx);
    return { name: whole, source, chunks, resolver: noResolver, format: "xva", close };
  } catch (cause) {
    await close();
    throw cause;
  }
}

async function openMember(
  packageName: string,
  member: string,
  options: NamedDiskOptions,
  session: Session,
): Promise<NamedDisk> {
  const format = formatOf(options);
  const input = await openInput(readable(packageName), session);
  if (input.kind === "file") {
    const name = isRemoteUrl(packageName) ? input.source.label : packageName;
    const archive = { source: input.source, name, close: () => input.close() };
    const archived = await diskInArchive(archive, member, format, session);
    if (archived !== null) return archived;
  }
  const salvage = options.damaged === "salvage";
  const onDamage = salvage ? "report" : "refuse";
  const named = await packageIn(input, packageName, () => openPackage(input, { onDamage }, session.ctx));
  try {
    const { reader } = named.opened;
    const entry = entryNamed(reader, member);
    const source = await (salvage ? (entry.present ?? entry) : entry).open();
    return {
      name: `${named.name}!${member}`,
      source,
      resolver: reader.resolver,
      format,
      async close(): Promise<void> {
        await source.close();
        await named.close();
      },
    };
  } catch (cause) {
    await named.close();
    throw cause;
  }
}
