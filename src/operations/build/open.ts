/** Opens a spec: the YAML with what it includes, the texts and the files that it names. */
import { FerryError } from "../../base/errors.js";
import { formatBytes, printable } from "../../base/text.js";
import type { Context } from "../../io/context.js";
import type { FolderAccess } from "../../io/folder.js";
import type { ByteSource } from "../../io/source.js";
import { entryLabel } from "../../package/entries.js";
import { openMachine, type PlacedFile, type WantedFile } from "../../package/machine/open.js";
import type { EntryRole } from "../../package/model.js";
import { withoutExtension } from "../../package/names.js";
import { lastSegment } from "../../package/reader.js";
import type { OvfAuthored } from "../../platforms/ovf/authored.js";
import type { OpenedSource } from "../opened.js";
import { specShape } from "./fields.js";
import { lowerSpec } from "./lower.js";
import { SpecPackages } from "./packages.js";
import type { FileName, Reading } from "./shape.js";
import type { Spec } from "./spec.js";
import { fileOf, readTree, refuseNode, type SpecNode, withVariables } from "./tree.js";

/** A spec that is read from somewhere. */
export interface SpecInput {
  readonly source: ByteSource;
  readonly name: string;
  readonly folder: FolderAccess;
}

/** How a spec is opened. */
export interface OpenSpecOptions {
  /** Values of variables, from the command line. */
  readonly variables: ReadonlyMap<string, string>;
  /** Opens files outside of the spec's folder, by paths relative to it or absolute. Left out: none. */
  readonly external?: (path: string) => PlacedFile | null;
}

/** A spec that is open. */
export interface OpenedSpec {
  readonly spec: Spec;
  /** The appliance, with its files. */
  readonly source: OpenedSource;
  readonly authored: OvfAuthored;
  close(): Promise<void>;
}

/** Bytes of a YAML file, and of a text beside it. */
const MOST_TEXT = 1024 * 1024;

/**
 * Opens a spec with the files that it names. No image is read yet.
 * @throws `config/bad-yaml`, `config/bad-value`, `config/unknown-key`, and the codes `build/...`
 */
export async function openSpec(
  { source, name, folder }: SpecInput,
  options: OpenSpecOptions,
  ctx: Context,
): Promise<OpenedSpec> {
  const label = (file: string): string => (file === name ? name : entryLabel("", file).replace(/^!/, ""));
  const readFile = async (file: string, asked: SpecNode): Promise<string> => {
    if ((await folder.size(file)) === null) throw noFile(file, asked);
    const opened = await folder.open(file);
    try {
      return await textOf(opened, ctx);
    } finally {
      await opened.close();
    }
  };
  const tree = await readTree(await textOf(source, ctx), name, label, readFile);
  const reading: Reading = { texts: [] };
  const spec = specShape.read(withVariables(tree, options.variables), "", reading);
  for (const text of reading.texts) {
    if (text.file?.kind !== "scalar") continue;
    const place = placeOf(text.file, text.file.text, folder, options);
    if ((await place.folder.size(place.name)) === null) throw noFile(text.file.text, text.file);
    const opened = await place.folder.open(place.name);
    try {
      text.text = await textOf(opened, ctx);
    } finally {
      await opened.close();
    }
  }
  const fallback = withoutExtension(name);
  const packages = new SpecPackages(ctx);
  try {
    return await openFiles();
  } catch (cause) {
    await packages.close();
    throw cause;
  }

  async function openFiles(): Promise<OpenedSpec> {
    const wanted = new Map<string, WantedFile>();
    const placed = new Map<string, PlacedFile>();
    const asked: FileName[] = [];
    const want = (file: FileName, role: EntryRole): { readonly name: string; readonly size: number } => {
      const key = keyOf(file);
      if (!wanted.has(key)) {
        wanted.set(key, { path: key, role, id: key });
        placed.set(key, placeOf(file.at, file.path, folder, options));
        asked.push(file);
      }
      return { name: key, size: 0 };
    };
    // What is wrong with it is told before a file is looked for.
    const { authored } = lowerSpec(spec, fallback, want);
    for (const file of asked) {
      const place = placed.get(keyOf(file));
      const found = place === undefined ? null : await packages.find(place);
      if (found === null) throw noFile(file.path, file.at);
      placed.set(keyOf(file), found);
    }
    const files = [...wanted.values()];
    const reader = await openMachine(
      folder,
      { kind: "directory", name, descriptors: [], files, placed, named: "all" },
      ctx,
    );
    const find = (file: FileName): { readonly name: string; readonly size: number } => {
      const entry = reader.find(keyOf(file));
      if (entry === undefined) throw noFile(file.path, file.at);
      return entry;
    };
    return {
      spec,
      authored,
      source: {
        reader,
        platform: "ovf",
        version: null,
        producer: null,
        ovf: null,
        packed: new Set(),
        appliance: () => lowerSpec(spec, fallback, find).appliance,
        close: () => reader.close(),
      },
      close: () => reader.close().finally(() => packages.close()),
    };
  }
}

/** One key for one file, whichever of the YAML files names it. */
function keyOf({ path, at }: FileName): string {
  return fileOf(at, path) ?? (path.startsWith("/") ? path : `${at.within}${path}`);
}

function placeOf(at: SpecNode, path: string, folder: FolderAccess, { external }: OpenSpecOptions): PlacedFile {
  const inside = fileOf(at, path);
  if (inside !== null) return { folder, name: inside };
  const outside = external?.(path.startsWith("/") ? path : `${at.within}${path}`) ?? null;
  if (outside !== null) return outside;
  throw refuseNode(
    "build/outside-file",
    `${printable(path.slice(0, 200))} lies outside of ${lastSegment(folder.label)}, the spec's folder`,
    at,
    "Where that is meant, add --allow-external.",
  );
}

function noFile(path: string, at: SpecNode): FerryError {
  return refuseNode(
    "build/no-file",
    `there is no file ${printable(path.slice(0, 200))}`,
    at,
    "Names are relative to the YAML file that they stand in.",
  );
}

async function textOf(source: ByteSource, ctx: Context): Promise<string> {
  if (source.size > MOST_TEXT) {
    throw new FerryError("config/too-large", `${source.label} is ${formatBytes(source.size)} long`, {
      hint: `A text has ${formatBytes(MOST_TEXT)} at most. See whether it is the right file.`,
    });
  }
  const bytes = await source.read(0, source.size, ctx.signal);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new FerryError("config/bad-yaml", `${source.label} is no text in UTF-8`, { hint: "Save it as UTF-8." });
  }
}
