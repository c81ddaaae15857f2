/** The YAML of an appliance as one tree: the file, what it includes, and its variables put in. */
import { FerryError } from "../../base/errors.js";
import { nearest } from "../../base/text.js";
import { folderOf, resolveName } from "../../package/names.js";
import { type TextPlace, type YamlNode, yamlTree } from "../yaml.js";

/** A node of a spec: that of its file, with the folder of that file relative to the spec's. */
export type SpecNode = { readonly place: TextPlace; readonly within: string } & (
  | { readonly kind: "nothing" }
  | { readonly kind: "scalar"; readonly text: string }
  | { readonly kind: "list"; readonly items: readonly SpecNode[] }
  | { readonly kind: "map"; readonly entries: ReadonlyMap<string, SpecEntry> }
);

/** One `name: value` of a map. */
export interface SpecEntry {
  readonly place: TextPlace;
  readonly value: SpecNode;
}

/** What a broken file is shown. */
const EXAMPLE = "appliance: 1";
/** Files that include each other. */
const DEEPEST_INCLUDE = 16;
/** Files of one spec. */
const MOST_FILES = 100;

/** Where and how a text is read: a small file relative to the spec's folder. @throws what reading throws */
export type ReadText = (name: string, asked: SpecNode) => Promise<string>;

/** The error for a node. */
export function refuseNode(
  code: "config/bad-value" | "config/unknown-key" | `build/${string}`,
  message: string,
  { place }: { readonly place: TextPlace },
  hint?: string,
): FerryError {
  return new FerryError(code, message, { location: place, ...(hint === undefined ? {} : { hint }) });
}

/**
 * Reads a spec with all that it includes. Maps are merged, the including file's words count; lists and texts take the place of what was included.
 * @param name the spec's name in its folder
 * @throws `config/bad-yaml`, `config/bad-value`, `build/include-loop`, `build/outside-file`, and what reading throws
 */
export async function readTree(
  text: string,
  name: string,
  label: (name: string) => string,
  read: ReadText,
): Promise<SpecNode> {
  let files = 0;
  const load = async (own: string, file: string, open: readonly string[]): Promise<SpecNode> => {
    const tree = placed(yamlTree(own, label(file), EXAMPLE), folderOf(file));
    if (tree.kind !== "map") return tree;
    const include = tree.entries.get("include");
    if (include === undefined) return tree;
    const entries = new Map(tree.entries);
    entries.delete("include");
    let merged: SpecNode = { ...tree, entries: new Map() };
    const { value } = include;
    for (const node of value.kind === "list" ? value.items : [value]) {
      if (node.kind !== "scalar") throw refuseNode("config/bad-value", "include is not a list of files", node);
      const other = fileOf(node, node.text);
      if (other === null) {
        throw refuseNode(
          "build/outside-file",
          `${node.text} lies outside of the spec's folder`,
          node,
          "Include files below it.",
        );
      }
      if (open.includes(other) || open.length >= DEEPEST_INCLUDE || ++files > MOST_FILES) {
        throw refuseNode(
          "build/include-loop",
          `${node.text} includes itself, or too many files include each other`,
          node,
        );
      }
      merged = merge(merged, await load(await read(other, node), other, [...open, other]));
    }
    return merge(merged, { ...tree, entries });
  };
  return load(text, name, [name]);
}

/** A file as a node names it, relative to the spec's folder; `null`: it lies outside. */
export function fileOf({ within }: SpecNode, path: string): string | null {
  const parts: string[] = [];
  for (const part of `${within}${path}`.split("/")) {
    if (part === "" && parts.length > 0) continue;
    if (part === ".") continue;
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else parts.push(part);
  }
  return path.startsWith("/") ? null : resolveName("", parts.join("/"));
}

