/** Values of the XenAPI as JSON has them, read with care: whole numbers are texts or numbers, references are opaque. */
import type { JsonValue } from "../../../base/ids.js";

/** One record. */
export type XenRecord = Readonly<Record<string, JsonValue>>;

/** The reference to nothing. */
export const NO_REF = "OpaqueRef:NULL";

/** A record, or one without fields. */
export function recordOf(value: JsonValue | undefined): XenRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as XenRecord) : {};
}

/** Records by their references, as `get_all_records` answers. */
export function recordsOf(value: JsonValue): ReadonlyMap<string, XenRecord> {
  return new Map(Object.entries(recordOf(value)).map(([ref, record]) => [ref, recordOf(record)]));
}

/** A text field; what is none is empty. */
export function textOf(record: XenRecord, name: string): string {
  const value = record[name];
  return typeof value === "string" ? value : "";
}

/** A field that is a set of texts or references. */
export function listOf(record: XenRecord, name: string): readonly string[] {
  return stringsOf(record[name]);
}

/** The texts of an array. */
export function stringsOf(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];
}

/** A field that is a map of texts. */
export function mapOf(record: XenRecord, name: string): ReadonlyMap<string, string> {
  const entries = Object.entries(recordOf(record[name]));
  return new Map(entries.flatMap(([key, value]) => (typeof value === "string" ? [[key, value] as const] : [])));
}

/** A whole number that is exact; `null`: there is none. XenAPI's `int` comes as text. */
export function numberOf(value: JsonValue | undefined): number | null {
  const number = typeof value === "string" && /^-?\d{1,16}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) ? number : null;
}

/** Whether a text can be a reference: those go into headers and addresses of requests. */
export function isRef(value: JsonValue | undefined): value is string {
  return typeof value === "string" && value !== NO_REF && /^[A-Za-z0-9:._-]{1,200}$/.test(value);
}
