/** A machine's configuration beside its files: what VMware, VirtualBox, libvirt and others keep in one folder. */
import { FerryError, throwIfAborted } from "../../base/errors.js";
import type { PackageKind } from "../../base/ids.js";
import { printable } from "../../base/text.js";
import type { Context } from "../../io/context.js";
import type { FolderAccess } from "../../io/folder.js";
import type { ByteSource, SourceResolver } from "../../io/source.js";
import { linkOutside } from "../links.js";
import type { EntryRole, PackageEntry, PackageReader } from "../model.js";
import { folderOf, resolveName } from "../names.js";
import { diskEntries, lastSegment } from "../reader.js";
import { lastPart, placesOf } from "./locate.js";

/** A file that lies outside of the machine's folder, where a user said it does. */
export interface PlacedFile {
  readonly folder: FolderAccess;
  /** In that folder. */
  readonly name: string;
}

/** A file that a configuration names. */
export interface WantedFile {
  readonly path: string;
  readonly role: EntryRole;
  readonly id: string;
  /** Whether nothing is wrong where it is not there. */
  readonly optional?: true;
}

/** What a machine's folder is opened as. */
export interface OpenMachineOptions {
  readonly kind: PackageKind;
  /** What it is called; left out: as the folder. */
  readonly name?: string;
  /** Names of the configurations in the folder; the first one names the package. */
  readonly descriptors: readonly string[];
  readonly files: readonly WantedFile[];
  /** Files that lie elsewhere: by the id of a disk, by the path that the configuration has, or by the last part of it. */
  readonly placed?: ReadonlyMap<string, PlacedFile>;
  /** Whether images may name parents and data files beside them; left out: they may. Extents they always may. */
  readonly parents?: "inside" | "never";
  /** Opens files by the absolute paths that configurations and images have; `null`, and left out: nothing outside of the folder. */
  readonly external?: ((path: string) => PlacedFile | null) | null;
  /** `first`: absolute paths are of this host, and `external` counts before a file of the same name beside the one that names it. */
  readonly absolute?: "first";
  /** Files in the folder that the user named, whatever links they are; a configuration of somebody else may have named the others. `all`: the user's own. */
  readonly named?: readonly string[] | "all";
}

/** A machine's folder that is open. */
export interface MachineReader extends PackageReader {
  /** The entry for a path as a configuration names it. */
  find(path: string): PackageEntry | undefined;
}

/** Where an opened file lies: what it asks for is looked for beside it. */
interface Home {
  readonly folder: FolderAccess;
  /** With a final `/`, or empty. */
  readonly within: string;
}

/**
 * Opens the configurations of a folder with the files that they name. A file that is not there is a finding.
 * @throws `io/not-found`, `io/read-failed`, `io/limit`
 */
