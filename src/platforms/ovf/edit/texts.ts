/** Edits of sections for people: licence, annotation, product. */
import { plural } from "../../../base/text.js";
import { OvfContent, type OvfContents } from "../../../ovf/views/content.js";
import type { OvfText } from "../../../ovf/views/node.js";
import { OvfProduct, type OvfProperty } from "../../../ovf/views/product.js";
import type { OvfSection, SectionView } from "../../../ovf/views/section.js";
import { OvfAnnotation, OvfEula } from "../../../ovf/views/sections.js";
import type { XmlElement } from "../../../xml/tree.js";
import type { ProductWords } from "./edits.js";
import {
  addChild,
  ambiguous,
  createSection,
  type EditSession,
  labelOf,
  machineOf,
  noTarget,
  placeOfSection,
  replaceMessage,
} from "./session.js";

/** What may hold such a section: the machine that is meant, or whatever there is. */
function holdersOf(session: EditSession): readonly OvfContents[] {
  if (session.edits.machine !== null) return [machineOf(session)];
  const { envelope } = session.document;
  return [envelope, ...envelope.descendants()];
}

/** The sections of a kind where they are looked for, each with what holds it. */
export function sectionsIn<T extends OvfSection>(
  session: EditSession,
  view: SectionView<T>,
): readonly { readonly holder: OvfContents; readonly section: T }[] {
  return holdersOf(session).flatMap((holder) => holder.sectionsOf(view).map((section) => ({ holder, section })));
}

function nameOf(holder: OvfContents): string {
  return holder instanceof OvfContent ? labelOf(holder) : "the package";
}

/** Where a new section goes: the machine that is meant, else the package's one content, be it a machine or a collection. */
export function holderForNew(session: EditSession): OvfContents {
  const [content] = session.document.contents;
  return session.edits.machine !== null || content === undefined ? machineOf(session) : content;
}

/** A new section in its place. */
export function newSection(
  session: EditSession,
  name: string,
  info: string,
): { readonly holder: OvfContents; readonly element: XmlElement } {
  const holder = holderForNew(session);
  const element = createSection(session, holder.element, name, info, placeOfSection(session, holder.element));
  return { holder, element };
}

/** `--eula`. */
export function editEula(session: EditSession): void {
  const { eula } = session.edits;
  if (eula === null) return;
  const { section, holder, there } = theOne(session, OvfEula, "licence", "A licence to accept");
  setText(session, section.license, section.element, "License", eula);
  session.changes.push({
    edit: "eula",
    subject: nameOf(holder),
    detail: `${there ? "replaced" : "added"}, ${plural(eula.length, "character")}`,
  });
}

/** `--annotation`. */
export function editAnnotation(session: EditSession): void {
  const { annotation } = session.edits;
  if (annotation === null) return;
  const { section, holder, there } = theOne(session, OvfAnnotation, "annotation", "A human-readable annotation");
  setText(session, section.annotation, section.element, "Annotation", annotation);
  session.changes.push({ edit: "annotation", subject: nameOf(holder), detail: there ? "replaced" : "added" });
}

function theOne<T extends OvfSection>(
  session: EditSession,
  view: SectionView<T>,
  what: string,
  info: string,
): { readonly section: T; readonly holder: OvfContents; readonly there: boolean } {
  const found = sectionsIn(session, view);
  const [first] = found;
  if (found.length > 1) {
    throw ambiguous(
      `the package has ${found.length} sections with a ${what}`,
      "Name a machine with --machine, or remove them all in the same edit.",
    );
  }
  if (first !== undefined) return { ...first, there: true };
  const { holder, element } = newSection(session, view.sectionName, info);
  return { section: new view(element, session.document.scope), holder, there: false };
}

/** The words of a product by their elements, in the order of the schema. */
const WORDS: readonly (readonly [element: string, word: Exclude<keyof ProductWords, "class">])[] = [
  ["Product", "name"],
  ["Vendor", "vendor"],
  ["Version", "version"],
  ["FullVersion", "fullVersion"],
  ["ProductUrl", "productUrl"],
  ["VendorUrl", "vendorUrl"],
  ["AppUrl", "appUrl"],
];

/** `--product`: the section that names one, else the first. */
export function editProduct(session: EditSession): void {
  const { product } = session.edits;
  if (product === null) return;
  const all = sectionsIn(session, OvfProduct);
  const found = product.class === null ? all : all.filter(({ section }) => section.class === product.class);
  if (product.class !== null && found.length === 0) {
    const classes = all.flatMap(({ section }) => section.class ?? []);
    throw noTarget(`there is no product of the class ${product.class}`, product.class, classes);
  }
  const named = found.filter(({ section }) => section.product !== null);
  if (named.length > 1) {
    const names = named.map(({ section, holder }) => `${section.product?.text.trim()} of ${nameOf(holder)}`);
    throw ambiguous(
      `the package has ${named.length} products: ${names.slice(0, 6).join(", ")}`,
      "Say which: class=CLASS among the words, or --machine ID.",
    );
  }
  const one = named[0] ?? found[0];
  const made =
    one === undefined ? newSection(session, OvfProduct.sectionName, "Information about the installed software") : null;
  const section = one?.section ?? new OvfProduct((made as { element: XmlElement }).element, session.document.scope);
  const holder = one?.holder ?? (made as { holder: OvfContents }).holder;
  const order = ["Info", ...WORDS.map(([name]) => name)];
  for (const [element, word] of WORDS) {
    const value = product[word];
    if (value === null) continue;
    const there = section.part(element);
    const was = there?.text.trim();
    if (there === undefined) {
      const rank = order.indexOf(element);
      const behind = [...session.document.scope.children(section.element)].find((child) => {
        const at = order.indexOf(child.name);
        return at < 0 || at > rank;
      });
      addChild(session, section.element, element, behind).element.text = value;
    } else setText(session, messageOf(section, word), section.element, element, value);
    session.changes.push({
      edit: "product",
      subject: nameOf(holder),
      detail: `${element}: ${was || "none"} -> ${value}`,
    });
  }
}

function messageOf(section: OvfProduct, word: Exclude<keyof ProductWords, "class">): OvfText | null {
  return word === "name" ? section.product : section[word];
}

function setText(session: EditSession, there: OvfText | null, parent: XmlElement, name: string, value: string): void {
  if (there !== null) replaceMessage(session, there, value);
  else addChild(session, parent, name).element.text = value;
}

const REMOVABLE = {
  annotation: OvfAnnotation,
  eula: OvfEula,
  product: OvfProduct,
} as const;

/** `--remove annotation`, `eula`, `product`: all sections of the kind where they are looked for. @param refuse throws where a property is needed @returns whether `what` is one of them */
export function removeSections(session: EditSession, what: string, refuse: (property: OvfProperty) => void): boolean {
  const view = (REMOVABLE as Readonly<Record<string, SectionView<OvfSection> | undefined>>)[what];
  if (view === undefined || !Object.hasOwn(REMOVABLE, what)) return false;
  const found = sectionsIn(session, view);
  if (found.length === 0) throw noTarget(`there is no ${view.sectionName} to remove`, what, []);
  for (const { holder, section } of found) {
    const questions = section instanceof OvfProduct ? section.properties : [];
    for (const property of questions) refuse(property);
    const properties = questions.length;
    section.element.remove();
    const detail = properties === 0 ? view.sectionName : `${view.sectionName} with ${plural(properties, "property")}`;
    session.changes.push({ edit: "remove", subject: nameOf(holder), detail });
  }
  return true;
}
