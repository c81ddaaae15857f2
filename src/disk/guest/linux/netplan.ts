import type { InterfaceUse } from "../model.js";
import { macOf, short, type TextFile } from "../text-files.js";

/** A line of YAML as netplan's files are written: a key at some depth, with or without a value. */
interface Line {
  readonly indent: number;
  readonly key: string;
  readonly value: string;
}

/**
 * Interfaces of a netplan file: those under `ethernets`. Not all of YAML is understood, but what netplan's own files and those of
 * installers use: keys at growing depth, lists in brackets or as lines.
 */
export function netplanInterfaces(file: TextFile): readonly InterfaceUse[] {
  const found: InterfaceUse[] = [];
  const parents: Line[] = [];
  let current: { id: string; name: string | null; mac: string | null; fixed: boolean } | null = null;
  const keep = (): void => {
    if (current !== null) {
      const { id, name, mac, fixed } = current;
      found.push({ file: file.path, by: "netplan", name: name ?? (mac === null ? id : null), mac, fixed });
    }
    current = null;
  };
  for (const text of file.lines) {
    const line = parseLine(text);
    if (line === null) continue;
    while ((parents.at(-1)?.indent ?? -1) >= line.indent) parents.pop();
    const above = parents.map(({ key }) => key);
    const at = above.indexOf("ethernets");
    if (at === -1 || above.length === at + 1) keep();
    if (at !== -1) {
      const inside = above.slice(at + 1);
      if (inside.length === 0) current = { id: short(line.key), name: null, mac: null, fixed: false };
      else if (current !== null) understand(current, inside.slice(1), line);
    }
    parents.push(line);
  }
  keep();
  return found;
}

function understand(
  one: { name: string | null; mac: string | null; fixed: boolean },
  inside: readonly string[],
  { key, value }: Line,
): void {
  if (inside.length === 0 && key === "addresses" && value !== "[]") one.fixed = true;
  if (inside.length === 0 && key === "set-name") one.name = short(value);
  if (inside.length === 1 && inside[0] === "match") {
    if (key === "macaddress") one.mac = macOf(value);
    if (key === "name") one.name ??= short(value);
  }
}

/** `null` for lines without a key: items of lists, comments, empty ones. */
function parseLine(text: string): Line | null {
  const found = /^( *)(?:"([^"]+)"|'([^']+)'|([^\s#:'"[\]{}-][^:#]*)) *:(?: (.*))?$/.exec(text);
  if (found === null) return null;
  const told = found[5] ?? "";
  const comment = told.search(/\s#/);
  const value = (comment === -1 ? told : told.slice(0, comment)).trim();
  return {
    indent: (found[1] as string).length,
    key: found[2] ?? found[3] ?? (found[4] ?? "").trimEnd(),
    value: value.replace(/^(["'])(.*)\1$/, "$2"),
  };
}
