/** What a setting of a spec may hold: one value reads it, describes it and gives its JSON Schema. */
import { nearest } from "../../base/text.js";
import { refuseNode, type SpecNode } from "./tree.js";

/** A text that may stand in a file of its own. */
export interface TextValue {
  text: string;
  /** The node that names the file; `null`: the text stands in the spec. */
  readonly file: SpecNode | null;
}

/** A text with what it is in other languages. */
export interface Localized extends TextValue {
  /** `null`: chosen by the writer, where there are translations. */
  readonly msgid: string | null;
  readonly translations: ReadonlyMap<string, TextValue>;
  readonly at: SpecNode;
}

/** A file that a spec names. */
export interface FileName {
  readonly path: string;
  readonly at: SpecNode;
}

/** What reading a spec gathers. */
export interface Reading {
  /** Texts that are still to be read out of their files. */
  readonly texts: TextValue[];
}

/** One kind of value. */
export interface Shape<T> {
  /** For the reference: `a size`, `one of ...`. */
  readonly label: string;
  schema(): object;
  /** Records in it, for the reference. */
  readonly records: readonly RecordShape<unknown>[];
  /** @param what how messages name the setting */
  read(node: SpecNode, what: string, reading: Reading): T;
}

/** One setting of a record. */
export interface Setting<T> {
  readonly shape: Shape<T>;
  /** One sentence. */
  readonly what: string;
  readonly example: string;
  readonly required?: true;
}

/** The settings of a record, by their names. */
export type Settings = { readonly [key: string]: Setting<unknown> };

/** The settings that a record of this type has. */
export type SettingsOf<T> = { readonly [K in Exclude<keyof T, "at">]: Setting<Exclude<T[K], null>> };

/** A map with settings of its own. */
export interface RecordShape<T> extends Shape<T> {
  /** Heading in the reference. */
  readonly title: string;
  readonly settings: Settings;
}

/** A setting. */
export function setting<T>(shape: Shape<T>, what: string, example: string): Setting<T> {
  return { shape, what, example };
}

/** A setting that has to be there. */
export function required<T>(shape: Shape<T>, what: string, example: string): Setting<T> {
  return { shape, what, example, required: true };
}

function simple<T>(label: string, schema: object, read: Shape<T>["read"]): Shape<T> {
  return { label, schema: () => schema, records: [], read };
}

/** The text of a scalar. @throws `config/bad-value` */
function scalar(node: SpecNode, what: string, wanted: string): string {
  if (node.kind === "scalar") return node.text;
  throw refuseNode("config/bad-value", `${what} is not ${wanted}`, node);
}

const ANY_SCALAR = ["string", "number", "boolean"];

/** A text as it stands. */
export const text: Shape<string> = simple("a text", { type: ANY_SCALAR }, (node, what) => scalar(node, what, "a text"));

/** `yes` or `no`. */
export const yesNo: Shape<boolean> = simple("`yes` or `no`", { enum: ["yes", "no", true, false] }, (node, what) => {
  const word = scalar(node, what, "yes or no").toLowerCase();
  if (/^(?:yes|true|on)$/.test(word)) return true;
  if (/^(?:no|false|off)$/.test(word)) return false;
  throw refuseNode("config/bad-value", `${what} is neither yes nor no`, node);
});

