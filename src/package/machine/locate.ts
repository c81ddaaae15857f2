import { resolveName } from "../names.js";

/** A volume of a storage, as Proxmox VE names it: `local:100/vm-100-disk-0.qcow2`, `local-lvm:vm-100-disk-0`. One letter is a drive of Windows. */
const VOLUME = /^[A-Za-z][A-Za-z0-9._-]+:(?!\/)(.+)$/;
/** Folders in which a storage keeps its volumes. */
const STORAGE_FOLDERS = ["", "images/", "template/"] as const;

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
  const volume = VOLUME.exec(path)?.[1];
  const stored = volume === undefined ? [] : STORAGE_FOLDERS.map((folder) => folder + volume);
  const bare = volume === undefined || volume.includes("/") ? [] : [`${volume}.raw`];
  // Where Export-VM of Hyper-V puts images, beside the machine's own folders.
  const exported = `Virtual Hard Disks/${last}`;
  const places = [path, portable, ...stored, last, ...bare, exported].flatMap((place) => resolveName("", place) ?? []);
  return [...new Set(places)];
}

/** The last part of a path of any system: what users call the file. */
export function lastPart(path: string): string {
  const portable = path.replaceAll("\\", "/");
  return portable.slice(portable.lastIndexOf("/") + 1);
}
