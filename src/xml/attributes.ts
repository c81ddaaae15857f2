/** What stands in a start tag and between tags: scans of source that the parser has found well-formed. */

/** Where one attribute or namespace declaration stands in its tag's source. */
export interface AttributeSpan {
  /** Qualified name. */
  readonly name: string;
  /** Of the white space before it. */
  readonly leadStart: number;
  readonly nameStart: number;
  /** Between the quotes. */
  readonly valueStart: number;
  readonly valueEnd: number;
}

const ATTRIBUTE = /[ \t\r\n]+([^ \t\r\n=]+)[ \t\r\n]*=[ \t\r\n]*(?:"[^"]*"|'[^']*')/y;
const TAG_NAME = /<[^ \t\r\n/>]+/y;

/** The attributes of the start tag at `start`, declarations included, in order. */
export function scanAttributes(source: string, start: number): AttributeSpan[] {
  TAG_NAME.lastIndex = start;
  TAG_NAME.exec(source);
  ATTRIBUTE.lastIndex = TAG_NAME.lastIndex;
  const spans: AttributeSpan[] = [];
  for (let leadStart = ATTRIBUTE.lastIndex, match = ATTRIBUTE.exec(source); match !== null; ) {
    const end = ATTRIBUTE.lastIndex;
    const name = match[1] ?? "";
    const quote = source.charAt(end - 1);
    spans.push({
      name,
      leadStart,
      nameStart: source.indexOf(name, leadStart),
      valueStart: source.lastIndexOf(quote, end - 2) + 1,
      valueEnd: end - 1,
    });
    leadStart = end;
    match = ATTRIBUTE.exec(source);
  }
  return spans;
}

const NAMED: ReadonlyMap<string, string> = new Map<string, string>(
  Object.entries({ amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" }),
);

function resolveReferences(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(
    /&(?:#x([0-9a-fA-F]+)|#([0-9]+)|([a-z]+));/g,
    (whole, hex?: string, decimal?: string, name?: string) => {
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      if (decimal !== undefined) return String.fromCodePoint(Number.parseInt(decimal, 10));
      return NAMED.get(name ?? "") ?? whole;
    },
  );
}

/** The value of an attribute from its source: white space becomes spaces, references are resolved (XML 1.0, 3.3.3). */
export function attributeValue(source: string): string {
  return resolveReferences(source.replace(/\r\n|[\t\r\n]/g, " "));
}

/** A stretch between tags. */
export interface Run {
  /** `other`: a comment or processing instruction. */
  readonly kind: "text" | "cdata" | "other";
  readonly start: number;
  readonly end: number;
}

/** What stands in `[start, end)` of a source that holds no element. */
export function* scanContent(source: string, start: number, end: number): Generator<Run> {
  let at = start;
  while (at < end) {
    const markup = source.indexOf("<", at);
    const textEnd = markup < 0 || markup > end ? end : markup;
    if (textEnd > at) yield { kind: "text", start: at, end: textEnd };
    if (textEnd === end) return;
    const [kind, closing, opening] = source.startsWith("<!--", textEnd)
      ? (["other", "-->", 4] as const)
      : source.startsWith("<![CDATA[", textEnd)
        ? (["cdata", "]]>", 9] as const)
        : (["other", "?>", 2] as const);
    at = source.indexOf(closing, textEnd + opening) + closing.length;
    yield { kind, start: textEnd, end: at };
  }
}

/** The character data that a run stands for: line ends become LF (XML 1.0, 2.11), references are resolved. */
export function runText(source: string, run: Run): string {
  if (run.kind === "other") return "";
  const raw = run.kind === "cdata" ? source.slice(run.start + 9, run.end - 3) : source.slice(run.start, run.end);
  const text = raw.includes("\r") ? raw.replace(/\r\n?/g, "\n") : raw;
  return run.kind === "cdata" ? text : resolveReferences(text);
}
