/** NetworkSection (DSP0243 9.2). */
import { parseUnit } from "../../ovf/tables/units.js";
import { repeated } from "../duplicates.js";
import { type AnyRule, defineRule, ovfSpec } from "../rule.js";

const spec = ovfSpec("9.2");
const nic = (network: string): string =>
  `<Item><rasd:AutomaticAllocation>true</rasd:AutomaticAllocation><rasd:Connection>${network}</rasd:Connection><rasd:ElementName>NIC</rasd:ElementName><rasd:InstanceID>9</rasd:InstanceID><rasd:ResourceType>10</rasd:ResourceType></Item>`;

export const networkRules: readonly AnyRule[] = [
  defineRule({
    code: "ovf/network-unknown",
    node: "ovf/item",
    spec,
    requirements: ["OVF-8.3-27", "OVF-9.2-1", "OVF-9.2-2"],
    severity: "warning",
    strict: "error",
    what: 'A NIC is connected to the network "{network}", which the NetworkSection does not have.',
    why: "Users are asked for the networks of the NetworkSection; importers refuse a connection to another one, or leave it open.",
    fix: "Add a Network with that name, or correct rasd:Connection.",
    examples: { invalid: [{ moreItems: nic("elsewhere") }], valid: [{ moreItems: nic("lan") }] },
    *check({ connections, resourceType }, { index }) {
      if (resourceType !== 10 && resourceType !== 33) return;
      for (const network of connections) {
        if (!index.networks.has(network)) yield { values: { network } };
      }
    },
  }),
  defineRule({
    code: "ovf/network-name-missing",
    node: "ovf/network",
    spec,
    requirements: ["OVF-9.2-3"],
    severity: "warning",
    strict: "error",
    what: "A Network has no ovf:name.",
    why: "NICs are connected to networks by name.",
    fix: "Give it an ovf:name.",
    examples: { invalid: [{ networks: "<Network/>", items: "" }], valid: [{}] },
    *check({ name }) {
      if (name === null) yield {};
    },
  }),
  defineRule({
    code: "ovf/network-name-repeated",
    node: "ovf",
    spec,
    requirements: ["OVF-9.2-4?"],
    severity: "warning",
    strict: "error",
    what: 'More than one Network has the ovf:name "{id}".',
    why: "NICs are connected to networks by name.",
    fix: "Keep one of them.",
    examples: {
      invalid: [{ networks: '<Network ovf:name="lan"/><Network ovf:name="lan"/>' }],
      valid: [{}],
    },
    *check(_document, { nodes }) {
      yield* repeated(
        nodes.networks,
        ({ name }) => name,
        ({ element }) => element,
      );
    },
  }),
  defineRule({
    code: "ovf/network-unused",
    node: "ovf",
    spec,
    requirements: ["OVF-9.2-5?"],
    severity: "off",
    strict: "info",
    what: 'No NIC is connected to the network "{network}".',
    why: "Users are asked where it is, for nothing.",
    fix: "Remove it, where nothing is missing.",
    examples: {
      invalid: [{ networks: '<Network ovf:name="lan"/><Network ovf:name="spare"/>' }],
      valid: [{}],
    },
    *check(_document, { nodes }) {
      const used = new Set(
        nodes.items.flatMap(({ item, properties }) =>
          properties.has("Connection") ? item.properties("Connection") : [],
        ),
      );
      for (const { name, element } of nodes.networks) {
        if (name !== null && !used.has(name)) yield { values: { network: name }, location: element.location };
      }
    },
  }),
  defineRule({
    code: "ovf/port-profile-uri-invalid",
    node: "ovf/network",
    spec,
    requirements: ["OVF-9.2-10"],
    severity: "warning",
    strict: "error",
    what: 'The NetworkPortProfileURI "{uri}" is no URI.',
    why: "It names a document with the settings of the port.",
    fix: "Write a URI.",
    examples: null,
    *check(network) {
      for (const uri of network.portProfileUris)
        if (uri === "" || /[\s<>"{}|\\^`]/.test(uri)) yield { values: { uri } };
    },
  }),
  defineRule({
    code: "ovf/port-profile-unit-unknown",
    node: "ovf/network",
    spec,
    requirements: ["OVF-9.2-13?"],
    severity: "warning",
    strict: "warning",
    what: 'The bandwidth of a port profile is in the unit "{unit}", which is no programmatic unit.',
    why: "Nobody can tell how much is reserved.",
    fix: "Write a unit of DSP0004, such as bit / second * 10^9.",
    examples: null,
    *check(network) {
      for (const profile of network.portProfiles) {
        for (const item of profile.items) {
          const unit = item.property("AllocationUnits");
          // A bandwidth is an amount each second: `bit / second * 10^6`. The amount is a unit of its own.
          if (unit !== null && parseUnit(unit.replace(/\s*\/\s*second\b/, "")) === null)
            yield { values: { unit }, location: item.element.location };
        }
      }
    },
  }),
];
