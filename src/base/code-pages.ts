/** Text in encodings that files name themselves. */

/** What windows-1252 has at 0x80 to 0x9F. The five unassigned bytes stand for themselves. */
export const WINDOWS_1252: string =
  "\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f" +
  "\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178";

/** Whether bytes that an encoding does not have are refused, or become U+FFFD. */
export type Undecodable = "refuse" | "replace";

/**
 * Text of bytes in an encoding, by any of its names in the Encoding Standard; a byte order mark is left out.
 * @throws RangeError for an encoding that is not known, TypeError for bytes that are not of it where they are refused
 */
export function decodeText(encoding: string, bytes: Uint8Array, undecodable: Undecodable): string {
  const decoder = new TextDecoder(encoding, { fatal: undecodable === "refuse" });
  const text = decoder.decode(bytes);
  if (decoder.encoding !== "windows-1252") return text;
  // Node 20 takes Latin-1 for it: the letters at 0x80 to 0x9F are missing.
  return text.replace(/[\u0080-\u009f]/g, (c) => WINDOWS_1252.charAt(c.charCodeAt(0) - 0x80));
}
