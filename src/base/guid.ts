import { fromHex, toHex, viewOf } from "./bytes.js";
import { FerryError } from "./errors.js";

/** The GUID of sixteen zeros: "none" in most formats. */
export const NIL_GUID = "00000000-0000-0000-0000-000000000000";

function hyphened(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Swaps the first three fields, which Microsoft's layout stores with the low byte first; its own inverse. */
function swapped(bytes: Uint8Array): Uint8Array {
  // Not `slice`: given one of Node's buffers it would not copy.
  const out = new Uint8Array(bytes.subarray(0, 16));
  const from = viewOf(bytes);
  const to = viewOf(out);
  to.setUint32(0, from.getUint32(0, true));
  to.setUint16(4, from.getUint16(4, true));
  to.setUint16(6, from.getUint16(6, true));
  return out;
}

/** A GUID in Microsoft's mixed byte order as lower-case text without braces. */
export function readGuid(bytes: Uint8Array, at: number): string {
  return hyphened(toHex(swapped(bytes.subarray(at, at + 16))));
}

/** A UUID whose bytes stand in the order of its text (RFC 9562), as lower-case text. */
export function readUuid(bytes: Uint8Array, at: number): string {
  return hyphened(toHex(bytes.subarray(at, at + 16)));
}

/** The sixteen bytes of a GUID in Microsoft's mixed byte order. */
export function guidBytes(text: string): Uint8Array {
  return swapped(uuidBytes(text));
}

/** The sixteen bytes of a UUID in the order of its text. */
export function uuidBytes(text: string): Uint8Array {
  const bytes = fromHex(text.replaceAll("-", ""));
  if (bytes?.length !== 16) throw new FerryError("internal/bug", `${JSON.stringify(text)} is no GUID`);
  return bytes;
}

/** The GUID that a text means, with or without braces and in any capitals; `null` where it is none. */
export function parseGuid(text: string): string | null {
  const found = /^\s*\{?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}?\s*$/i.exec(text);
  return found === null ? null : (found[1] as string).toLowerCase();
}
