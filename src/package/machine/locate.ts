import { resolveName } from "../names.js";

/**
 * Names inside of a machine's folder that a path in its configuration may stand for, the likeliest first. A path of another host, or of a
 * datastore, has but its last part in common with the folder that the files were brought to. Nothing leaves the folder.
 */
export function placesOf(path: string): readonly string[] {
  const portable = path
    .replace(/^\[[^\]]*\]\s*/, "")
    .replaceAll("\\", "/")
    .replace(/^file:\/\//, "");
  const last = portable.slice(portable.lastIndexOf("/") + 1);
  const places = [path, portable, last].flatMap((place) => resolveName("", place) ?? []);
  return [...new Set(places)];
}

/** The last part of a path of any system: what users call the file. */
export function lastPart(path: string): string {
  const portable = path.replaceAll("\\", "/");
  return portable.slice(portable.lastIndexOf("/") + 1);
}
