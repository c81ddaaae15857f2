import { viewOf } from "../base/bytes.js";
import { readUuid } from "../base/guid.js";
import type { Context } from "../io/context.js";
import type { UnitRuns } from "./extents.js";
import type { DiskShape, PlanOptions } from "./model.js";

/**
 * A UUID for a new disk, made from what is copied: the source's facts, where its data lies, and the new file's name, which tells two
 * disks of one machine apart. The same input gives the same id, so that output is reproducible; RFC 9562 version 8.
 * @param purpose tells several ids of one disk apart
 */
export function derivedUuid(
  purpose: string,
  shape: DiskShape,
  runs: UnitRuns,
  options: PlanOptions,
  ctx: Context,
): string {
  const { format, variant, size, identity } = shape.info;
  const hash = ctx.runtime.hash("sha256");
  const facts = ["vmferry", purpose, format, variant, size, identity ?? "", options.name];
  // Two children are the same only over the same parent.
  if (options.parent !== undefined) facts.push(options.parent.identity ?? options.parent.name);
  hash.update(new TextEncoder().encode(facts.join("\0")));
  const pair = new Uint8Array(16);
  const view = viewOf(pair);
  for (const run of runs) {
    view.setFloat64(0, run.offset);
    view.setFloat64(8, run.length);
    hash.update(pair);
  }
  return uuidOf(hash.digest());
}

/** A UUID for something that these facts tell from all others, as `derivedUuid` makes them. */
export function uuidOfFacts(facts: readonly (string | number)[], ctx: Context): string {
  const hash = ctx.runtime.hash("sha256");
  hash.update(new TextEncoder().encode(["vmferry", ...facts].join("\0")));
  return uuidOf(hash.digest());
}

function uuidOf(digest: Uint8Array): string {
  const bytes = new Uint8Array(digest.subarray(0, 16));
  bytes[6] = 0x80 + ((bytes[6] as number) % 16);
  bytes[8] = 0x80 + ((bytes[8] as number) % 64);
  return readUuid(bytes, 0);
}
