import { toHex } from "../../src/base/bytes.js";
import type { Diagnostic } from "../../src/base/diagnostics.js";
import type { AmendPlan, DiskFormat } from "../../src/disk/model.js";
import { readGuest } from "../../src/disk/read.js";
import type { ByteSource, SourceResolver } from "../../src/io/source.js";
import { SparseBytes, sparseSource } from "../../src/io/testing/sparse-bytes.js";
import { nodeHash } from "../../src/runtime/node/hash.js";
import { diskContext } from "./disks.js";
import { diskFileBytes, diskFixtures } from "./fixtures.js";

const nobody: SourceResolver = { open: async () => null };

/** The file of a disk fixture, for a test to damage. */
export async function fixture(id: string): Promise<SparseBytes> {
  const disk = (await diskFixtures()).find((candidate) => candidate.id === id);
  const [first] = disk?.files ?? [];
  if (first === undefined) throw new Error(`there is no fixture ${id}`);
  const file = new SparseBytes();
  file.write(0, await diskFileBytes(first));
  return file;
}

/** Changes bytes of a file where they lie; numbers are 32 bits, low byte first unless `big`. */
export function damage(
  file: SparseBytes,
  at: number,
  value: number | Uint8Array,
  order: "little" | "big" = "little",
): SparseBytes {
  const bytes = typeof value === "number" ? new Uint8Array(4) : value;
  if (typeof value === "number") new DataView(bytes.buffer).setUint32(0, value, order === "little");
  file.write(at, bytes);
  return file;
}

/** A source of a file, for checks. */
export function sourceOf(file: SparseBytes): ByteSource {
  return sparseSource(file, "disk");
}

/** What a check finds. */
export async function findingsOf(format: DiskFormat, file: SparseBytes): Promise<readonly Diagnostic[]> {
  const found: Diagnostic[] = [];
  for await (const finding of format.check?.(sourceOf(file), nobody, diskContext()) ?? []) found.push(finding);
  return found;
}

/** The codes of what a check finds, with the severity in front: `error vdi/bad-block`. */
export async function checked(format: DiskFormat, file: SparseBytes): Promise<readonly string[]> {
  return (await findingsOf(format, file)).map(({ code, severity }) => `${severity} ${code}`);
}

/** The plan of a repair, and the file after it. */
export interface Repaired {
  readonly plan: AmendPlan;
  readonly file: SparseBytes;
  /** Codes of what was mended, and of what stays. */
  readonly mended: readonly string[];
  readonly left: readonly string[];
}

/** Plans a repair and carries it out on a copy of the file. */
export async function repaired(format: DiskFormat, file: SparseBytes): Promise<Repaired> {
  const plan = await format.amend?.(sourceOf(file), { change: "repair" }, diskContext());
  if (plan === undefined) throw new Error(`${format.id} cannot be repaired`);
  const copy = new SparseBytes(file.size);
  for (const { offset, length } of file.runs({ offset: 0, length: file.size }))
    copy.write(offset, file.read(offset, length));
  let end = 0;
  for (const { at, bytes } of [...plan.patches].sort((a, b) => a.at - b.at)) {
    if (at < end) throw new Error(`patches overlap at ${at}`);
    end = at + bytes.length;
    copy.write(at, bytes);
  }
  if (plan.fileBytes !== null) copy.truncate(plan.fileBytes);
  const codes = (findings: readonly Diagnostic[]): readonly string[] => findings.map(({ code }) => code);
  return { plan, file: copy, mended: codes(plan.mended), left: codes(plan.left) };
}

/** SHA-256 of what the guest reads of one layer. */
export async function guestSum(format: DiskFormat, file: SparseBytes): Promise<string> {
  const ctx = diskContext();
  const disk = await format.open({ bytes: sourceOf(file) }, nobody, ctx);
  const hash = nodeHash("sha256");
  for await (const { offset, length, kind } of disk.extents()) {
    // A layer of a chain: what it leaves to its parent counts as well.
    hash.update(new TextEncoder().encode(kind === "absent" ? `absent ${offset}` : ""));
    if (kind === "absent") continue;
    for (let at = offset; at < offset + length; at += 2 ** 20) {
      hash.update(await readGuest(disk, { offset: at, length: Math.min(2 ** 20, offset + length - at) }, ctx));
    }
  }
  return toHex(hash.digest());
}
