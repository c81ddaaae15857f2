/** The folders of an image, with the names that each of its two hierarchies has for them. */
import { FerryError } from "../../base/errors.js";
import { printable } from "../../base/text.js";
import { problemOfName } from "../names.js";

/** A file of an image. */
export interface IsoFile {
  /** Path with `/`, relative to the root. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A file or folder in both hierarchies. */
export interface IsoNode {
  /** As it is called: what Joliet has. */
  readonly name: string;
  /** As ISO 9660 level 2 has it: capitals, digits and underscores; files with a version behind them. */
  readonly plain: string;
  readonly content: Uint8Array | readonly IsoNode[];
}

/** The most letters of a name in Joliet. */
const MOST_JOLIET = 64;
/** The most letters of a name in ISO 9660 level 2, without the version. */
const MOST_PLAIN = 31;
/** Folders in folders (ISO 9660 6.8.2.1). */
const MOST_DEPTH = 8;

interface Folder {
  readonly folders: Map<string, Folder>;
  readonly files: Map<string, Uint8Array>;
}

/** @throws `package/unsafe-name` for a path that no image can hold, or two that are one */
export function isoTree(files: readonly IsoFile[]): readonly IsoNode[] {
  const root: Folder = { folders: new Map(), files: new Map() };
  for (const { name, bytes } of files) {
    const parts = name.split("/");
    const last = parts.pop() ?? "";
    const problem = problemOfName(name) ?? problemOf([...parts, last]);
    if (problem !== null) throw unsafe(name, problem);
    let folder = root;
    for (const part of parts) {
      if (folder.files.has(part)) throw unsafe(name, `'${part}' is a file already`);
      const next = folder.folders.get(part) ?? { folders: new Map(), files: new Map() };
      folder.folders.set(part, next);
      folder = next;
    }
    if (folder.files.has(last) || folder.folders.has(last)) throw unsafe(name, "there is another one of that name");
    folder.files.set(last, bytes);
  }
  return nodesOf(root);
}

function unsafe(name: string, problem: string): FerryError {
  return new FerryError("package/unsafe-name", `'${printable(name)}' cannot be in an image: ${problem}`);
}

function problemOf(parts: readonly string[]): string | null {
  if (parts.length > MOST_DEPTH) return `folders are ${MOST_DEPTH} deep at most`;
  if (parts.some((part) => part.length > MOST_JOLIET)) return `names have ${MOST_JOLIET} letters at most`;
  // Joliet 4.3.
  return parts.some((part) => /[*/:;?\\\p{Cc}]/u.test(part)) ? "Joliet has no * / : ; ? \\ in names" : null;
}

function nodesOf({ folders, files }: Folder): readonly IsoNode[] {
  const taken = new Set<string>();
  const names = [...folders.keys(), ...files.keys()].sort();
  return names.map((name): IsoNode => {
    const folder = folders.get(name);
    if (folder !== undefined) return { name, plain: plainName(name, "folder", taken), content: nodesOf(folder) };
    return { name, plain: `${plainName(name, "file", taken)};1`, content: files.get(name) ?? new Uint8Array() };
  });
}

/** A name of the primary hierarchy that nothing else in its folder has. */
function plainName(name: string, kind: "file" | "folder", taken: Set<string>): string {
  const dot = kind === "file" ? name.lastIndexOf(".") : -1;
  const clean = (text: string): string => text.toUpperCase().replace(/[^A-Z0-9_]/g, "_");
  const stem = clean(dot < 0 ? name : name.slice(0, dot));
  const ending = kind === "folder" ? "" : `.${dot < 0 ? "" : clean(name.slice(dot + 1)).slice(0, 8)}`;
  for (let n = 1; ; n++) {
    const number = n === 1 ? "" : `_${n}`;
    const tried = `${(stem || "_").slice(0, MOST_PLAIN - ending.length - number.length)}${number}${ending}`;
    if (taken.has(tried)) continue;
    taken.add(tried);
    return tried;
  }
}
