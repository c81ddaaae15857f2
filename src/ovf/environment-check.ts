import type { Diagnostic, DiagnosticCode, Severity } from "../base/diagnostics.js";
import type { XmlElement } from "../xml/tree.js";
import { type EnvironmentDocument, isEnvironmentNamespace, PLATFORM_ORDER } from "./environment.js";
import { OVF_ENVIRONMENT } from "./namespaces.js";
import type { OvfScope } from "./scope.js";

/** What is wrong with an environment, by DSP8027 and by what DSP0243 11.1 says of it. Azure's documents are none of its business. */
export function* checkEnvironment(document: EnvironmentDocument): Generator<Diagnostic> {
  const { xml, scope, kind } = document;
  const { root } = xml;
  if (!isEnvironmentNamespace(root.namespace)) {
    yield found(
      "ovf-env/namespace",
      "error",
      root,
      `the environment is in the namespace ${root.namespace || "of nothing"}`,
      {
        hint: `Guests look for ${OVF_ENVIRONMENT}, for every version of OVF.`,
      },
    );
  }
  if (kind === "azure") return;
  yield* attributesOf(scope, root, ["id"], []);
  yield* holder(scope, root);
  yield* orderOf(scope, root, ["PlatformSection", "PropertySection", "Entity"]);
  const ids = new Map<string, XmlElement>();
  for (const entity of scope.children(root, "Entity")) {
    yield* attributesOf(scope, entity, ["id"], ["id"]);
    yield* holder(scope, entity);
    const id = scope.attribute(entity, "id");
    if (id !== undefined && ids.has(id)) {
      yield found("ovf-env/repeated", "error", entity, `two entities have the id ${id}`, {
        hint: "Each system beside the machine has one Entity.",
      });
    }
    if (id !== undefined) ids.set(id, entity);
  }
}

/** Sections of an environment or an entity. */
function* holder(scope: OvfScope, element: XmlElement): Generator<Diagnostic> {
  for (const name of ["PlatformSection", "PropertySection"]) {
    const [, second] = scope.children(element, name);
    if (second !== undefined) {
      yield found("ovf-env/repeated", "error", second, `${element.name} has several elements ${name}`, {
        hint: "Put what they hold into one.",
      });
    }
  }
  for (const platform of scope.children(element, "PlatformSection")) yield* platformOf(scope, platform);
  const keys = new Set<string>();
  for (const section of scope.children(element, "PropertySection")) {
    for (const property of scope.children(section, "Property")) {
      yield* attributesOf(scope, property, ["key", "value"], ["key", "value"]);
      const key = scope.attribute(property, "key");
      if (key !== undefined && keys.has(key)) {
        yield found("ovf-env/repeated", "error", property, `two properties have the key ${key}`, {
          hint: "A property of the system stands in place of one of its collection that has the same key.",
        });
      }
      if (key !== undefined) keys.add(key);
    }
  }
}

function* platformOf(scope: OvfScope, platform: XmlElement): Generator<Diagnostic> {
  yield* orderOf(scope, platform, PLATFORM_ORDER);
  for (const name of PLATFORM_ORDER) {
    const [, second] = scope.children(platform, name);
    if (second !== undefined)
      yield found("ovf-env/repeated", "error", second, `PlatformSection has several elements ${name}`);
  }
  for (const child of scope.children(platform)) {
    if (!PLATFORM_ORDER.includes(child.name)) {
      yield found("ovf-env/unknown-element", "error", child, `PlatformSection has no element ${child.name}`, {
        hint:
          child.name === "TimeZone"
            ? "The schema spells it Timezone."
            : "Elements of others need a namespace of their own.",
      });
    }
  }
  const timezone = scope.child(platform, "Timezone");
  const minutes = timezone?.text.trim() ?? "0";
  if (timezone !== undefined && (!/^[+-]?[0-9]{1,5}$/.test(minutes) || Math.abs(Number(minutes)) > 1440)) {
    yield found("ovf-env/bad-value", "error", timezone, `the time zone is ${JSON.stringify(minutes.slice(0, 40))}`, {
      hint: "It is a count of minutes from UTC, to the east.",
    });
  }
  const locale = scope.child(platform, "Locale");
  const language = locale?.text.trim() ?? "";
  if (locale !== undefined && language !== "" && !/^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*$/.test(language)) {
    yield found("ovf-env/bad-value", "warning", locale, `the locale is ${JSON.stringify(language.slice(0, 40))}`, {
      hint: "It is a language and a country: en-US.",
    });
  }
}

/** Attributes that must be there, and that all of the standard's are in its namespace, as the schema has them. */
function* attributesOf(
  scope: OvfScope,
  element: XmlElement,
  known: readonly string[],
  needed: readonly string[],
): Generator<Diagnostic> {
  for (const name of needed) {
    if (scope.attribute(element, name) !== undefined) continue;
    yield found("ovf-env/missing-attribute", "error", element, `${element.name} has no ${name}`);
  }
  for (const { namespace, name, location } of element.attributes) {
    if (namespace !== "" || !known.includes(name)) continue;
    yield {
      ...found(
        "ovf-env/unqualified-attribute",
        "error",
        element,
        `the attribute ${name} of ${element.name} has no prefix`,
        {
          hint: "Guests that go by namespaces do not find it: declare a prefix for the environment's namespace, and use it.",
        },
      ),
      location,
    };
  }
}

/** Known children stand in their order, and those of others behind them, except for sections. */
function* orderOf(scope: OvfScope, element: XmlElement, order: readonly string[]): Generator<Diagnostic> {
  // Sections may stand in any order among themselves, before all entities.
  const rank = (name: string): number => (name.endsWith("Section") ? 0 : order.indexOf(name));
  let last: XmlElement | null = null;
  for (const child of scope.children(element)) {
    if (!order.includes(child.name)) continue;
    if (last !== null && rank(child.name) < rank(last.name)) {
      yield found("ovf-env/order", "error", child, `${child.name} stands behind ${last.name}`, {
        hint: `The order is ${order.join(", ")}.`,
      });
    }
    last = child;
  }
}

function found(
  code: DiagnosticCode,
  severity: Severity,
  element: XmlElement,
  message: string,
  more: { readonly hint?: string } = {},
): Diagnostic {
  const section = { spec: "DSP0243", version: "2.1.1", section: "11.1" };
  return { code, severity, message, spec: section, location: element.location, ...more };
}
