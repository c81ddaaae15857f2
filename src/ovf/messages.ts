import { FerryError } from "../base/errors.js";
import { XML_NAMESPACE, type XmlDocument, type XmlElement } from "../xml/tree.js";
import type { OvfScope } from "./scope.js";
import { OvfText } from "./views/node.js";
import { OvfStrings } from "./views/strings.js";

/** What files of a package hold of its texts, by the ids of the Files. Whoever opens the package reads them. */
export interface MessageFiles {
  /** Bundles: documents whose root is `Strings` (DSP0243 10.2). */
  readonly bundles: ReadonlyMap<string, XmlDocument>;
  /** Single messages (2.x, DSP0243 10.3). */
  readonly texts: ReadonlyMap<string, string>;
}

const NO_FILES: MessageFiles = { bundles: new Map(), texts: new Map() };

/** Texts by identifier, in the languages that a package brings with it (DSP0243 10). */
export class MessageBundles {
  /** Language of each bundle, in lower case, in order: the default language first where a bundle has it. */
  readonly languages: readonly string[];
  /** Ids of the Files that hold further bundles. */
  readonly files: readonly string[];
  /** Ids of the Files that hold single messages. */
  readonly textFiles: readonly string[];
  readonly #scope: OvfScope;
  readonly #bundles: ReadonlyMap<string, ReadonlyMap<string, string>>;

  /**
   * @param held what the files of the package hold. Without it, the texts in the descriptor itself count.
   * @throws `ovf/not-a-bundle` for a file that is XML of another kind
   */
  constructor(root: XmlElement, scope: OvfScope, held: MessageFiles = NO_FILES) {
    this.#scope = scope;
    const bundles = new Map<string, Map<string, string>>();
    const fallback = root.attribute(XML_NAMESPACE, "lang") ?? "en-US";
    const files: string[] = [];
    const textFiles: string[] = [];
    // A message that comes again counts: the later one, and a file behind what stands beside the reference to it.
    const add = (strings: OvfStrings, language: string): void => {
      const bundle = bundles.get(language) ?? new Map<string, string>();
      bundles.set(language, bundle);
      for (const message of strings.messages) {
        const { id, fileRef } = message;
        if (fileRef !== null) textFiles.push(fileRef);
        if (id !== null) bundle.set(id, (fileRef === null ? undefined : held.texts.get(fileRef)) ?? message.text);
      }
    };
    for (const element of root.elements(undefined, "Strings")) {
      const strings = new OvfStrings(element, scope);
      const { fileRef } = strings;
      if (fileRef !== null) files.push(fileRef);
      const document = fileRef === null ? undefined : held.bundles.get(fileRef);
      const outer = document === undefined ? null : bundleOf(document, scope);
      const language = (strings.language ?? outer?.language ?? fallback).toLowerCase();
      add(strings, language);
      if (outer !== null) add(outer, language);
    }
    this.files = files;
    this.textFiles = textFiles;
    this.#bundles = bundles;
    const preferred = fallback.toLowerCase();
    this.languages = [...bundles.keys()].sort((a, b) => Number(b === preferred) - Number(a === preferred));
  }

  /** Whether any bundle has a message. */
  has(id: string): boolean {
    return [...this.#bundles.values()].some((bundle) => bundle.has(id));
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

function bundleOf(document: XmlDocument, scope: OvfScope): OvfStrings {
  const { root } = document;
  if (root.name === "Strings") return new OvfStrings(root, scope);
  throw new FerryError("ovf/not-a-bundle", `the root element of ${document.file} is ${root.name}, not Strings`, {
    hint: "A message bundle is an XML document with one Strings element as its root.",
    location: root.location,
  });
}
