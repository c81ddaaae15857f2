/** One edit of a descriptor: the tree that it changes, what it means there, and what it did. */
import type { Diagnostic } from "../../../base/diagnostics.js";
import { FerryError } from "../../../base/errors.js";
import { nearest } from "../../../base/text.js";
import type { OvfDocument } from "../../../ovf/document.js";
import { XSI } from "../../../ovf/namespaces.js";
import type { OvfContent } from "../../../ovf/views/content.js";
import type { OvfHardware } from "../../../ovf/views/hardware.js";
import { OvfNode, type OvfText } from "../../../ovf/views/node.js";
import { insertDeclared, setQualified } from "../../../ovf/write.js";
import type { XmlElement } from "../../../xml/tree.js";
import type { Edits } from "./edits.js";

/** One change that was made, in words. */
export interface EditChange {
  /** The edit, by the word that asks for it: `cpus`, `add-nic`. */
  readonly edit: string;
  readonly subject: string;
  readonly detail: string;
}

/** What all edits of one run share. */
export interface EditSession {
  readonly document: OvfDocument;
  readonly edits: Edits;
  readonly changes: EditChange[];
  readonly notes: Diagnostic[];
}

/** The virtual systems of a package, however deep in collections. */
export function systemsOf({ envelope }: OvfDocument): readonly OvfContent[] {
  return [...envelope.descendants()].filter(({ kind }) => kind === "system");
}

/** The machine that an edit is about. @throws `edit/which-machine`, `edit/no-target` */
export function machineOf({ document, edits }: EditSession): OvfContent {
  const systems = systemsOf(document);
  const names = systems.map(({ id, name }) => id ?? name?.text.trim() ?? "");
  const { machine } = edits;
  if (machine === null) {
    const [only] = systems;
    if (only !== undefined && systems.length === 1) return only;
    throw new FerryError(
      only === undefined ? "edit/no-target" : "edit/which-machine",
      only === undefined ? "the package has no machine" : `the package has ${systems.length} machines`,
      { hint: only === undefined ? "There is nothing to edit." : `Name one with --machine: ${listed(names)}.` },
    );
  }
  const byId = systems.filter(({ id }) => id === machine);
  const found = byId.length > 0 ? byId : systems.filter(({ name }) => name?.text.trim() === machine);
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  if (first !== undefined) throw ambiguous(`${found.length} machines are called ${machine}`, "Name it by its id.");
  throw noTarget(`no machine is called ${machine}`, machine, names);
}

/** What a machine is called in messages. */
export function labelOf(content: OvfContent): string {
  return content.name?.text.trim() || content.id || "the machine";
}

/** The hardware of the machine that is meant: the first section counts. @throws `edit/no-target`, and what `machineOf` throws */
export function hardwareFor(session: EditSession): { readonly machine: OvfContent; readonly hardware: OvfHardware } {
  const machine = machineOf(session);
  const [hardware] = machine.hardware;
  if (hardware !== undefined) return { machine, hardware };
  throw new FerryError("edit/no-target", `${labelOf(machine)} has no VirtualHardwareSection`, {
    hint: "Only a machine with hardware can be given other hardware.",
    location: machine.element.location,
  });
}

/** The configuration that is meant; `null`: all. @throws `edit/no-target` where the package has none of that id */
export function configurationOf({ document, edits }: EditSession): string | null {
  const { configuration } = edits;
  if (configuration === null) return null;
  const ids = document.configurations.flatMap(({ id }) => id ?? []);
  if (ids.includes(configuration)) return configuration;
  throw noTarget(`the package has no deployment option ${configuration}`, configuration, ids);
}

/** Sets a text, and lets go of its translations, which say what it said before. */
export function replaceMessage(session: EditSession, text: OvfText, value: string): void {
  if (text.messageId !== null) {
    session.notes.push({
      code: "edit/translations-dropped",
      severity: "info",
      message: `the translations ${text.messageId} of the old text are no longer referred to`,
      hint: "They stay in the package, and nothing shows them.",
      location: text.element.location,
    });
    text.messageId = null;
  }
  text.text = value;
}

