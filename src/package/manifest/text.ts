/**
 * A package's manifest: `SHA256(file name)= hex`, one line a file (DSP0243 5.1). Read in every spelling that is
 * found in the wild, written in the standard's.
 */
import { fromHex } from "../../base/bytes.js";
import type { Diagnostic, Location } from "../../base/diagnostics.js";
import type { HashName } from "../../base/ids.js";
import { plural, printable } from "../../base/text.js";
import type { Context } from "../../io/context.js";
import { algorithmOfLength, algorithmOfToken, DIGEST_DIGITS, manifestToken } from "./algorithms.js";

/** One line of a manifest. */
export interface ManifestEntry {
  /** As it stands: not checked, not normalized. Never use it as a path; look it up in the package. */
  readonly name: string;
  readonly algorithm: HashName;
  /** Lower-case hexadecimal digits, as many as the algorithm has. */
  readonly digest: string;
  /** Counted from 1. */
  readonly line: number;
}

/** What a manifest says. */
export interface Manifest {
  /** The manifest's own name in the package. */
  readonly name: string;
  /** In the order of the lines, duplicates included. */
  readonly entries: readonly ManifestEntry[];
}

/** Ways to write a manifest that are clear, but not the standard's, and who writes so. */
const ODDITIES = {
  bom: "it starts with a byte order mark",
  utf16: "it is in UTF-16, as Windows PowerShell writes",
  encoding: "it is not UTF-8 and was read as Latin-1",
  crlf: "its lines end in CR LF, as Windows tools write",
  spaces: "there are blanks around the parentheses or before the equals sign, as VirtualBox writes",
  "no-space": "there is no blank, or more than one, after the equals sign",
  token: "the algorithm is spelled in another way than SHA1, SHA256, SHA512",
  "upper-case": "digests are in upper case",
  sum: "lines are those of sha1sum or a relative: digest first, then the name",
  blank: "there are blank lines between the others",
} as const;

type Oddity = keyof typeof ODDITIES;

/** Lines of one file that are not shown one by one: hostile manifests have millions. */
const SHOWN_ERRORS = 20;

/**
 * Parses a manifest. Lines that cannot be understood are findings of severity error and leave no entry; odd spellings
 * are findings of severity info, one for each kind. `file` is what locations say: the label of the manifest's source.
 */
export function parseManifest(
  bytes: Uint8Array,
  name: string,
  ctx: Pick<Context, "report">,
  file: string = name,
): Manifest {
  const odd = new Map<Oddity, { line: number; count: number }>();
  const note = (oddity: Oddity, line: number): void => {
    const seen = odd.get(oddity);
    odd.set(oddity, { line: seen?.line ?? line, count: (seen?.count ?? 0) + 1 });
  };
  const text = decode(bytes, note);
  const entries: ManifestEntry[] = [];
  let errors = 0;
  let blankAt: number | null = null;
  let line = 0;
  // Not `split`: a hostile manifest is all line feeds.
  for (let start = 0; start < text.length; ) {
    const feed = text.indexOf("\n", start);
    const raw = text.slice(start, feed < 0 ? text.length : feed);
    start += raw.length + 1;
    line++;
    if (raw.endsWith("\r")) note("crlf", line);
    // ovftool leaves blanks where it took a line out; VirtualBox ends in an empty line.
    const content = raw.trim();
    if (content === "") {
      blankAt ??= line;
      continue;
    }
    if (blankAt !== null && entries.length > 0) note("blank", blankAt);
    blankAt = null;
    const parsed = parseLine(content, line, note);
    if ("name" in parsed) entries.push(parsed);
    else if (++errors <= SHOWN_ERRORS) ctx.report({ ...parsed, location: textLocation(file, line) });
  }
  if (errors > SHOWN_ERRORS) {
    ctx.report({
      code: "manifest/bad-line",
      severity: "error",
      message: `${plural(errors - SHOWN_ERRORS, "more line")} of the manifest cannot be understood`,
      location: textLocation(file, 1),
    });
  }
  for (const [oddity, { line, count }] of odd) {
    ctx.report({
      code: "manifest/odd-spelling",
      severity: "info",
      message: `the manifest is not written as the standard says: ${ODDITIES[oddity]}`,
      hint: "vmferry understands it; some importers do not, and then verify nothing or refuse the package.",
      location: textLocation(file, line),
      data: { oddity, lines: count },
    });
  }
  return { name, entries };
}

