/** Records of xapi's database, as an `ova.xml` holds them: structs of XML-RPC. */
import type { Location } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { XmlElement } from "../../xml/tree.js";

/** A struct, whose members are looked at when they are asked for. Where a name stands twice, the first one counts, as to xapi. */
export interface RpcStruct {
  readonly location: Location;
  has(name: string): boolean;
  /** A scalar's text; `null`: there is none, or it is no scalar. */
  text(name: string): string | null;
  /** A scalar's text; `null` for an empty one too. */
  filled(name: string): string | null;
  /** A whole number that is not negative; `null`: there is none. */
  number(name: string): number | null;
  flag(name: string): boolean | null;
  /** The scalars of an array. */
  list(name: string): readonly string[];
  struct(name: string): RpcStruct;
  /** Names and scalars of a struct. */
  entries(): readonly (readonly [name: string, value: string])[];
  locationOf(name: string): Location | undefined;
}

/** One record: what it is, what others call it, and its fields. */
export interface XapiRecord {
  /** `VM`, `VBD`, `VDI` and so on. */
  readonly kind: string;
  /** `Ref:0`. */
  readonly id: string;
  readonly fields: RpcStruct;
}

/** The records of an export, in their order. */
export interface XapiExport {
  /** Facts about the host that wrote it: `product_brand`, `product_version`, `export_vsn`. */
  readonly version: RpcStruct;
  readonly records: readonly XapiRecord[];
  /** By reference; where two have one, the first counts. */
  find(id: string | null, kind: string): XapiRecord | undefined;
  ofKind(kind: string): readonly XapiRecord[];
}

/** The reference that refers to nothing. Any other that no record has is nothing, too. */
export const NO_REF = "OpaqueRef:NULL";

/**
 * The records of a parsed `ova.xml`.
 * @throws `config/unreadable` where it is none
 */
export function xapiExport(root: XmlElement, label: string): XapiExport {
  const top = structOf(root.name === "value" ? root : root.element("", "value"));
  const array = memberOf(root.name === "value" ? root : root.element("", "value"), "objects")?.element("", "array");
  if (array === undefined) {
    throw new FerryError("config/unreadable", `${label} holds no records of xapi`, {
      location: root.location,
      hint: "An ova.xml of XenServer 3 to 8 is a value of XML-RPC with 'version' and 'objects'. Export the machine again with xe vm-export.",
    });
  }
  const records: XapiRecord[] = [];
  for (const value of array.element("", "data")?.elements("", "value") ?? []) {
    const record = structOf(value);
    const kind = record.text("class");
    const id = record.text("id");
    if (kind !== null && id !== null) records.push({ kind, id, fields: record.struct("snapshot") });
  }
  const byId = new Map<string, XapiRecord>();
  const byKind = new Map<string, XapiRecord[]>();
  for (const record of records) {
    if (!byId.has(record.id)) byId.set(record.id, record);
    const list = byKind.get(record.kind);
    if (list === undefined) byKind.set(record.kind, [record]);
    else list.push(record);
  }
  return {
    version: top.struct("version"),
    records,
    find(id, kind) {
      const record = id === null ? undefined : byId.get(id);
      return record?.kind === kind ? record : undefined;
    },
    ofKind: (kind) => byKind.get(kind) ?? [],
  };
}

/** A whole number of at most 15 digits. */
const NUMBER = /^[0-9]{1,15}$/;

function structOf(value: XmlElement | undefined): RpcStruct {
  const members = new Map<string, XmlElement>();
  for (const member of value?.element("", "struct")?.elements("", "member") ?? []) {
    const name = member.element("", "name")?.text;
    const found = member.element("", "value");
    if (name !== undefined && found !== undefined && !members.has(name)) members.set(name, found);
  }
  const structs = new Map<string, RpcStruct>();
  const text = (name: string): string | null => scalarOf(members.get(name));
  return {
    location: value?.location ?? { at: "text", file: "", line: 0, column: 0 },
    has: (name) => members.has(name),
    text,
    filled: (name) => text(name) || null,
    number(name) {
      const digits = text(name)?.trim() ?? "";
      return NUMBER.test(digits) ? Number(digits) : null;
    },
    flag(name) {
      const word = text(name)?.trim().toLowerCase();
      return word === "1" || word === "true" ? true : word === "0" || word === "false" ? false : null;
    },
    list(name) {
      const items = members.get(name)?.element("", "array")?.element("", "data")?.elements("", "value") ?? [];
      return [...items].flatMap((item) => scalarOf(item) ?? []);
    },
    struct(name) {
      const known = structs.get(name);
      if (known !== undefined) return known;
      const made = structOf(members.get(name));
      structs.set(name, made);
      return made;
    },
    entries: () =>
      [...members].flatMap(([name, member]) => {
        const scalar = scalarOf(member);
        return scalar === null ? [] : [[name, scalar] as const];
      }),
    locationOf: (name) => members.get(name)?.location,
  };
}

function memberOf(value: XmlElement | undefined, name: string): XmlElement | undefined {
  for (const member of value?.element("", "struct")?.elements("", "member") ?? []) {
    if (member.element("", "name")?.text === name) return member.element("", "value");
  }
  return undefined;
}

/** The text of a scalar: bare, or in an element of its type. */
function scalarOf(value: XmlElement | undefined): string | null {
  if (value === undefined) return null;
  const [typed] = value.elements();
  if (typed === undefined) return value.text;
  return typed.name === "struct" || typed.name === "array" || typed.name === "nil" ? null : typed.text;
}

/** `virtual_size` of every VDI record in bytes, by its reference. Sizes that no disk has are left out. */
export function diskSizes(root: XmlElement): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  const objects = memberOf(root.name === "value" ? root : root.element("", "value"), "objects");
  for (const value of objects?.element("", "array")?.element("", "data")?.elements("", "value") ?? []) {
    const record = structOf(value);
    const id = record.text("id")?.trim() ?? null;
    if (record.text("class")?.trim() !== "VDI" || id === null) continue;
    const size = sizeOf(record.struct("snapshot"));
    if (size !== null) sizes.set(id, size);
  }
  return sizes;
}

/** A hundred million chunks of 1 MiB: more cannot be numbered. */
const MAX_SIZE = 1e8 * 2 ** 20;

/** Bytes that the guest sees of a VDI; `null`: not said, or none that a disk can have. */
export function sizeOf(vdi: RpcStruct): number | null {
  const digits = vdi.text("virtual_size")?.trim() ?? "";
  return /^[0-9]{1,16}$/.test(digits) && Number(digits) <= MAX_SIZE ? Number(digits) : null;
}
