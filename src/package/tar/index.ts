/** The files of a tar archive and where they lie. Bodies are neither read nor unpacked. */
import { FerryError } from "../../base/errors.js";
import { printable } from "../../base/text.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import { damaged, type OnDamage } from "../damage.js";
import { foldName, problemOfName, stripDotSlash, unsafeName } from "../names.js";
import { TAR_BLOCK } from "./header.js";
import { scanTar, type TarDialect, type TarEvent } from "./scan.js";

/** A regular file in an archive. Offsets are bytes from the archive's start. */
export interface TarMember {
  /** Checked: relative, no `..`, no `./` in front. */
  readonly name: string;
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /** Where its first header stands, extension headers included. */
  readonly headerAt: number;
  readonly dataAt: number;
  /** Bytes of the body that are there: less than `size` only where the archive is cut off. */
  readonly present: number;
}

/** What an archive holds. */
export interface TarIndex {
  readonly dialect: TarDialect;
  /** In the order of the archive. */
  readonly members: readonly TarMember[];
  /** Where the end-of-archive blocks start, or the file ends where there are none. */
  readonly end: number;
}

/** How damage and unsafe members are treated. */
export interface TarIndexOptions {
  readonly onDamage: OnDamage;
}

/** What a type flag makes of a member, where it is no file and no folder. */
const OTHER_TYPES: Readonly<Record<string, string>> = {
  "1": "a hard link",
  "2": "a symbolic link",
  "3": "a character device",
  "4": "a block device",
  "6": "a named pipe",
  S: "a GNU sparse file",
  M: "the rest of a file of another volume",
};

/**
 * Indexes an archive. What is odd but clear becomes a finding; what is damaged or unsafe is thrown or reported as
 * `options.onDamage` says, and a member with an unsafe name, a link, a device or a second file of the same name is
 * left out.
 * @throws `tar/bad-checksum`, `tar/bad-number`, `tar/bad-pax`, `tar/cut-off`, `tar/unsupported-member`,
 *   `package/unsafe-name`, `package/duplicate-name`, `io/limit`
 */
export async function readTarIndex(source: ByteSource, ctx: Context, options: TarIndexOptions): Promise<TarIndex> {
  const members: TarMember[] = [];
  const names = new Map<string, string>();
  const folders = new Map<string, string>();
  let index: TarIndex = { dialect: "v7", members, end: 0 };
  for await (const event of scanTar(source, ctx)) {
    switch (event.event) {
      case "member":
        acceptMember(event, { file: source.label, members, names, folders, options, ctx });
        break;
      case "damage":
        damaged(event.error, options.onDamage, ctx);
        break;
      case "odd":
        reportOdd(event, source.label, ctx);
        break;
      case "end":
        index = { dialect: event.dialect, members, end: event.offset };
        reportEnd(event, source, ctx);
        break;
    }
  }
  return index;
}

type MemberEvent = Extract<TarEvent, { event: "member" }>;

interface Acceptance {
  readonly file: string;
  readonly members: TarMember[];
  /** Accepted names by their folded form. */
  readonly names: Map<string, string>;
  /** The folders that accepted names lie in, by their folded form, each with one of those names. */
  readonly folders: Map<string, string>;
  readonly options: TarIndexOptions;
  readonly ctx: Context;
}

function acceptMember(event: MemberEvent, to: Acceptance): void {
  const decoded = decodeName(event.name);
  const name = stripDotSlash(decoded.text);
  // Tars of the seventh edition have no type for folders: their names end in a slash.
  if (event.type === "5" || (isFile(event) && name.endsWith("/"))) return;
  const objection = objectionTo(event, name, to);
  if (objection !== null) {
    damaged(objection, to.options.onDamage, to.ctx);
    return;
  }
  if (!decoded.utf8) {
    to.ctx.report({
      code: "tar/name-encoding",
      severity: "warning",
      message: `the name '${printable(name)}' of a member is not UTF-8 and was read as Latin-1`,
      hint: "Rename the file and pack it again.",
      location: { at: "bytes", file: to.file, offset: event.headerAt },
    });
  }
  to.names.set(foldName(name), name);
  for (const folder of foldersOf(foldName(name))) {
    // Whoever has this one has those above it.
    if (to.folders.has(folder)) break;
    to.folders.set(folder, name);
  }
  const { size, mtime, headerAt, dataAt, present } = event;
  to.members.push({ name, size, mtime, headerAt, dataAt, present });
}

