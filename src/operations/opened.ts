import type { Appliance } from "../appliance/appliance.js";
import type { PlatformId } from "../base/ids.js";
import type { Context } from "../io/context.js";
import type { PlacedFile } from "../package/machine/open.js";
import type { PackageReader } from "../package/model.js";
import type { ImportChoice } from "../platforms/platform.js";
import type { ComingDisk } from "./coming.js";
import type { OpenedPackage, OpenOptions } from "./open.js";

/** How a source is opened. */
export interface OpenSourceOptions extends OpenOptions {
  /** Files that lie elsewhere than the configuration says: by disk id, path, or the last part of it. */
  readonly placed?: ReadonlyMap<string, PlacedFile>;
  /** Whether a disk alone is a machine, too, of which nothing else is known. Left out: it is no package. */
  readonly disks?: "taken";
  /** Opens files by the absolute paths that configurations name. Left out: none. */
  readonly external?: (path: string) => PlacedFile | null;
  /** Set where absolute paths are of the very host that is asked: `external` counts before a file of the same name beside the configuration. */
  readonly absolute?: "first";
  /** `once`: whoever opens it reads what comes in one pass so (`OpenedSource.coming`), and nothing need be fetched before. */
  readonly reading?: "once";
}

/** What is open: a package, or machines beside their files. */
export interface OpenedSource {
  readonly reader: PackageReader;
  /** Whose words it is in; `disk`: nobody's, a disk alone. */
  readonly platform: PlatformId | "disk";
  /** Version of the configuration's format; `null`: not said. */
  readonly version: string | null;
  readonly producer: string | null;
  /** The package with its document, where it is OVF. */
  readonly ovf: OpenedPackage | null;
  /** Names of files that are compressed as a whole. */
  readonly packed: ReadonlySet<string>;
  /** Disk files that can be read in one pass where they are, by their names. Opening them as files fetches them first. Left out: all lie here. */
  readonly coming?: ReadonlyMap<string, ComingDisk>;
  /** What would be deployed for a choice. Findings go to the context's `report`. */
  appliance(choice: ImportChoice, ctx: Context): Appliance;
  close(): Promise<void>;
}