/**
 * A new section of the standard, put before a child of its parent or at the end. It is written as the sections beside it are: OVF 0.9 has
 * `Section` elements with a type.
 * @param holder the envelope, or a system or collection
 */
export function createSection(
  { document: { scope } }: EditSession,
  holder: XmlElement,
  name: string,
  info: string,
  before: XmlElement | undefined,
): XmlElement {
  const [beside] = scope.sections(holder);
  const typed = beside === undefined ? scope.legacy : beside.element.name === "Section";
  const namespace = beside?.element.namespace ?? (scope.isCore(holder.namespace) ? holder.namespace : scope.namespace);
  const section = holder.create(namespace, typed ? "Section" : name);
  insertDeclared(holder, section, before);
  if (typed) {
    const prefix = /^([^:]*:)?/.exec(beside?.element.attribute(XSI, "type")?.trim() ?? "ovf:")?.[1] ?? "";
    setQualified(section, XSI, "type", `${prefix}${name}_Type`);
  }
  const besideInfo = beside === undefined ? undefined : scope.child(beside.element, "Info");
  addText(section, besideInfo?.namespace ?? namespace, "Info", info);
  return section;
}

/** A new last child, with a text unless that is `null`. */
export function addText(parent: XmlElement, namespace: string, name: string, text: string | null): XmlElement {
  const child = parent.create(namespace, name);
  insertDeclared(parent, child);
  if (text !== null) child.text = text;
  return child;
}

/** A new child of the standard, in the namespace of the children that are there. */
export function addChild(
  { document: { scope } }: EditSession,
  parent: XmlElement,
  name: string,
  before?: XmlElement,
): OvfNode {
  const [there] = scope.children(parent);
  const child = parent.create(there?.namespace ?? parent.namespace, name);
  insertDeclared(parent, child, before);
  return new OvfNode(child, scope);
}

/** A new child of a list: behind the last of its name, and so before what others put at the end. */
export function addToList(session: EditSession, list: XmlElement, name: string): OvfNode {
  let behind: XmlElement | undefined;
  let last = false;
  for (const child of list.elements()) {
    if (child.name === name || child.name === "Info") [last, behind] = [true, undefined];
    else if (last) [last, behind] = [false, child];
  }
  return addChild(session, list, name, behind);
}

/** Where a new section of a holder stands: before its hardware and system, else before what is no section. */
export function placeOfSection({ document: { scope } }: EditSession, holder: XmlElement): XmlElement | undefined {
  const sections = new Map([...scope.sections(holder)].map(({ name, core, element }) => [element.id, { name, core }]));
  for (const child of holder.elements()) {
    const section = sections.get(child.id);
    if (section === undefined) {
      if (/^(?:Info|Name|References)$/.test(child.name) && scope.isCore(child.namespace)) continue;
      return child;
    }
    if (section.core && /^(?:OperatingSystem|Install|VirtualHardware)Section$/.test(section.name)) return child;
  }
  return undefined;
}

/** @param given what was looked for @param known what there is */
export function noTarget(message: string, given: string, known: readonly string[]): FerryError {
  const [like] = nearest(given, known);
  const there = known.length === 0 ? "There is none." : `There is: ${listed(known)}.`;
  return new FerryError("edit/no-target", message, { hint: like === undefined ? there : `Did you mean ${like}?` });
}

export function ambiguous(message: string, hint: string): FerryError {
  return new FerryError("edit/ambiguous", message, { hint });
}

export function notPossible(message: string, hint: string): FerryError {
  return new FerryError("edit/not-possible", message, { hint });
}

/** Some names, as a hint shows them. */
function listed(names: readonly string[]): string {
  const most = 12;
  return names.length <= most ? names.join(", ") : `${names.slice(0, most).join(", ")} and ${names.length - most} more`;
}
