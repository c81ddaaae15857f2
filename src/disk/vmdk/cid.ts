import { viewOf } from "../../base/bytes.js";
import type { DiskInfo } from "../model.js";

/**
 * A content id for a new disk: eight hexadecimal digits made from the source's identity and size, so that the same input gives the same
 * bytes. VMware changes it at the first write; until then it only has to differ from "no parent".
 */
export function cidOf(info: DiskInfo): string {
  const text = `${info.format}\0${info.variant}\0${info.size}\0${info.identity ?? ""}`;
  // FNV-1a over the text: an id, not a checksum.
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  const bytes = new Uint8Array(4);
  viewOf(bytes).setInt32(0, hash);
  const hex = viewOf(bytes).getUint32(0).toString(16).padStart(8, "0");
  return hex === "ffffffff" || hex === "fffffffe" ? "fffffffd" : hex;
}
