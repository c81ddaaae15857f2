/** The text in which LVM describes a volume group: names with values, lists, and sections in braces. */

/** A value of that text. */
export type LvmValue = string | number | readonly LvmValue[];
/** A section. */
export interface LvmSection {
  readonly values: ReadonlyMap<string, LvmValue>;
  readonly sections: ReadonlyMap<string, LvmSection>;
}

/** Sections inside of each other: a volume's segments lie four deep. */
const MOST_DEPTH = 8;
const TOKEN = /[ \t\r\n]*(?:#[^\n]*\n[ \t\r\n]*)*("(?:[^"\\]|\\.)*"|[A-Za-z0-9_.+/-]+|[{}[\]=,])/y;

/** Reads such a text as far as it makes sense. What follows a mistake is left out. */
export function parseLvmText(text: string): LvmSection {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  for (let found = TOKEN.exec(text); found !== null; found = TOKEN.exec(text)) tokens.push(found[1] as string);
  return section({ tokens, at: 0 }, 0);
}

interface Cursor {
  readonly tokens: readonly string[];
  at: number;
}

function section(cursor: Cursor, depth: number): LvmSection {
  const values = new Map<string, LvmValue>();
  const sections = new Map<string, LvmSection>();
  const made: LvmSection = { values, sections };
  for (let name = cursor.tokens[cursor.at++]; name !== undefined && name !== "}"; name = cursor.tokens[cursor.at++]) {
    const sign = cursor.tokens[cursor.at++];
    if (sign === "{" && depth < MOST_DEPTH) sections.set(name, section(cursor, depth + 1));
    else if (sign === "=") values.set(name, value(cursor));
    else {
      cursor.at = cursor.tokens.length;
      return made;
    }
  }
  return made;
}

function value(cursor: Cursor): LvmValue {
  const token = cursor.tokens[cursor.at++] ?? "";
  if (token !== "[") return scalar(token);
  const list: LvmValue[] = [];
  for (let item = cursor.tokens[cursor.at++]; item !== undefined && item !== "]"; item = cursor.tokens[cursor.at++]) {
    if (item !== ",") list.push(scalar(item));
  }
  return list;
}

function scalar(token: string): string | number {
  if (token.startsWith('"')) return token.slice(1, -1).replace(/\\(.)/g, "$1");
  return /^-?\d{1,15}$/.test(token) ? Number(token) : token;
}
