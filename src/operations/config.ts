import { LineCounter, type Node, parseDocument } from "yaml";
import type { DiagnosticCode, Severity } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";
import { nearest } from "../base/text.js";
import { targets } from "../targets/targets.js";
import { allCodes } from "./explain.js";

/** The name under which settings are looked for, beside a package and in the folders above it. */
export const CONFIG_NAME = ".vmferry.yaml";

/** Bytes of a file of settings. */
export const MOST_CONFIG_BYTES: number = 1024 * 1024;

/** What a `.vmferry.yaml` says. */
export interface ValidateConfig {
  readonly level: "importer" | "strict" | null;
  readonly targets: readonly string[];
  /** Codes of findings that are not wanted. */
  readonly allow: readonly DiagnosticCode[];
  /** How bad findings are, other than by the rules. */
  readonly severity: ReadonlyMap<DiagnosticCode, Severity | "off">;
}

/** What is not said. */
export const noConfig: ValidateConfig = Object.freeze({ level: null, targets: [], allow: [], severity: new Map() });

const KEYS = ["level", "targets", "allow", "severity"] as const;
const LEVELS = ["importer", "strict"] as const;
const SEVERITIES = ["error", "warning", "info", "off"] as const;

/**
 * Settings from the text of a YAML file. Nothing is guessed: what is not understood is refused with its place.
 * @param name how places call the file
 * @throws `config/bad-yaml`, `config/unknown-key`, `config/bad-value`, `config/unknown-code`
 */
export function parseConfig(text: string, name: string): ValidateConfig {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, schema: "core", merge: false, logLevel: "silent" });
  const placeAt = (offset: number): { at: "text"; file: string; line: number; column: number } => {
    const { line, col } = counter.linePos(offset);
    return { at: "text", file: name, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const [broken] = document.errors;
  if (broken !== undefined) {
    throw new FerryError("config/bad-yaml", broken.message.replace(/ at line [\s\S]*$/, ""), {
      location: placeAt(broken.pos[0]),
      hint: "It is a YAML file such as `allow: [manifest/absent]`.",
    });
  }
  const reader = new ConfigReader(placeAt);
  return reader.read(document.contents);
}

/** A node of the file, by what it can be; everything has a place. */
class ConfigReader {
  readonly #placeAt: (offset: number) => { at: "text"; file: string; line: number; column: number };

  constructor(placeAt: (offset: number) => { at: "text"; file: string; line: number; column: number }) {
    this.#placeAt = placeAt;
  }

  read(contents: Node | null): ValidateConfig {
    let config: { -readonly [K in keyof ValidateConfig]: ValidateConfig[K] } = { ...noConfig };
    if (contents === null || ("value" in contents && contents.value === null)) return config;
    for (const [key, node, value] of this.#entries(contents, "the file")) {
      switch (KEYS.find((known) => known === key)) {
        case "level":
          config = { ...config, level: this.#oneOf(value, LEVELS) };
          break;
        case "targets":
          config.targets = this.#list(value, key).map((item) =>
            this.#oneOf(
              item,
              targets.all.map(({ id }) => id),
            ),
          );
          break;
        case "allow":
          config.allow = this.#list(value, key).map((item) => this.#code(item));
          break;
        case "severity":
          config.severity = new Map(
            this.#entries(value, key).map(([, codeNode, severity]) => [
              this.#code(codeNode),
              this.#oneOf(severity, SEVERITIES),
            ]),
          );
          break;
        default: {
          const [like] = nearest(key, KEYS);
          this.#refuse("config/unknown-key", `there is no setting ${JSON.stringify(key)}`, node, {
            hint: like === undefined ? `Settings are: ${KEYS.join(", ")}.` : `Did you mean ${like}?`,
          });
        }
      }
    }
    return config;
  }

  #entries(node: unknown, what: string): [key: string, keyNode: unknown, value: unknown][] {
    const { items } = (node ?? {}) as { readonly items?: readonly unknown[] };
    if (!Array.isArray(items) || items.some((item) => !isPair(item))) {
      this.#refuse("config/bad-value", `${what} is not a list of \`name: value\``, node, {});
    }
    return (items ?? []).filter(isPair).map(({ key, value }) => [scalarOf(key) ?? "", key, value]);
  }

  #list(node: unknown, what: string): readonly unknown[] {
    if (scalarOf(node) !== null) return [node];
    const { items } = (node ?? {}) as { readonly items?: readonly unknown[] };
    if (Array.isArray(items) && !items.some(isPair)) return items;
    return this.#refuse("config/bad-value", `${what} is not a list`, node, { hint: `As in \`${what}: [...]\`.` });
  }

  #oneOf<const T extends string>(node: unknown, choices: readonly T[]): T {
    const value = scalarOf(node);
    const found = choices.find((choice) => choice === value);
    if (found !== undefined) return found;
    const given = value === null ? "this" : JSON.stringify(value);
    return this.#refuse("config/bad-value", `${given} is not possible here`, node, {
      hint: `It is one of: ${choices.join(", ")}.`,
    });
  }

  #code(node: unknown): DiagnosticCode {
    const value = scalarOf(node) ?? "";
    if (Object.hasOwn(allCodes, value)) return value as DiagnosticCode;
    const like = nearest(value, Object.keys(allCodes));
    return this.#refuse("config/unknown-code", `there is no code ${JSON.stringify(value)}`, node, {
      hint: like.length === 0 ? "Codes are listed in docs/reference/codes.md." : `Did you mean ${like.join(", ")}?`,
    });
  }

  #refuse(code: DiagnosticCode, message: string, node: unknown, details: { readonly hint?: string }): never {
    const { range } = (node ?? {}) as { readonly range?: readonly number[] | null };
    throw new FerryError(code, message, { ...details, location: this.#placeAt(range?.[0] ?? 0) });
  }
}

interface Pair {
  readonly key: unknown;
  readonly value: unknown;
}

function isPair(item: unknown): item is Pair {
  return typeof item === "object" && item !== null && "key" in item;
}

/** The text of a scalar; `null` for all else, aliases too: nobody needs them here. */
function scalarOf(node: unknown): string | null {
  if (typeof node !== "object" || node === null || !("value" in node) || "key" in node) return null;
  const { value } = node;
  // YAML 1.1 readers take `off` for false; it is a word here.
  if (typeof value === "string") return value;
  return value === false ? "off" : null;
}
