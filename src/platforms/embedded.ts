/** Settings of another platform's own in an OVF package: its importer believes them before the items. */
import type { Diagnostic } from "../base/diagnostics.js";
import type { XmlNode } from "../xml/build.js";
import type { HeldFact } from "./facts.js";

/** The settings of all machines of a package. */
export interface EmbeddedSettings {
  /** The element of a machine, by its id. */
  machine(id: string): XmlNode | null;
  /** What the element knows a disk's image by. */
  disk(id: string): string;
  /** The same for the image in a CD or floppy drive. */
  image(device: "cdrom" | "floppy", file: string): string;
  readonly notes: readonly Diagnostic[];
  /** Facts that the elements say. */
  readonly holds: ReadonlySet<HeldFact>;
}
