import type { Disk, FileAsset } from "../../appliance/appliance.js";
import type { DiskFormatId } from "../../base/ids.js";
import { diskCapacity } from "../../ovf/capacity.js";
import { finding } from "../../ovf/findings.js";
import { formatOfUri } from "../../ovf/tables/disk-formats.js";
import type { OvfItem } from "../../ovf/views/items.js";
import type { OvfDisk } from "../../ovf/views/parts.js";
import type { ResolvedFile } from "./files.js";
import { type ImportSession, origin } from "./session.js";
import { driveUses, hostResource, isImage } from "./uses.js";

/** The disks and files of a package, by what items call them. */
export interface PackageDisks {
  /** By id. Grows while drives are read. */
  readonly disks: ReadonlyMap<string, Disk>;
  readonly files: readonly FileAsset[];
  /** Id of the disk in a drive; `null`: there is none, which is reported if one is named. */
  diskOf(item: OvfItem): string | null;
  /** Id of the image in a CD or floppy drive. */
  imageOf(item: OvfItem): string | null;
}

/** Reads the DiskSection against References, and which drives name what. */
export function readDisks(session: ImportSession, files: ReadonlyMap<string, ResolvedFile>): PackageDisks {
  const entries = new Map<string, OvfDisk>();
  const { document } = session;
  const shared = new Set(document.sharedDisks.map((disk) => disk.diskId));
  for (const disk of [...document.disks, ...document.sharedDisks]) {
    const id = disk.diskId;
    if (id === null) session.report(finding("ovf/incomplete-disk", "error", disk.element, "a Disk has no diskId"));
    else if (entries.has(id)) {
      session.report(
        finding("ovf/duplicate-id", "error", disk.element, `two Disks have the id ${id}`, {
          hint: "The first one counts.",
          data: { id },
        }),
      );
    } else entries.set(id, disk);
  }
  const uses = driveUses(document);
  const byHref = new Map([...files.values()].map((file) => [file.file.href, file]));
  // oVirt refers to files by their href.
  const fileOf = ({ fileRef }: OvfDisk): ResolvedFile | undefined =>
    fileRef === null ? undefined : (files.get(fileRef) ?? byHref.get(fileRef));
  const disks = new Map<string, Disk>();
  // What items call a disk besides its id: its file, and the path of an image that oVirt writes.
  const otherNames = new Map<string, string>();
  const taken = new Set<string>();
  const imageEntries = new Map<string, string>();
  for (const [id, entry] of entries) {
    const file = fileOf(entry);
    if (isImage(entry, file?.name ?? null, uses)) {
      if (file !== undefined) imageEntries.set(file.id, id);
      continue;
    }
    if (file !== undefined) taken.add(file.id);
    if (entry.fileRef !== null) otherNames.set(entry.fileRef, id);
    disks.set(id, readDisk(session, id, entry, file, entries));
  }
  const assets = new Map<string, FileAsset>();
  for (const file of files.values()) {
    if (taken.has(file.id)) continue;
    const inDrive = uses.imageFiles.get(file.id) ?? uses.imageDisks.get(imageEntries.get(file.id) ?? "");
    assets.set(file.id, {
      id: file.id,
      name: file.name,
      role: uses.nvramFiles.has(file.id) ? "nvram" : roleOf(file.name, inDrive),
      size: file.size,
    });
    origin(session, `files/${file.id}`, file.file.element);
  }
  const dangling = (item: OvfItem, text: string): void => {
    session.report(
      finding(
        "ovf/dangling-host-resource",
        "error",
        item.propertyElement("HostResource") ?? item.element,
        `drive ${item.label ?? item.instanceId} names ${text}, which the package does not list`,
        {
          hint: "Add the Disk or File, or correct the HostResource.",
          data: { hostResource: text },
        },
      ),
    );
  };
  const inDrives = new Set<string>();
  const copies = new Map<string, number>();
  /** Several drives on one Disk each get a copy of their own (DSP0243 9.1). */
  const copyOf = (disk: Disk, item: OvfItem): Disk => {
    let n = (copies.get(disk.id) ?? 1) + 1;
    while (disks.has(`${disk.id}-${n}`)) n++;
    copies.set(disk.id, n);
    const copy = { ...disk, id: `${disk.id}-${n}` };
    disks.set(copy.id, copy);
    origin(session, `disks/${copy.id}`, entries.get(disk.id)?.element);
    session.report(
      finding(
        "ovf/disk-copied",
        "info",
        item.element,
        `disk ${disk.id} is in more than one drive; this one gets a copy of its own, ${copy.id}`,
        {
          data: { disk: disk.id, copy: copy.id },
        },
      ),
    );
    return copy;
  };
  return {
    disks,
    files: [...assets.values()],
    diskOf(item) {
      const text = item.property("HostResource");
      if (text === null) return null;
      const resource = hostResource(item);
      const named = resource?.kind === "disk" ? resource.id : otherNames.get(resource?.id ?? text);
      const found = disks.get(named ?? text.slice(text.lastIndexOf("/") + 1));
      if (found === undefined) {
        dangling(item, text);
        return null;
      }
      if (shared.has(found.id) || !inDrives.has(found.id)) {
        inDrives.add(found.id);
        return found.id;
      }
      return copyOf(found, item).id;
    },
    imageOf(item) {
      const resource = hostResource(item);
      if (resource === null) return null;
      const entry = resource.kind === "disk" ? entries.get(resource.id) : undefined;
      const id = entry === undefined ? resource.id : fileOf(entry)?.id;
      if (id !== undefined && assets.has(id)) return id;
      if (entry?.fileRef !== null) dangling(item, item.property("HostResource") ?? "");
      return null;
    },
  };
}

