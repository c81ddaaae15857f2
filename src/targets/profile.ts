import type { Bus, DiskFormatId, Firmware, HashName, PackageKind, PlatformId, TargetId } from "../base/ids.js";

/** What a machine shape has of one bus. */
export interface BusShape {
  readonly controllers: number;
  /** Drive numbers on each controller: `0` to `slots - 1`. 0: the bus is there, but takes no disks and CD drives. */
  readonly slots: number;
  /** Drive numbers that no drive may have: a SCSI controller's own address. */
  readonly reserved?: readonly number[];
  /** Controller models in the target's words, the default first; left out: the target has no choice of models. */
  readonly models?: readonly string[];
}

/** One kind of machine that a target makes: `gen1`, `gen2`, `pc`, `q35`, `vmx-19`. */
export interface MachineShape {
  readonly id: string;
  /** Chip set of its mainboard, where machines of the other one have another shape. */
  readonly chipset?: "i440fx" | "q35";
  readonly firmware: readonly Firmware[];
  /** Guests of Xen that are no machines on emulated hardware: they have this shape, whatever their firmware, and no other machine has. */
  readonly guests?: readonly ("pv" | "pvh")[];
  /** Buses that a machine can boot from, the best first: a drive that has to move goes to the first one with room. */
  readonly bootBuses: readonly Bus[];
  /** NIC models in the target's words, the default first; empty: every model is kept as it is. */
  readonly nicModels: readonly string[];
  /** Buses for disks and CD drives: how many controllers, and drives on each. */
  readonly buses: Readonly<Partial<Record<Bus, BusShape>>>;
  /** Buses that take a CD drive; left out: every bus that takes a disk. */
  readonly cdromBuses?: readonly Bus[];
  /** The firmware boots the first disk by position alone: an order among disks cannot be written down. */
  readonly bootsFirstDisk?: true;
  /** Formats of disks that it runs, where the platform has more; left out: all of them. */
  readonly diskFormats?: readonly DiskFormatId[];
  /** Where this shape takes less than the target. */
  readonly limits?: Partial<Omit<TargetLimits, "diskBytes">>;
}

/** The most that a machine of a target may have. */
export interface TargetLimits {
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly nics: number;
}

/** A generation of the standard, by the namespace of its envelope. */
export type OvfGeneration = "0.9" | "1" | "2";

/**
 * What reads OVF for a target, and how: facts that rules hold packages against. `null`, and an empty list, mean that the reader has no
 * opinion, or that nothing is known.
 */
