/** Archives with machines and their disks inside, which platforms read: XVA and VMA. */
import { mergeAppliances } from "../appliance/merge.js";
import { FerryError } from "../base/errors.js";
import type { Context } from "../io/context.js";
import type { ByteSource } from "../io/source.js";
import type { DetectedPackage } from "../package/detect.js";
import { archiveReader, type DisksInside } from "../package/disks-inside.js";
import { withoutExtension } from "../package/names.js";
import { lastSegment } from "../package/reader.js";
import { magicOf, TAR_BLOCK } from "../package/tar/header.js";
import { isVmaHead } from "../package/vma/header.js";
import { isXvaHead } from "../package/xva/chunks.js";
import { XVA_CONFIG } from "../package/xva/members.js";
import { platforms } from "../platforms/platforms.js";
import { packingOf, unpackWanted } from "./incoming.js";
import type { PackageInput } from "./open.js";
import type { OpenedSource } from "./opened.js";
import { openVmaMachine } from "./vma.js";
import { openXva } from "./xva.js";

/** One kind of archive. */
interface ArchiveKind {
  /** Told by the first bytes, unpacked. */
  matches(head: Uint8Array): boolean;
  /** @throws what is wrong with the archive */
  open(source: ByteSource, ctx: Context): Promise<Omit<DisksInside, "source" | "name">>;
}

const KINDS: readonly ArchiveKind[] = [
  {
    matches: isXvaHead,
    async open(source, ctx) {
      const { config, disks } = await openXva(source, ctx);
      const configs = config === null ? [] : [{ name: XVA_CONFIG, bytes: config }];
      const magic = magicOf(await source.read(0, TAR_BLOCK, ctx.signal));
      return { kind: "xva", configs, format: "xva", disks, tar: magic === "v7" ? null : magic };
    },
  },
  { matches: isVmaHead, open: openVmaMachine },
];

/**
 * Opens an archive with machines inside. One that is packed as a whole is unpacked into scratch space. `null`: the file is none.
 * @param head the first bytes of the file
 * @throws `io/no-zstd`, `io/limit`, and what the kinds of archives throw
 */
export async function openArchive(
  input: Extract<PackageInput, { kind: "file" }>,
  found: DetectedPackage | null,
  head: Uint8Array,
  ctx: Context,
): Promise<OpenedSource | null> {
  const kind = KINDS.find(({ matches }) => matches(head));
  if (kind !== undefined) return openOne(kind, input.source, input.name, async () => {}, ctx);
  const packing = found === null ? packingOf(head) : null;
  if (packing === null) return null;
  let inside: ArchiveKind | undefined;
  const unpacked = await unpackWanted(
    input.source,
    packing,
    (front) => {
      inside = KINDS.find(({ matches }) => matches(front));
      return inside !== undefined;
    },
    ctx,
  );
  // Assigned in the callback above, which the type checker does not follow.
  const known = inside as ArchiveKind | undefined;
  if (unpacked === null || known === undefined) return null;
  const { source, scratch } = unpacked;
  const close = (): Promise<void> => source.close().finally(() => scratch.remove());
  return openOne(known, source, input.name.replace(/\.(?:gz|zst)$/i, ""), close, ctx);
}

async function openOne(
  kind: ArchiveKind,
  source: ByteSource,
  fileName: string,
  close: () => Promise<void>,
  ctx: Context,
): Promise<OpenedSource> {
  try {
    const inside = await kind.open(source, ctx);
    const platform = platforms.all.find(({ reads, readConfig }) => reads.includes(inside.kind) && readConfig);
    if (platform === undefined) throw new FerryError("internal/bug", `no platform reads ${inside.kind}`);
    const name = withoutExtension(lastSegment(fileName));
    const configs = inside.configs.flatMap(({ name: config, bytes }) => {
      return platform.readConfig?.({ name, label: `${source.label}!${config}`, bytes }, ctx) ?? [];
    });
    const reader = archiveReader({ ...inside, source, name: lastSegment(fileName) });
    return {
      reader,
      platform: platform.id,
      version: configs[0]?.version ?? null,
      producer: configs[0]?.producer ?? null,
      ovf: null,
      packed: new Set(),
      appliance(_choice, scope) {
        const parts = configs.map((config) => config.appliance(reader, (finding) => scope.report(finding)));
        return mergeAppliances(name, parts);
      },
      close,
    };
  } catch (cause) {
    await close();
    throw cause;
  }
}
