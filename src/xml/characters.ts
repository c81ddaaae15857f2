import { FerryError } from "../base/errors.js";

/** NameStartChar of XML 1.0 (fifth edition), 2.3, without the colon. */
const NAME_START =
  "A-Z_a-z\\u{C0}-\\u{D6}\\u{D8}-\\u{F6}\\u{F8}-\\u{2FF}\\u{370}-\\u{37D}\\u{37F}-\\u{1FFF}\\u{200C}-\\u{200D}" +
  "\\u{2070}-\\u{218F}\\u{2C00}-\\u{2FEF}\\u{3001}-\\u{D7FF}\\u{F900}-\\u{FDCF}\\u{FDF0}-\\u{FFFD}\\u{10000}-\\u{EFFFF}";
const NAME = `[${NAME_START}][${NAME_START}\\-.0-9\\u{B7}\\u{300}-\\u{36F}\\u{203F}-\\u{2040}]*`;
const LOCAL_NAME = new RegExp(`^${NAME}$`, "u");
const QUALIFIED_NAME = new RegExp(`^(${NAME}:)?${NAME}$`, "u");

/** The first character that XML 1.0 cannot hold, even as a reference. */
const FORBIDDEN = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

/** Whether text is a name without a colon (Namespaces in XML, NCName). */
export function isLocalName(text: string): boolean {
  return LOCAL_NAME.test(text);
}

/** Whether text is a name with at most one prefix (Namespaces in XML, QName). */
export function isQualifiedName(text: string): boolean {
  return QUALIFIED_NAME.test(text);
}

/** @throws `xml/forbidden-character` where XML cannot hold the text: control characters, lone surrogates, U+FFFE. */
export function checkCharacters(text: string): void {
  const found = FORBIDDEN.exec(text);
  if (found === null) return;
  const code = (found[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  throw new FerryError(
    "xml/forbidden-character",
    `XML cannot hold the character U+${code} (at position ${found.index})`,
    {
      hint: "Remove the control character from the value.",
    },
  );
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\t": "&#x9;",
  "\n": "&#xA;",
  "\r": "&#xD;",
};

/** Character data that reads back as `text`. @throws `xml/forbidden-character` */
export function escapeText(text: string): string {
  checkCharacters(text);
  return text.replace(/[&<>\r]/g, (c) => ESCAPES[c] ?? c);
}

/** What stands between double quotes so that the attribute reads back as `value`. @throws `xml/forbidden-character` */
export function escapeAttribute(value: string): string {
  checkCharacters(value);
  return value.replace(/[&<>"\t\n\r]/g, (c) => ESCAPES[c] ?? c);
}
