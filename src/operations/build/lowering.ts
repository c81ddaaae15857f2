/** What all parts of turning a spec into an appliance share. */
import type { Appliance, FileAsset } from "../../appliance/appliance.js";
import { nearest } from "../../base/text.js";
import { lastPart } from "../../package/machine/locate.js";
import type { EntryRole } from "../../package/model.js";
import type { Settings } from "../../platforms/ovf/authored.js";
import type { FileName, Localized } from "./shape.js";
import type { Pairs, Spec } from "./spec.js";
import { refuseNode, type SpecNode } from "./tree.js";

/** A spec while it becomes an appliance. */
export interface Lowering {
  readonly spec: Spec;
  readonly appliance: Appliance;
  /** Called with the names of the files in the package: `find` of the opened reader. */
  readonly find: (file: FileName, role: EntryRole) => { readonly name: string; readonly size: number };
  /** Text in the descriptor's own language; its translations are kept. */
  text(localized: Localized): string;
  /** The id of a file that is no disk. */
  asset(file: FileName, role: FileAsset["role"]): string;
}

/** Texts in other languages, as they gather. */
export interface Messages {
  /** `msgid` by text. */
  readonly ids: ReadonlyMap<string, string>;
  /** By language, then by `msgid`. */
  readonly bundles: ReadonlyMap<string, ReadonlyMap<string, string>>;
  add(localized: Localized): string;
}

/** Starts a list of texts in other languages with those of the spec's `strings`. */
export function createMessages(spec: Spec): Messages {
  const ids = new Map<string, string>();
  const bundles = new Map<string, Map<string, string>>();
  for (const { key: language, value } of spec.strings ?? []) {
    bundles.set(language, new Map(value.map(({ key, value: text }) => [key, text])));
  }
  const taken = new Set([...bundles.values()].flatMap((texts) => [...texts.keys()]));
  const freeId = (): string => {
    for (let n = ids.size + 1; ; n++) if (!taken.has(`text.${n}`)) return `text.${n}`;
  };
  return {
    ids,
    bundles,
    add({ text, msgid, translations, at }) {
      if (msgid === null && translations.size === 0) return text;
      const known = ids.get(text);
      const id = msgid ?? known ?? freeId();
      if (known !== undefined && known !== id) throw twice(text, at);
      ids.set(text, id);
      taken.add(id);
      for (const [language, { text: translated }] of translations) {
        const texts = bundles.get(language) ?? new Map<string, string>();
        if ((texts.get(id) ?? translated) !== translated) throw twice(text, at);
        bundles.set(language, texts.set(id, translated));
      }
      return text;
    },
  };
}

function twice(text: string, at: SpecNode): Error {
  const shown = JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
  return refuseNode(
    "build/two-translations",
    `the text ${shown} stands for two things in other languages`,
    at,
    "Say it in other words at one of its places.",
  );
}

/** Settings as they are written. */
export function settingsOf(pairs: Pairs | null): Settings {
  return (pairs ?? []).map(({ key, value }) => [key, value] as const);
}

/** A word that has to be one of some. @throws `build/unknown-reference` */
export function oneOf(
  word: string,
  known: readonly string[],
  what: string,
  at: { readonly place: SpecNode["place"] },
): string {
  if (known.includes(word)) return word;
  const [like] = nearest(word, known);
  const all = known.length === 0 ? "There are none." : `There are: ${known.slice(0, 20).join(", ")}.`;
  throw refuseNode(
    "build/unknown-reference",
    `there is no ${what} ${JSON.stringify(word)}`,
    at,
    like === undefined ? all : `Did you mean ${like}?`,
  );
}

/** Options that something is only in. @throws `build/unknown-reference` */
export function optionsIn(only: readonly string[] | null, { spec }: Lowering, at: SpecNode): readonly string[] {
  const known = (spec.options ?? []).map(({ key }) => key);
  return (only ?? []).map((id) => oneOf(id, known, "deployment option", at));
}

/** The last part of a path, without its ending. */
export function stemOf(path: string): string {
  return lastPart(path).replace(/(.)\.[^.]*$/, "$1");
}
