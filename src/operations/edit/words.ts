/** What options and patches have in common: words that become edits. */
import { SECTOR } from "../../base/bytes.js";
import type { Firmware } from "../../base/ids.js";
import { nearest } from "../../base/text.js";
import type { NewDisk, NewNic, NewProperty, ProductWords } from "../../platforms/ovf/edit/edits.js";

/** Says that words are none. Whoever reads them knows where they stand. */
export type Refuse = (message: string, hint: string) => never;

/** Words by name, as in `network=LAN,model=vmxnet3`. */
export type Fields = ReadonlyMap<string, string>;

/** Splits `a=1,b=2`. A comma in a value is written `\,`. @param first the name of a first word that has none */
export function fieldsOf(text: string, first: string | null, refuse: Refuse): Fields {
  const fields = new Map<string, string>();
  const words = text.split(/(?<!\\),/).map((word) => word.replaceAll("\\,", ","));
  for (const [i, word] of words.entries()) {
    const at = word.indexOf("=");
    const name = at < 0 && i === 0 && first !== null ? first : word.slice(0, Math.max(0, at));
    if (name === "")
      return refuse(`${JSON.stringify(word)} is not NAME=VALUE`, "Separate words by commas: name=value,name=value.");
    if (fields.has(name)) return refuse(`${name} is given twice`, "Give each word once.");
    fields.set(name, at < 0 ? word : word.slice(at + 1));
  }
  return fields;
}

function known(fields: Fields, names: readonly string[], refuse: Refuse): void {
  for (const name of fields.keys()) {
    if (names.includes(name)) continue;
    const [like] = nearest(name, names);
    refuse(
      `there is no word ${JSON.stringify(name)}`,
      like === undefined ? `Words are: ${names.join(", ")}.` : `Did you mean ${like}?`,
    );
  }
}

function needed(fields: Fields, name: string, refuse: Refuse): string {
  const value = fields.get(name)?.trim() ?? "";
  return value === "" ? refuse(`${name} is missing`, `Add ${name}=VALUE.`) : value;
}

function isTrue(fields: Fields, name: string, refuse: Refuse): boolean {
  const value = fields.get(name)?.toLowerCase();
  if (value === undefined || value === "false" || value === "no") return false;
  if (value === "true" || value === "yes") return true;
  return refuse(`${name} is ${JSON.stringify(value)}`, "Write true or false.");
}

/** A card: `network=LAN,model=vmxnet3,mac=00:50:56:01:02:03`; a first word without a name is the network. */
export function nicOf(fields: Fields, refuse: Refuse): NewNic {
  known(fields, ["network", "model", "mac"], refuse);
  return {
    network: needed(fields, "network", refuse),
    model: fields.get("model") ?? null,
    mac: fields.get("mac") ?? null,
  };
}

/** A disk: `FILE,controller=scsi`. */
export function diskOf(fields: Fields, refuse: Refuse): NewDisk {
  known(fields, ["file", "controller"], refuse);
  return { file: needed(fields, "file", refuse), controller: fields.get("controller") ?? null };
}

const PROPERTY_WORDS = ["key", "type", "value", "label", "description", "qualifiers", "category", "user", "password"];

/** A property: `key=hostname,type=string,label=Host name,user=true`. */
export function propertyOf(fields: Fields, refuse: Refuse): NewProperty {
  known(fields, PROPERTY_WORDS, refuse);
  const word = (name: string): string | null => fields.get(name) ?? null;
  const key = needed(fields, "key", refuse);
  if (!/^[^\s.=]+$/.test(key))
    return refuse(`${JSON.stringify(key)} is no key of a property`, "A key has no dot, blank or equals sign.");
  return {
    key,
    type: word("type") ?? "string",
    value: word("value"),
    label: word("label"),
    description: word("description"),
    qualifiers: word("qualifiers"),
    category: word("category"),
    userConfigurable: fields.has("user") ? isTrue(fields, "user", refuse) : true,
    password: isTrue(fields, "password", refuse),
  };
}

/** Words of the product by the names that options have for them. */
const PRODUCT_WORDS: Readonly<Record<string, keyof ProductWords>> = {
  class: "class",
  name: "name",
  vendor: "vendor",
  version: "version",
  "full-version": "fullVersion",
  "product-url": "productUrl",
  "vendor-url": "vendorUrl",
  "app-url": "appUrl",
};

/** The product: `name=...,vendor=...,version=2.1`. */
export function productOf(fields: Fields, refuse: Refuse): ProductWords {
  known(fields, Object.keys(PRODUCT_WORDS), refuse);
  const words: Record<string, string | null> = {};
  for (const [word, name] of Object.entries(PRODUCT_WORDS)) words[name] = fields.get(word) ?? null;
  return words as unknown as ProductWords;
}

/** What `--set` names: the key of `property.KEY`. */
export function settableOf(name: string, refuse: Refuse): string {
  const key = /^property\.(.+)$/s.exec(name)?.[1];
  return key ?? refuse(`${JSON.stringify(name)} cannot be set`, "Write property.KEY=VALUE.");
}

/** What can be removed, checked as far as no package is needed for it. */
export function removableOf(what: string, refuse: Refuse): string {
  if (/^(?:annotation|eula|product|property\..+|disk\..+)$/s.test(what)) return what;
  return refuse(
    `${JSON.stringify(what)} cannot be removed`,
    "It is annotation, eula, product, property.KEY or disk.ID.",
  );
}

/** Ways in which guests get their environment, separated by commas; `none`: none. */
export function transportsOf(text: string, refuse: Refuse): readonly string[] {
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  if (words.length === 1 && words[0] === "none") return [];
  const odd = words.find((word) => !/^[A-Za-z0-9._:/-]{1,200}$/.test(word));
  if (words.length === 0 || odd !== undefined)
    return refuse(`${JSON.stringify(odd ?? text)} is no transport`, "Write iso, com.vmware.guestInfo, or none.");
  return words;
}

/** A type of virtual hardware: `vmx-19`, `virtualbox-2.2`. */
export function hardwareTypeOf(text: string, refuse: Refuse): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,60}$/.test(text)) return text;
  return refuse(`${JSON.stringify(text)} is no type of hardware`, "Write one word, such as vmx-19.");
}

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/** A size in bytes, whole sectors: `8GiB`, `512M`, `1048576`. */
export function sizeOf(text: string, refuse: Refuse): number {
  const [, digits = "", unit = ""] = /^(\d{1,15})(?:([KMGT])(?:iB)?|B)?$/i.exec(text.trim()) ?? [];
  const size = digits === "" ? 0 : Number(digits) * (UNITS[unit.toUpperCase()] ?? 0);
  if (size >= SECTOR && size % SECTOR === 0 && size <= Number.MAX_SAFE_INTEGER) return size;
  return refuse(
    `${JSON.stringify(text)} is no size`,
    "It is a size in whole sectors of 512 bytes, such as 1MiB or 1048576.",
  );
}

/** A whole number from 1 on. */
export function countOf(text: string, most: number, refuse: Refuse): number {
  const count = /^\d{1,9}$/.test(text.trim()) ? Number(text) : 0;
  return count >= 1 && count <= most
    ? count
    : refuse(`${JSON.stringify(text)} is not possible here`, `It is a whole number from 1 to ${most}.`);
}

/** Processors that a machine may be given. */
export const MOST_CPUS = 4096;
/** Network cards that a machine may have: the number of one of them. */
export const MOST_NICS = 1000;

/** The words that firmware has. */
export const FIRMWARE: readonly Firmware[] = ["bios", "efi", "efi-secure"];
