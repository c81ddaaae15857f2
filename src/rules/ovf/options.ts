/** DeploymentOptionSection and what refers to it (DSP0243 9.8). */
import { OvfDeploymentOptionSection } from "../../ovf/views/sections.js";
import { repeated } from "../duplicates.js";
import { type AnyRule, defineRule, ovfSpec } from "../rule.js";

const spec = ovfSpec("9.8");
const options = (configurations: string): { readonly sections: string } => ({
  sections: `<DeploymentOptionSection><Info>Sizes</Info>${configurations}</DeploymentOptionSection>`,
});
const option = (id: string, attributes = ""): string =>
  `<Configuration ovf:id="${id}" ${attributes}><Label>${id}</Label><Description>${id}</Description></Configuration>`;

export const optionRules: readonly AnyRule[] = [
  defineRule({
    code: "ovf/option-section-empty",
    node: "ovf/section",
    when: ({ section }) => section.name === "DeploymentOptionSection",
    spec,
    requirements: ["OVF-9.8-1"],
    severity: "warning",
    strict: "error",
    what: "The DeploymentOptionSection offers no Configuration.",
    why: "There is nothing to choose from.",
    fix: "Add configurations, or remove the section.",
    examples: { invalid: [options("")], valid: [options(option("small"))] },
    *check({ section }, { ovf }) {
      if (!section.core || section.name !== "DeploymentOptionSection") return;
      if (new OvfDeploymentOptionSection(section.element, ovf.scope).options.length === 0) yield {};
    },
  }),
  defineRule({
    code: "ovf/option-incomplete",
    node: "ovf/configuration",
    spec,
    requirements: ["OVF-9.8-2"],
    severity: "warning",
    strict: "error",
    what: "A Configuration has no {part}.",
    why: "Users choose by label and description, and items refer to it by its id.",
    fix: "Add it.",
    examples: {
      invalid: [options('<Configuration ovf:id="a"><Label>a</Label></Configuration>'), options(option(""))],
      valid: [options(option("small"))],
    },
    *check(configuration) {
      if (configuration.id === null) yield { values: { part: "ovf:id" } };
      if (configuration.label === null) yield { values: { part: "Label" } };
      if (configuration.description === null) yield { values: { part: "Description" } };
    },
  }),
  defineRule({
    code: "ovf/option-id-repeated",
    node: "ovf",
    spec,
    requirements: ["OVF-9.8-3"],
    severity: "warning",
    strict: "error",
    what: 'More than one Configuration has the ovf:id "{id}".',
    why: "Nobody can tell which of them is chosen.",
    fix: "Give each an id of its own.",
    examples: {
      invalid: [options(option("a") + option("a"))],
      valid: [options(option("a") + option("b"))],
    },
    *check(_document, { nodes }) {
      yield* repeated(
        nodes.configurations,
        ({ id }) => id,
        ({ element }) => element,
      );
    },
  }),
  defineRule({
    code: "ovf/option-defaults",
    node: "ovf",
    spec,
    requirements: ["OVF-9.8-4"],
    severity: "warning",
    strict: "error",
    what: "{count} configurations say that they are the default.",
    why: "One is; importers choose differently among several.",
    fix: "Leave ovf:default on one.",
    examples: {
      invalid: [options(option("a", 'ovf:default="true"') + option("b", 'ovf:default="true"'))],
      valid: [options(option("a", 'ovf:default="true"') + option("b"))],
    },
    *check(_document, { nodes }) {
      const defaults = nodes.configurations.filter(({ isDefault }) => isDefault);
      const [, second] = defaults;
      if (second !== undefined) yield { values: { count: defaults.length }, location: second.element.location };
    },
  }),
  defineRule({
    code: "ovf/option-unknown",
    node: "ovf/element",
    spec,
    requirements: ["OVF-9.8-10", "OVF-9.5.1-20", "OVF-9.5.1-22", "OVF-9.14-10"],
    severity: "warning",
    strict: "error",
    what: 'The {element} is for the configuration "{id}", which the package does not offer.',
    why: "Nobody can choose it, so that what is said here never counts.",
    fix: "Correct the id, or add the Configuration to the DeploymentOptionSection.",
    examples: {
      invalid: [
        {
          moreItems:
            '<Item ovf:configuration="big"><rasd:InstanceID>1</rasd:InstanceID><rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>2</rasd:VirtualQuantity></Item>',
        },
      ],
      valid: [
        {
          ...options(option("big")),
          moreItems:
            '<Item ovf:configuration="big"><rasd:InstanceID>1</rasd:InstanceID><rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>2</rasd:VirtualQuantity></Item>',
        },
      ],
    },
    *check(element, { ovf, index }) {
      if (element.bare) return;
      const text = ovf.scope.attribute(element, "configuration");
      if (text === undefined) return;
      for (const id of text.split(/\s+/)) {
        if (id === "" || index.configurations.has(id)) continue;
        yield { values: { element: element.name, id } };
      }
    },
  }),
  defineRule({
    code: "ovf/option-id-blank",
    node: "ovf/configuration",
    spec,
    requirements: ["OVF-9.8-11?"],
    severity: "warning",
    strict: "error",
    what: 'The ovf:id "{id}" of a Configuration has a blank in it.',
    why: "Items list the ids of configurations with blanks between them: nothing can refer to this one.",
    fix: "Use an id without blanks.",
    examples: { invalid: [options(option("very big"))], valid: [options(option("very-big"))] },
    *check({ id }) {
      if (id !== null && /\s/.test(id)) yield { values: { id } };
    },
  }),
  defineRule({
    code: "ovf/item-type-differs",
    node: "ovf/items",
    spec,
    requirements: ["OVF-8.4-7", "OVF-9.3-3", "OVF-9.8-13"],
    severity: "warning",
    strict: "error",
    what: 'Items with the InstanceID "{id}" have different ResourceTypes ({types}).',
    why: "They are one piece of hardware, in different configurations or with its limits.",
    fix: "Give the other piece an InstanceID of its own.",
    examples: {
      invalid: [
        {
          ...options(option("big")),
          moreItems:
            '<Item ovf:configuration="big"><rasd:InstanceID>1</rasd:InstanceID><rasd:ResourceType>4</rasd:ResourceType><rasd:VirtualQuantity>2</rasd:VirtualQuantity></Item>',
        },
      ],
      valid: [{}],
    },
    *check({ byInstance }) {
      for (const [id, items] of byInstance) {
        if (items.length < 2) continue;
        const types = new Set(items.flatMap(({ resourceType }) => (resourceType === null ? [] : [resourceType])));
        const [, second] = items;
        if (types.size < 2 || second === undefined) continue;
        yield { values: { id, types: [...types].join(", ") }, location: second.item.element.location };
      }
    },
  }),
];
