import type { GuestFiles } from "./files.js";

/** Bytes of one file of settings. */
const MOST_BYTES = 128 * 1024;
/** Files of one folder. */
const MOST_FILES = 64;
/** Characters of one line. */
const MOST_LINE = 4096;
/** Characters that are kept of a text of a guest. */
const MOST_TEXT = 200;

/** A file of settings. */
export interface TextFile {
  readonly path: string;
  readonly lines: readonly string[];
}

/** A text of a guest, cut to what facts keep. */
export function short(text: string): string {
  return text.slice(0, MOST_TEXT);
}

/** The lines of a file; `null` where it is not there. */
export async function readLines(files: GuestFiles, path: string): Promise<TextFile | null> {
  const bytes = await files.read(path, MOST_BYTES);
  if (bytes === null) return null;
  return {
    path,
    lines: new TextDecoder()
      .decode(bytes)
      .split(/\r?\n/)
      .map((line) => line.slice(0, MOST_LINE)),
  };
}

/** The files of a folder whose names fit, by name. A name that is no file is left out. */
export async function readFolder(files: GuestFiles, folder: string, name: RegExp): Promise<readonly TextFile[]> {
  const names = (await files.list(folder)).filter((one) => name.test(one)).sort();
  const found: TextFile[] = [];
  for (const one of names.slice(0, MOST_FILES)) {
    const file = await readLines(files, `${folder}/${one}`);
    if (file !== null) found.push(file);
  }
  return found;
}

/** Of those that are there, in the order of the paths. */
export async function readAll(files: GuestFiles, paths: readonly string[]): Promise<readonly TextFile[]> {
  const found: TextFile[] = [];
  for (const path of paths) {
    const file = await readLines(files, path);
    if (file !== null) found.push(file);
  }
  return found;
}

/** A line of `NAME=value`, as shells and os-release read it: without quotes, what follows a `#` left out. `null` for other lines. */
export function assignment(
  line: string,
): { readonly name: string; readonly value: string; readonly added: boolean } | null {
  const found = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)(\+?)=(?:"([^"]*)"|'([^']*)'|([^\s#]*))/.exec(line);
  if (found === null) return null;
  return { name: found[1] as string, added: found[2] === "+", value: found[3] ?? found[4] ?? found[5] ?? "" };
}

/** Sections of a file as NetworkManager, systemd and others write it: `[Name]`, then `key=value`. Names of sections in lower case. */
export function iniEntries(
  file: TextFile,
): readonly { readonly section: string; readonly key: string; readonly value: string }[] {
  let section = "";
  const found: { section: string; key: string; value: string }[] = [];
  for (const line of file.lines) {
    const head = /^\s*\[([^\]]*)\]\s*$/.exec(line);
    if (head !== null) section = (head[1] as string).toLowerCase();
    const entry = /^\s*([A-Za-z0-9_.-]+)\s*=(.*)$/.exec(line);
    if (entry !== null) found.push({ section, key: entry[1] as string, value: (entry[2] as string).trim() });
  }
  return found;
}

/** A MAC address in lower case with colons; `null` for what is none. */
export function macOf(text: string): string | null {
  const found = /^["']?([0-9a-f]{2}(?:[:-][0-9a-f]{2}){5})["']?$/i.exec(text.trim());
  return found === null ? null : (found[1] as string).toLowerCase().replaceAll("-", ":");
}