/** Writes a manifest as the standard says: `SHA256(name)= hex` and a line feed, in the order given. */
export function serializeManifest(entries: readonly Omit<ManifestEntry, "line">[]): Uint8Array {
  const lines = entries.map(({ name, algorithm, digest }) => `${manifestToken(algorithm)}(${name})= ${digest}\n`);
  return new TextEncoder().encode(lines.join(""));
}

function textLocation(file: string, line: number): Location {
  return { at: "text", file, line, column: 1 };
}

function decode(bytes: Uint8Array, note: (oddity: Oddity, line: number) => void): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) {
    note("utf16", 1);
    return new TextDecoder("utf-16le").decode(bytes);
  }
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) note("bom", 1);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    note("encoding", 1);
    return new TextDecoder("latin1").decode(bytes);
  }
}

type BadLine = Omit<Diagnostic, "location">;

function parseLine(text: string, line: number, note: (oddity: Oddity, line: number) => void): ManifestEntry | BadLine {
  // The name may hold parentheses: it ends at the last one.
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  const before = open < 0 ? "" : text.slice(0, open);
  const after = /^(\s*)=(\s*)([0-9A-Za-z]*)$/.exec(text.slice(close + 1));
  if (/^[A-Za-z][A-Za-z0-9_-]*\s*$/.test(before) && open < close && after !== null) {
    const name = text.slice(open + 1, close);
    const token = before.trimEnd();
    const [, blanks = "", gap = "", hex = ""] = after;
    const algorithm = algorithmOfToken(token);
    if (algorithm === null) {
      return {
        code: "manifest/unknown-algorithm",
        severity: "error",
        message: `the digest algorithm '${token.slice(0, 40)}' of '${shown(name)}' is unknown`,
        hint: "Known are SHA1, SHA256, SHA384, SHA512 and MD5.",
      };
    }
    if (before !== token || blanks !== "") note("spaces", line);
    if (gap !== " ") note("no-space", line);
    if (token !== manifestToken(algorithm)) note("token", line);
    return entryOf(name, algorithm, hex);
  }
  const summed = /^([0-9A-Fa-f]{32,128})[ \t]+\*?(.+)$/.exec(text);
  const algorithm = summed === null ? null : algorithmOfLength(summed[1]?.length ?? 0);
  if (summed !== null && algorithm !== null) {
    note("sum", line);
    return entryOf(summed[2] ?? "", algorithm, summed[1] ?? "");
  }
  return {
    code: "manifest/bad-line",
    severity: "error",
    message: `this line of the manifest cannot be understood: '${shown(text)}'`,
    hint: "A line is ALGORITHM(file name)= DIGEST. Make the manifest anew if you trust the files.",
  };

  function entryOf(name: string, algorithm: HashName, hex: string): ManifestEntry | BadLine {
    if (hex.length !== DIGEST_DIGITS[algorithm] || fromHex(hex) === null) {
      return {
        code: "manifest/bad-digest",
        severity: "error",
        message: `the digest of '${shown(name)}' is not ${DIGEST_DIGITS[algorithm]} hexadecimal digits, as ${manifestToken(algorithm)} has`,
        hint: "The manifest was cut off or changed. Fetch it again.",
      };
    }
    if (hex !== hex.toLowerCase()) note("upper-case", line);
    return { name, algorithm, digest: hex.toLowerCase(), line };
  }
}

function shown(text: string): string {
  return printable(text.slice(0, 120));
}
