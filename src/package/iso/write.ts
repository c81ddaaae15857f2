/**
 * Writes an ISO 9660 image with Joliet: small media for guests, such as the one with an OVF environment. Sources: ECMA-119, and Microsoft's Joliet
 * specification.
 */
import { alignUp, concatBytes } from "../../base/bytes.js";
import { directoryRecord, ISO_SECTOR, type Letters, lettersOf, type Place, recorder, volumeDate } from "./records.js";
import { type IsoFile, type IsoNode, isoTree } from "./tree.js";

/** How an image is written. */
export interface IsoOptions {
  /** Label of the medium: at most 16 letters are seen by everybody. */
  readonly label: string;
  /** The time of everything in it. The same files and time make the same bytes. */
  readonly modified: Date;
}

/** A directory of one hierarchy. */
interface Directory {
  readonly node: readonly IsoNode[];
  readonly name: Uint8Array;
  /** Its number in the path table, from 1; that of its parent. */
  readonly number: number;
  readonly parent: number;
  readonly bytes: number;
}

/** One of the two trees of names over the same files. */
interface Hierarchy {
  readonly letters: Letters;
  /** In the order of the path table (6.9.1). */
  readonly directories: readonly Directory[];
  readonly tableBytes: number;
}

const SYSTEM_SECTORS = 16;
/** Volume descriptors: the primary, the supplementary, the end. */
const DESCRIPTORS = 3;
/** UCS-2 of level 3 (Joliet 2.2). */
const JOLIET_ESCAPE = Uint8Array.of(0x25, 0x2f, 0x45);

/**
 * An image with these files.
 * @throws `package/unsafe-name` for a path that an image cannot hold
 */
export function writeIso(files: readonly IsoFile[], options: IsoOptions): Uint8Array {
  const root = isoTree(files);
  const hierarchies = (["ascii", "ucs2"] as const).map((letters) => hierarchyOf(root, letters));
  // Tables in both orders, then directories, for each hierarchy; files behind them.
  let sector = SYSTEM_SECTORS + DESCRIPTORS;
  const take = (bytes: number): number => {
    const first = sector;
    sector += Math.max(1, alignUp(bytes, ISO_SECTOR) / ISO_SECTOR);
    return first;
  };
  const placed = hierarchies.map((hierarchy) => ({
    hierarchy,
    little: take(hierarchy.tableBytes),
    big: take(hierarchy.tableBytes),
    places: hierarchy.directories.map(({ bytes }): Place => ({ sector: take(bytes), bytes })),
  }));
  const places = new Map<IsoNode, Place>();
  for (const node of allNodes(root)) {
    if (!(node.content instanceof Uint8Array)) continue;
    places.set(node, { sector: node.content.length === 0 ? 0 : take(node.content.length), bytes: node.content.length });
  }
  const image = new Uint8Array(sector * ISO_SECTOR);
  const put = (at: number, bytes: Uint8Array): void => image.set(bytes, at * ISO_SECTOR);
  for (const [i, one] of placed.entries()) {
    put(SYSTEM_SECTORS + i, descriptor(one, sector, options));
    put(one.little, pathTable(one.hierarchy, one.places, "little"));
    put(one.big, pathTable(one.hierarchy, one.places, "big"));
    for (const [n, directory] of one.hierarchy.directories.entries()) {
      put(one.places[n]?.sector ?? 0, directoryBytes(directory, one, places, options.modified));
    }
  }
  put(SYSTEM_SECTORS + 2, Uint8Array.of(0xff, ...lettersOf("CD001", "ascii"), 1));
  for (const [node, { sector: at }] of places) if (node.content instanceof Uint8Array) put(at, node.content);
  // A file without bytes lies nowhere, and must not write into the system area.
  return image;
}

function* allNodes(nodes: readonly IsoNode[]): Generator<IsoNode> {
  for (const node of nodes) {
    yield node;
    if (!(node.content instanceof Uint8Array)) yield* allNodes(node.content);
  }
}

function nameOf(node: IsoNode, letters: Letters): Uint8Array {
  return lettersOf(letters === "ascii" ? node.plain : node.name, letters);
}