function placed(node: YamlNode, within: string): SpecNode {
  switch (node.kind) {
    case "nothing":
    case "scalar":
      return { ...node, within };
    case "list":
      return { ...node, within, items: node.items.map((item) => placed(item, within)) };
    case "map": {
      const entries = new Map(
        [...node.entries].map(([key, entry]) => [key, { place: entry.place, value: placed(entry.value, within) }]),
      );
      return { ...node, within, entries };
    }
  }
}

function merge(under: SpecNode, over: SpecNode): SpecNode {
  if (under.kind !== "map" || over.kind !== "map") return over.kind === "nothing" ? under : over;
  const entries = new Map(under.entries);
  for (const [key, entry] of over.entries) {
    const below = entries.get(key);
    entries.set(key, below === undefined ? entry : { place: entry.place, value: merge(below.value, entry.value) });
  }
  return { ...over, entries };
}

/** A variable in a text, or `$${`, which stands for `${`. */
const VARIABLE = /\$(\$\{)|\$\{([^}]*)\}/g;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Puts variables into all texts, those of the command line before those of the file.
 * @throws `build/unknown-variable`, `build/unused-variable`, `config/bad-value`
 */
export function withVariables(tree: SpecNode, given: ReadonlyMap<string, string>): SpecNode {
  const values = new Map<string, string>();
  const own = tree.kind === "map" ? tree.entries.get("variables")?.value : undefined;
  if (own !== undefined && own.kind !== "nothing") {
    if (own.kind !== "map") throw refuseNode("config/bad-value", "variables is not a list of `NAME: value`", own);
    for (const [name, { place, value }] of own.entries) {
      if (!NAME.test(name)) {
        throw refuseNode(
          "config/bad-value",
          `${JSON.stringify(name)} is no name of a variable`,
          { place },
          "Letters, digits and _.",
        );
      }
      if (value.kind !== "scalar" && value.kind !== "nothing") {
        throw refuseNode("config/bad-value", `the variable ${name} is no text`, value);
      }
      // Without a value it has to be given.
      if (value.kind === "scalar") values.set(name, value.text);
    }
  }
  const known = new Set([...values.keys(), ...(own?.kind === "map" ? own.entries.keys() : [])]);
  for (const [name, value] of given) values.set(name, value);
  const used = new Set<string>(known);
  const put = (node: SpecNode): SpecNode => {
    switch (node.kind) {
      case "nothing":
        return node;
      case "scalar": {
        const text = node.text.replace(VARIABLE, (_, escaped: string | undefined, name: string = "") => {
          if (escaped !== undefined) return escaped;
          const value = values.get(name);
          if (value === undefined) throw unknown(node, name, [...new Set([...values.keys(), ...known])]);
          used.add(name);
          return value;
        });
        return { ...node, text };
      }
      case "list":
        return { ...node, items: node.items.map(put) };
      case "map": {
        const entries = new Map(
          [...node.entries].map(([key, { place, value }]) => [key, { place, value: put(value) }]),
        );
        return { ...node, entries };
      }
    }
  };
  if (tree.kind !== "map") return put(tree);
  const entries = new Map([...tree.entries].filter(([key]) => key !== "variables"));
  const done = put({ ...tree, entries });
  for (const name of given.keys()) {
    if (used.has(name)) continue;
    const [like] = nearest(name, [...used]);
    throw new FerryError("build/unused-variable", `the spec has no variable ${name}`, {
      hint: like === undefined ? "Write ${NAME} where its value belongs." : `Did you mean ${like}?`,
    });
  }
  return done;
}

function unknown(node: SpecNode, name: string, known: readonly string[]): FerryError {
  const [like] = nearest(name, known);
  const hint =
    like === undefined || like === name
      ? `Give it a value: --var ${NAME.test(name) ? name : "NAME"}=VALUE. For the text itself write $\${${name}}.`
      : `Did you mean ${like}? For the text itself write $\${${name}}.`;
  return refuseNode("build/unknown-variable", `nothing gives the variable ${JSON.stringify(name)} a value`, node, hint);
}
