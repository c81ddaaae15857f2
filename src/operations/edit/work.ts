/** What the parts of an edit share: the plan in memory, before anything is written. */
import { toHex } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import type { HashName } from "../../base/ids.js";
import type { Context } from "../../io/context.js";
import { hashSource } from "../../io/hash-lane.js";
import { memorySource } from "../../io/sources/memory.js";
import type { OvfDocument } from "../../ovf/document.js";
import type { PackageEntry, PackageReader } from "../../package/model.js";
import type { EditChange } from "../../platforms/ovf/edit/session.js";
import type { ReadySigning } from "../sign/signing.js";
import type { AddedDisk, WrittenDisk } from "./disks.js";
import type { ManifestLine, OldManifest } from "./manifest.js";

/** Where an edited package goes. */
export type EditDestination =
  /** An archive as a file of the set. `modified`: every member's time. `rewrite`: in the place of the source. */
  | { readonly kind: "ova"; readonly name: string; readonly modified: Date; readonly rewrite: boolean }
  /** A folder: all files, or only those that changed, where the others lie there already. */
  | { readonly kind: "folder"; readonly files: "all" | "changed" };

/** What the functions of a plan work with. */
export interface EditWork {
  readonly reader: PackageReader;
  readonly descriptor: PackageEntry;
  readonly document: OvfDocument;
  readonly changes: readonly EditChange[];
  readonly diff: string;
  /** Findings so far. */
  readonly findings: readonly Diagnostic[];
  /** The descriptor; with the sizes of new files as far as they are known. */
  render(sizes: ReadonlyMap<string, number>): Uint8Array;
  /** The descriptor with white space so that it fits where the old one lies; `null`: it does not. */
  fitted(): Uint8Array | null;
  /** Files that stay as they are, in the order of the result, the descriptor not among them. */
  readonly kept: readonly PackageEntry[];
  readonly added: readonly AddedDisk[];
  readonly resized: readonly WrittenDisk[];
  /** Names of files that go. */
  readonly dropped: readonly string[];
  readonly manifestName: string;
  readonly oldManifest: OldManifest | null;
  /** `null`: the result has no manifest. */
  readonly lines: readonly ManifestLine[] | null;
  readonly signing: ReadySigning | null;
  readonly altered: "refuse" | "accept";
  /** Whether the descriptor is what the manifest says. */
  readonly descriptorIntact: boolean;
}

/** A digest as hexadecimal digits. */
export async function digestOfBytes(bytes: Uint8Array, algorithm: HashName, ctx: Context): Promise<string> {
  const [digest] = await hashSource(memorySource(bytes, "descriptor"), [algorithm], ctx, { thread: "this" });
  return toHex(digest ?? new Uint8Array());
}
