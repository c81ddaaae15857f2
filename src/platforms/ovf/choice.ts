import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { SecretRef } from "../../base/ids.js";
import type { OvfDocument } from "../../ovf/document.js";
import type { OvfContent } from "../../ovf/views/content.js";
import type { OvfProperty } from "../../ovf/views/product.js";
import type { ImportChoice } from "../platform.js";
import { finding } from "./findings.js";

/** A choice that fits the package. */
export interface ResolvedChoice {
  /** Id of a configuration; `null`: the package offers none. */
  readonly configuration: string | null;
  readonly locale?: string;
  /** The value of a property: what was chosen, else its default in the configuration. */
  answerTo(property: OvfProperty): string | SecretRef | null;
  /** The value that `${key}` stands for; `undefined`: no property has that key. */
  lookUp(key: string): string | SecretRef | null | undefined;
}

/**
 * Checks a choice against what the package offers. The default configuration is the one that says so, else the first (DSP0243 9.7).
 * @throws `ovf/unknown-configuration`, `ovf/unknown-property`
 */
export function resolveChoice(
  document: OvfDocument,
  choice: ImportChoice,
  report: (diagnostic: Diagnostic) => void,
): ResolvedChoice {
  const configuration = chooseConfiguration(document, choice, report);
  const properties = allProperties(document);
  const byKey = indexByKey(properties);
  const values = new Map<number, string | SecretRef>();
  for (const [key, value] of Object.entries(choice.values ?? {})) {
    const found = byKey.get(key);
    if (found === undefined) {
      throw new FerryError("ovf/unknown-property", `the package has no property ${key}`, {
        hint: `It asks for: ${properties.map((property) => property.qualifiedKey).join(", ") || "nothing"}.`,
      });
    }
    for (const property of found) values.set(property.element.id, value);
  }
  const answerTo = (property: OvfProperty): string | SecretRef | null =>
    values.get(property.element.id) ?? property.valueFor(configuration);
  return {
    configuration,
    ...(choice.locale === undefined ? {} : { locale: choice.locale }),
    answerTo,
    lookUp(key) {
      const property = byKey.get(key)?.[0];
      return property === undefined ? undefined : answerTo(property);
    },
  };
}

function chooseConfiguration(
  document: OvfDocument,
  choice: ImportChoice,
  report: (diagnostic: Diagnostic) => void,
): string | null {
  const { configurations } = document;
  const ids = configurations.flatMap((configuration) => configuration.id ?? []);
  if (choice.configuration !== undefined) {
    if (ids.includes(choice.configuration)) return choice.configuration;
    throw new FerryError("ovf/unknown-configuration", `the package has no configuration ${choice.configuration}`, {
      hint: ids.length === 0 ? "It offers none." : `It offers: ${ids.join(", ")}.`,
    });
  }
  const defaults = configurations.filter((configuration) => configuration.isDefault && configuration.id !== null);
  const [first, second] = defaults;
  if (second !== undefined) {
    report(
      finding(
        "ovf/several-defaults",
        "warning",
        second.element,
        `${defaults.length} configurations say that they are the default`,
        {
          hint: `The first counts: ${first?.id}.`,
        },
      ),
    );
  }
  return first?.id ?? ids[0] ?? null;
}

function allProperties(document: OvfDocument): OvfProperty[] {
  const properties = document.products.flatMap((product) => [...product.properties]);
  const visit = (content: OvfContent): void => {
    for (const product of content.products) properties.push(...product.properties);
    content.children.forEach(visit);
  };
  document.contents.forEach(visit);
  return properties;
}

/** Properties by the key that guests see, and by their own key where nothing else has it. */
function indexByKey(properties: readonly OvfProperty[]): ReadonlyMap<string, readonly OvfProperty[]> {
  const index = new Map<string, OvfProperty[]>();
  const add = (key: string, property: OvfProperty): void => {
    const known = index.get(key);
    if (known === undefined) index.set(key, [property]);
    else known.push(property);
  };
  for (const property of properties) add(property.qualifiedKey, property);
  const qualified = new Set(index.keys());
  for (const property of properties)
    if (property.key !== null && !qualified.has(property.key)) add(property.key, property);
  return index;
}
