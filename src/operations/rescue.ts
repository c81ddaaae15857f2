/** Disks of a package that are cut off or damaged: what can be saved of them, and the package with that in their place. */
import type { Diagnostic } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";
import { printable } from "../base/text.js";
import { copyDisk } from "../disk/copy.js";
import { shapeOf } from "../disk/extents.js";
import { diskFormats } from "../disk/formats.js";
import type { DiskFormat, VirtualDisk } from "../disk/model.js";
import { formatByContent, probeWindow } from "../disk/probe.js";
import { salvageDisk } from "../disk/salvage.js";
import type { Context } from "../io/context.js";
import type { FileSet } from "../io/file-set.js";
import type { ByteSource } from "../io/source.js";
import { borrowed } from "../io/sources/borrowed.js";
import type { RandomTarget } from "../io/target.js";
import type { PackageEntry, PackageReader } from "../package/model.js";
import type { PackageFiles } from "../rules/files.js";
import { isDamage } from "./damage.js";
import type { Integrity } from "./verify.js";

/** What to do with disks that are damaged: `tell` what could be saved of them, or `save` it into scratch space. */
export type RescueMode = "tell" | "save";

/** What came of it. */
export interface Rescue {
  /** The package: with what was saved in the place of what is damaged, and without what was dropped. */
  readonly reader: PackageReader;
  /** Names of disks that were saved. */
  readonly saved: ReadonlySet<string>;
  /** Names of files that are cut off and no part of the machines. */
  readonly dropped: ReadonlySet<string>;
  /** Whether nothing is cut off any more. */
  readonly complete: boolean;
  /** What is lost of disks, or would be. */
  readonly findings: readonly Diagnostic[];
  /** Removes what was saved. */
  close(): Promise<void>;
}

/**
 * Looks at every disk that is cut off with its archive, is not what the manifest says, or cannot be opened, and finds out what of it is whole.
 * A disk of which nothing is lost is left alone: it is another one, not a damaged one.
 * @throws what reading and writing throw
 */
export async function rescueDisks(
  reader: PackageReader,
  {
    integrity,
    files,
    mode,
  }: { readonly integrity: Integrity; readonly files: PackageFiles; readonly mode: RescueMode },
  ctx: Context,
): Promise<Rescue> {
  const saved = new Map<string, SavedDisk>();
  const findings: Diagnostic[] = [];
  const close = async (): Promise<void> => {
    for (const disk of saved.values()) await disk.remove();
  };
  try {
    for (const entry of reader.entries) {
      if (entry.role !== "disk" || entry.chunks !== undefined || !(await isDoubtful(entry, reader, integrity, files))) {
        continue;
      }
      const source = await (entry.present ?? entry).open();
      try {
        const rescued = await salvaged(entry, source, ctx);
        if (rescued === null) continue;
        if (rescued === "whole") {
          if (integrity.checks.some(({ name, ok, actual }) => !ok && actual !== null && reader.entry(name) === entry)) {
            findings.push(alteredButWhole(entry, reader));
          }
          continue;
        }
        findings.push(...rescued.findings.map((finding) => (mode === "tell" ? couldBeSaved(finding) : finding)));
        if (mode === "save") saved.set(entry.name, await save(entry, rescued.disk, rescued.format, ctx));
      } finally {
        await source.close();
      }
    }
  } catch (cause) {
    await close();
    throw cause;
  }
  const cut = reader.entries.filter(({ present }) => present !== undefined);
  const needed = new Set(reader.referenced);
  const dropped = new Set(mode === "save" ? cut.flatMap((entry) => (needed.has(entry) ? [] : [entry.name])) : []);
  return {
    reader: replaced(reader, saved, dropped),
    saved: new Set(saved.keys()),
    dropped,
    complete: mode === "save" && cut.every(({ name }) => saved.has(name) || dropped.has(name)),
    findings,
    close,
  };
}

