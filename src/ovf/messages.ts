import { XML_NAMESPACE, type XmlElement } from "../xml/tree.js";
import type { OvfScope } from "./scope.js";
import { OvfText } from "./views/node.js";

/** Texts by identifier, in the languages that a document brings with it (DSP0243 10). */
export class MessageBundles {
  /** Language of each bundle, in order: the default language first where a bundle has it. */
  readonly languages: readonly string[];
  /** Ids of the Files that hold further bundles. Those are not read. */
  readonly files: readonly string[];
  readonly #scope: OvfScope;
  readonly #bundles: ReadonlyMap<string, ReadonlyMap<string, string>>;

  constructor(root: XmlElement, scope: OvfScope) {
    this.#scope = scope;
    const bundles = new Map<string, Map<string, string>>();
    const fallback = root.attribute(XML_NAMESPACE, "lang") ?? "en-US";
    const files: string[] = [];
    for (const child of root.elements(undefined, "Strings")) {
      const file = scope.attribute(child, "fileRef");
      if (file !== undefined) files.push(file);
      const language = (child.attribute(XML_NAMESPACE, "lang") ?? fallback).toLowerCase();
      const bundle = bundles.get(language) ?? new Map<string, string>();
      for (const message of child.elements(undefined, "Msg")) {
        const id = scope.attribute(message, "msgid");
        if (id !== undefined && !bundle.has(id)) bundle.set(id, message.text);
      }
      bundles.set(language, bundle);
    }
    this.files = files;
    this.#bundles = bundles;
    const preferred = fallback.toLowerCase();
    this.languages = [...bundles.keys()].sort((a, b) => Number(b === preferred) - Number(a === preferred));
  }

  /**
   * The text of an element in a language: its message where it names one and a bundle has it, else its own text. A language matches
   * exactly, or by its first part (`de` for `de-AT`). Without a wish the element's own text counts, if it has any.
   */
  text(of: XmlElement | OvfText, locale?: string): string {
    const element = of instanceof OvfText ? of.element : of;
    const own = element.text.trim();
    const id = this.#scope.attribute(element, "msgid");
    if (id === undefined || (locale === undefined && own !== "")) return own;
    for (const language of this.#order(locale)) {
      const found = this.#bundles.get(language)?.get(id);
      if (found !== undefined) return found.trim();
    }
    return own;
  }

  #order(locale: string | undefined): readonly string[] {
    if (locale === undefined) return this.languages;
    const wished = locale.toLowerCase().replaceAll("_", "-");
    const main = wished.split("-")[0] ?? wished;
    return this.languages
      .filter((language) => language === wished || language.split("-")[0] === main)
      .sort((a, b) => Number(b === wished) - Number(a === wished));
  }
}
