/** Values of properties and the limits that they are held to (DSP0243 9.5.1). */
import { checkValue } from "../../ovf/values/check.js";
import { parseQualifiers } from "../../ovf/values/qualifiers.js";
import { type AnyRule, defineRule, ovfSpec } from "../rule.js";
import { nameOf, property } from "./properties.js";

const spec = ovfSpec("9.5.1");

export const propertyValueRules: readonly AnyRule[] = [
  defineRule({
    code: "ovf/property-value-invalid",
    node: "ovf/property",
    spec,
    requirements: ["OVF-9.5.1-6", "OVF-9.5.1-10"],
    severity: "warning",
    strict: "error",
    what: "The {which} of the property {key} breaks its own {rule}: {reason}.",
    why: "Importers refuse the value, so that nobody can deploy the package without another one.",
    fix: "Correct the value, or the type or qualifier.",
    examples: {
      invalid: [
        property('ovf:type="uint8" ovf:value="300"'),
        property('ovf:type="boolean" ovf:value="maybe"'),
        property('ovf:type="string" ovf:qualifiers="MaxLen(3)" ovf:value="long"'),
      ],
      valid: [
        property('ovf:type="uint8" ovf:value="200"'),
        property('ovf:type="uint8" ovf:value=""'),
        property('ovf:type="string" ovf:qualifiers="MinLen(1)"'),
      ],
    },
    *check(found) {
      const given = [{ which: "value", value: found.value, element: found.element }];
      for (const { value, element } of found.values) given.push({ which: "value for a configuration", value, element });
      for (const { which, value, element } of given) {
        // Nothing forces the user to give a value.
        if (value === null || value === "") continue;
        for (const problem of checkValue(found.type, found.qualifiers, value)) {
          const rule = problem.problem === "type" ? `type ${found.type}` : `qualifier ${problem.qualifier}`;
          yield { values: { which, key: nameOf(found), rule, reason: problem.why }, location: element.location };
        }
      }
    },
  }),
  defineRule({
    code: "ovf/property-qualifiers-unreadable",
    node: "ovf/property",
    spec,
    requirements: ["OVF-9.5.1-7"],
    severity: "warning",
    strict: "error",
    what: 'The ovf:qualifiers "{qualifiers}" of the property {key} cannot be read.',
    why: "They are limits in the syntax of MOF, such as MinLen(1), MaxLen(8); importers ignore them or refuse the package.",
    fix: "Write them so, with commas between.",
    examples: {
      invalid: [property('ovf:type="string" ovf:qualifiers="MinLen(1"')],
      valid: [property('ovf:type="string" ovf:qualifiers="MinLen(1), MaxLen(8)"')],
    },
    *check(found) {
      const { qualifiers } = found;
      if (qualifiers !== null && parseQualifiers(qualifiers) === null)
        yield { values: { qualifiers, key: nameOf(found) } };
    },
  }),
  defineRule({
    code: "ovf/property-qualifier-unfit",
    node: "ovf/property",
    spec,
    requirements: ["OVF-9.5.1-8", "OVF-9.5.1-9?"],
    severity: "off",
    strict: "warning",
    what: "The qualifier {qualifier} of the property {key} is none for the type {type}.",
    why: "The standard has MinLen, MaxLen and ValueMap for strings, and ValueMap for whole numbers. VMware's tools know MinValue and MaxValue, too.",
    fix: "Use one that the type has.",
    examples: {
      invalid: [property('ovf:type="uint8" ovf:qualifiers="MinLen(1)"')],
      valid: [property('ovf:type="uint8" ovf:qualifiers="MinValue(1)"')],
    },
    *check(found) {
      const { qualifiers, type } = found;
      if (qualifiers === null) return;
      const kind = type === "string" ? /^(?:minlen|maxlen|valuemap)$/i : /^(?:valuemap|minvalue|maxvalue)$/i;
      for (const { name } of parseQualifiers(qualifiers) ?? []) {
        if (!kind.test(name)) yield { values: { qualifier: name, key: nameOf(found), type } };
      }
    },
  }),
  defineRule({
    code: "ovf/property-lengths",
    node: "ovf/property",
    spec,
    requirements: ["OVF-9.5.1-11?"],
    severity: "warning",
    strict: "error",
    what: "The property {key} has at least {least} characters and at most {most}.",
    why: "No value fits.",
    fix: "Correct MinLen or MaxLen.",
    examples: {
      invalid: [property('ovf:type="string" ovf:qualifiers="MinLen(9), MaxLen(8)"')],
      valid: [property('ovf:type="string" ovf:qualifiers="MinLen(1), MaxLen(8)"')],
    },
    *check(found) {
      const parsed = found.qualifiers === null ? null : parseQualifiers(found.qualifiers);
      const limit = (wanted: string): number => {
        const [value] = parsed?.find(({ name }) => name.toLowerCase() === wanted)?.values ?? [];
        return value === undefined ? Number.NaN : Number(value);
      };
      const [least, most] = [limit("minlen"), limit("maxlen")];
      if (least > most) yield { values: { key: nameOf(found), least, most } };
    },
  }),
  defineRule({
    code: "ovf/property-password-value",
    node: "ovf/property",
    spec,
    requirements: ["OVF-9.5.1-18"],
    severity: "warning",
    strict: "warning",
    what: "The password {key} has a default value.",
    why: "Everybody who has the package knows it, and every machine deployed from it has it.",
    fix: "Leave ovf:value out, so that it is asked for.",
    examples: {
      invalid: [property('ovf:type="string" ovf:password="true" ovf:value="secret"')],
      valid: [property('ovf:type="string" ovf:password="true"')],
    },
    *check(found) {
      if (found.password && (found.value ?? "") !== "") yield { values: { key: nameOf(found) } };
    },
  }),
  defineRule({
    code: "ovf/property-value-repeated",
    node: "ovf/property",
    spec,
    requirements: ["OVF-9.5.1-23"],
    severity: "warning",
    strict: "error",
    what: 'Two values of the property {key} are for the configuration "{configuration}".',
    why: "Only one of them can be the default there.",
    fix: "Keep the one that is meant.",
    examples: {
      invalid: [
        property(
          'ovf:type="string"',
          '<Value ovf:value="x" ovf:configuration="c"/><Value ovf:value="y" ovf:configuration="c"/>',
        ),
      ],
      valid: [
        property(
          'ovf:type="string"',
          '<Value ovf:value="x" ovf:configuration="c"/><Value ovf:value="y" ovf:configuration="d"/>',
        ),
      ],
    },
    *check(found) {
      const seen = new Set<string>();
      for (const value of found.values) {
        for (const configuration of value.configurations) {
          if (seen.has(configuration)) {
            yield { values: { key: nameOf(found), configuration }, location: value.element.location };
          }
          seen.add(configuration);
        }
      }
    },
  }),
  defineRule({
    code: "ovf/property-value-missing",
    node: "ovf/property",
    spec,
    requirements: ["OVF-9.5.1-22"],
    severity: "warning",
    strict: "error",
    what: "A Value of the property {key} has no ovf:value.",
    why: "There is nothing to set.",
    fix: "Add it.",
    examples: {
      invalid: [property('ovf:type="string"', '<Value ovf:configuration="c"/>')],
      valid: [property('ovf:type="string"', '<Value ovf:value="" ovf:configuration="c"/>')],
    },
    *check(found) {
      for (const { value, element } of found.values) {
        if (value === null) yield { values: { key: nameOf(found) }, location: element.location };
      }
    },
  }),
  defineRule({
    code: "ovf/property-reference-unknown",
    node: "ovf/product",
    spec,
    requirements: ["OVF-9.5.1-28"],
    severity: "off",
    strict: "warning",
    what: "The property {key} takes its value from {reference}, and the collection around has no such property.",
    why: "The guest gets the text as it is written.",
    fix: "Correct the name, or give the collection the property.",
    examples: {
      invalid: [property(`ovf:type="string" ovf:value="${reference("ip")}"`)],
      valid: [property('ovf:type="string" ovf:value="10.0.0.1"')],
    },
    *check({ properties, owner }, { nodes }) {
      const named = properties.filter(({ value }) => value !== null && /^\$\{[^}]+\}$/.test(value));
      if (named.length === 0) return;
      const above = owner?.parent ?? null;
      const known = new Set(
        nodes.products
          .filter((node) => node.owner === above && above !== null)
          .flatMap((node) => node.properties.flatMap((found) => [found.key, found.qualifiedKey])),
      );
      for (const found of named) {
        if (known.has(found.value?.slice(2, -1) ?? "")) continue;
        yield { values: { key: nameOf(found), reference: found.value }, location: found.element.location };
      }
    },
  }),
];

function reference(key: string): string {
  return `\${${key}}`;
}
