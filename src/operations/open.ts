import type { Appliance } from "../appliance/appliance.js";
import { FerryError } from "../base/errors.js";
import { diskFormats } from "../disk/formats.js";
import { formatByContent, probeWindow, type tellFormat } from "../disk/probe.js";
import type { Context } from "../io/context.js";
import type { FolderAccess } from "../io/folder.js";
import type { RemoteFiles } from "../io/remote.js";
import type { ByteSource } from "../io/source.js";
import type { OvfDocument } from "../ovf/document.js";
import type { MessageFiles } from "../ovf/messages.js";
import type { OnDamage } from "../package/damage.js";
import { detectPackage } from "../package/detect.js";
import { openFolder } from "../package/folder/open.js";
import type { PackageEntry, PackageReader, ReadReferences } from "../package/model.js";
import { openOva } from "../package/ova/open.js";
import { readDescriptorEntry } from "../platforms/ovf/descriptor.js";
import { importOvf } from "../platforms/ovf/import.js";
import { readMessageFiles } from "../platforms/ovf/message-files.js";
import { factsOf } from "../platforms/ovf/platform.js";
import { referencesOf } from "../platforms/ovf/references.js";
import type { ImportChoice } from "../platforms/platform.js";
import { blamesInput } from "./damage.js";

/** What a user named: a file with the folder around it, or a folder. Whoever opened the source closes it. */
export type PackageInput =
  | {
      readonly kind: "file";
      readonly source: ByteSource;
      readonly name: string;
      readonly folder: FolderAccess | null;
      /** Fetches files that the descriptor names by an http or https address. Without it, and with `null`, such references are refused. */
      readonly remote?: RemoteFiles | null;
    }
  | { readonly kind: "folder"; readonly folder: FolderAccess; readonly remote?: RemoteFiles | null };

/** How a package is opened. */
export interface OpenOptions {
  /** What to do with damage and unsafe members; `report` for looking at a package, `refuse` for using it. */
  readonly onDamage?: OnDamage;
}

/** A package that is open, with its descriptor parsed. */
export interface OpenedPackage {
  readonly reader: PackageReader;
  readonly document: OvfDocument;
  /** What would be deployed for a choice. Findings go to the context's `report`. */
  appliance(choice: ImportChoice, ctx: Context): Appliance;
  close(): Promise<void>;
}

/**
 * Opens a package: an OVA, an OVF descriptor beside its files, or a folder with one descriptor. The kind is told by content.
 * @throws `package/unknown-kind`, `package/unreadable-kind`, and what the package, XML and OVF layers throw
 */
export async function openPackage(input: PackageInput, options: OpenOptions, ctx: Context): Promise<OpenedPackage> {
  let document: OvfDocument | null = null;
  const references: ReadReferences = async (descriptor) => {
    document = await readDescriptorEntry(descriptor, ctx, (finding) => ctx.report(finding));
    return referencesOf(document);
  };
  const reader = await openReader(input, { references, onDamage: options.onDamage ?? "refuse" }, ctx);
  // Assigned in the callback above, which the type checker does not follow.
  const parsed = document as OvfDocument | null;
  if (parsed === null) {
    await reader.close();
    throw new FerryError("ovf/no-descriptor", `${reader.name} holds no descriptor`, {
      hint: "An OVF package has one file whose name ends in .ovf.",
    });
  }
  return withTexts(parsed, reader, ctx);
}

/** A package and its descriptor, with the texts beside it. */
async function withTexts(document: OvfDocument, reader: PackageReader, ctx: Context): Promise<OpenedPackage> {
  const messages = await readTexts(document, reader, ctx);
  return {
    reader,
    document,
    appliance: (choice, scope) =>
      importOvf(document, { ...factsOf(reader), messages }, choice, (finding) => scope.report(finding)),
    close: () => reader.close(),
  };
}

