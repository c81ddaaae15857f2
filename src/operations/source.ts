import { mergeAppliances } from "../appliance/merge.js";
import { FerryError } from "../base/errors.js";
import { formatBytes, printable } from "../base/text.js";
import { probeWindow } from "../disk/probe.js";
import type { Context } from "../io/context.js";
import type { FolderAccess } from "../io/folder.js";
import type { OvfDocument } from "../ovf/document.js";
import { type DetectedPackage, detectPackage } from "../package/detect.js";
import { entryLabel } from "../package/entries.js";
import { openMachine } from "../package/machine/open.js";
import type { PackageReader } from "../package/model.js";
import { withoutExtension } from "../package/names.js";
import { lastSegment } from "../package/reader.js";
import { resolveFiles } from "../platforms/ovf/files.js";
import { factsOf } from "../platforms/ovf/platform.js";
import type { MachineConfig, Platform } from "../platforms/platform.js";
import { platforms } from "../platforms/platforms.js";
import { openArchive } from "./archives.js";
import { openBareDisk } from "./bare-disk.js";
import { type OpenedPackage, openPackage, type PackageInput } from "./open.js";
import type { OpenedSource, OpenSourceOptions } from "./opened.js";

/** The first letters of a configuration's name do not tell, its ending does: these are looked into. */
const CONFIG_NAMES = /\.(?:vmx|vbox|xml|cfg|conf|json)$/i;
/** Configurations of a folder that are looked into. */
const MOST_CONFIGS = 200;

/**
 * Opens a package or a machine: an OVA, an XVA (packed as a whole or not), a descriptor or a configuration beside its files, or a folder
 * with one. Several configurations of one kind in a folder are one appliance of several machines. The kind is told by content.
 * @throws `package/unknown-kind`, `package/unreadable-kind`, `package/many-descriptors`, and what the packages and platforms throw
 */
export async function openSource(input: PackageInput, options: OpenSourceOptions, ctx: Context): Promise<OpenedSource> {
  if (input.kind === "file") {
    const window = await probeWindow(input.source, ctx.signal);
    const found = detectPackage(window);
    const archived = await openArchive(input, found, window.head, ctx);
    if (archived !== null) return archived;
    const platform = found?.config === true ? readerOf(found) : undefined;
    if (found === null) {
      const disk = options.disks === "taken" ? await openBareDisk(input, options, ctx) : null;
      if (disk !== null) return disk;
    }
    if (found === null || platform === undefined || input.folder === null) return openOvf(input, options, ctx);
    const known = { found, platform, names: [input.name], name: withoutExtension(input.name) };
    return openConfigs(input.folder, known, options, ctx);
  }
  const names = await input.folder.list();
  if (names.some((name) => /\.ovf$/i.test(name))) return openOvf(input, options, ctx);
  const known = await configsOf(input.folder, names, ctx);
  if (known === null) await refuseBinary(input.folder, names, ctx);
  return known === null ? openOvf(input, options, ctx) : openConfigs(input.folder, known, options, ctx);
}

async function openOvf(input: PackageInput, options: OpenSourceOptions, ctx: Context): Promise<OpenedSource> {
  const opened = await openPackage(input, options, ctx);
  const { reader, document } = opened;
  return {
    reader,
    platform: "ovf",
    version: document.dialect,
    producer: document.producer,
    ovf: opened,
    packed: packedFiles(document, reader),
    appliance: opened.appliance,
    close: opened.close,
  };
}

function packedFiles(document: OvfDocument, reader: PackageReader): ReadonlySet<string> {
  const files = [...resolveFiles(document, factsOf(reader), () => {}).values()];
  return new Set(files.filter((file) => file.compression !== null).map((file) => file.name));
}

interface FoundConfigs {
  readonly found: DetectedPackage;
  readonly platform: Platform;
  /** Of the configurations, in the folder's order. */
  readonly names: readonly string[];
  /** What the source is called; left out: as the folder. */
  readonly name?: string;
}

function readerOf(found: DetectedPackage): Platform | undefined {
  return platforms.all.find((platform) => platform.reads.includes(found.kind) && platform.readConfig !== undefined);
}

