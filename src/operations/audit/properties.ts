/** What the questions of a package hide: values that everybody knows, or that nobody is asked about. */
import type { OvfProperty } from "../../ovf/views/product.js";
import { type AuditCheck, type Found, shown } from "./check.js";
import { extraSettings } from "./settings.js";

/** Names of what only an owner should know, as whole words. */
const SECRET =
  /(?:^|[^a-z])(?:pass(?:word|wd|phrase|code)?|pwd?|secret|token|api[-_.]?key|private[-_.]?key|credential)s?(?:$|[^a-z])/i;

/** Values that are written down: of the property itself, and of its configurations. */
function valuesOf(property: OvfProperty): readonly string[] {
  return [property.value, ...property.values.map(({ value }) => value)].filter(
    (value) => value !== null && value !== "",
  ) as string[];
}

/** Whether a name is that of a secret, in any of the usual spellings: `adminPassword`, `root_pw`. */
export function isSecretName(name: string): boolean {
  return SECRET.test(name.replace(/([a-z0-9])([A-Z])/g, "$1_$2"));
}

function* found(properties: Iterable<OvfProperty>, what: (property: OvfProperty) => string | null): Iterable<Found> {
  for (const property of properties) {
    const message = what(property);
    if (message === null) continue;
    yield { message, location: property.element.location, data: { property: property.qualifiedKey } };
  }
}

/** How instructions begin that a guest runs: those of cloud-init ("User data formats") and of cloudbase-init, and scripts. */
const BEGINNINGS: readonly (readonly [pattern: RegExp, kind: string])[] = [
  [/^#cloud-config/i, "a configuration for cloud-init"],
  [/^#(?:cloud-boothook|part-handler|include|upstart-job|ps1|cloud-|!)/i, "a script"],
  [/^##\s*template:/i, "a template for cloud-init"],
  [/^(?:mime-version|content-type|content-transfer-encoding):/i, "a message for cloud-init"],
  [/^(?:rem cmd|<powershell>|<script>|@echo )/i, "a script"],
];

/** What a value is by its looks; `null`: a word like any other. */
function scriptKind(value: string): string | null {
  const head = value
    .replace(/^\ufeff/, "")
    .trimStart()
    .slice(0, 200);
  return BEGINNINGS.find(([pattern]) => pattern.test(head))?.[1] ?? null;
}

/** Characters of base64 that are decoded to look at their beginning. */
const MOST_BASE64 = 4096;

function encodedKind(value: string): string | null {
  const plain = value.replace(/\s+/g, "");
  if (plain.length < 32 || !/^[A-Za-z0-9+/]+={0,2}$/.test(plain)) return null;
  const head = plain.slice(0, MOST_BASE64);
  try {
    const text = atob(head.slice(0, head.length - (head.length % 4)));
    if (text.charCodeAt(0) === 0x1f && text.charCodeAt(1) === 0x8b) return "something packed with gzip, in base64";
    const kind = scriptKind(text);
    return kind === null ? null : `${kind}, in base64`;
  } catch {
    return null;
  }
}

export const propertyChecks: readonly AuditCheck[] = [
  {
    code: "audit/default-password",
    severity: "warning",
    hint: "Everybody who has the package knows it. Give another one when you deploy it.",
    check: ({ properties }) =>
      found(properties, (property) =>
        property.password && valuesOf(property).length > 0
          ? `the password ${shown(property.qualifiedKey)} has a value in the package`
          : null,
      ),
  },
  {
    code: "audit/plain-secret",
    severity: "warning",
    hint: "It is not marked as a password, or cannot be: consoles show it and keep it in plain text. Give another one when you deploy it.",
    *check(facts) {
      yield* found(facts.properties, (property) =>
        !property.password &&
        property.type !== "boolean" &&
        isSecretName(property.key ?? "") &&
        valuesOf(property).length > 0
          ? `the property ${shown(property.qualifiedKey)} is named like a secret, is not marked as a password, and has a value in the package`
          : null,
      );
      for (const { key, value, machine, location } of extraSettings(facts)) {
        if (isSecretName(key) && !/^(?:|true|false|0|1)$/i.test(value))
          yield {
            message: `${shown(machine)}: the option ${shown(key)} is named like a secret, and has a value in the package`,
            location,
            data: { machine, key },
          };
      }
    },
  },
  {
    code: "audit/hidden-property",
    severity: "info",
    hint: "Nobody is asked about it: the guest gets the value that the author chose.",
    check: ({ properties }) =>
      found(properties, (property) =>
        !property.userConfigurable && valuesOf(property).length > 0
          ? `the property ${shown(property.qualifiedKey)} has a value that no user is asked about`
          : null,
      ),
  },
  {
    code: "audit/script",
    severity: "warning",
    hint: "The guest runs it on its first start. Read it before you deploy the package.",
    check: ({ properties }) =>
      found(properties, (property) => {
        for (const value of valuesOf(property)) {
          const kind = scriptKind(value) ?? encodedKind(value);
          if (kind !== null)
            return `the property ${shown(property.qualifiedKey)} holds ${kind}, ${value.length} characters long`;
        }
        return null;
      }),
  },
];