/** Type `7` is a contiguous file of systems long gone. */
function isFile(event: MemberEvent): boolean {
  return event.type === "0" || event.type === "7";
}

/** Why a member cannot be part of a package, or `null`. */
function objectionTo(event: MemberEvent, name: string, to: Acceptance): FerryError | null {
  const location = { at: "bytes", file: to.file, offset: event.headerAt } as const;
  const problem = problemOfName(name);
  if (problem !== null) return unsafeName(name, problem, location);
  const shown = printable(name);
  if (!isFile(event) || event.sparse) {
    const other = OTHER_TYPES[event.type] ?? `of the type '${printable(event.type)}'`;
    const message = `the member '${shown}' is ${event.sparse ? OTHER_TYPES.S : other}`;
    const hint = "A package holds plain files only: pack it again with the files themselves (tar --dereference).";
    return new FerryError("tar/unsupported-member", message, { location, hint });
  }
  const folded = foldName(name);
  const hint = "Which of them counts is anybody's guess. Fetch the package again, or ask who made it.";
  const earlier = to.names.get(folded);
  if (earlier !== undefined) {
    const message = `two members have the same name: '${printable(earlier)}' and '${shown}'`;
    return new FerryError("package/duplicate-name", message, { location, hint });
  }
  const inside = to.folders.get(folded);
  const above = fileAbove(folded, to);
  const pair = inside !== undefined ? [name, inside] : above !== undefined ? [above, name] : null;
  if (pair === null) return null;
  const [file = "", below = ""] = pair.map(printable);
  const message = `one name is that of a file and of a folder: '${file}' and '${below}'`;
  return new FerryError("package/duplicate-name", message, { location, hint });
}

/** Bytes that no digest covers and that change nothing: a place to hide something, or a sign of damage. */
function reportOdd({ what, offset, length }: Extract<TarEvent, { event: "odd" }>, file: string, ctx: Context): void {
  const location = { at: "bytes", file, offset, length } as const;
  ctx.report(
    what === "padding"
      ? {
          code: "tar/odd-padding",
          severity: "info",
          message: `the ${length} bytes of padding before the next header are not zero`,
          hint: "They mean nothing, and no manifest covers them. Pack the archive again to be rid of them.",
          location,
        }
      : {
          code: "tar/odd-checksum",
          severity: "info",
          message: "a header's checksum is right, and spelled as no tar spells it",
          hint: "It means nothing by itself: a byte may have been damaged. Compare the archive with the original.",
          location,
        },
  );
}

/** The accepted file whose name is that of a folder above a name. */
function fileAbove(name: string, to: Acceptance): string | undefined {
  for (const folder of foldersOf(name)) {
    const file = to.names.get(folder);
    // A folder that was accepted before was held against all names then.
    if (file !== undefined || to.folders.has(folder)) return file;
  }
  return undefined;
}

/** The folders above a name, the nearest first, without a slash at their ends. */
function* foldersOf(name: string): Iterable<string> {
  for (let at = name.lastIndexOf("/"); at > 0; at = name.lastIndexOf("/", at - 1)) yield name.slice(0, at);
}

function reportEnd(event: Extract<TarEvent, { event: "end" }>, source: ByteSource, ctx: Context): void {
  if (!event.marked) {
    // VirtualBox 7 writes none, so only a last body without its padding is suspicious.
    const padded = event.offset % TAR_BLOCK === 0;
    ctx.report({
      code: "tar/no-end",
      severity: padded ? "info" : "warning",
      message: `the archive has no end-of-archive blocks${padded ? "" : ", and the padding of its last member is missing"}`,
      hint: "VirtualBox writes archives so. Others may be cut off: compare size and files with the original.",
      location: { at: "bytes", file: source.label, offset: event.offset },
    });
  }
  if (event.trailingAt !== null) {
    ctx.report({
      code: "tar/trailing-data",
      severity: "warning",
      message: `${source.size - event.trailingAt} bytes follow the end of the archive and are no padding`,
      hint: "Other tools do not see them and no manifest covers them. Pack the archive again to be rid of them.",
      location: { at: "bytes", file: source.label, offset: event.trailingAt },
    });
  }
}

/** UTF-8, or Latin-1 where the bytes are not UTF-8: tar says nothing about encodings. */
function decodeName(bytes: Uint8Array): { readonly text: string; readonly utf8: boolean } {
  try {
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes), utf8: true };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { text: new TextDecoder("latin1").decode(bytes), utf8: false };
  }
}
