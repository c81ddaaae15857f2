import { FerryError } from "../base/errors.js";
import type { FileSet } from "../io/file-set.js";
import { serializeManifest } from "../package/manifest/text.js";
import type { PackageEntry, PackageReader } from "../package/model.js";
import { withoutExtension } from "../package/names.js";
import { type ArchiveFileSet, createOva, type OvaWriter, ovaBytes } from "../package/ova/write.js";
import { archiveOrder } from "./archive-order.js";
import { besideIntegrity, bytesOf, type CarryPlan, carryEntry, checkRoom, storedFiles } from "./carry.js";

/** How an OVA is packed. */
export interface PackOptions {
  /** The archive's name in the file set. */
  readonly name: string;
  /** Every member's time in the archive: the same time and files make the same bytes. */
  readonly modified: Date;
  /** `keep`: the manifest that is there, or none. `add`: one with SHA256 where there is none. */
  readonly manifest: "keep" | "add";
}

/** Characters of a line of a manifest beside the name: `SHA256()= `, the digest, a line feed. */
const MANIFEST_LINE = "SHA256()= \n".length + 64;

/**
 * Plans to put a package's files into one archive, byte for byte: the descriptor, files in the order of its references,
 * whatever else there is, manifest and certificate last (DSP0243 5.3).
 * @throws `package/no-descriptor`
 */
export function planPack(reader: PackageReader, options: PackOptions): CarryPlan {
  const { name, modified } = options;
  const { descriptor } = reader;
  if (descriptor === null) {
    const hint = "An OVA needs an OVF descriptor.";
    throw new FerryError("package/no-descriptor", `${reader.name} has no OVF descriptor`, { hint });
  }
  const entries = storedFiles(archiveOrder(reader, descriptor));
  const wanted = options.manifest === "add" && !entries.some((entry) => entry.role === "manifest");
  const manifest = wanted ? { name: `${withoutExtension(descriptor.name)}.mf`, size: manifestBytes(entries) } : null;
  const files = [{ name, size: ovaBytes(manifest === null ? entries : [...entries, manifest]) }];
  const copies = entries.map((entry) => ({ action: "copy" as const, subject: entry.name, detail: "as it is" }));
  return {
    schema: "vmferry/plan@1",
    losses: [],
    files,
    steps:
      manifest === null
        ? copies
        : [...copies, { action: "generate", subject: manifest.name, detail: "manifest with SHA256" }],
    async execute(to, how, ctx) {
      await checkRoom(to, () => bytesOf(files));
      const digest = manifest === null ? null : "sha256";
      const ova = await createOva(archiveSet(to), { name, modified, digest, descriptor: null }, ctx);
      const outcome = await besideIntegrity(reader, how, ctx, async (own) => {
        for (const entry of entries) await carryEntry(entry, ova, own);
      });
      if (manifest !== null) await writeManifest(ova, manifest);
      await ova.finish();
      return outcome;
    },
  };
}

/**
 * A file set for an archive: its headers are patched, and its members may be read back for their digests.
 * @throws `package/needs-random-target`
 */
export function archiveSet(to: FileSet): ArchiveFileSet {
  const { createRandom, readBack } = to;
  if (createRandom === undefined || readBack === undefined) {
    const message = `an OVA cannot be written to ${to.label}, which takes bytes in order only`;
    throw new FerryError("package/needs-random-target", message, { hint: "Write it to a file." });
  }
  return {
    label: to.label,
    create: (name, size) => to.create(name, size),
    createRandom: (name, size) => createRandom.call(to, name, size),
    readBack: (name) => readBack.call(to, name),
    room: () => to.room(),
    commit: () => to.commit(),
    abort: (reason) => to.abort(reason),
  };
}

function manifestBytes(entries: readonly PackageEntry[]): number {
  return entries.reduce((sum, { name }) => sum + MANIFEST_LINE + new TextEncoder().encode(name).length, 0);
}

async function writeManifest(
  ova: OvaWriter,
  manifest: { readonly name: string; readonly size: number },
): Promise<void> {
  const lines = [...(await ova.digests())].map(([name, digest]) => ({ name, algorithm: "sha256" as const, digest }));
  const target = await ova.create(manifest.name, manifest.size);
  await target.write(serializeManifest(lines));
  await target.close();
}
