import type { Diagnostic, Location } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import { printable } from "../../base/text.js";
import type { JsonNode, JsonText } from "./json.js";

/** An object of collected JSON. What is not there, or of another type than it should be, is `null`; the latter is a finding. */
export interface JsonView {
  text(name: string): string | null;
  /** A whole number from 0 on. */
  count(name: string): number | null;
  flag(name: string): boolean | null;
  object(name: string): JsonView | null;
  /** Objects of an array. One that stands alone is an array of one: PowerShell unwraps such. @throws `config/unreadable` for too many */
  objects(name: string): readonly JsonView[];
  texts(name: string): readonly string[] | null;
  place(name?: string): Location | undefined;
}

/** Drives, adapters, checkpoints and the like: Hyper-V allows 260 drives, 72 adapters and 50 checkpoints. */
const MOST_ITEMS = 1000;

/** A view on an object of a parsed text. */
export function createJsonView(
  node: JsonNode | undefined,
  path: string,
  source: JsonText,
  report: (finding: Diagnostic) => void,
): JsonView {
  const members: ReadonlyMap<string, JsonNode> = node?.kind === "object" ? node.members : new Map();
  const wrong = (name: string, found: JsonNode, wanted: string): null => {
    report({
      code: "config/wrong-type",
      severity: "warning",
      message: `${printable(`${path}${name}`)} is no ${wanted}`,
      hint: "It counts as not said.",
      location: source.place(found),
    });
    return null;
  };
  const value = (name: string): JsonNode | null => {
    const found = members.get(name);
    return found === undefined || (found.kind === "value" && found.value === null) ? null : found;
  };
  const list = (name: string): readonly JsonNode[] | null => {
    const found = value(name);
    if (found === null) return null;
    // Windows PowerShell writes some arrays as { "value": [...], "Count": n }.
    const inner = found.kind === "object" && found.members.has("Count") ? found.members.get("value") : undefined;
    const items = found.kind === "array" ? found.items : inner?.kind === "array" ? inner.items : [found];
    if (items.length > MOST_ITEMS) {
      throw new FerryError("config/unreadable", `${printable(`${path}${name}`)} has ${items.length} entries`, {
        hint: `No machine of Hyper-V has more than ${MOST_ITEMS} of anything: the document is damaged, or no collector's.`,
        location: source.place(found),
      });
    }
    return items;
  };
  return {
    text(name) {
      const found = value(name);
      if (found === null) return null;
      return found.kind === "value" && typeof found.value === "string" ? found.value : wrong(name, found, "text");
    },
    count(name) {
      const found = value(name);
      if (found === null) return null;
      const sound = found.kind === "value" && Number.isSafeInteger(found.value) && Number(found.value) >= 0;
      return sound ? Number(found.value) : wrong(name, found, "whole number");
    },
    flag(name) {
      const found = value(name);
      if (found === null) return null;
      return found.kind === "value" && typeof found.value === "boolean"
        ? found.value
        : wrong(name, found, "true or false");
    },
    object(name) {
      const found = value(name);
      if (found === null) return null;
      return found.kind === "object"
        ? createJsonView(found, `${path}${name}.`, source, report)
        : wrong(name, found, "object");
    },
    objects(name) {
      return (list(name) ?? []).flatMap((item, index) =>
        item.kind === "object"
          ? [createJsonView(item, `${path}${name}[${index}].`, source, report)]
          : (wrong(`${name}[${index}]`, item, "object") ?? []),
      );
    },
    texts(name) {
      return (
        list(name)?.flatMap((item, index) =>
          item.kind === "value" && typeof item.value === "string"
            ? [item.value]
            : (wrong(`${name}[${index}]`, item, "text") ?? []),
        ) ?? null
      );
    },
    place(name) {
      const found = name === undefined ? node : members.get(name);
      return found === undefined ? undefined : source.place(found);
    },
  };
}
