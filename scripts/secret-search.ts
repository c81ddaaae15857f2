/** Looks for planted secrets in what a test run prints, and in the temporary files that it leaves. */
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findPlanted } from "../test/secrets/planted.js";

/** Larger files are disks, which no secret is planted in. */
const MOST_BYTES = 16 * 2 ** 20;
/** What is kept of a piece of output, for a secret that the next one goes on with. */
const KEPT = 256;

/** Watches an output stream of this process. Returns what was found, in words; it grows. */
export function searchOutput(stream: NodeJS.WriteStream): readonly string[] {
  const found: string[] = [];
  let before = "";
  const write = stream.write.bind(stream);
  stream.write = (chunk: string | Uint8Array, ...rest: never[]): boolean => {
    const text = before + (typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("latin1"));
    const secret = findPlanted(text);
    if (secret !== null) found.push(`a planted secret was printed: ${secret}`);
    before = secret === null ? text.slice(-KEPT) : "";
    return write(chunk, ...rest);
  };
  return found;
}

/** What was found in the files of a folder. */
export function searchFolder(folder: string): readonly string[] {
  const found: string[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...searchFolder(path));
    else if (entry.isFile() && lstatSync(path).size <= MOST_BYTES) {
      const secret = findPlanted(readFileSync(path, "latin1"));
      if (secret !== null) found.push(`a planted secret is left in ${path}: ${secret}`);
    }
  }
  return found;
}
