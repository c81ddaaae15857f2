/** A package for one consumer: its descriptor with what that would refuse put right, everything else byte for byte. */

import type { Diagnostic, DiagnosticCode } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import { diskCapacity } from "../../ovf/capacity.js";
import { resolveOvf } from "../../ovf/deployment.js";
import type { OvfDocument } from "../../ovf/document.js";
import type { OvfContent } from "../../ovf/views/content.js";
import { loss } from "../../platforms/losses.js";
import { readDescriptorEntry } from "../../platforms/ovf/descriptor.js";
import type { OvfFlavour, WrittenVersion } from "../../platforms/ovf/flavours.js";
import { importOvf } from "../../platforms/ovf/import.js";
import { factsOf } from "../../platforms/ovf/platform.js";
import { packageFiles } from "../../rules/files.js";
import { rules } from "../../rules/rules.js";
import type { OvfGeneration, OvfReader } from "../../targets/profile.js";
import { targets } from "../../targets/targets.js";
import { type Mendable, mendDescriptor, withDescriptorBytes } from "../fix/mend.js";
import type { OpenedPackage } from "../open.js";
import { embedSettings } from "./ovf-embed.js";

/** A package as a flavour wants it. Nothing was written. */
export interface Flavoured {
  readonly opened: OpenedPackage;
  /** What was changed, what its importer does otherwise, and with severity `error` what it still refuses. */
  readonly notes: readonly Diagnostic[];
}

/** Findings that writing the package anew puts right: archives, chunks, compression and manifests. */
const WRITTEN_ANEW: ReadonlySet<DiagnosticCode> = new Set([
  "target/tar-dialect",
  "target/file-chunked",
  "target/file-compressed",
  "target/file-remote",
  "target/manifest-digest",
  "target/manifest-sha1",
]);

/** The generation of the standard that a document is in. */
export function generationOf({ dialect }: OvfDocument): OvfGeneration {
  return dialect === "0.9" ? "0.9" : dialect.startsWith("1.") ? "1" : "2";
}

/** Whether a document can stay the document that it is: its consumer reads that generation, and the version wanted is of it. */
export function staysDocument(
  document: OvfDocument,
  flavour: OvfFlavour,
  version: WrittenVersion | undefined,
): boolean {
  const generation = generationOf(document);
  // OVF 0.9 was never a standard: it becomes what more than its own producers read.
  if (!(version ?? flavour.versions.join(" ")).includes(`${generation}.`)) return false;
  const [target = "ovf"] = flavour.targets;
  const { reader } = targets.get(target);
  // By the standard alone nothing of a vendor may stay.
  return reader?.generations.includes(generation) === true;
}

/** Changes a package's descriptor for a consumer. What was opened stays as it is. */
export async function flavoured(
  opened: OpenedPackage,
  { flavour, version }: { readonly flavour: OvfFlavour; readonly version: WrittenVersion | undefined },
  ctx: Context,
): Promise<Flavoured> {
  const { reader: from } = opened;
  const { descriptor } = from;
  if (descriptor === null) throw new FerryError("internal/bug", "an open package has a descriptor");
  const quiet: Context = { ...ctx, report: () => {} };
  const document = await readDescriptorEntry(descriptor, quiet, () => {});
  const notes: Diagnostic[] = [];
  const profiles = flavour.targets.map((id) => targets.get(id));
  for (const { reader } of profiles) if (reader !== null) settle(document, reader, notes);
  if (flavour.xenserver === true || flavour.virtualbox === true) {
    embedSettings({ document, appliance: opened.appliance({}, quiet), flavour, notes }, quiet);
  }
  if (version !== undefined && document.scope.attribute(document.xml.root, "version") !== undefined) {
    document.scope.setAttribute(document.xml.root, "version", version);
  }
  const given: Mendable = {
    reader: from,
    descriptor,
    document: opened.document,
    files: packageFiles(from, quiet),
    proven: () => false,
  };
  const settled = withDescriptorBytes(given, document.xml.serialize(), quiet);
  const own = rules.filter((rule) => rule.targets !== undefined);
  const mended = await mendDescriptor(settled, { targets: profiles, rules: own }, ctx);
  for (const { code, message, location } of mended.mended) {
    notes.push(
      loss("info", "convert/flavoured", `changed for ${flavour.label}: ${message}`, {
        data: { code },
        ...(location === undefined ? {} : { location }),
      }),
    );
  }
  for (const { diagnostic } of mended.found) {
    if (diagnostic.code.startsWith("target/") && !WRITTEN_ANEW.has(diagnostic.code)) notes.push(diagnostic);
  }
  const { reader } = mended;
  return {
    opened: {
      reader,
      document: mended.document,
      appliance: (choice, scope) =>
        importOvf(mended.document, factsOf(reader), choice, (finding) => scope.report(finding)),
      close: opened.close,
    },
    notes,
  };
}

/** What no rule mends, since it has no one right answer, and a consumer's name gives one. */
function settle(document: OvfDocument, reader: OvfReader, notes: Diagnostic[]): void {
  for (const content of document.contents) oneHardware(content, reader, notes);
  if (reader.capacityProperties !== "refused") return;
  const { scope } = document;
  for (const disk of [...document.disks, ...document.sharedDisks]) {
    const { capacity, capacityUnits, element } = disk;
    if (capacity === null || (!capacity.startsWith("${") && capacityUnits === null)) continue;
    let bytes = 0;
    bytes = diskCapacity(
      resolveOvf(document, {}, () => {}, null),
      disk,
      () => {},
    );
    if (bytes === 0 || capacity === String(bytes)) continue;
    scope.setAttribute(element, "capacity", String(bytes));
    scope.setAttribute(element, "capacityAllocationUnits", null);
    notes.push(
      loss(
        "info",
        "convert/flavoured",
        `the capacity of disk ${disk.diskId} is written as ${bytes} bytes: ${reader.name} reads nothing else`,
        { data: { disk: disk.diskId, from: capacity, to: bytes } },
      ),
    );
  }
}

/** Of several hardware sections the one for the consumer stays, where its importer would not find it by itself. */
function oneHardware(content: OvfContent, reader: OvfReader, notes: Diagnostic[]): void {
  for (const child of content.kind === "collection" ? content.children : []) oneHardware(child, reader, notes);
  const { hardware } = content;
  if (hardware.length < 2 || (reader.hardwareSections !== "merged" && reader.hardwareSections !== "first")) return;
  const family = reader.hardware === null ? /^virtualbox/i : /^vmx-/i;
  const best = hardware.findIndex(({ systemTypes }) => systemTypes.some((type) => family.test(type)));
  const kept = Math.max(0, best);
  for (const [i, { element, systemTypes }] of hardware.entries()) {
    if (i === kept || (reader.hardwareSections === "first" && i > kept)) continue;
    element.remove();
    notes.push(
      loss(
        "warning",
        "convert/hardware-dropped",
        `${content.id ?? "a machine"}: the hardware for ${systemTypes.join(" ") || "another platform"} is left out: ${reader.name} takes ${reader.hardwareSections === "merged" ? "all sections for one machine" : "the first section"}`,
        { data: { machine: content.id, types: [...systemTypes] } },
      ),
    );
  }
}
