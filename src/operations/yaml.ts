/** YAML that people write for us: what is not understood is refused with its place, and nothing is guessed. */
import { LineCounter, type Node, parseDocument } from "yaml";
import type { DiagnosticCode } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";
import { nearest } from "../base/text.js";

type Place = (offset: number) => { at: "text"; file: string; line: number; column: number };

/** One `key: value` of a map. Nodes have places. */
export type YamlEntry = readonly [key: string, keyNode: unknown, value: unknown];

/** A YAML document, by what its nodes can be. */
export interface YamlReader {
  /** What the file holds; `null`: nothing. */
  readonly contents: Node | null;
  /** The entries of a map. @param what how messages name it */
  entries(node: unknown, what: string): readonly YamlEntry[];
  /** The items of a list; one scalar is a list of one. */
  list(node: unknown, what: string): readonly unknown[];
  /** The text of a scalar, numbers as they stand; `null` for all else. `off` and false are the word `off`. */
  scalar(node: unknown): string | null;
  /** One of some words. */
  oneOf<const T extends string>(node: unknown, choices: readonly T[]): T;
  /** @throws `code` with the node's place */
  refuse(code: DiagnosticCode, message: string, node: unknown, hint?: string): never;
  /** The error for a key that is not one of those that are known. */
  unknownKey(key: string, node: unknown, known: readonly string[]): never;
}

/**
 * Reads the text of a YAML file.
 * @param name how places call the file
 * @param example what the hint of a broken file shows
 * @throws `config/bad-yaml`; the reader's methods throw `config/bad-value` and what they are told to
 */
export function readYaml(text: string, name: string, example: string): YamlReader {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, schema: "core", merge: false, logLevel: "silent" });
  const placeAt: Place = (offset) => {
    const { line, col } = counter.linePos(offset);
    return { at: "text", file: name, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const [broken] = document.errors;
  if (broken !== undefined) {
    throw new FerryError("config/bad-yaml", broken.message.replace(/ at line [\s\S]*$/, ""), {
      location: placeAt(broken.pos[0]),
      hint: `It is a YAML file such as \`${example}\`.`,
    });
  }
  const { contents } = document;
  const isEmpty = contents === null || ("value" in contents && contents.value === null);
  const refuse = (code: DiagnosticCode, message: string, node: unknown, hint?: string): never => {
    const { range } = (node ?? {}) as { readonly range?: readonly number[] | null };
    throw new FerryError(code, message, {
      ...(hint === undefined ? {} : { hint }),
      location: placeAt(range?.[0] ?? 0),
    });
  };
  return {
    contents: isEmpty ? null : contents,
    refuse,
    scalar: scalarOf,
    entries(node, what) {
      const { items } = (node ?? {}) as { readonly items?: readonly unknown[] };
      if (!Array.isArray(items) || items.some((item) => !isPair(item))) {
        return refuse("config/bad-value", `${what} is not a list of \`name: value\``, node);
      }
      return items.filter(isPair).map(({ key, value }) => [scalarOf(key) ?? "", key, value] as const);
    },
    list(node, what) {
      if (scalarOf(node) !== null) return [node];
      const { items } = (node ?? {}) as { readonly items?: readonly unknown[] };
      if (Array.isArray(items) && !items.some(isPair)) return items;
      return refuse("config/bad-value", `${what} is not a list`, node, `As in \`${what}: [...]\`.`);
    },
    oneOf(node, choices) {
      const value = scalarOf(node);
      const found = choices.find((choice) => choice === value);
      if (found !== undefined) return found;
      const given = value === null ? "this" : JSON.stringify(value);
      const message = `${given} is not possible here`;
      return refuse("config/bad-value", message, node, `It is one of: ${choices.join(", ")}.`);
    },
    unknownKey(key, node, known) {
      const [like] = nearest(key, known);
      const hint = like === undefined ? `Settings are: ${known.join(", ")}.` : `Did you mean ${like}?`;
      return refuse("config/unknown-key", `there is no setting ${JSON.stringify(key)}`, node, hint);
    },
  };
}

interface Pair {
  readonly key: unknown;
  readonly value: unknown;
}

function isPair(item: unknown): item is Pair {
  return typeof item === "object" && item !== null && "key" in item;
}

/** Aliases are nothing: nobody needs them here. */
function scalarOf(node: unknown): string | null {
  if (typeof node !== "object" || node === null || !("value" in node) || "key" in node) return null;
  const { value } = node;
  // YAML 1.1 readers take `off` for false; it is a word here.
  if (typeof value === "string") return value;
  if (typeof value === "number") {
    const { source } = node as { readonly source?: string };
    return source ?? String(value);
  }
  return value === false ? "off" : null;
}
