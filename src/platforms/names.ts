/** Device names of Windows: a file called `con.vmx` cannot be made there. */
const RESERVED = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)/i;
/** Bytes of a name before its extension: file systems take 255 for the whole. */
const MAX_BYTES = 120;

/** Hands out file names that are safe on every system, each once. */
export interface FileNames {
  /** `stem` may be any text, such as a machine's name; `ending` is ours: `.vmx`, `-disk1.vmdk`. */
  take(stem: string, ending: string): string;
}

/**
 * Names of one result's files: none is given twice, upper and lower case counted as one.
 * @param others names that are taken already
 */
export function createFileNames(others: readonly string[] = []): FileNames {
  const taken = new Set(others.map((name) => name.toLowerCase()));
  return {
    take(stem, ending) {
      const base = safeStem(stem);
      for (let n = 1; ; n++) {
        const name = `${base}${n === 1 ? "" : `-${n}`}${ending}`;
        if (taken.has(name.toLowerCase())) continue;
        taken.add(name.toLowerCase());
        return name;
      }
    },
  };
}

/** A text as the start of a file name: letters, digits, dots, hyphens and underscores of any script; never a path, a flag or a device. */
export function safeStem(text: string): string {
  const words = text
    .normalize("NFC")
    .replace(/[^\p{L}\p{M}\p{N}._-]+/gu, "-")
    .replace(/\.{2,}/g, ".")
    .replace(/^[-.]+|[-.]+$/g, "");
  let stem = "";
  let bytes = 0;
  for (const character of words) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (bytes > MAX_BYTES) break;
    stem += character;
  }
  if (stem === "") return "machine";
  return RESERVED.test(stem) ? `_${stem}` : stem;
}

/** The last part of a path without its extension, and the extension with its dot: `.iso`, or nothing. */
export function splitFileName(path: string): { readonly stem: string; readonly extension: string } {
  const name = path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
  const dot = name.lastIndexOf(".");
  if (dot <= 0 || !/^\.[a-zA-Z0-9]{1,8}$/.test(name.slice(dot))) return { stem: name, extension: "" };
  return { stem: name.slice(0, dot), extension: name.slice(dot).toLowerCase() };
}