/** Whether there is a reason to doubt that a disk is whole. */
async function isDoubtful(
  entry: PackageEntry,
  reader: PackageReader,
  { checks }: Integrity,
  files: PackageFiles,
): Promise<boolean> {
  if (entry.present !== undefined) return true;
  const lines = checks.filter(({ name }) => reader.entry(name) === entry);
  if (lines.some(({ ok }) => !ok)) return true;
  return lines.length === 0 && (await files.disk(entry))?.problem != null;
}

/** A damaged disk, open. */
interface Salvaged {
  readonly disk: VirtualDisk;
  readonly format: DiskFormat;
  readonly findings: readonly Diagnostic[];
}

/** What is whole of a disk; `whole`: all of it, and nothing is cut off; `null`: its format cannot tell. */
async function salvaged(entry: PackageEntry, source: ByteSource, ctx: Context): Promise<Salvaged | "whole" | null> {
  const found = formatByContent(await probeWindow(source, ctx.signal), diskFormats);
  const format = found === null ? null : diskFormats.get(found.id);
  if (format?.salvage === undefined) return null;
  const findings: Diagnostic[] = [];
  try {
    const disk = await salvageDisk(format, source, { ...ctx, report: (finding) => findings.push(finding) });
    const lost = findings.filter(({ code }) => code === "disk/data-lost");
    return lost.length === 0 && entry.present === undefined ? "whole" : { disk, format, findings: lost };
  } catch (cause) {
    if (isDamage(cause) || (cause instanceof FerryError && cause.kind === "unsupported-feature")) return null;
    throw cause;
  }
}

function alteredButWhole({ name }: PackageEntry, reader: PackageReader): Diagnostic {
  return {
    code: "package/altered-but-whole",
    severity: "info",
    message: `'${printable(name)}' is not what the manifest says, and is a whole disk: it was exchanged or written again, not damaged`,
    hint: "Ask who changed it. If you did, --accept-changes takes it as it is.",
    location: { at: "member", file: reader.name, member: name },
  };
}

function couldBeSaved(finding: Diagnostic): Diagnostic {
  return {
    ...finding,
    hint: "Fetch the package again. Where that cannot be done, --salvage writes one with what is whole.",
  };
}

/** A disk that was written anew. */
interface SavedDisk {
  readonly entry: PackageEntry;
  remove(): Promise<void>;
}

async function save(entry: PackageEntry, disk: VirtualDisk, format: DiskFormat, ctx: Context): Promise<SavedDisk> {
  const options = { name: entry.name, variant: disk.info.variant };
  const plan = await format.plan?.(shapeOf(disk), options, ctx);
  if (plan === undefined) throw new FerryError("internal/bug", `${format.id} is salvaged and not written`);
  const scratch = await ctx.runtime.scratch(entry.name);
  try {
    await copyDisk(disk, [{ plan, files: oneFile(scratch.target) }], ctx);
    const source = await scratch.open();
    const { name, role } = entry;
    return {
      entry: { name, role, size: source.size, open: async () => borrowed(source) },
      remove: () => scratch.remove(),
    };
  } catch (cause) {
    await scratch.remove();
    throw cause;
  }
}

/** A file set of one file, which is there already. */
function oneFile(target: RandomTarget): FileSet {
  return {
    label: target.label,
    create: async () => target,
    createRandom: async () => target,
    room: async () => null,
    commit: async () => {},
    abort: async () => {},
  };
}

function replaced(
  reader: PackageReader,
  saved: ReadonlyMap<string, SavedDisk>,
  dropped: ReadonlySet<string>,
): PackageReader {
  if (saved.size === 0 && dropped.size === 0) return reader;
  const current = (entry: PackageEntry): PackageEntry => saved.get(entry.name)?.entry ?? entry;
  return {
    ...reader,
    entries: reader.entries.filter(({ name }) => !dropped.has(name)).map(current),
    referenced: reader.referenced.map(current),
    entry(name): PackageEntry | undefined {
      const entry = reader.entry(name);
      return entry === undefined || dropped.has(entry.name) ? undefined : current(entry);
    },
  };
}
