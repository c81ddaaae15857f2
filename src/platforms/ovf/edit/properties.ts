/** Edits of properties: their defaults, new ones, and those that go. */
import { FerryError } from "../../../base/errors.js";
import type { OvfDocument } from "../../../ovf/document.js";
import { checkValue } from "../../../ovf/values/check.js";
import { parsePropertyType } from "../../../ovf/values/types.js";
import { OvfProduct, type OvfProperty, OvfPropertyValue } from "../../../ovf/views/product.js";
import type { XmlElement } from "../../../xml/tree.js";
import type { Edits, NewProperty } from "./edits.js";
import { addChild, ambiguous, configurationOf, type EditSession, noTarget, notPossible } from "./session.js";
import { newSection, sectionsIn } from "./texts.js";

/** The property of a key: the full one that guests see, or that of the property alone. @throws `edit/no-target`, `edit/ambiguous` */
export function propertyOf(session: EditSession, key: string): OvfProperty {
  const all = sectionsIn(session, OvfProduct).flatMap(({ section }) => section.properties);
  const full = all.filter(({ qualifiedKey }) => qualifiedKey === key);
  const found = full.length > 0 ? full : all.filter((property) => property.key === key);
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  const keys = all.map(({ qualifiedKey }) => qualifiedKey);
  if (first === undefined) throw noTarget(`no property is called ${key}`, key, keys);
  throw ambiguous(
    `${found.length} properties are called ${key}: ${found
      .map(({ qualifiedKey }) => qualifiedKey)
      .slice(0, 6)
      .join(", ")}`,
    "Give the full key, or name a machine with --machine.",
  );
}

/** Keys among the values of edits whose properties are passwords. @throws as `propertyOf` */
export function passwordsIn(document: OvfDocument, edits: Edits): ReadonlySet<string> {
  const session: EditSession = { document, edits, changes: [], notes: [] };
  return new Set(edits.values.flatMap(([key]) => (propertyOf(session, key).password ? [key] : [])));
}

/** `--set property.KEY=VALUE`: the default, or that of one deployment option. */
export function setValues(session: EditSession): void {
  for (const [key, value] of session.edits.values) {
    const property = propertyOf(session, key);
    check(property.qualifiedKey, property, value);
    const configuration = configurationOf(session);
    const secret = property.password;
    const was = configuration === null ? property.value : property.valueFor(configuration);
    if (configuration === null) {
      if (
        property.value === null &&
        property.values.length > 0 &&
        property.values.every((one) => one.configurations.length > 0)
      ) {
        throw ambiguous(`each deployment option has a default of its own for ${key}`, "Say which with --config ID.");
      }
      property.value = value;
    } else ownValue(session, property, configuration).value = value;
    const shown = (text: string | null): string => (text === null ? "none" : secret ? "***" : JSON.stringify(text));
    const option = configuration === null ? "" : ` for the deployment option ${configuration}`;
    session.changes.push({
      edit: "set",
      subject: `property.${property.qualifiedKey}`,
      detail: `${shown(was)} -> ${shown(value)}${option}`,
    });
  }
}

/** The `Value` element of a configuration alone, made where it is missing. */
function ownValue(session: EditSession, property: OvfProperty, configuration: string): OvfPropertyValue {
  const there = property.values.find(({ configurations }) => configurations.includes(configuration));
  if (there !== undefined) {
    if (there.configurations.length === 1) return there;
    throw notPossible(
      `${property.qualifiedKey} has one default for ${there.configurations.join(", ")} together`,
      "Split them with an editor first.",
    );
  }
  const made = new OvfPropertyValue(addChild(session, property.element, "Value").element, session.document.scope);
  made.value = "";
  made.configurations = [configuration];
  return made;
}

/** @throws `edit/bad-value`. What was given is in no message: it may be a secret. */
function check(
  key: string,
  { type, qualifiers, password }: Pick<OvfProperty, "type" | "qualifiers" | "password">,
  value: string,
): void {
  const [problem] = checkValue(type, qualifiers, value);
  if (problem === undefined) return;
  const given = password ? "the value" : JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value);
  const rule = problem.problem === "type" ? `type ${type}` : `qualifier ${problem.qualifier}`;
  throw new FerryError("edit/bad-value", `${given} does not fit property ${key}: ${problem.why}`, {
    hint: `It has the ${rule}${problem.problem === "qualifier" ? ` (${qualifiers})` : ""}.`,
  });
}

