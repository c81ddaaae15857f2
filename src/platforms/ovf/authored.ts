/** What an author says of a package beyond the machines that would be deployed: options, other languages, what vendors add. */
import type { Attachment } from "../../appliance/appliance.js";
import { el, type XmlNode } from "../../xml/build.js";

/** Settings by name. */
export type Settings = readonly (readonly [key: string, value: string])[];

/** What is said of one item of hardware. */
export interface AuthoredItem {
  /** Deployment options that have it; empty: all of them. */
  readonly only: readonly string[];
  /** `vmw:Config`. */
  readonly config: Settings;
}

/** An item that the model has no place for. */
export interface AuthoredDevice extends AuthoredItem {
  readonly resourceType: number;
  readonly subType: string | null;
  readonly name: string;
  readonly required: boolean;
}

/** Hardware in a deployment option, where it is another. */
export interface AuthoredHardware {
  readonly option: string;
  readonly cpus: number | null;
  readonly coresPerSocket: number | null;
  readonly memoryBytes: number | null;
}

/** What is said of one machine. */
export interface AuthoredMachine {
  readonly options: readonly AuthoredHardware[];
  readonly cpu: Settings;
  readonly memory: Settings;
  readonly video: Settings;
  /** By the controller's id. */
  readonly controllers: ReadonlyMap<string, Settings>;
  /** By `driveKey`. */
  readonly drives: ReadonlyMap<string, AuthoredItem>;
  /** In the machine's order. */
  readonly nics: readonly AuthoredItem[];
  readonly devices: readonly AuthoredDevice[];
  readonly config: Settings;
  readonly extraConfig: Settings;
}

/** A picture of a product. */
export interface AuthoredIcon {
  /** Id in `Appliance.files`. */
  readonly asset: string;
  readonly mimeType: string | null;
  readonly width: number | null;
  readonly height: number | null;
}

/** What is said of one product. */
export interface AuthoredProduct {
  readonly productUrl: string | null;
  readonly vendorUrl: string | null;
  readonly appUrl: string | null;
  readonly icons: readonly AuthoredIcon[];
  /** For each property: its value in some options, and the options that have it (empty: all). */
  readonly properties: readonly { readonly values: Settings; readonly only: readonly string[] }[];
}

/** All of it. Left out where a package is written from what would be deployed. */
export interface OvfAuthored {
  /** In the appliance's order, each with its description. */
  readonly options: readonly { readonly id: string; readonly description: string }[];
  /** By id. */
  readonly machines: ReadonlyMap<string, AuthoredMachine>;
  /** In the appliance's order. */
  readonly products: readonly AuthoredProduct[];
  /** The `msgid` of texts that are there in other languages, by the text itself. */
  readonly messages: ReadonlyMap<string, string>;
  /** Texts by language and `msgid`. */
  readonly bundles: readonly { readonly language: string; readonly texts: Settings }[];
}

/** What a drive is known by before and after machines are fitted: its disk, its image, or its number among the empty ones. */
export function driveKey(drives: readonly Attachment[], drive: Attachment): string {
  if (drive.disk !== null) return `disk ${drive.disk}`;
  if (drive.file !== null) return `${drive.device} ${drive.file}`;
  const empty = drives.filter(({ device, disk, file }) => device === drive.device && disk === null && file === null);
  return `${drive.device} number ${empty.indexOf(drive)}`;
}

/** Nobody has to know them. */
const OPTIONAL = { "ovf:required": "false" } as const;

/** Settings as VMware writes them. */
export function settingNodes(element: "vmw:Config" | "vmw:ExtraConfig", settings: Settings): XmlNode[] {
  return settings.map(([key, value]) => el(element, { ...OPTIONAL, "vmw:key": key, "vmw:value": value }));
}

/** The attribute that ties an item to deployment options. */
export function onlyIn({ only }: Pick<AuthoredItem, "only">): { readonly "ovf:configuration": string | null } {
  return { "ovf:configuration": only.length === 0 ? null : only.join(" ") };
}

/** What is left for a consumer that is not VMware's. */
export function withoutConfig(machine: AuthoredMachine | undefined): AuthoredMachine | undefined {
  if (machine === undefined) return undefined;
  const { drives, nics, devices } = machine;
  const bare = <T extends AuthoredItem>(one: T): T => ({ ...one, config: [] });
  return {
    ...machine,
    cpu: [],
    memory: [],
    video: [],
    controllers: new Map(),
    drives: new Map([...drives].map(([key, one]) => [key, bare(one)])),
    nics: nics.map(bare),
    devices: devices.filter(({ subType }) => subType?.startsWith("vmware.") !== true).map(bare),
  };
}