/** A package that is open, whether its descriptor can be read or not. */
export interface OpenedReader {
  readonly reader: PackageReader;
  /** The package with its descriptor; `null` where that cannot be read. */
  readonly whole: OpenedPackage | null;
  /** What keeps the descriptor from being read; `null`: nothing, or there is none. */
  readonly unreadable: FerryError | null;
  close(): Promise<void>;
}

/**
 * Opens a package for checking its files: damage is reported, and a descriptor that cannot be read keeps nobody from comparing the others.
 * @throws `package/unknown-kind`, `package/unreadable-kind`, and what reading throws
 */
export async function openReaderAlone(input: PackageInput, ctx: Context): Promise<OpenedReader> {
  let unreadable: FerryError | null = null;
  let document: OvfDocument | null = null;
  const references: ReadReferences = async (descriptor) => {
    try {
      document = await readDescriptorEntry(descriptor, ctx, (finding) => ctx.report(finding));
      return referencesOf(document);
    } catch (cause) {
      if (!blamesInput(cause)) throw cause;
      unreadable = cause;
      return [];
    }
  };
  const reader = await openReader(input, { references, onDamage: "report" }, ctx);
  // Assigned in the callback above, which the type checker does not follow.
  const parsed = document as OvfDocument | null;
  const whole = parsed === null ? null : await withTexts(parsed, reader, ctx);
  return { reader, whole, unreadable, close: () => reader.close() };
}

/** The texts beside the descriptor. The package is closed where they cannot be read at all. */
async function readTexts(document: OvfDocument, reader: PackageReader, ctx: Context): Promise<MessageFiles> {
  try {
    return await readMessageFiles(document, reader, ctx, (finding) => ctx.report(finding));
  } catch (error) {
    await reader.close();
    throw error;
  }
}

async function openReader(
  input: PackageInput,
  given: { readonly references: ReadReferences; readonly onDamage: OnDamage },
  ctx: Context,
): Promise<PackageReader> {
  const options = { ...given, remote: input.remote ?? null };
  if (input.kind === "folder") return openFolder(input.folder, ctx, options);
  const window = await probeWindow(input.source, ctx.signal);
  const found = detectPackage(window);
  if (found?.readable && found.kind === "ova") return openOva(input.source, ctx, options);
  if (found?.readable && input.folder !== null) {
    return openFolder(input.folder, ctx, { ...options, descriptor: input.name });
  }
  if (found?.config === true || found?.archive === true) {
    throw new FerryError("package/not-ovf", `${input.name} is ${found.label}, and no OVF package`, {
      hint: `Make one of it first: vmferry convert ${input.name} DEST.ova --to ova.`,
    });
  }
  if (found !== null) {
    throw new FerryError(
      "package/unreadable-kind",
      `${input.name} is ${found.label}, which vmferry does not read yet`,
      {
        hint: found.hint ?? "Export it as OVF where it comes from.",
      },
    );
  }
  const disk = formatByContent(window, diskFormats) ?? (window.size > 0 ? bareDisk(window) : null);
  throw new FerryError(
    "package/unknown-kind",
    disk === null
      ? `${input.name} is no package that vmferry knows`
      : `${input.name} is a bare ${disk} disk, not a package`,
    {
      hint:
        disk === null
          ? "Give an .ova, an .ovf, or a folder with one .ovf."
          : "Use 'vmferry disk info', or 'vmferry disk convert'.",
    },
  );
}

function bareDisk(window: Parameters<typeof tellFormat>[0]): string | null {
  return diskFormats.all.find((format) => format.probe(window)?.match === "maybe")?.id ?? null;
}

/** The entry that a manifest or a user names, or an error that lists what is there. */
export function entryNamed(reader: PackageReader, name: string): PackageEntry {
  const entry = reader.entry(name);
  if (entry !== undefined) return entry;
  throw new FerryError("package/no-member", `${reader.name} has no member ${name}`, {
    hint: `It has: ${reader.entries.map((known) => known.name).join(", ")}.`,
  });
}