/** One of some words. */
export function word<const T extends string>(choices: readonly T[]): Shape<T> {
  const label = `one of ${choices.map((choice) => `\`${choice}\``).join(", ")}`;
  // YAML takes a version such as 1.1 for a number.
  const numbers = choices.map(Number).filter((number) => !Number.isNaN(number));
  return simple(label, { enum: [...choices, ...numbers] }, (node, what) => {
    const given = scalar(node, what, "a word");
    const found = choices.find((choice) => choice === given);
    if (found !== undefined) return found;
    const [like] = nearest(given, choices);
    const hint = like === undefined ? `It is one of: ${choices.join(", ")}.` : `Did you mean ${like}?`;
    throw refuseNode("config/bad-value", `${what} cannot be ${JSON.stringify(given)}`, node, hint);
  });
}

/** A whole number in a range, both ends included. */
export function count(min: number, max: number): Shape<number> {
  return simple("a whole number", { type: "integer", minimum: min, maximum: max }, (node, what) => {
    const given = scalar(node, what, "a number");
    const number = /^[0-9]{1,15}$/.test(given) ? Number(given) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw refuseNode("config/bad-value", `${what} is not a whole number from ${min} to ${max}`, node);
  });
}

const UNITS: Readonly<Record<string, number>> = { "": 1, B: 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/** Bytes. */
export const size: Shape<number> = simple(
  "a size",
  { type: ["integer", "string"], pattern: "^\\d{1,15}\\s*(?:[KMGTkmgt](?:i?[Bb])?|[Bb])?$" },
  (node, what) => {
    const given = scalar(node, what, "a size");
    const [, digits = "", unit = ""] = /^(\d{1,15})\s*(?:([KMGT])(?:i?B)?|B)?$/i.exec(given) ?? [];
    const bytes = digits === "" ? 0 : Number(digits) * (UNITS[unit.toUpperCase()] ?? 0);
    if (bytes > 0 && bytes <= Number.MAX_SAFE_INTEGER) return bytes;
    throw refuseNode("config/bad-value", `${what} is not a size`, node, "As in 4GiB, 512MiB or 1048576.");
  },
);

/** A file, named relative to the YAML file that names it. */
export const file: Shape<FileName> = simple("a file", { type: "string" }, (node, what) => {
  const path = scalar(node, what, "the name of a file");
  if (path === "") throw refuseNode("config/bad-value", `${what} names no file`, node);
  return { path, at: node };
});

/** An image in a drive; `null`: the drive is empty. */
export const image: Shape<FileName | "empty"> = {
  ...simple("a file, or `empty`", { type: ["string", "null"] }, () => "empty" as const),
  read: (node, what, reading) =>
    node.kind === "nothing" || (node.kind === "scalar" && node.text === "empty")
      ? "empty"
      : file.read(node, what, reading),
};

const LANGUAGE = /^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}$/;
const TEXT_OR_FILE = {
  oneOf: [
    { type: ANY_SCALAR },
    { type: "object", required: ["file"], additionalProperties: false, properties: { file: { type: "string" } } },
  ],
};

function textValue(node: SpecNode, what: string, reading: Reading): TextValue {
  if (node.kind === "scalar") return { text: node.text, file: null };
  const named = node.kind === "map" && node.entries.size === 1 ? node.entries.get("file")?.value : undefined;
  if (named?.kind !== "scalar") {
    throw refuseNode("config/bad-value", `${what} is neither a text nor \`file: NAME\``, node);
  }
  const value: TextValue = { text: "", file: named };
  reading.texts.push(value);
  return value;
}

/** A text, or a map with `text` or `file`, other languages, and `msgid`. */
export const localized: Shape<Localized> = {
  label: "a text, `file: NAME`, or both with other languages",
  records: [],
  schema: () => ({
    oneOf: [
      { type: ANY_SCALAR },
      {
        type: "object",
        additionalProperties: false,
        properties: { text: { type: ANY_SCALAR }, file: { type: "string" }, msgid: { type: "string" } },
        patternProperties: { [LANGUAGE.source]: TEXT_OR_FILE },
      },
    ],
  }),
  read(node, what, reading) {
    if (node.kind === "scalar") {
      return { text: node.text, file: null, msgid: null, translations: new Map(), at: node };
    }
    if (node.kind !== "map") throw refuseNode("config/bad-value", `${what} is not a text`, node);
    const translations = new Map<string, TextValue>();
    let msgid: string | null = null;
    let own: SpecNode | null = null;
    let from: SpecNode | null = null;
    for (const [key, { place, value }] of node.entries) {
      if (key === "text") own = value;
      else if (key === "file") from = value;
      else if (key === "msgid") msgid = scalar(value, `${what}: msgid`, "a word");
      else if (LANGUAGE.test(key)) translations.set(key, textValue(value, `${what}: ${key}`, reading));
      else throw unknownSetting(key, { place }, ["text", "file", "msgid"], "Other keys are languages: de, pt-BR.");
    }
    if ((own === null) === (from === null)) {
      throw refuseNode("config/bad-value", `${what} needs one of text and file`, node);
    }
    if (from !== null) scalar(from, what, "the name of a file");
    const value: Localized = {
      text: own === null ? "" : scalar(own, what, "a text"),
      file: from,
      msgid,
      translations,
      at: node,
    };
    if (from !== null) reading.texts.push(value);
    return value;
  },
};

