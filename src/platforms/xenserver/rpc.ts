/** Values of XML-RPC as xapi writes them: whole numbers are text, nothing stands between the elements. */
import { cleanText } from "../../appliance/fit/text.js";
import { escapeText } from "../../xml/characters.js";

/** Numbers are whole ones. */
export type RpcValue =
  | string
  | number
  | boolean
  | { readonly double: number }
  | { readonly date: string }
  | readonly RpcValue[]
  | ReadonlyMap<string, RpcValue>;

/** A struct of its members. */
export function rpcStruct(members: Readonly<Record<string, RpcValue>>): ReadonlyMap<string, RpcValue> {
  return new Map(Object.entries(members));
}

/** A document of one value. What XML cannot hold is taken out of texts. */
export function renderRpc(value: RpcValue): Uint8Array {
  const parts: string[] = ['<?xml version="1.0"?>\n'];
  write(value, parts);
  return new TextEncoder().encode(parts.join(""));
}

function write(value: RpcValue, parts: string[]): void {
  parts.push("<value>");
  if (value instanceof Map) {
    parts.push("<struct>");
    for (const [name, member] of value as ReadonlyMap<string, RpcValue>) {
      parts.push("<member><name>", text(name), "</name>");
      write(member, parts);
      parts.push("</member>");
    }
    parts.push("</struct>");
  } else if (Array.isArray(value)) {
    parts.push("<array><data>");
    for (const item of value as readonly RpcValue[]) write(item, parts);
    parts.push("</data></array>");
  } else if (typeof value === "boolean") parts.push("<boolean>", value ? "1" : "0", "</boolean>");
  else if (typeof value === "object" && "double" in value) parts.push("<double>", String(value.double), "</double>");
  else if (typeof value === "object" && "date" in value) {
    parts.push("<dateTime.iso8601>", text(value.date), "</dateTime.iso8601>");
  } else parts.push(text(String(value)));
  parts.push("</value>");
}

function text(value: string): string {
  return escapeText(cleanText(value));
}
