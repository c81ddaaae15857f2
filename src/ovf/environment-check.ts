import type { Diagnostic, DiagnosticCode, Severity } from "../base/diagnostics.js";
import type { XmlElement } from "../xml/tree.js";
import type { EnvironmentDocument } from "./environment.js";
import { OVF_ENVIRONMENT } from "./namespaces.js";
import { checkStructure } from "./schema/check.js";
import type { OvfScope } from "./scope.js";

/** What is wrong with an environment: by the schema of DSP8027, and by what DSP0243 11.1 says beyond it. */
export function* checkEnvironment(document: EnvironmentDocument): Generator<Diagnostic> {
  const { xml, scope } = document;
  const { root } = xml;
  if (root.namespace !== OVF_ENVIRONMENT) {
    const namespace = root.namespace === "" ? "in no namespace" : `in the namespace ${root.namespace}`;
    yield found("ovf-env/namespace", "error", root, `the environment is ${namespace}`, {
      hint: `Guests look for ${OVF_ENVIRONMENT}, whatever the version of OVF.`,
    });
  } else {
    for (const { element, attribute, message, hint } of checkStructure(xml, "environment-1.1.0")) {
      const { location } = attribute ?? element;
      yield { ...found("ovf-env/structure", "error", element, message, { hint }), location };
    }
  }
  yield* checkHolder(scope, root);
  const ids = new Set<string>();
  for (const entity of scope.children(root, "Entity")) {
    yield* checkHolder(scope, entity);
    const id = scope.attribute(entity, "id");
    if (id !== undefined && ids.has(id)) {
      yield found("ovf-env/repeated", "error", entity, `two entities have the id ${id}`, {
        hint: "Each system beside the machine has one Entity.",
      });
    }
    if (id !== undefined) ids.add(id);
  }
}

/** Sections of an environment or an entity. */
function* checkHolder(scope: OvfScope, element: XmlElement): Generator<Diagnostic> {
  for (const name of ["PlatformSection", "PropertySection"]) {
    const [, second] = scope.children(element, name);
    if (second === undefined) continue;
    yield found("ovf-env/repeated", "error", second, `${element.name} has several elements ${name}`, {
      hint: "Put what they hold into one.",
    });
  }
  for (const platform of scope.children(element, "PlatformSection")) yield* checkPlatform(scope, platform);
  const keys = new Set<string>();
  for (const section of scope.children(element, "PropertySection")) {
    for (const property of scope.children(section, "Property")) {
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

function* checkPlatform(scope: OvfScope, platform: XmlElement): Generator<Diagnostic> {
  const timezone = scope.child(platform, "Timezone");
  const minutes = timezone?.text.trim() ?? "";
  if (timezone !== undefined && /^[+-]?[0-9]+$/.test(minutes) && Math.abs(Number(minutes)) > 1440) {
    yield found("ovf-env/bad-value", "error", timezone, `the time zone is ${minutes.slice(0, 40)} minutes from UTC`, {
      hint: "It is a count of minutes to the east, and a day has 1440.",
    });
  }
  const locale = scope.child(platform, "Locale");
  const language = locale?.text.trim() ?? "";
  if (locale !== undefined && language !== "" && !/^[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8}){0,40}$/.test(language)) {
    yield found("ovf-env/bad-value", "warning", locale, `the locale is ${JSON.stringify(language.slice(0, 40))}`, {
      hint: "It is a language and a country: en-US.",
    });
  }
}

function found(
  code: DiagnosticCode,
  severity: Severity,
  element: XmlElement,
  message: string,
  more: { readonly hint: string },
): Diagnostic {
  const spec = { spec: "DSP0243", version: "2.1.1", section: "11.1" };
  return { code, severity, message, spec, location: element.location, ...more };
}