/** `--add-property`. */
export function addProperties(session: EditSession): void {
  for (const wanted of session.edits.addProperties) {
    if (parsePropertyType(wanted.type) === null) {
      throw new FerryError("edit/bad-value", `${JSON.stringify(wanted.type)} is no type of a property`, {
        hint: "Types are string, boolean, uint8 to uint64, sint8 to sint64, real32 and real64.",
      });
    }
    if (wanted.value !== null) check(wanted.key, wanted, wanted.value);
    const found = sectionsIn(session, OvfProduct);
    // That without a class and instance gives keys that are just what they are called.
    const one = found.find(({ section }) => section.class === null && section.instance === null);
    const section =
      one?.section ??
      new OvfProduct(
        newSection(session, OvfProduct.sectionName, "Settings of the guest").element,
        session.document.scope,
      );
    if (section.properties.some(({ key }) => key === wanted.key)) {
      throw new FerryError("edit/exists", `there is a property ${wanted.key} already`, {
        hint: `Change its default with --set property.${wanted.key}=VALUE.`,
      });
    }
    addProperty(session, section, wanted);
    session.changes.push({ edit: "add-property", subject: `property.${wanted.key}`, detail: wanted.type });
  }
}

function addProperty(session: EditSession, section: OvfProduct, wanted: NewProperty): void {
  const { scope } = session.document;
  const before = placeIn(session, section, wanted.category);
  const { element } = addChild(session, section.element, "Property", before);
  const set = (name: string, value: string | null): void => {
    if (value !== null) scope.setAttribute(element, name, value);
  };
  set("key", wanted.key);
  set("type", wanted.type);
  set("qualifiers", wanted.qualifiers);
  set("userConfigurable", wanted.userConfigurable ? "true" : null);
  set("password", wanted.password ? "true" : null);
  set("value", wanted.value);
  if (wanted.label !== null) addChild(session, element, "Label").element.text = wanted.label;
  if (wanted.description !== null) addChild(session, element, "Description").element.text = wanted.description;
}

/** What a new property of a category stands before; the category is made at the end where there is none. `undefined`: at the end. */
function placeIn(session: EditSession, section: OvfProduct, category: string | null): XmlElement | undefined {
  const { scope } = session.document;
  if (category === null) {
    // Whatever stands behind a category belongs to it.
    return scope.child(section.element, "Category");
  }
  let inside = false;
  for (const child of scope.children(section.element)) {
    if (child.name !== "Category") continue;
    if (inside) return child;
    inside = child.text.trim() === category;
  }
  if (!inside) addChild(session, section.element, "Category").element.text = category;
  return undefined;
}

/** `--remove property.KEY`. A category that it stood alone in goes with it. */
export function removeProperty(session: EditSession, key: string): void {
  const property = propertyOf(session, key);
  const { product, category, qualifiedKey } = property;
  refuseUsed(session, property);
  const alone = product.properties.filter((other) => other.category?.id === category?.id).length === 1;
  property.element.remove();
  if (alone) category?.remove();
  session.changes.push({
    edit: "remove",
    subject: `property.${qualifiedKey}`,
    detail: alone && category !== null ? "with its category" : "property",
  });
}

/** @throws `edit/not-possible` where a disk's capacity is the value of a property */
export function refuseUsed({ document }: EditSession, { key, qualifiedKey }: OvfProperty): void {
  const used = new Set([`\${${qualifiedKey}}`, `\${${key}}`]);
  const disk = [...document.disks, ...document.sharedDisks].find(({ capacity }) => used.has(capacity ?? ""));
  if (disk === undefined) return;
  throw notPossible(
    `the capacity of disk ${disk.diskId} is the value of ${qualifiedKey}`,
    `Give the disk a capacity first: --resize-disk ${disk.diskId}=SIZE.`,
  );
}
