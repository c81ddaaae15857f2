/** PEM (RFC 7468): base64 between two lines. */

/** One block of a text. */
export interface PemBlock {
  /** `CERTIFICATE`, `CMS`, `PKCS7` ... */
  readonly label: string;
  readonly bytes: Uint8Array;
  /** Characters of the text, the two lines included, the line feed after it left out. */
  readonly start: number;
  readonly end: number;
}

/** What a text holds. */
export interface PemText {
  readonly blocks: readonly PemBlock[];
  /** Places where a block begins and does not end, or is no base64. */
  readonly broken: readonly { readonly at: number; readonly label: string }[];
}

const BEGIN = /-----BEGIN ([A-Z0-9 ]{1,40})-----/g;

/** Blocks that are looked for: a `.cert` file has a handful, a bundle of authorities some hundred. */
const MOST_BLOCKS = 4096;

/** Finds the blocks of a text. Headers inside of a block (RFC 1421), which encrypted keys have, make it a broken one. */
export function readPem(text: string): PemText {
  const blocks: PemBlock[] = [];
  const broken: PemText["broken"][number][] = [];
  BEGIN.lastIndex = 0;
  for (let match = BEGIN.exec(text); match !== null; match = BEGIN.exec(text)) {
    const label = match[1] ?? "";
    const from = match.index + match[0].length;
    const close = `-----END ${label}-----`;
    const to = text.indexOf(close, from);
    const bytes = to < 0 ? null : fromBase64(text.slice(from, to));
    if (bytes === null) broken.push({ at: match.index, label });
    else blocks.push({ label, bytes, start: match.index, end: to + close.length });
    if (to >= 0) BEGIN.lastIndex = to + close.length;
    if (blocks.length + broken.length >= MOST_BLOCKS) break;
  }
  return { blocks, broken };
}

/** A block as everybody writes it: 64 characters a line, a line feed at the end. */
export function writePem(label: string, bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  const lines = btoa(binary).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

/** The bytes of base64 with white space in it; `null` where it is none, or empty. */
function fromBase64(text: string): Uint8Array | null {
  const plain = text.replace(/[\t\n\r ]+/g, "");
  if (plain === "" || !/^[A-Za-z0-9+/]+={0,2}$/.test(plain) || plain.length % 4 !== 0) return null;
  try {
    return Uint8Array.from(atob(plain), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}
