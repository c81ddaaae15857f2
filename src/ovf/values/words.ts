import { plural } from "../../base/text.js";
import { parseQualifiers } from "./qualifiers.js";
import { type PropertyType, parsePropertyType } from "./types.js";

/** The type of a property in words: `text`, `whole number from 0 to 65535`. One that is not known stands as it is written. */
export function describeType(type: string): string {
  const written = parsePropertyType(type);
  return written === null ? type : typeWords(written.type);
}

function typeWords(type: PropertyType): string {
  switch (type.kind) {
    case "string": {
      const { lengths, choices } = type;
      if (choices !== null) return `one of ${choices.join(", ")}`;
      if (lengths === null) return "text";
      return `text of ${Number.isFinite(lengths.max) ? `${lengths.min} to ${plural(lengths.max, "character")}` : `at least ${plural(lengths.min, "character")}`}`;
    }
    case "integer":
      return `whole number from ${type.min} to ${type.max}`;
    case "real":
      return "number";
    case "boolean":
      return "true or false";
    case "ip":
      return "IP address";
    case "expression":
      return "worked out by the platform";
  }
}

/** Qualifiers in words, one each: `at least 1 character`. What is not known stands as it is written; `null` and what cannot be read have none. */
export function describeQualifiers(qualifiers: string | null): readonly string[] {
  const read = qualifiers === null ? [] : parseQualifiers(qualifiers);
  if (read === null) return qualifiers === null ? [] : [qualifiers];
  return read.map(({ name, values }) => {
    const [argument = ""] = values ?? [];
    const count = /^\d{1,9}$/.test(argument) ? plural(Number(argument), "character") : `${argument} characters`;
    switch (name.toLowerCase()) {
      case "minlen":
        return `at least ${count}`;
      case "maxlen":
        return `at most ${count}`;
      case "minvalue":
        return `not less than ${argument}`;
      case "maxvalue":
        return `not more than ${argument}`;
      case "valuemap":
        return `one of ${(values ?? []).join(", ")}`;
      default:
        return values === null ? name : `${name}(${values.join(", ")})`;
    }
  });
}
