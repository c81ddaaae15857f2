import { numberOf, recordOf, type XenRecord } from "./values.js";
import type { Xapi } from "./xapi.js";

/** Bytes that are free in a storage repository, by its UUID; `null`: it does not say. */
export async function freeBytes(xapi: Xapi, uuid: string, signal: AbortSignal): Promise<number | null> {
  const ref = await xapi.call("SR.get_by_uuid", [uuid], signal);
  return roomOf(recordOf(await xapi.call("SR.get_record", [ref], signal)));
}

/** The same of its record. */
export function roomOf(record: XenRecord): number | null {
  const [size, used] = [numberOf(record.physical_size), numberOf(record.physical_utilisation)];
  // Storage that cannot tell says 0 or less.
  return size === null || used === null || size <= 0 || used < 0 ? null : Math.max(0, size - used);
}
