/** The conformance level of a descriptor (DSP0243 7.4). */
import { isRequired } from "../extensions.js";
import { type AnyRule, defineRule, ovfSpec } from "../rule.js";

export const conformanceRules: readonly AnyRule[] = [
  defineRule({
    code: "ovf/conformance-level",
    node: "ovf",
    spec: ovfSpec("7.4"),
    requirements: ["OVF-7.4-1", "OVF-7.4-2", "OVF-7.4-3", "OVF-7.4-6"],
    // A fact about the descriptor, not a fault.
    severity: "off",
    strict: "info",
    what: "The descriptor is at conformance level {level}: it has {count} extensions, of which {required} are required.",
    why: "Level 1 has none, level 2 has only such as may be left out, level 3 is not portable.",
    fix: 'Mark extensions ovf:required="false" for level 2; remove them for level 1.',
    examples: {
      invalid: ["true", "false"].map((required) => ({
        sections: `<vmw:OwnSection ovf:required="${required}"><Info>x</Info></vmw:OwnSection>`,
      })),
      valid: [{}],
    },
    *check({ xml }, { nodes }) {
      const count = nodes.extensions.length;
      if (count === 0) return;
      const required = nodes.extensions.filter(isRequired).length;
      yield { values: { level: required > 0 ? 3 : 2, count, required }, location: xml.root.location };
    },
  }),
];
