import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The text of every file below a folder whose name ends in `suffix`, by path with `/`, sorted. Empty where there is no folder. */
export function readTree(folder: string, suffix: string): Map<string, string> {
  const files = new Map<string, string>();
  if (!existsSync(folder)) return files;
  const names = readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(suffix))
    .map((entry) => join(entry.parentPath, entry.name).replaceAll("\\", "/"))
    .sort();
  for (const name of names) files.set(name, readFileSync(name, "utf8"));
  return files;
}

/** The text of a file, or `null` where there is none. */
export function readText(file: string): string | null {
  return existsSync(file) ? readFileSync(file, "utf8") : null;
}
