import { WINDOWS_1252 } from "../base/code-pages.js";
import { FerryError } from "../base/errors.js";

/** Encodings that documents are read in and written back in. */
export type XmlEncoding = "utf-8" | "utf-16le" | "utf-16be" | "iso-8859-1" | "windows-1252" | "us-ascii";

/** A document's text, and what is needed to get its bytes back. */
export interface DecodedXml {
  /** Without a byte order mark. */
  readonly text: string;
  readonly encoding: XmlEncoding;
  readonly byteOrderMark: boolean;
}

const DECLARED: ReadonlyMap<string, XmlEncoding> = new Map<string, XmlEncoding>(
  Object.entries({
    "utf-8": "utf-8",
    utf8: "utf-8",
    // Text that a program kept in memory as UTF-16 and saved as UTF-8 still says UTF-16 (.NET's StringWriter).
    "utf-16": "utf-8",
    "utf-16le": "utf-8",
    "utf-16be": "utf-8",
    "iso-8859-1": "iso-8859-1",
    "iso8859-1": "iso-8859-1",
    latin1: "iso-8859-1",
    "windows-1252": "windows-1252",
    cp1252: "windows-1252",
    "us-ascii": "us-ascii",
    ascii: "us-ascii",
  }),
);

/**
 * The text of a document: by byte order mark, by the zero bytes of UTF-16, else by its declaration, else UTF-8.
 * @throws `xml/encoding` for bytes that the encoding does not have and for encodings that are not read
 */
export function decodeXml(bytes: Uint8Array, file: string): DecodedXml {
  const [a, b, c, d] = bytes;
  if (a === 0xef && b === 0xbb && c === 0xbf) {
    return { text: decodeUtf8(bytes.subarray(3), file, 3), encoding: "utf-8", byteOrderMark: true };
  }
  if ((a === 0xff && b === 0xfe && c === 0 && d === 0) || (a === 0 && b === 0 && c === 0xfe && d === 0xff)) {
    throw badEncoding(file, "the document is encoded in UTF-32, which is not read", 0);
  }
  if (a === 0xff && b === 0xfe) return decodeUtf16(bytes, file, "utf-16le", 2);
  if (a === 0xfe && b === 0xff) return decodeUtf16(bytes, file, "utf-16be", 2);
  if (a === 0x3c && b === 0) return decodeUtf16(bytes, file, "utf-16le", 0);
  if (a === 0 && b === 0x3c) return decodeUtf16(bytes, file, "utf-16be", 0);

  const declared = declaredEncoding(bytes);
  const encoding = declared === null ? "utf-8" : DECLARED.get(declared.toLowerCase());
  if (encoding === undefined) {
    throw badEncoding(file, `the document declares the encoding ${declared}, which is not read`, 0);
  }
  const text = encoding === "utf-8" ? decodeUtf8(bytes, file, 0) : decodeSingleBytes(bytes, file, encoding);
  return { text, encoding, byteOrderMark: false };
}

/** The bytes of text. Characters that the encoding lacks become references, so they must stand in character data or attribute values. */
export function encodeXml(text: string, encoding: XmlEncoding, byteOrderMark: boolean): Uint8Array {
  switch (encoding) {
    case "utf-8":
      return new TextEncoder().encode(byteOrderMark ? `\ufeff${text}` : text);
    case "utf-16le":
    case "utf-16be":
      return encodeUtf16(byteOrderMark ? `\ufeff${text}` : text, encoding === "utf-16le");
    default: {
      const safe = text.replace(/[^\0-\x7f]/gu, (character) =>
        byteOf(character, encoding) === null
          ? `&#x${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()};`
          : character,
      );
      const bytes = new Uint8Array(safe.length);
      for (let i = 0; i < safe.length; i++) {
        const unit = safe.charCodeAt(i);
        bytes[i] = unit < 0x80 ? unit : (byteOf(safe.charAt(i), encoding) ?? 0x3f);
      }
      return bytes;
    }
  }
}

/** Whether an encoding has every character of a text, so that it can be a name. */
export function canEncode(text: string, encoding: XmlEncoding): boolean {
  if (encoding === "utf-8" || encoding === "utf-16le" || encoding === "utf-16be") return true;
  for (const character of text) if (byteOf(character, encoding) === null) return false;
  return true;
}