/** The children of a directory in the order of its hierarchy (9.3): by their names' bytes. */
function sorted(nodes: readonly IsoNode[], letters: Letters): readonly IsoNode[] {
  const key = (node: IsoNode): string => (letters === "ascii" ? node.plain : node.name);
  return [...nodes].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

function hierarchyOf(root: readonly IsoNode[], letters: Letters): Hierarchy {
  const directories: Directory[] = [];
  let level: { readonly node: readonly IsoNode[]; readonly name: Uint8Array; readonly parent: number }[] = [
    { node: root, name: Uint8Array.of(0), parent: 1 },
  ];
  while (level.length > 0) {
    const next: typeof level = [];
    for (const { node, name, parent } of level) {
      const number = directories.length + 1;
      directories.push({ node, name, number, parent, bytes: bytesOf(node, letters) });
      for (const child of sorted(node, letters)) {
        if (child.content instanceof Uint8Array) continue;
        next.push({ node: child.content, name: nameOf(child, letters), parent: number });
      }
    }
    level = next;
  }
  const tableBytes = directories.reduce((sum, { name }) => sum + 8 + name.length + (name.length % 2), 0);
  return { letters, directories, tableBytes };
}

/** Bytes of a directory: whole sectors, since no record crosses the end of one. */
function bytesOf(nodes: readonly IsoNode[], letters: Letters): number {
  const lengths = sorted(nodes, letters).map((node) => {
    const { length } = nameOf(node, letters);
    return 33 + length + (length % 2 === 0 ? 1 : 0);
  });
  return alignUp(
    [34, 34, ...lengths].reduce((at, length) => startOf(at, length) + length, 0),
    ISO_SECTOR,
  );
}

/** Where a record begins that is to follow at an offset. */
function startOf(at: number, length: number): number {
  return (at % ISO_SECTOR) + length > ISO_SECTOR ? alignUp(at, ISO_SECTOR) : at;
}

interface PlacedHierarchy {
  readonly hierarchy: Hierarchy;
  readonly little: number;
  readonly big: number;
  readonly places: readonly Place[];
}

function directoryBytes(
  directory: Directory,
  { hierarchy: { letters, directories }, places }: PlacedHierarchy,
  files: ReadonlyMap<IsoNode, Place>,
  date: Date,
): Uint8Array {
  const nowhere: Place = { sector: 0, bytes: 0 };
  const placeOf = (node: IsoNode): Place => {
    if (node.content instanceof Uint8Array) return files.get(node) ?? nowhere;
    const index = directories.findIndex((one) => one.node === node.content);
    return places[index] ?? nowhere;
  };
  const records = [
    directoryRecord(Uint8Array.of(0), places[directory.number - 1] ?? nowhere, "folder", date),
    directoryRecord(Uint8Array.of(1), places[directory.parent - 1] ?? nowhere, "folder", date),
    ...sorted(directory.node, letters).map((node) =>
      directoryRecord(
        nameOf(node, letters),
        placeOf(node),
        node.content instanceof Uint8Array ? "file" : "folder",
        date,
      ),
    ),
  ];
  const bytes = new Uint8Array(directory.bytes);
  let at = 0;
  for (const record of records) {
    at = startOf(at, record.length);
    bytes.set(record, at);
    at += record.length;
  }
  return bytes;
}

/** The path table (9.4), in one order of bytes. */
function pathTable({ directories }: Hierarchy, places: readonly Place[], order: "little" | "big"): Uint8Array {
  return concatBytes(
    directories.map(({ name, parent, number }) => {
      const record = new Uint8Array(8 + name.length + (name.length % 2));
      const view = new DataView(record.buffer);
      record[0] = name.length;
      view.setUint32(2, places[number - 1]?.sector ?? 0, order === "little");
      view.setUint16(6, parent, order === "little");
      record.set(name, 8);
      return record;
    }),
  );
}

/** The primary descriptor (8.4), or the supplementary one of Joliet (8.5). */
function descriptor(
  { hierarchy: { letters, tableBytes }, little, big, places }: PlacedHierarchy,
  sectors: number,
  { label, modified }: IsoOptions,
): Uint8Array {
  const record = recorder(ISO_SECTOR);
  const plain = letters === "ascii";
  record.byte(0, plain ? 1 : 2);
  record.bytes.set(lettersOf("CD001", "ascii"), 1);
  record.byte(6, 1);
  record.text(8, 32, "", letters);
  record.text(40, 32, plain ? label.toUpperCase().replace(/[^A-Z0-9_ -]/g, "_") : label, letters);
  record.both32(80, sectors);
  if (!plain) record.bytes.set(JOLIET_ESCAPE, 88);
  record.both16(120, 1);
  record.both16(124, 1);
  record.both16(128, ISO_SECTOR);
  record.both32(132, tableBytes);
  record.little32(140, little);
  record.big32(148, big);
  const [root = { sector: 0, bytes: 0 }] = places;
  record.bytes.set(directoryRecord(Uint8Array.of(0), root, "folder", modified), 156);
  // Volume set, publisher, preparer, application, and the names of three files.
  for (const [at, length] of [
    [190, 128],
    [318, 128],
    [446, 128],
    [574, 128],
    [702, 37],
    [739, 37],
    [776, 37],
  ] as const) {
    record.text(at, length, "", letters);
  }
  for (const [at, date] of [
    [813, modified],
    [830, modified],
    [847, null],
    [864, null],
  ] as const) {
    record.bytes.set(volumeDate(date), at);
  }
  record.byte(881, 1);
  return record.bytes;
}
