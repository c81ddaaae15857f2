/** Distinguished names (RFC 4514 to show them, RFC 5280, section 7.1, to compare them). */
import type { RelativeDistinguishedNames } from "pkijs";
import { toHex } from "../../base/bytes.js";

/** Keywords of RFC 4514, section 3, and the one for e-mail addresses that everybody uses. Others are shown by their number. */
const KEYWORDS: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.9": "STREET",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "0.9.2342.19200300.100.1.1": "UID",
  "0.9.2342.19200300.100.1.25": "DC",
  "1.2.840.113549.1.9.1": "emailAddress",
};

/** A name as text: the most specific part first, `CN=Example,O=Example Org,C=DE` (RFC 4514, section 2). */
export function distinguishedName(name: RelativeDistinguishedNames): string {
  const parts = name.typesAndValues.map(({ type, value }) => `${KEYWORDS[type] ?? type}=${escaped(textOf(value))}`);
  return parts.reverse().join(",");
}

/** What two names that are the same have in common: kinds of strings, case and runs of blanks left aside. */
export function nameKey(name: RelativeDistinguishedNames): string {
  const parts = name.typesAndValues.map(({ type, value }) => [
    type,
    textOf(value).normalize("NFKC").trim().replace(/\s+/g, " ").toLowerCase(),
  ]);
  return JSON.stringify(parts);
}

function textOf(value: RelativeDistinguishedNames["typesAndValues"][number]["value"]): string {
  const text: unknown = value.valueBlock.value;
  return typeof text === "string" ? text : "";
}

/** RFC 4514, section 2.4: what would be read as something else, and what a terminal would act on. */
function escaped(value: string): string {
  return value
    .replace(/[\\",+;<>]/g, "\\$&")
    .replace(/^[ #]|(?<!^) $/g, "\\$&")
    .replace(/\p{Cc}/gu, (character) =>
      new TextEncoder().encode(character).reduce((all, byte) => `${all}\\${toHex(Uint8Array.of(byte))}`, ""),
    );
}
