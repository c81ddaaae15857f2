/** What writing a descriptor is told. */
import type { EmbeddedSettings } from "../embedded.js";
import type { OvfAuthored } from "./authored.js";
import type { OvfFlavour, WrittenVersion } from "./flavours.js";

/** How a descriptor is written. */
export interface OvfExportOptions {
  readonly flavour: OvfFlavour;
  readonly version: WrittenVersion;
  /** What the consumer's importer believes before the items; left out: nothing. */
  readonly embedded?: EmbeddedSettings;
  /** What an author says beyond the machines; left out: nothing. */
  readonly authored?: OvfAuthored;
}
