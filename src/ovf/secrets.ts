/** Values that must not be shown where a piece of a document is: in excerpts below findings, and in differences. */

/** Names of settings that hold secrets, as people write them. */
const SECRET_NAME = /passw|passphrase|secret|token|credential|private[-_.]?key|api[-_.]?key|vnc\.key/i;
/** Attributes that name a setting: of properties, of VMware's extra configuration, of VirtualBox's extra data. */
const NAMES: ReadonlySet<string> = new Set(["key", "name"]);
const ATTRIBUTE = /([^\s=<>"'/]+)\s*=\s*("[^"]*"|'[^']*')/g;

/** Whether a setting's name says that it holds a secret. */
export function namesSecret(name: string): boolean {
  return SECRET_NAME.test(name);
}

/**
 * The text of a descriptor or an environment, of the same length, with stars in place of secret values: those of password properties, and of settings
 * whose name says that they hold one. Pure, and linear in the length of the text.
 * @param text well-formed XML
 */
export function withoutSecrets(text: string): string {
  if (!/password/i.test(text) && !SECRET_NAME.test(text)) return text;
  const pieces: string[] = [];
  let done = 0;
  /** The secret property that is open: its `Value` elements hold values too. */
  let inside: string | null = null;
  for (const { start, end } of tagsOf(text)) {
    const tag = text.slice(start, end);
    const head = /^<\/?[^\s/>]*/.exec(tag)?.[0] ?? "";
    const name = head.replace(/^<\/?/, "");
    // Without its name: a pattern looks for attributes from each letter of it.
    const attributes = tag.slice(head.length);
    if (tag.startsWith("</")) {
      if (name === inside) inside = null;
      continue;
    }
    const secret = inside !== null || holdsSecret(attributes);
    if (secret && inside === null && !tag.endsWith("/>")) inside = name;
    if (!secret) continue;
    pieces.push(text.slice(done, start), head, masked(attributes));
    done = end;
  }
  return done === 0 ? text : `${pieces.join("")}${text.slice(done)}`;
}

/** Whether the attributes of a tag say that its value is a secret. */
function holdsSecret(tag: string): boolean {
  for (const [, name = "", quoted = ""] of tag.matchAll(ATTRIBUTE)) {
    const value = quoted.slice(1, -1).trim();
    const local = name.slice(name.indexOf(":") + 1);
    if (local === "password" && value !== "" && !/^(?:false|0)$/i.test(value)) return true;
    if (NAMES.has(local) && SECRET_NAME.test(value)) return true;
  }
  return false;
}

/** Attributes of a tag with stars for its values. Line breaks stay, so that lines are counted as before. */
function masked(tag: string): string {
  return tag.replace(ATTRIBUTE, (attribute: string, name: string, quoted: string) => {
    if (name.slice(name.indexOf(":") + 1) !== "value") return attribute;
    const at = attribute.length - quoted.length + 1;
    return `${attribute.slice(0, at)}${quoted.slice(1, -1).replace(/[^\r\n]/g, "*")}${quoted.slice(-1)}`;
  });
}

/** Tags in order, without comments, CDATA and processing instructions. */
function* tagsOf(text: string): Iterable<{ readonly start: number; readonly end: number }> {
  for (let at = text.indexOf("<"); at >= 0; ) {
    const skipped = SKIPPED.find(([open]) => text.startsWith(open, at));
    if (skipped !== undefined) {
      const close = text.indexOf(skipped[1], at + skipped[0].length);
      if (close < 0) return;
      at = text.indexOf("<", close + skipped[1].length);
      continue;
    }
    const end = endOfTag(text, at);
    yield { start: at, end };
    at = text.indexOf("<", end);
  }
}

const SKIPPED: readonly (readonly [open: string, close: string])[] = [
  ["<!--", "-->"],
  ["<![CDATA[", "]]>"],
  ["<?", "?>"],
];

/** Behind the tag's `>`, which may stand in a value too. */
function endOfTag(text: string, start: number): number {
  let quote = "";
  for (let at = start; at < text.length; at++) {
    const character = text[at] ?? "";
    if (quote !== "") {
      if (character === quote) quote = "";
    } else if (character === '"' || character === "'") quote = character;
    else if (character === ">") return at + 1;
  }
  return text.length;
}
