/** What can be changed in a package, as data. Options of the command and patches in YAML say the same. */
import type { Firmware } from "../../../base/ids.js";

/** A property that is added to a product. */
export interface NewProperty {
  readonly key: string;
  /** `string` by default. */
  readonly type: string;
  readonly value: string | null;
  readonly label: string | null;
  readonly description: string | null;
  readonly qualifiers: string | null;
  readonly category: string | null;
  readonly userConfigurable: boolean;
  readonly password: boolean;
}

/** A network card that is added to a machine. */
export interface NewNic {
  readonly network: string;
  /** `null`: as the machine's other cards. */
  readonly model: string | null;
  readonly mac: string | null;
}

/** A disk that is added to a machine. */
export interface NewDisk {
  /** What the user calls its file. */
  readonly file: string;
  /** A bus, or the name or InstanceID of a controller; `null`: where the machine's first disk hangs. */
  readonly controller: string | null;
}

/** Words about the product; `null` leaves one as it is. */
export interface ProductWords {
  /** `ovf:class` of the product that is meant, where there are several. */
  readonly class: string | null;
  readonly name: string | null;
  readonly vendor: string | null;
  readonly version: string | null;
  readonly fullVersion: string | null;
  readonly productUrl: string | null;
  readonly vendorUrl: string | null;
  readonly appUrl: string | null;
}

/** Everything that one run changes. `null` and empty lists change nothing. */
export interface Edits {
  /** Id or name of the machine that is meant; `null`: the only one. */
  readonly machine: string | null;
  /** The deployment option whose own hardware and values are meant; `null`: what counts for all of them. */
  readonly configuration: string | null;
  readonly name: string | null;
  readonly cpus: number | null;
  readonly coresPerSocket: number | null;
  readonly memoryBytes: number | null;
  readonly firmware: Firmware | null;
  readonly os: string | null;
  readonly hardwareType: string | null;
  /** How guests get their environment; an empty list: they get none. */
  readonly transports: readonly string[] | null;
  /** Defaults of properties, by key. */
  readonly values: readonly (readonly [key: string, value: string])[];
  readonly addProperties: readonly NewProperty[];
  readonly addNics: readonly NewNic[];
  /** Cards that go, from 1 in the order of the descriptor. */
  readonly removeNics: readonly number[];
  readonly mapNetworks: readonly (readonly [from: string, to: string])[];
  readonly addDisks: readonly NewDisk[];
  /** New capacities in bytes, by the disk's id. */
  readonly resizeDisks: readonly (readonly [id: string, bytes: number])[];
  readonly eula: string | null;
  readonly annotation: string | null;
  readonly product: ProductWords | null;
  /** `annotation`, `eula`, `product`, `property.KEY`, `disk.ID`. */
  readonly remove: readonly string[];
}

/** No edit at all. */
export const noEdits: Edits = {
  machine: null,
  configuration: null,
  name: null,
  cpus: null,
  coresPerSocket: null,
  memoryBytes: null,
  firmware: null,
  os: null,
  hardwareType: null,
  transports: null,
  values: [],
  addProperties: [],
  addNics: [],
  removeNics: [],
  mapNetworks: [],
  addDisks: [],
  resizeDisks: [],
  eula: null,
  annotation: null,
  product: null,
  remove: [],
};

/** Whether edits change nothing, whatever the package is. */
export function isEmpty({ machine: _machine, configuration: _configuration, ...edits }: Edits): boolean {
  return (
    Object.values(edits).every((value) => value === null || (Array.isArray(value) && value.length === 0)) &&
    edits.transports === null
  );
}

/** The second over the first: single words replace those of the first, lists stand behind its lists. */
export function joinEdits(first: Edits, second: Edits): Edits {
  const joined: Record<string, unknown> = { ...first };
  for (const [key, value] of Object.entries(second)) {
    const before = joined[key];
    if (key !== "transports" && Array.isArray(value) && Array.isArray(before)) joined[key] = [...before, ...value];
    else if (value !== null) joined[key] = value;
  }
  return joined as unknown as Edits;
}
