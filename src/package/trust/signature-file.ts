/**
 * The certificate file of a package: `SHA256(name.mf)= signature in hex`, then the signer's certificate in PEM (DSP0243 5.1). Found in the
 * wild: further certificates of authorities; blanks up to a fixed size (ovftool); a CMS block, also labelled PKCS7, with the certificates
 * of the authorities in it (VirtualBox); several lines.
 */
import { fromHex, toHex } from "../../base/bytes.js";
import type { HashName } from "../../base/ids.js";
import { algorithmOfToken, manifestToken } from "../manifest/algorithms.js";
import { readPem, writePem } from "./pem.js";

/** One line: a signature of the file that it names. */
export interface SignatureLine {
  /** As it stands. */
  readonly name: string;
  /** `null`: a digest that nobody knows. */
  readonly algorithm: HashName | null;
  readonly token: string;
  readonly signature: Uint8Array;
  /** Counted from 1. */
  readonly line: number;
}

/** What a certificate file says. Nothing is checked. */
export interface SignatureFile {
  readonly lines: readonly SignatureLine[];
  /** DER of each certificate, in order; the first is the signer's. */
  readonly certificates: readonly Uint8Array[];
  /** DER of each block of CMS. */
  readonly cms: readonly Uint8Array[];
  /** What keeps it from being read whole, in words. */
  readonly problems: readonly string[];
  /** Ways in which its bytes are not those that the standard asks for, in words. They carry no meaning. */
  readonly oddities: readonly string[];
}

/** Lines and blocks of one file that are looked at. */
const MOST_PARTS = 64;
const LINE = /^([A-Za-z][A-Za-z0-9_-]{0,31})[ \t]*\((.*)\)[ \t]*=[ \t]*([0-9A-Fa-f]*)[ \t]*$/;

/** Parses a certificate file. Never throws: `problems` says what is wrong. */
export function parseSignatureFile(bytes: Uint8Array): SignatureFile {
  const text = new TextDecoder("latin1").decode(bytes);
  const pem = readPem(text);
  const problems: string[] = pem.broken.map(({ label }) => `the block '${label}' is damaged`);
  const firstBlock = Math.min(...[...pem.blocks.map(({ start }) => start), ...pem.broken.map(({ at }) => at)]);
  const head = text.slice(0, Math.min(firstBlock, text.length));
  const lines = signatureLines(head, problems);
  if (lines.length > MOST_PARTS) problems.push(`it has more than ${MOST_PARTS} lines`);
  if (pem.blocks.length > MOST_PARTS) problems.push(`it has more than ${MOST_PARTS} blocks`);
  if (lines.length === 0) problems.push("it has no line with a signature");
  const blocks = pem.blocks.slice(0, MOST_PARTS);
  const certificates = blocks.filter(({ label }) => label === "CERTIFICATE").map((block) => block.bytes);
  if (certificates.length === 0 && pem.broken.length === 0) problems.push("no certificate in PEM is there");
  return {
    lines: lines.slice(0, MOST_PARTS),
    certificates,
    cms: blocks.filter(({ label }) => label === "CMS" || label === "PKCS7").map((block) => block.bytes),
    problems,
    oddities: odditiesOf(text, lines, pem.blocks),
  };
}

/** What is written: the line, the signer's certificate, and those of the authorities after it. */
export interface NewSignature {
  /** The manifest's name, without a folder. */
  readonly name: string;
  readonly algorithm: HashName;
  readonly signature: Uint8Array;
  /** DER, the signer's first. */
  readonly certificates: readonly Uint8Array[];
}

/** Writes a certificate file as the standard says. */
export function serializeSignatureFile(signature: NewSignature): Uint8Array {
  const { name, algorithm, certificates } = signature;
  const line = `${manifestToken(algorithm)}(${name})= ${toHex(signature.signature)}\n`;
  return new TextEncoder().encode(line + certificates.map((der) => writePem("CERTIFICATE", der)).join(""));
}

function signatureLines(head: string, problems: string[]): readonly SignatureLine[] {
  const lines: SignatureLine[] = [];
  let number = 0;
  let strange = 0;
  for (let start = 0; start < head.length && lines.length <= MOST_PARTS; ) {
    const feed = head.indexOf("\n", start);
    const raw = head.slice(start, feed < 0 ? head.length : feed);
    start += raw.length + 1;
    number++;
    const text = raw.trim();
    if (text === "") continue;
    // The name may hold parentheses: it ends at the last one.
    const [, token = "", name = "", hex = ""] = text.length > 65_536 ? [] : (LINE.exec(text) ?? []);
    const signature = fromHex(hex);
    if (token === "" || hex === "" || signature === null) {
      if (strange++ === 0) problems.push(`line ${number} is no signature`);
      continue;
    }
    lines.push({ name: utf8(name), algorithm: algorithmOfToken(token), token, signature, line: number });
  }
  return lines;
}

function utf8(latin1: string): string {
  return new TextDecoder().decode(Uint8Array.from(latin1, (unit) => unit.charCodeAt(0)));
}

/** Bytes that mean nothing are found by writing the file again as it should be. */
function odditiesOf(
  text: string,
  lines: readonly SignatureLine[],
  blocks: ReturnType<typeof readPem>["blocks"],
): readonly string[] {
  const head = (spell: (token: string, name: string, hex: string) => string): string =>
    lines
      .map(({ name, token, algorithm, signature }) => {
        const latin1 = new TextDecoder("latin1").decode(new TextEncoder().encode(name));
        return spell(algorithm === null ? token : manifestToken(algorithm), latin1, toHex(signature));
      })
      .join("");
  const tail = blocks.map(({ label, bytes }) => writePem(label, bytes)).join("");
  const right = head((token, name, hex) => `${token}(${name})= ${hex}\n`) + tail;
  if (text === right) return [];
  const found: string[] = [];
  let rest = text;
  const padding = /[ \n\r\t]*$/.exec(rest)?.[0] ?? "";
  if (padding !== "\n") {
    rest = `${rest.slice(0, rest.length - padding.length)}\n`;
    found.push(padding === "" ? "its last line has no end" : "blanks or empty lines follow the end, as ovftool writes");
    if (rest === right) return found;
  }
  if (rest.includes("\r\n")) {
    rest = rest.replaceAll("\r\n", "\n");
    found.push("its lines end in CR LF");
    if (rest === right) return found;
  }
  if (rest === head((token, name, hex) => `${token} (${name}) = ${hex}\n`) + tail) {
    found.push("blanks stand around the parentheses, as VirtualBox writes");
    return found;
  }
  found.push("it holds bytes that mean nothing, or is spelled in another way");
  return found;
}
