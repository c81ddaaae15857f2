/*
 * The grammar of xl's configurations, as far as it is written. Source: Xen's tools/libs/util/libxlu_cfg_l.l (read for its facts): of the escapes in
 * strings, those with letters alone are what they say; numbers are refused, or dropped without a word.
 */

/** A value of a setting. */
export type XlValue = string | number | readonly string[];

/** One setting. */
export type XlSetting = readonly [name: string, value: XlValue];

/** A configuration; comments stand first. */
export function renderXlConfig(comments: readonly string[], settings: readonly XlSetting[]): string {
  const head = comments.map((line) => `# ${line}`.trimEnd());
  return `${[...head, ...settings.map(([name, value]) => `${name} = ${renderValue(value)}`)].join("\n")}\n`;
}

function renderValue(value: XlValue): string {
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return quoteXl(value);
  return value.length === 0 ? "[ ]" : `[\n${value.map((item) => `  ${quoteXl(item)},\n`).join("")}]`;
}

/** A text between quotes. Control characters that have no letter are left out: fitting has taken them out of names already. */
export function quoteXl(text: string): string {
  const plain = text.replace(/[\\"]/g, "\\$&").replace(/\n/g, "\\n").replace(/\t/g, "\\t").replace(/\r/g, "\\r");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the point
  return `"${plain.replace(/[\u0000-\u001f\u007f]/g, "")}"`;
}
