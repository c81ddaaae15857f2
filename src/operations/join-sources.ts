/** Several sources as one: machines that lie in folders of their own, or come from a platform one by one. */
import type { Appliance } from "../appliance/appliance.js";
import { mergeAppliances } from "../appliance/merge.js";
import type { ByteSource, SourceResolver } from "../io/source.js";
import type { PackageEntry, PackageReader } from "../package/model.js";
import type { OpenedSource } from "./opened.js";

/** One of the sources, and what its files are called among all. */
interface Part {
  readonly source: OpenedSource;
  readonly nameOf: ReadonlyMap<string, string>;
}

/**
 * One source of the machines of all. Files of one name in two of them get a number in front. Closing it closes all of them.
 * @param parts at least one; a single one is returned as it is
 */
export function joinSources(name: string, parts: readonly OpenedSource[]): OpenedSource {
  const [first, second] = parts;
  if (first === undefined) throw new RangeError("there is nothing to join");
  if (second === undefined) return first;
  const taken = new Set<string>();
  const all = parts.map((source): Part => {
    const names = source.reader.entries.map((entry) => {
      let free = entry.name;
      for (let n = 2; taken.has(free); n++) free = `${n}-${entry.name}`;
      taken.add(free);
      return [entry.name, free] as const;
    });
    return { source, nameOf: new Map(names) };
  });
  return {
    reader: joinReaders(name, first.reader.kind, all),
    platform: first.platform,
    version: first.version,
    producer: first.producer,
    ovf: null,
    packed: new Set(all.flatMap(({ source, nameOf }) => [...source.packed].map((file) => nameOf.get(file) ?? file))),
    appliance(choice, ctx) {
      return mergeAppliances(
        name,
        all.map((part) => renamed(part.source.appliance(choice, ctx), part)),
      );
    },
    close: () => closeAll(parts),
  };
}

/** Closes all, also where one of them fails to. */
async function closeAll([first, ...rest]: readonly OpenedSource[]): Promise<void> {
  if (first === undefined) return;
  try {
    await first.close();
  } finally {
    await closeAll(rest);
  }
}

function renamed(appliance: Appliance, { source, nameOf }: Part): Appliance {
  // Configurations name files by paths of their own.
  const plain = (file: string): string => {
    const entry = source.reader.entry(file);
    return entry === undefined ? file : (nameOf.get(entry.name) ?? file);
  };
  return {
    ...appliance,
    disks: appliance.disks.map((disk) => ({ ...disk, file: disk.file === null ? null : plain(disk.file) })),
    files: appliance.files.map((file) => ({ ...file, name: plain(file.name) })),
  };
}

function joinReaders(name: string, kind: PackageReader["kind"], parts: readonly Part[]): PackageReader {
  // What an image asks for is looked for in the source that the image is of.
  const homes = new WeakMap<ByteSource, SourceResolver>();
  const entries = parts.flatMap(({ source: { reader }, nameOf }) =>
    reader.entries.map((entry): PackageEntry => {
      const open = async (): Promise<ByteSource> => {
        const file = await entry.open();
        homes.set(file, reader.resolver);
        return file;
      };
      return { ...entry, name: nameOf.get(entry.name) ?? entry.name, open };
    }),
  );
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  return {
    kind,
    name,
    size: parts.reduce((sum, { source }) => sum + source.reader.size, 0),
    tar: null,
    descriptor: entries.find(({ role }) => role === "descriptor") ?? null,
    resolver: {
      async open(request, from) {
        const home = homes.get(from);
        const found = home === undefined ? null : await home.open(request, from);
        if (found !== null && home !== undefined) homes.set(found, home);
        return found;
      },
    },
    entries,
    referenced: entries.filter(({ role }) => role !== "descriptor"),
    entry: (wanted) => byName.get(wanted),
    async disks() {
      const found = [];
      for (const { source, nameOf } of parts) {
        for (const disk of await source.reader.disks())
          found.push({ ...disk, name: nameOf.get(disk.name) ?? disk.name });
      }
      return found;
    },
    close: async () => {},
  };
}
