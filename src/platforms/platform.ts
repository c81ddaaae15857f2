import type { Appliance } from "../appliance/appliance.js";
import type { Diagnostic } from "../base/diagnostics.js";
import type { DiskFormatId, PackageKind, PlatformId, TargetId } from "../base/ids.js";
import type { Context } from "../io/context.js";
import type { DeploymentChoice } from "../ovf/deployment.js";
import type { EntryRole } from "../package/model.js";
import type { MachineShape, TargetProfile } from "../targets/profile.js";

/** What a user chose among what a package offers. */
export type ImportChoice = DeploymentChoice;

/** A disk of the result. */
export interface ExportDisk {
  /** Id in the appliance. */
  readonly disk: string;
  /** File name in the result. */
  readonly name: string;
  readonly format: DiskFormatId;
  readonly variant: string;
  /** UUID that the configuration knows the image by; left out: the format chooses one. */
  readonly identity?: string;
}

/** A format that disks of a platform's result can have. */
export interface DiskKind {
  readonly format: DiskFormatId;
  /** The first is what it is where nobody says. */
  readonly variants: readonly string[];
  /** Of the file, with the dot. */
  readonly extension: string;
}

/** What the file of one disk is to be; left out: as the platform writes all. */
export interface DiskFile {
  readonly kind?: DiskKind;
  /** One of the kind's; left out: as the platform writes that format. */
  readonly variant?: string;
  /** A safe name that no other file of the result has, with its extension. */
  readonly name?: string;
}

/** What single disks are to be, by their ids. */
export interface DiskFiles {
  readonly files?: ReadonlyMap<string, DiskFile>;
}

/** All files of a platform's result, with disks yet to be copied. */
export interface ExportPlan {
  readonly configs: readonly { readonly name: string; readonly bytes: Uint8Array; readonly executable?: boolean }[];
  /** Losses and notes, each with a code. */
  readonly notes: readonly Diagnostic[];
  readonly disks: readonly ExportDisk[];
  readonly files: readonly { readonly asset: string; readonly name: string }[];
  /** Where the result is one archive: how the chunks of its disks are summed. Its disks are members, called as `disks` says. */
  readonly archive?: { readonly sum: "xxh64" | "sha1" };
}

/** The text of one configuration. */
export interface ConfigText {
  /** File name, for what has no other name. */
  readonly name: string;
  /** For messages and places. */
  readonly label: string;
  readonly bytes: Uint8Array;
}

/** A file that a configuration names. */
export interface NamedFile {
  /** As the configuration names it: relative, absolute on another host, in a datastore. */
  readonly path: string;
  readonly role: EntryRole;
  /** Id that the disk or file is going to have in the appliance, by which users may name it too. */
  readonly id: string;
  /** Whether nothing is wrong where it is not there. */
  readonly optional?: true;
}

/** The files beside a configuration that were found for what it names. */
export interface ConfigFiles {
  /** By `NamedFile.path`; `undefined`: it is not there. */
  find(path: string): { readonly name: string; readonly size: number } | undefined;
}

/** A machine configuration whose text was read. No other file was opened. */
export interface MachineConfig {
  /** What result and messages call the format's version: `vmx-19`, `1.19-linux`; `null`: not said. */
  readonly version: string | null;
  /** The product that wrote it, where the text tells. */
  readonly producer: string | null;
  /** In its order. */
  readonly files: readonly NamedFile[];
  /** Mostly one machine. Findings go to `report`. */
  appliance(files: ConfigFiles, report: (finding: Diagnostic) => void): Appliance;
}

/** One platform: reads its configurations into an appliance, writes them from one. Pure: no process, no network. */
export interface Platform<O extends object = object> {
  readonly id: PlatformId;
  readonly label: string;
  /** Package kinds that are read as this platform's. */
  readonly reads: readonly PackageKind[];
  /** The profile that `exportConfig` writes for unless another is named; `null`: not written. */
  readonly defaultTarget: TargetId | null;
  readonly defaults: Readonly<O>;
  /** Words that options take, by name; an option that is not here takes any text. */
  readonly choices?: Readonly<Record<string, readonly string[]>>;
  /** What `exportConfig` can make of each disk; left out: there is nothing to choose. */
  readonly disks?: readonly DiskKind[];
  /** The result is one file: an archive of this kind, with configuration and disks inside. */
  readonly archive?: PackageKind;
  /** The configuration names its disks by absolute path: `exportConfig` has to know, as option `folder`, where they are going to lie. */
  readonly namesFolder?: true;
  /**
   * Reads one configuration beside its files. Left out where there is none: OVF packages are documents with choices, read by `importOvf`.
   * @throws `config/unreadable` and the like for what cannot be understood at all
   */
  readConfig?(text: ConfigText, ctx: Context): MachineConfig;
  /**
   * Writes the machines of a fitted appliance.
   * @param shapes one for each machine, by machine id
   */
  exportConfig?(
    fitted: Appliance,
    shapes: ReadonlyMap<string, MachineShape>,
    target: TargetProfile,
    options: Partial<O> & DiskFiles,
    ctx: Context,
  ): Promise<ExportPlan>;
}