function byteOf(character: string, encoding: XmlEncoding): number | null {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return code;
  if (encoding === "us-ascii") return null;
  if (encoding === "windows-1252") {
    const at = WINDOWS_1252.indexOf(character);
    if (at >= 0) return 0x80 + at;
    if (code < 0xa0) return null;
  }
  return code <= 0xff ? code : null;
}

function declaredEncoding(bytes: Uint8Array): string | null {
  let head = "";
  for (const byte of bytes.subarray(0, 512)) head += String.fromCharCode(byte);
  return (
    /^<\?xml[ \t\r\n][^>]*?[ \t\r\n]encoding[ \t\r\n]*=[ \t\r\n]*["']([A-Za-z][\w.-]*)["']/.exec(head)?.[1] ?? null
  );
}

function decodeUtf8(bytes: Uint8Array, file: string, skipped: number): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const offset = firstBadUtf8(bytes);
    const byte = (bytes[offset] ?? 0).toString(16).padStart(2, "0");
    throw badEncoding(
      file,
      `byte 0x${byte} at offset ${offset + skipped} is not UTF-8`,
      offset + skipped,
      bytes,
      offset,
    );
  }
}

/** Offset of the first byte that is no UTF-8: a search for the longest prefix that decodes. */
function firstBadUtf8(bytes: Uint8Array): number {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    try {
      new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(0, middle), { stream: true });
      good = middle;
    } catch {
      bad = middle;
    }
  }
  // A character that was begun may be what is not finished.
  for (let back = 1; back <= 3 && back <= good; back++) {
    const byte = bytes[good - back] ?? 0;
    if (byte >= 0xc0) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? good - back : good;
  }
  return good;
}

function decodeUtf16(bytes: Uint8Array, file: string, encoding: "utf-16le" | "utf-16be", skip: number): DecodedXml {
  const body = bytes.subarray(skip);
  if (body.length % 2 !== 0) throw badEncoding(file, "UTF-16 text has an odd number of bytes", bytes.length - 1);
  const little = encoding === "utf-16le" ? body : swapped(body);
  try {
    const text = new TextDecoder("utf-16le", { fatal: true, ignoreBOM: true }).decode(little);
    return { text, encoding, byteOrderMark: skip > 0 };
  } catch {
    throw badEncoding(file, "UTF-16 text holds half of a surrogate pair", 0);
  }
}

function swapped(bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length);
  for (let i = 0; i + 1 < bytes.length; i += 2) {
    result[i] = bytes[i + 1] ?? 0;
    result[i + 1] = bytes[i] ?? 0;
  }
  return result;
}

function encodeUtf16(text: string, littleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(text.length * 2);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < text.length; i++) view.setUint16(2 * i, text.charCodeAt(i), littleEndian);
  return bytes;
}

function decodeSingleBytes(bytes: Uint8Array, file: string, encoding: XmlEncoding): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += 4096) {
    const part = bytes.subarray(at, at + 4096);
    if (encoding === "us-ascii") {
      const bad = part.findIndex((byte) => byte > 0x7f);
      if (bad >= 0)
        throw badEncoding(file, `byte ${part[bad]} at offset ${at + bad} is not US-ASCII`, at + bad, bytes, at + bad);
    }
    const text = String.fromCharCode(...part);
    parts.push(
      encoding === "windows-1252"
        ? text.replace(/[\u0080-\u009f]/g, (c) => WINDOWS_1252.charAt(c.charCodeAt(0) - 0x80))
        : text,
    );
  }
  return parts.join("");
}

function badEncoding(file: string, message: string, offset: number, bytes?: Uint8Array, at?: number): FerryError {
  const hint = "Save the document as UTF-8, and let its XML declaration say so.";
  if (bytes === undefined || at === undefined) {
    return new FerryError("xml/encoding", message, { hint, location: { at: "bytes", file, offset } });
  }
  let line = 1;
  let lineStart = 0;
  for (let newline = bytes.indexOf(10); newline >= 0 && newline < at; newline = bytes.indexOf(10, newline + 1)) {
    line++;
    lineStart = newline + 1;
  }
  return new FerryError("xml/encoding", message, {
    hint,
    location: { at: "text", file, line, column: at - lineStart + 1 },
  });
}
