/** What `vmferry diff --json` prints: a part of the contract in `results.ts`. */
import type { JsonValue, PackageKind, PlatformId } from "../base/ids.js";
import type { DiagnosticResult } from "./result-parts.js";

/** One side of a comparison of packages. */
export interface DiffSide {
  readonly name: string;
  readonly kind: PackageKind;
  /** Whose words it is in; `disk`: a disk alone. */
  readonly platform: PlatformId | "disk";
  readonly descriptor: {
    readonly name: string;
    readonly version: string | null;
    readonly producer: string | null;
  } | null;
}

/** One fact that two packages do not share, or a thing that only one of them has. */
export interface DiffChange {
  readonly area:
    | "machine"
    | "controller"
    | "drive"
    | "nic"
    | "disk"
    | "network"
    | "product"
    | "property"
    | "licence"
    | "option"
    | "startup"
    | "group"
    | "extra"
    | "descriptor"
    | "trust"
    | "file";
  /** Id of the deployment option that it is so in; `null`: in the one that is looked at. */
  readonly option: string | null;
  /** What the machine is called, in the first package where it is in both; `null`: it is of the whole package. */
  readonly machine: string | null;
  /** Which one of its kind: the key of a property, the id of a disk, the number of a card from 0; `null`: there is only one. */
  readonly subject: string | null;
  /** `null`: the thing as a whole came or went. */
  readonly fact: string | null;
  readonly kind: "added" | "removed" | "changed";
  /** `null`: not there, not said, or hidden. */
  readonly from: JsonValue;
  readonly to: JsonValue;
  /** Whether the values are secrets, or may be. */
  readonly hidden: boolean;
  /** The same in words, on one line. */
  readonly text: string;
}

/** A disk that is in both packages, compared by what the guest reads. */
export interface DiffDisk {
  /** Id in the first package. */
  readonly a: string;
  /** Id in the second package. */
  readonly b: string;
  readonly verdict: "same" | "different";
  /** What the guest sees of each. */
  readonly capacityBytes: { readonly a: number; readonly b: number };
  /** In blocks of 4096 bytes. */
  readonly changedBytes: number;
  /** Guest bytes that were looked at: holes on both sides need no look. */
  readonly comparedBytes: number;
  /** How many ranges differ. */
  readonly count: number;
  /** At most the first thousand of them, by guest offset. */
  readonly ranges: readonly { readonly offset: number; readonly length: number }[];
}

/** `vmferry diff --json`. */
export interface DiffResult {
  readonly schema: "vmferry/diff@1";
  /** `different` exactly when there is a change, or a disk that differs. */
  readonly verdict: "same" | "different";
  readonly a: DiffSide;
  readonly b: DiffSide;
  readonly changes: readonly DiffChange[];
  /** Facts that only one of two platforms says anything about: they count as no difference. */
  readonly unsaid: readonly DiffChange[];
  /** `null` with `--no-disks`. */
  readonly disks: readonly DiffDisk[] | null;
  /** Files of one name and size whose content nobody compared: no manifest tells it. */
  readonly unknown: readonly string[];
  /** What differs and means nothing, in words: descriptors that differ in bytes alone, disks that are stored otherwise. */
  readonly notes: readonly string[];
  readonly diagnostics: readonly DiagnosticResult[];
}
