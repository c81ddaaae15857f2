import type { DiagnosticCode } from "../../base/diagnostics.js";

/** Programs whose messages are known. */
export type ForeignProgram = "vmware" | "virtualbox" | "virt-v2v" | "proxmox";

/** What a program says when it does not take a package, and what that comes from. A fact about the program, as data. */
export interface ForeignMessage {
  readonly program: ForeignProgram;
  /** The message; `{name}` stands for what the pattern's group of that name found. */
  readonly says: string;
  /** Finds it in text whose blanks are single spaces. Every repetition in it has an end. */
  readonly pattern: RegExp;
  /** What is the matter, with the values of the groups. */
  readonly means: string;
  /** What to do. */
  readonly fix: string;
  /** Command lines that help, without `vmferry`; `SRC` stands for the package. */
  readonly commands: readonly string[];
  /** Codes of findings that tell the same beforehand. */
  readonly codes: readonly DiagnosticCode[];
  /** Where it was reported: `owner/repository#number`; empty: seen in the program itself. */
  readonly seen: readonly string[];
  /** A text of the program, as somebody saw it. */
  readonly example: string;
}

/** A message that was found in a text. */
export interface FoundMessage {
  readonly message: ForeignMessage;
  /** What the groups of the pattern found. */
  readonly values: Readonly<Record<string, string>>;
}

/** Characters of a text that are looked at: a log can be of any length. */
const LOOKED_AT = 1024 * 1024;

/** The known messages in a text, in the order in which they stand there; each once. */
export function findMessages(text: string, known: readonly ForeignMessage[]): FoundMessage[] {
  const plain = text.slice(0, LOOKED_AT).replaceAll(/[‘’`]/g, "'").replaceAll(/[“”]/g, '"').replaceAll(/\s+/g, " ");
  const found: (FoundMessage & { readonly at: number; readonly length: number })[] = [];
  for (const message of known) {
    const match = message.pattern.exec(plain);
    if (match === null) continue;
    const values = Object.fromEntries(
      Object.entries(match.groups ?? {}).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    );
    found.push({ message, values, at: match.index, length: match[0].length });
  }
  // Where one message is a special case of another, the special one is enough: it says more, or stands before the other in the list.
  const kept = found.filter(
    (one, i) =>
      !found.some(
        (other, j) =>
          other !== one &&
          other.at <= one.at &&
          one.at + one.length <= other.at + other.length &&
          (other.length > one.length || j < i),
      ),
  );
  return kept.sort((a, b) => a.at - b.at).map(({ message, values }) => ({ message, values }));
}
