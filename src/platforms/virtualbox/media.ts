import { FerryError } from "../../base/errors.js";
import type { XmlElement } from "../../xml/tree.js";
import { childNamed } from "../virtualbox-hardware.js";
import { idFromText } from "../virtualbox-view.js";

/** A medium of a machine's registry. */
export interface Medium {
  /** UUID in lower case without braces. */
  readonly id: string;
  /** Relative to the machine's folder, or absolute on its host. */
  readonly location: string;
  /** `VDI`, `VMDK`, `VHD`, `iSCSI`; `null`: not said. */
  readonly format: string | null;
  /** `Normal`, `Immutable`, `Shareable`, `Writethrough`, `Readonly`, `MultiAttach`; of a chain: what its first image has. */
  readonly type: string;
  /** The image that this one holds the changes to. */
  readonly parent: Medium | null;
  readonly element: XmlElement;
}

/** Media of one machine, by id. */
export interface Media {
  readonly disks: ReadonlyMap<string, Medium>;
  readonly dvds: ReadonlyMap<string, Medium>;
  readonly floppies: ReadonlyMap<string, Medium>;
}

/**
 * The media registry of a machine. Differencing images stand inside of the image that they hold changes to.
 * @throws `virtualbox/encrypted` where a hard disk is encrypted
 */
export function readMedia(machine: XmlElement): Media {
  const registry = childNamed(machine, "MediaRegistry");
  const disks = new Map<string, Medium>();
  const dvds = new Map<string, Medium>();
  const floppies = new Map<string, Medium>();
  for (const list of registry?.elements() ?? []) {
    if (list.name === "HardDisks") readDisks(list, null, disks);
    if (list.name === "DVDImages") readImages(list, dvds);
    if (list.name === "FloppyImages") readImages(list, floppies);
  }
  return { disks, dvds, floppies };
}

function readDisks(list: XmlElement, parent: Medium | null, into: Map<string, Medium>): void {
  for (const element of list.elements(undefined, "HardDisk")) {
    const medium = mediumOf(element, parent);
    if (!into.has(medium.id)) into.set(medium.id, medium);
    readDisks(element, medium, into);
  }
}

function readImages(list: XmlElement, into: Map<string, Medium>): void {
  // VirtualBox calls each `Image`; files made by hand and by other tools name the kind.
  for (const element of list.elements()) {
    const medium = mediumOf(element, null);
    if (!into.has(medium.id)) into.set(medium.id, medium);
  }
}

function mediumOf(element: XmlElement, parent: Medium | null): Medium {
  return {
    id: idFromText(element.attribute("", "uuid") ?? ""),
    location: element.attribute("", "location") ?? "",
    format: element.attribute("", "format") ?? null,
    type: parent?.type ?? element.attribute("", "type") ?? "Normal",
    parent,
    element,
  };
}

/**
 * Refuses a disk whose bytes are encrypted: nothing in the image itself says so, and its ciphertext would be carried over as a disk.
 * @throws `virtualbox/encrypted`
 */
export function checkReadable(medium: Medium): void {
  for (let layer: Medium | null = medium; layer !== null; layer = layer.parent) {
    for (const property of layer.element.elements(undefined, "Property")) {
      if (!(property.attribute("", "name") ?? "").startsWith("CRYPT/")) continue;
      throw new FerryError("virtualbox/encrypted", `the disk ${layer.location} is encrypted by VirtualBox`, {
        hint: "Decrypt it where it is: VBoxManage encryptmedium FILE --old-password FILE_WITH_PASSWORD",
        location: layer.element.location,
      });
    }
  }
}
