/** YAML that people write for us: what is not understood is refused with its place, and nothing is guessed. */
import { type Document, isMap, LineCounter, type Node, parseDocument } from "yaml";
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
  const { document, placeAt } = parsed(text, name, example);
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

interface Parsed {
  readonly document: Document.Parsed;
  readonly placeAt: Place;
}

function parsed(text: string, name: string, example: string): Parsed {
  const counter = new LineCounter();
  const placeAt: Place = (offset) => {
    const { line, col } = counter.linePos(offset);
    return { at: "text", file: name, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const hint = `It is a YAML file such as \`${example}\`.`;
  try {
    const document = parseDocument(text, { lineCounter: counter, schema: "core", merge: false, logLevel: "silent" });
    const [broken] = document.errors;
    if (broken === undefined) return { document, placeAt };
    const message = broken.message.replace(/ at line [\s\S]*$/, "");
    throw new FerryError("config/bad-yaml", message, { location: placeAt(broken.pos[0]), hint });
  } catch (cause) {
    // The parser calls itself for each list in a list.
    if (!(cause instanceof RangeError)) throw cause;
    throw new FerryError("config/bad-yaml", "lists and maps lie too deep in each other", {
      location: placeAt(0),
      hint,
    });
  }
}

/** A node of a YAML file as plain data. */
export type YamlNode = { readonly place: TextPlace } & (
  | { readonly kind: "nothing" }
  /** As it is written: `4`, `1.10` and `yes` are texts, too. */
  | { readonly kind: "scalar"; readonly text: string }
  | { readonly kind: "list"; readonly items: readonly YamlNode[] }
  | {
      readonly kind: "map";
      readonly entries: ReadonlyMap<string, { readonly place: TextPlace; readonly value: YamlNode }>;
    }
);

/** Where something stands in a YAML file. */
export type TextPlace = ReturnType<Place>;

/** Maps and lists in each other. */
const DEEPEST = 40;

/**
 * A YAML file as a tree of plain nodes with their places.
 * @throws `config/bad-yaml`; `config/bad-value` for aliases, and for keys that are no words
 */
export function yamlTree(text: string, name: string, example: string): YamlNode {
  const { document, placeAt } = parsed(text, name, example);
  const hint = `It is a YAML file such as \`${example}\`.`;
  const bad = (message: string, place: TextPlace): never => {
    throw new FerryError("config/bad-value", message, { location: place, hint });
  };
  const nodeOf = (node: unknown, depth: number, otherwise: TextPlace): YamlNode => {
    const { range } = (node ?? {}) as { readonly range?: readonly number[] | null };
    const place = range?.[0] === undefined ? otherwise : placeAt(range[0]);
    if (depth > DEEPEST) return bad("lists and maps lie too deep in each other", place);
    if (node === null || node === undefined) return { kind: "nothing", place };
    const { items, value, source } = node as {
      readonly items?: readonly unknown[];
      readonly value?: unknown;
      readonly source?: string;
    };
    if (Array.isArray(items)) {
      if (!isMap(node)) return { kind: "list", place, items: items.map((item) => nodeOf(item, depth + 1, place)) };
      const entries = new Map<string, { place: TextPlace; value: YamlNode }>();
      for (const pair of items.filter(isPair)) {
        const key = nodeOf(pair.key, depth + 1, place);
        if (key.kind !== "scalar" || entries.has(key.text)) return bad("a setting has no name of its own", key.place);
        entries.set(key.text, { place: key.place, value: nodeOf(pair.value, depth + 1, key.place) });
      }
      return { kind: "map", place, entries };
    }
    if (value === null) return { kind: "nothing", place };
    if (typeof value === "string") return { kind: "scalar", text: value, place };
    if (value !== undefined) return { kind: "scalar", text: source ?? String(value), place };
    return bad("aliases are not read here", place);
  };
  return nodeOf(document.contents, 0, placeAt(0));
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
