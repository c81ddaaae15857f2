import type { DiagnosticCode, Severity } from "../base/diagnostics.js";
import { nearest } from "../base/text.js";
import { targets } from "../targets/targets.js";
import { allCodes } from "./explain.js";
import { readYaml, type YamlReader } from "./yaml.js";

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
  const yaml = readYaml(text, name, "allow: [manifest/absent]");
  let config: { -readonly [K in keyof ValidateConfig]: ValidateConfig[K] } = { ...noConfig };
  if (yaml.contents === null) return config;
  for (const [key, node, value] of yaml.entries(yaml.contents, "the file")) {
    switch (KEYS.find((known) => known === key)) {
      case "level":
        config = { ...config, level: yaml.oneOf(value, LEVELS) };
        break;
      case "targets":
        config.targets = yaml.list(value, key).map((item) =>
          yaml.oneOf(
            item,
            targets.all.map(({ id }) => id),
          ),
        );
        break;
      case "allow":
        config.allow = yaml.list(value, key).map((item) => codeIn(yaml, item));
        break;
      case "severity":
        config.severity = severitiesIn(yaml, value, key);
        break;
      default:
        yaml.unknownKey(key, node, KEYS);
    }
  }
  return config;
}

/** Codes with how bad they are. @throws `config/unknown-code`, `config/bad-value` */
export function severitiesIn(
  yaml: YamlReader,
  node: unknown,
  what: string,
): ReadonlyMap<DiagnosticCode, Severity | "off"> {
  return new Map(
    yaml
      .entries(node, what)
      .map(([, codeNode, severity]) => [codeIn(yaml, codeNode), yaml.oneOf(severity, SEVERITIES)]),
  );
}

/** A code that there is. @throws `config/unknown-code` */
export function codeIn(yaml: YamlReader, node: unknown): DiagnosticCode {
  const value = yaml.scalar(node) ?? "";
  if (Object.hasOwn(allCodes, value)) return value as DiagnosticCode;
  const like = nearest(value, Object.keys(allCodes));
  const hint = like.length === 0 ? "Codes are listed in docs/reference/codes.md." : `Did you mean ${like.join(", ")}?`;
  return yaml.refuse("config/unknown-code", `there is no code ${JSON.stringify(value)}`, node, hint);
}