export async function openMachine(
  folder: FolderAccess,
  options: OpenMachineOptions,
  ctx: Context,
): Promise<MachineReader> {
  const homes = new Map<string, Home>();
  const entries = new Map<string, PackageEntry>();
  const byPath = new Map<string, PackageEntry>();
  const { placed, external = null, named = [] } = options;
  const own = new Set([...options.descriptors, ...(named === "all" ? [] : named)]);
  const told = new Set<string>();

  const entryAt = async (place: PlacedFile, role: EntryRole): Promise<PackageEntry | null> => {
    const known = place.folder === folder ? entries.get(place.name) : undefined;
    if (known !== undefined) return known;
    throwIfAborted(ctx.signal);
    const size = await place.folder.size(place.name);
    if (size === null || (await leadsOut(place.folder, place.name))) return null;
    if (entries.size >= ctx.limits.members) {
      throw new FerryError("io/limit", `the machine has more than ${ctx.limits.members} files`, {
        hint: "Raise the limit 'members' if you trust it.",
      });
    }
    const wished = place.folder === folder ? place.name : lastPart(place.name);
    let name = wished;
    for (let n = 2; entries.has(name); n++) name = `${n}-${wished}`;
    const home: Home = { folder: place.folder, within: folderOf(place.name) };
    const entry: PackageEntry = { name, size, role, open: () => opened(place.folder, place.name, home) };
    entries.set(name, entry);
    return entry;
  };
  // What a configuration of somebody else's names may be a link to any file of this machine.
  const leadsOut = async (from: FolderAccess, name: string): Promise<boolean> => {
    const outside =
      named !== "all" && external === null && from === folder && !own.has(name)
        ? ((await from.outside?.(name)) ?? null)
        : null;
    if (outside === null) return false;
    if (!told.has(name)) ctx.report(linkOutside(folder.label, name, outside, "error"));
    told.add(name);
    return true;
  };
  const opened = async (from: FolderAccess, name: string, home: Home): Promise<ByteSource> => {
    const source = await from.open(name);
    homes.set(source.label, home);
    return source;
  };

  for (const name of options.descriptors) await entryAt({ folder, name }, "descriptor");
  for (const file of options.files) {
    if (byPath.has(file.path)) continue;
    const entry = await findFile(file);
    if (entry !== null) byPath.set(file.path, entry);
    else if (file.optional !== true) {
      ctx.report({
        code: "package/missing-file",
        severity: "error",
        message: `the configuration names '${printable(file.path.slice(0, 200))}', which is not beside it`,
        hint: `Put the file into the folder, or say where it lies: --map-disk ${file.id}=PATH.`,
        location: { at: "member", file: folder.label, member: options.descriptors[0] ?? "" },
      });
    }
  }

  /** The file of this host that is meant, whatever lies beside who names it. */
  function exactly(path: string): PlacedFile | null {
    return options.absolute === "first" && /^(?:\/|[A-Za-z]:[\\/])/.test(path) ? (external?.(path) ?? null) : null;
  }

  async function findFile({ path, role, id }: WantedFile): Promise<PackageEntry | null> {
    const said = placed?.get(id) ?? placed?.get(path) ?? placed?.get(lastPart(path));
    if (said !== undefined) return entryAt(said, role);
    const exact = exactly(path);
    if (exact !== null) return entryAt(exact, role);
    for (const name of placesOf(path)) {
      const entry = await entryAt({ folder, name }, role);
      if (entry !== null) return entry;
    }
    const outside = external?.(path) ?? null;
    return outside === null ? null : entryAt(outside, role);
  }

  const openAt = async ({ folder: from, name }: PlacedFile): Promise<ByteSource | null> =>
    (await from.size(name)) === null ? null : opened(from, name, { folder: from, within: folderOf(name) });

  // Beside the asking image, as its folder was moved as a whole: also where it names the other one by the path of another host.
  const resolver: SourceResolver = {
    async open({ name, purpose }, from) {
      if (name === null || (options.parents === "never" && purpose !== "extent")) return null;
      const exact = exactly(name);
      if (exact !== null) return openAt(exact);
      const home = homes.get(from.label) ?? { folder, within: "" };
      for (const place of placesOf(name)) {
        const inside = resolveName(home.within, place);
        if (inside === null || (await home.folder.size(inside)) === null) continue;
        if (await leadsOut(home.folder, inside)) continue;
        return opened(home.folder, inside, { folder: home.folder, within: folderOf(inside) });
      }
      const outside = external?.(name) ?? null;
      return outside === null ? null : openAt(outside);
    },
  };

  const all = [...entries.values()];
  const find = (path: string): PackageEntry | undefined => byPath.get(path);
  return {
    kind: options.kind,
    name: options.name ?? lastSegment(folder.label),
    size: all.reduce((sum, { size }) => sum + size, 0),
    tar: null,
    descriptor: entries.get(options.descriptors[0] ?? "") ?? null,
    resolver,
    entries: all,
    referenced: [...new Set(byPath.values())],
    entry: (name) => entries.get(name) ?? byPath.get(name),
    disks: async () => diskEntries(all),
    find,
    close: async () => {},
  };
}
