/** Whether what is going to be written would pass `validate --for`: told before there is a disk. */
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { TargetId } from "../../base/ids.js";
import type { Context } from "../../io/context.js";
import { noResolver } from "../../io/resolver.js";
import { openOvf } from "../../ovf/document.js";
import type { PackageEntry, PackageReader } from "../../package/model.js";
import { plainName, withoutExtension } from "../../package/names.js";
import { importOvf } from "../../platforms/ovf/import.js";
import { factsOf as packageFactsOf } from "../../platforms/ovf/platform.js";
import { judge } from "../../rules/engine.js";
import type { PackageFiles } from "../../rules/files.js";
import { targets } from "../../targets/targets.js";
import { parseXml } from "../../xml/parse.js";
import type { OpenAuthoring } from "../convert/ovf-anew.js";
import { memoryEntry } from "../fix/manifest.js";
import { factsOf, questionOf } from "../validate.js";

/** Files that are not there yet: nothing is known of their bytes. */
const unwritten: PackageFiles = {
  window: async () => null,
  disk: async () => null,
  manifest: async () => null,
  certificate: async () => null,
};

/** The errors of `validate --for` in a package that was planned. */
export async function refusalsOf(
  authoring: OpenAuthoring,
  { kind, targets: wanted }: { readonly kind: "ova" | "ovf"; readonly targets: readonly TargetId[] },
  ctx: Context,
): Promise<readonly Diagnostic[]> {
  const { name, bytes, files } = await authoring.preview();
  const found: Diagnostic[] = [];
  const document = openOvf(parseXml(bytes, name, ctx.limits), (finding) => void found.push(finding));
  const descriptor = memoryEntry(name, "descriptor", bytes);
  const others = files.map(
    (file): PackageEntry => ({
      name: file.name,
      size: file.most,
      role: "file",
      open: () => Promise.reject(new FerryError("internal/bug", `${file.name} is not written yet`)),
    }),
  );
  const manifest = memoryEntry(`${withoutExtension(name)}.mf`, "manifest", new Uint8Array());
  const entries = [descriptor, ...others, manifest];
  const entry = (wantedName: string): PackageEntry | undefined =>
    entries.find((one) => one.name === wantedName || one.name === plainName(wantedName));
  const reader: PackageReader = {
    kind: kind === "ova" ? "ova" : "directory",
    name,
    size: entries.reduce((sum, { size }) => sum + size, 0),
    tar: kind === "ova" ? "ustar" : null,
    descriptor,
    resolver: noResolver,
    entries,
    referenced: others,
    entry,
    disks: async () => [],
    close: async () => {},
  };
  const subject = {
    package: reader,
    files: unwritten,
    document,
    appliance: () => importOvf(document, packageFactsOf(reader), {}, () => {}),
  };
  const question = questionOf({ targets: wanted.map((id) => targets.get(id)) });
  for await (const { diagnostic } of judge(factsOf(subject), question, ctx)) found.push(diagnostic);
  return found.filter(({ severity }) => severity === "error");
}