/** A list; one value alone is a list of one. */
export function listOf<T>(shape: Shape<T>): Shape<readonly T[]> {
  return {
    label: `a list: ${shape.label}`,
    records: shape.records,
    schema: () => ({ oneOf: [shape.schema(), { type: "array", items: shape.schema() }] }),
    read: (node, what, reading) =>
      node.kind === "nothing"
        ? []
        : node.kind === "list"
          ? node.items.map((item) => shape.read(item, what, reading))
          : [shape.read(node, what, reading)],
  };
}

/** One value of a map with keys of the author's own. */
export interface Keyed<T> {
  readonly key: string;
  readonly value: T;
  readonly at: { readonly place: SpecNode["place"] };
}

/** A map with keys of the author's own, in its order. */
export function mapOf<T>(shape: Shape<T>, key: string): Shape<readonly Keyed<T>[]> {
  return {
    label: `\`${key}: ...\`, each ${shape.label}`,
    records: shape.records,
    schema: () => ({ type: "object", additionalProperties: shape.schema() }),
    read(node, what, reading) {
      if (node.kind === "nothing") return [];
      if (node.kind !== "map") throw refuseNode("config/bad-value", `${what} is not a map of \`${key}: ...\``, node);
      return [...node.entries].map(([name, { place, value }]) => ({
        key: name,
        value: shape.read(value, `${what}: ${name}`, reading),
        at: { place },
      }));
    },
  };
}

/**
 * A map with settings.
 * @param short the setting that a text in place of the map stands for
 */
export function record<T extends { readonly at: SpecNode }>(
  title: string,
  own: SettingsOf<T>,
  short: (Exclude<keyof T, "at"> & string) | null = null,
): RecordShape<T> {
  const settings: Settings = own;
  const names = Object.keys(settings);
  const shape: RecordShape<T> = {
    title,
    settings,
    label: `${title}${short === null ? "" : `, or its \`${short}\` alone`}`,
    get records() {
      return [shape];
    },
    schema: () => {
      const map = {
        type: "object",
        additionalProperties: false,
        required: names.filter((name) => settings[name]?.required === true),
        properties: Object.fromEntries(
          names.map((name) => [name, { description: settings[name]?.what, ...settings[name]?.shape.schema() }]),
        ),
      };
      return short === null ? map : { oneOf: [map, settings[short]?.shape.schema() ?? {}] };
    },
    read(node, what, reading) {
      const given = node.kind === "map" ? node.entries : null;
      if (given === null && short === null && node.kind !== "nothing") {
        throw refuseNode("config/bad-value", `${what} is not a map of settings`, node, `It has: ${names.join(", ")}.`);
      }
      const values: Record<string, unknown> = {};
      for (const [key, { place }] of given ?? []) if (!names.includes(key)) throw unknownSetting(key, { place }, names);
      for (const name of names) {
        const one = settings[name];
        if (one === undefined) continue;
        const alone = name === short && node.kind !== "nothing" ? node : undefined;
        const value = given === null ? alone : given.get(name)?.value;
        if (value === undefined && one.required === true) {
          throw refuseNode(
            "build/missing-setting",
            `${what} has no ${name}`,
            node,
            `As in \`${name}: ${one.example}\`.`,
          );
        }
        const called = what === "" ? name : `${what}: ${name}`;
        values[name] = value === undefined ? null : one.shape.read(value, called, reading);
      }
      // The settings are those of T.
      return { ...values, at: node } as unknown as T;
    },
  };
  return shape;
}

function unknownSetting(
  key: string,
  at: { readonly place: SpecNode["place"] },
  known: readonly string[],
  otherwise: string = `Settings are: ${known.join(", ")}.`,
): Error {
  const [like] = nearest(key, known);
  return refuseNode(
    "config/unknown-key",
    `there is no setting ${JSON.stringify(key)}`,
    at,
    like === undefined ? otherwise : `Did you mean ${like}?`,
  );
}
