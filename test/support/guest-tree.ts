/** Files of a guest, written to a folder or kept as they are: what mkfs.ext4 takes, and what tests expect to find in what it made. */
import { mkdir, open, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** A file by its bytes, a link by its target, an empty folder, or a file of pieces with holes between them. */
export type TreeEntry =
  | string
  | Uint8Array
  | { readonly link: string }
  | { readonly folder: true }
  | { readonly size: number; readonly pieces: readonly (readonly [at: number, bytes: Uint8Array])[] };

/** By path, without a slash in front. */
export type Tree = Readonly<Record<string, TreeEntry>>;

/** Writes a tree under a folder. */
export async function writeTree(folder: string, tree: Tree): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [path, entry] of Object.entries(tree)) {
    const at = join(folder, path);
    await mkdir(dirname(at), { recursive: true });
    if (typeof entry === "string" || entry instanceof Uint8Array) await writeFile(at, entry);
    else if ("link" in entry) await symlink(entry.link, at);
    else if ("folder" in entry) await mkdir(at, { recursive: true });
    else {
      const file = await open(at, "w");
      await file.truncate(entry.size);
      for (const [offset, bytes] of entry.pieces) await file.write(bytes, 0, bytes.length, offset);
      await file.close();
    }
  }
}

/** The bytes of a file of a tree. */
export function contentOf(entry: TreeEntry): Uint8Array {
  if (typeof entry === "string") return new TextEncoder().encode(entry);
  if (entry instanceof Uint8Array) return entry;
  if (!("size" in entry)) throw new Error("no file");
  const bytes = new Uint8Array(entry.size);
  for (const [at, piece] of entry.pieces) bytes.set(piece, at);
  return bytes;
}

/** Pieces that say where they are. No hole stands at the end: mke2fs 1.47.0 loses such a one where contents may lie in inodes. */
function withHoles(places: readonly number[]): TreeEntry {
  const pieces = places.map((at) => [at, new TextEncoder().encode(`piece at ${at}\n`)] as const);
  return { size: Math.max(...pieces.map(([at, bytes]) => at + bytes.length)), pieces };
}

const LONG = "a-name-that-is-so-long-that-a-link-to-it-needs-a-block-of-its-own";

/**
 * What file systems store in different ways: contents that fit into an inode and such that just do not, files of many extents, names in one
 * block and in many, links of each kind.
 * @param names files in the large directory
 */
export function everyShape(names: number): Tree {
  const many = Array.from({ length: names }, (_, i) => [`many/file-number-${i}`, `${i}`] as const);
  return {
    "etc/os-release": { link: "../usr/lib/os-release" },
    "usr/lib/os-release": 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
    "shapes/empty": "",
    "shapes/one": "1",
    "shapes/sixty": "6".repeat(60),
    "shapes/sixty-one": "7".repeat(61),
    "shapes/hundred": "8".repeat(100),
    "shapes/block": "b".repeat(4096),
    "shapes/blocks": Array.from({ length: 3000 }, (_, i) => `line ${i}\n`).join(""),
    // A piece in every fourth block of 4 KiB: one extent each. Then what only the later pointers of a block map reach.
    "shapes/holes": withHoles(Array.from({ length: 24 }, (_, i) => i * 16_384)),
    "shapes/far": withHoles([0, 300_000, 4_900_000]),
    "folders/empty": { folder: true },
    "folders/small/a": "a",
    [`folders/${LONG}/file`]: "at the end of a long name",
    "links/fast": { link: "../shapes/one" },
    "links/absolute": { link: "/shapes/sixty" },
    "links/slow": { link: `../folders/small/../${LONG}/file` },
    "links/folder": { link: "../folders" },
    "links/chain": { link: "fast" },
    "links/above": { link: "../../../../shapes/one" },
    "links/loop": { link: "loop" },
    "links/round": { link: "trip" },
    "links/trip": { link: "./round" },
    "links/nowhere": { link: "../shapes/none" },
    ...Object.fromEntries(many),
  };
}