export interface OvfReader {
  /** In messages. */
  readonly name: string;
  /** Where the facts are from. */
  readonly sources: readonly string[];
  /** Namespaces of the envelope that it understands. */
  readonly generations: readonly OvfGeneration[];
  /** OVF 0.9's `<Section xsi:type>` in documents of OVF 1: read, only with the very prefix `ovf:`, or passed over. */
  readonly typedSections: "read" | "ovf-prefix" | "ignored";
  /** Several systems: made, or passed over with the collection that holds them. */
  readonly collections: "made" | "ignored";
  /** Several hardware sections: the first one counts, the one it knows best does, or all are thrown together. */
  readonly hardwareSections: "first" | "rated" | "merged";
  /** StorageItem and EthernetPortItem. */
  readonly items2: "read" | "refused" | "ignored";
  /** Whether configurations and bounds of items are evaluated. */
  readonly configurations: "ignored" | null;
  /** VMware's hardware versions; `null`: the type of the system is not looked at. */
  readonly hardware: {
    readonly newest: number;
    /** Below it, newer products do not list it any more. */
    readonly oldest: number;
    /** `asks`: it can be imported all the same after a question. */
    readonly otherFamilies: "refused" | "asks";
  } | null;
  /** Resource types of items that it takes; the others make it refuse, unless they are not required. */
  readonly resourceTypes: readonly number[] | null;
  /** Resource types that make it refuse, unless they are not required. */
  readonly refusedTypes: readonly number[];
  /** Sub types of type 20, in lower case; others make it refuse in any case. */
  readonly storageSubtypes: readonly string[] | null;
  readonly ideSubtypes: "any" | "refused";
  readonly ideControllers: number | null;
  /** Whether the properties of an item must stand in the order of the alphabet. */
  readonly itemOrder: "any" | "alphabet";
  /** Spellings of memory units that it takes; `megabytes`: every quantity is taken for MiB. */
  readonly memoryUnits: readonly string[] | "megabytes" | null;
  /** What becomes of a machine that does not say its memory. */
  readonly memoryMissing: "refused" | "default" | { readonly bytes: number } | null;
  /** Whether memory outside of the target's limits is refused, or corrected. */
  readonly memoryLimits: "refused" | null;
  /** A disk's or CD drive's parent: must be a controller that it knows, else it refuses or passes the drive over. */
  readonly parents: "needed" | "skipped" | null;
  /** Whether disks can hang on several controllers of one bus, those of IDE left aside. */
  readonly controllersOfABus: "one" | null;
  /** Whether parents must be numbers. */
  readonly parentIds: "any" | "numbers";
  /** How a disk item names its disk; the prefix before the id. */
  readonly hostResources: readonly string[];
  /** What becomes of a disk item that names its disk in another way. */
  readonly otherResources: "refused" | "skipped" | null;
  /** Images in CD drives (`ovf:/file/id`): put in, or the drive comes empty. */
  readonly cdImages: "empty" | null;
  /**
   * Disks without a file: made as they are described, passed over, refused; or made where the format is one of these URIs, of one byte
   * for 2^20 that the number of the capacity says, where that is whole sectors.
   */
  readonly emptyDisks: "made" | "skipped" | "refused" | { readonly formats: readonly string[] };
  /** Whether a disk must name its format. */
  readonly diskFormats: "needed" | null;
  readonly capacityProperties: "resolved" | "refused";
  /** Disks that hold only what differs from another one. */
  readonly parentDisks: "taken-for-whole" | null;
  readonly chunks: "refused" | null;
  /** Compressed disk files; `gz-name`: only where the name ends in .gz. */
  readonly compression: "gz-name" | "refused" | null;
  /** Whether file names with percent escapes and on other hosts are looked for as they stand. */
  readonly escapedNames: "refused" | null;
  readonly remoteFiles: "refused" | null;
  /** Letters that names of disk files may have, and whether folders may be in them; `null`: all. */
  readonly fileNames: RegExp | null;
  /** Letters that ids of disks and files may have; disks with others are passed over. */
  readonly diskIds: RegExp | null;
  readonly extensions: "needed" | null;
  /** Whether an OperatingSystemSection needs a numeric id. */
  readonly guestIds: "numbers" | null;
  /** Whether a document that is in another encoding than it says is refused, as libxml2 does. */
  readonly encodings: "strict" | null;
  /** Where it learns that a machine boots by EFI. */
  readonly firmware: "vmw:Config" | "vbox:Machine" | null;
  /** Whether VMware's settings and sections are obeyed, and refused where they are unknown and required. */
  readonly vmwareSettings: "obeyed" | null;
  readonly virtualBoxMachine: "obeyed" | null;
  /** How an archive may be written; `null`: in any dialect of tar. */
  readonly tar: readonly ("ustar" | "gnu")[] | null;
  /** Digests of manifests: checked, or a reason to refuse; what else is there is passed over. */
  readonly manifest: {
    readonly spelling: "any" | "no-blanks";
    /** What happens to lines that it does not understand. */
    readonly other: "refused" | "unchecked";
  } | null;
}

/** What one version of a platform takes. Fit, rules and preflight read the same profile. */
export interface TargetProfile {
  readonly id: TargetId;
  readonly platform: PlatformId;
  readonly version: string;
  /** Best first. */
  readonly shapes: readonly MachineShape[];
  /** What a machine gets whose source says nothing about its firmware. */
  readonly defaultFirmware: Firmware;
  readonly limits: TargetLimits;
  /** Memory is a multiple of `stepBytes`, and at least `minBytes`. */
  readonly memory: { readonly stepBytes: number; readonly minBytes: number };
  /** What reads OVF for it; `null`: nothing does. */
  readonly reader: OvfReader | null;
  readonly accepts: {
    readonly packages: readonly PackageKind[];
    readonly ovfVersions: readonly string[];
    readonly digests: readonly HashName[];
    readonly disks: readonly { readonly format: DiskFormatId; readonly variants: readonly string[] }[];
  };
}