function readDisk(
  session: ImportSession,
  id: string,
  entry: OvfDisk,
  file: ResolvedFile | undefined,
  entries: ReadonlyMap<string, OvfDisk>,
): Disk {
  const { fileRef, parentRef, format: uri } = entry;
  if (fileRef !== null && file === undefined) {
    session.report(
      finding(
        "ovf/dangling-file-ref",
        "error",
        entry.element,
        `disk ${id} refers to file ${fileRef}, which References does not list`,
        {
          hint: `Add a File with the id ${fileRef}, or correct the fileRef.`,
          data: { disk: id, fileRef },
        },
      ),
    );
  }
  if (parentRef !== null && !entries.has(parentRef)) {
    session.report(
      finding(
        "ovf/unknown-parent-disk",
        "error",
        entry.element,
        `disk ${id} continues disk ${parentRef}, which the DiskSection does not list`,
        { data: { disk: id, parentRef } },
      ),
    );
  }
  const named = uri === null ? null : formatOfUri(uri);
  if (uri !== null && named === null) {
    session.report(
      finding(
        "ovf/unknown-disk-format",
        "warning",
        entry.element,
        `the format of disk ${id} is ${uri}, which is not known`,
        {
          hint: "The file itself tells.",
          data: { disk: id, format: uri },
        },
      ),
    );
  }
  origin(session, `disks/${id}`, entry.element);
  const format: { readonly format: DiskFormatId | null; readonly variant: string | null } =
    named?.kind === "disk" ? named : { format: null, variant: null };
  return {
    id,
    // A reference that leads nowhere stays visible: without it the disk would seem to be an empty one.
    file: file?.name ?? fileRef,
    format: format.format,
    variant: format.variant,
    capacityBytes: diskCapacity(session.choice, entry, session.report),
    parent: parentRef,
    compression: file?.compression ?? null,
    chunkBytes: file?.chunkBytes ?? null,
    shared: false,
  };
}

function roleOf(name: string, drive: "cdrom" | "floppy" | undefined): FileAsset["role"] {
  if (drive === "floppy" || /\.flp$/i.test(name)) return "floppy";
  if (drive === "cdrom" || /\.iso$/i.test(name)) return "iso";
  return /\.nvram$/i.test(name) ? "nvram" : "file";
}
