import type { OvfDocument } from "../../ovf/document.js";
import { type HostResource, parseHostResource } from "../../ovf/host-resource.js";
import { formatOfUri } from "../../ovf/tables/disk-formats.js";
import { resourceType } from "../../ovf/tables/resource-types.js";
import type { OvfContent } from "../../ovf/views/content.js";
import type { OvfItem } from "../../ovf/views/items.js";
import type { OvfDisk } from "../../ovf/views/parts.js";

/** What a drive's HostResource names; `null`: nothing of the package. */
export function hostResource(item: OvfItem): HostResource | null {
  return parseHostResource(item.property("HostResource") ?? "");
}

/** What the drives of all machines name, whatever the configuration. */
export interface DriveUses {
  /** Ids of Disks in disk drives. */
  readonly disks: ReadonlySet<string>;
  /** Ids of Disks in CD and floppy drives. */
  readonly imageDisks: ReadonlyMap<string, "cdrom" | "floppy">;
  /** Ids of Files in CD and floppy drives. */
  readonly imageFiles: ReadonlyMap<string, "cdrom" | "floppy">;
  /** Ids of Files with the variables of an EFI firmware. */
  readonly nvramFiles: ReadonlySet<string>;
}

/** Looks at every drive of a descriptor. */
export function driveUses(document: OvfDocument): DriveUses {
  const disks = new Set<string>();
  const imageDisks = new Map<string, "cdrom" | "floppy">();
  const imageFiles = new Map<string, "cdrom" | "floppy">();
  const nvramFiles = new Set<string>();
  const visit = (content: OvfContent): void => {
    for (const setting of content.hardware.flatMap((hardware) => hardware.settings)) {
      const resource = setting.key === "nvram" ? parseHostResource(setting.value) : null;
      if (resource?.kind === "file") nvramFiles.add(resource.id);
    }
    for (const item of content.hardware.flatMap((hardware) => hardware.items)) {
      const nvram = nvramFile(item);
      if (nvram !== null) nvramFiles.add(nvram);
      const kind = resourceType(item.resourceType ?? 0)?.kind;
      const resource = kind === "disk" || kind === "cdrom" || kind === "floppy" ? hostResource(item) : null;
      if (resource === null) continue;
      if (kind === "cdrom" || kind === "floppy") {
        (resource.kind === "disk" ? imageDisks : imageFiles).set(resource.id, kind);
      } else if (resource.kind === "disk") disks.add(resource.id);
    }
    content.children.forEach(visit);
  };
  document.contents.forEach(visit);
  return { disks, imageDisks, imageFiles, nvramFiles };
}

/** The File with firmware variables that an item of VirtualBox 7 names; `null` for all other items. */
export function nvramFile(item: OvfItem): string | null {
  if (item.resourceType !== 32768 || item.label !== "NVRAM") return null;
  const resource = hostResource(item);
  return resource?.kind === "file" ? resource.id : null;
}

/** Whether a Disk is a CD or floppy image: VirtualBox lists those among the disks. `file` is its File's name. */
export function isImage(disk: OvfDisk, file: string | null, uses: DriveUses): boolean {
  if (formatOfUri(disk.format ?? "")?.kind === "iso") return true;
  const { diskId } = disk;
  if (diskId === null || !uses.imageDisks.has(diskId) || uses.disks.has(diskId)) return false;
  return /\.(iso|flp|img)$/i.test(file ?? "");
}
