import { decodeText } from "../../base/code-pages.js";
import { FerryError } from "../../base/errors.js";
import { linesOf } from "../../base/text.js";

/*
 * The dictionary format of VMX files. Source: open-vm-tools lib/dict/dictll.c: `name = "value"`, where a double quote, a bar, DEL and every control
 * character but tab are written as a bar and two hexadecimal digits of the byte; all else, bytes above 127 included, stands as it is.
 */

/** One setting of a VMX file that was read. */
export interface VmxSetting {
  /** As it stands. */
  readonly name: string;
  readonly value: string;
  /** From 1. */
  readonly line: number;
}

/** A VMX file that was read. Names are told apart without regard to capitals. VMware refuses a file with two lines of one name: here the last counts. */
export interface Vmx {
  /** By name in lower case, in the order of the file. */
  readonly settings: ReadonlyMap<string, VmxSetting>;
  /** Lines that are no settings. */
  readonly strange: readonly number[];
  /** Lines whose name a later line has, too. */
  readonly repeated: readonly VmxSetting[];
}

/** One line of a VMX file: a name of ours and a value of any text. */
export type VmxEntry = readonly [name: string, value: string];

/** A VMX file in UTF-8; the `.encoding` line stands first, as VMware writes it. */
export function renderVmx(entries: readonly VmxEntry[]): string {
  const lines = entries.map(([name, value]) => `${name} = "${escapeVmxValue(value)}"\n`);
  return `.encoding = "UTF-8"\n${lines.join("")}`;
}

/** A text as it stands between the quotes of a VMX value. */
export function escapeVmxValue(value: string): string {
  return value.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that have to be escaped
    /[\u0000-\u0008\u000a-\u001f"|\u007f]/g,
    (c) => `|${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

const ENCODING = /^[ \t]*\.encoding[ \t]*=[ \t]*"([^"]*)"/im;
const NAME = /^([^\s=#"]+)[ \t]*=/;
const QUOTED = /^"([^"]*)"[ \t]*(?:#|$)/;
const BARE = /^([^\s"#]*)[ \t]*(?:#|$)/;
/** Far more than VMware writes: a machine with everything in it has some five hundred. */
const MOST_LINES = 50_000;

/**
 * Reads a VMX file in the encoding that it names itself; UTF-8, or Latin-1 where it is none, otherwise.
 * @throws `config/unreadable` above 50,000 lines that say something
 */
export function parseVmx(bytes: Uint8Array): Vmx {
  const settings = new Map<string, VmxSetting>();
  const strange: number[] = [];
  const repeated: VmxSetting[] = [];
  const { text: decoded, encoding } = decodeVmx(bytes);
  let said = 0;
  for (const { text: whole, line } of linesOf(decoded)) {
    const text = whole.trim();
    if (text === "" || text.startsWith("#")) continue;
    if (++said > MOST_LINES) {
      throw new FerryError("config/unreadable", `the configuration has more than ${MOST_LINES} lines`, {
        hint: "Look at where the file comes from: no product of VMware's wrote it.",
      });
    }
    const setting = settingOf(text);
    if (setting === null) {
      strange.push(line);
      continue;
    }
    const { name, value } = setting;
    const key = name.toLowerCase();
    if (key === ".encoding") continue;
    const before = settings.get(key);
    if (before !== undefined) repeated.push(before);
    settings.delete(key);
    settings.set(key, { name, value: unescapeVmxValue(value, encoding), line });
  }
  return { settings, strange, repeated };
}

/** `name = "value"`, or the value without quotes, and a comment behind it. In steps: one pattern would try all ways to share blanks among its parts. */
function settingOf(line: string): { readonly name: string; readonly value: string } | null {
  const head = NAME.exec(line);
  if (head === null) return null;
  const rest = line.slice(head[0].length).trimStart();
  const value = (QUOTED.exec(rest) ?? BARE.exec(rest))?.[1];
  return value === undefined ? null : { name: head[1] ?? "", value };
}

function decodeVmx(bytes: Uint8Array): { readonly text: string; readonly encoding: string } {
  const plain = decodeText("latin1", bytes, "refuse");
  const encoding = ENCODING.exec(plain)?.[1] ?? "UTF-8";
  try {
    return { text: decodeText(encoding, bytes, "refuse"), encoding };
  } catch (cause) {
    // An encoding that nobody knows, or bytes that are not of it: each byte is a letter then, and ASCII stays what it is.
    if (cause instanceof RangeError || cause instanceof TypeError) return { text: plain, encoding: "latin1" };
    throw cause;
  }
}

/** A value without its escapes. Bytes above 127 may be escaped one by one: `|C3|A9` is one letter of UTF-8. */
export function unescapeVmxValue(value: string, encoding = "UTF-8"): string {
  return value.replace(/(?:\|[0-9A-Fa-f]{2})+/g, (run) => {
    const first = Number.parseInt(run.slice(1, 3), 16);
    if (run.length === 3 && first < 0x80) return String.fromCharCode(first);
    const bytes = Uint8Array.from(run.slice(1).split("|"), (digits) => Number.parseInt(digits, 16));
    try {
      return decodeText(encoding, bytes, "refuse");
    } catch {
      // Bytes that are no letters of the file's encoding.
      return decodeText("latin1", bytes, "refuse");
    }
  });
}
