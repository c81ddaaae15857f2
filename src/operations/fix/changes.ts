/** What `fix` changes in a package, in words. */
import type { PackageEntry } from "../../package/model.js";
import type { FixResult } from "../../report/results.js";
import type { Rescue } from "../rescue.js";
import type { Restored } from "../restore.js";
import type { Mended } from "./mend.js";

/** What is changed in a package. */
export interface Changing {
  readonly mended: Mended;
  readonly descriptor: PackageEntry;
  readonly manifest: PackageEntry | null;
  readonly oldManifest: PackageEntry | null;
  readonly dropped: ReadonlySet<string>;
  readonly anew: boolean;
  readonly rescue: Rescue;
  readonly restored: Restored;
}

/** The changes, one for each file. */
export function changesOf({
  mended,
  descriptor,
  manifest,
  oldManifest,
  dropped,
  anew,
  rescue,
  restored,
}: Changing): FixResult["changes"] {
  const changes: { change: FixResult["changes"][number]["change"]; subject: string; detail: string }[] = [
    ...restored.changes,
  ];
  if (mended.changed)
    changes.push({ change: "edit", subject: descriptor.name, detail: "what is listed, and nothing else" });
  if (manifest !== null) {
    const detail = oldManifest === null ? "made anew" : "digests and spelling; order and algorithms stay";
    changes.push({ change: "rewrite", subject: manifest.name, detail });
  }
  for (const name of rescue.saved)
    changes.push({ change: "rewrite", subject: name, detail: "with all that is whole of it" });
  for (const name of rescue.dropped) changes.push({ change: "drop", subject: name, detail: "it is cut off" });
  for (const [was, name] of mended.renamed) changes.push({ change: "rename", subject: was, detail: name });
  for (const { name } of mended.added) changes.push({ change: "add", subject: name, detail: "an empty disk" });
  for (const name of dropped) changes.push({ change: "drop", subject: name, detail: "it would prove nothing" });
  if (anew) changes.push({ change: "rewrite", subject: "the archive", detail: "USTAR, in the order of the standard" });
  return changes;
}