/** The machine configurations of a folder; `null`: there are none. */
async function configsOf(folder: FolderAccess, names: readonly string[], ctx: Context): Promise<FoundConfigs | null> {
  const candidates = names.filter((name) => CONFIG_NAMES.test(name)).slice(0, MOST_CONFIGS);
  const configs: (Omit<FoundConfigs, "names"> & { readonly name: string })[] = [];
  for (const name of candidates) {
    const source = await folder.open(name);
    try {
      const found = detectPackage(await probeWindow(source, ctx.signal));
      const platform = found?.config === true ? readerOf(found) : undefined;
      if (found !== null && platform !== undefined) configs.push({ found, platform, name });
    } finally {
      await source.close();
    }
  }
  const [first] = configs;
  if (first === undefined) return null;
  if (configs.some(({ found }) => found.kind !== first.found.kind)) {
    throw new FerryError("package/many-descriptors", `${folder.label} holds machines of several platforms`, {
      hint: `Name the one that is meant: ${configs
        .slice(0, 5)
        .map(({ name }) => printable(name))
        .join(", ")}.`,
    });
  }
  return { found: first.found, platform: first.platform, names: configs.map(({ name }) => name) };
}

/**
 * A folder whose only configuration is in a binary format is told what to do, rather than that it has no descriptor.
 * @throws `package/unreadable-kind`
 */
async function refuseBinary(folder: FolderAccess, names: readonly string[], ctx: Context): Promise<void> {
  const name = names.find((candidate) => /\.vmcx$/i.test(candidate));
  if (name === undefined) return;
  const source = await folder.open(name);
  try {
    const found = detectPackage(await probeWindow(source, ctx.signal));
    if (found === null || found.hint === null) return;
    throw new FerryError(
      "package/unreadable-kind",
      `${printable(name)} is ${found.label}, which vmferry does not read`,
      {
        hint: found.hint,
      },
    );
  } finally {
    await source.close();
  }
}

async function openConfigs(
  folder: FolderAccess,
  { found, platform, names, name: packageName }: FoundConfigs,
  options: OpenSourceOptions,
  ctx: Context,
): Promise<OpenedSource> {
  const configs: MachineConfig[] = [];
  for (const name of names) {
    const bytes = await readConfigBytes(folder, name, ctx);
    const text = { name: withoutExtension(name), label: entryLabel(lastSegment(folder.label), name), bytes };
    const config = platform.readConfig?.(text, ctx);
    if (config !== undefined) configs.push(config);
  }
  const files = configs.flatMap((config) => config.files);
  const { placed, external, absolute } = options;
  const reader = await openMachine(
    folder,
    {
      kind: found.kind,
      ...(packageName === undefined ? {} : { name: packageName }),
      descriptors: names,
      files,
      ...(placed === undefined ? {} : { placed }),
      ...(external === undefined ? {} : { external }),
      ...(absolute === undefined ? {} : { absolute }),
    },
    ctx,
  );
  return {
    reader,
    platform: platform.id,
    version: configs[0]?.version ?? null,
    producer: configs[0]?.producer ?? null,
    ovf: null,
    packed: new Set(),
    appliance(_choice, scope) {
      const parts = configs.map((config) => config.appliance(reader, (finding) => scope.report(finding)));
      return mergeAppliances(reader.name, parts);
    },
    close: () => reader.close(),
  };
}

async function readConfigBytes(folder: FolderAccess, name: string, ctx: Context): Promise<Uint8Array> {
  const source = await folder.open(name);
  try {
    if (source.size > ctx.limits.configBytes) {
      throw new FerryError("io/limit", `${printable(name)} is ${formatBytes(source.size)} long`, {
        location: { at: "bytes", file: source.label, offset: 0, length: source.size },
        hint: "Raise the limit 'configBytes' if you trust it.",
      });
    }
    return await source.read(0, source.size, ctx.signal);
  } finally {
    await source.close();
  }
}

/**
 * The package of a source, for what only OVF has.
 * @throws `package/not-ovf`
 */
export function ovfOf(opened: OpenedSource, what: string): OpenedPackage {
  if (opened.ovf !== null) return opened.ovf;
  throw new FerryError("package/not-ovf", `${opened.reader.name} is no OVF package: ${what}`, {
    hint: "Make one of it first: vmferry convert SRC DEST.ova --to ova.",
  });
}
