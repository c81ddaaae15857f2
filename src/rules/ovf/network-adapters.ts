/** Network adapters of a machine (DSP0243 8.3). */
import { exampleItem } from "../example.js";
import { nameOfItem } from "../items.js";
import type { ItemNode } from "../nodes.js";
import { type AnyRule, defineRule, ovfSpec } from "../rule.js";

const spec = ovfSpec("8.3");

const ETHERNET = 10;

const isAdapter = (node: ItemNode): boolean => node.bound === "normal" && node.resourceType === ETHERNET;

/** Six bytes in hexadecimal digits: joined, or by colons, dashes or blanks; also in fours with dots. */
const MAC =
  /^(?:[0-9A-F]{12}|[0-9A-F]{2}(?:([:\- ])[0-9A-F]{2})(?:\1[0-9A-F]{2}){4}|[0-9A-F]{4}\.[0-9A-F]{4}\.[0-9A-F]{4})$/i;

function adapter(properties: Record<string, string | number>): string {
  return exampleItem({ InstanceID: 9, ResourceType: ETHERNET, ...properties });
}

export const networkAdapterRules: readonly AnyRule[] = [
  defineRule({
    code: "ovf/adapter-network-missing",
    node: "ovf/hardware",
    spec,
    requirements: ["OVF-8.3-25"],
    severity: "warning",
    strict: "warning",
    what: "The network adapter {item} names no network.",
    why: "Importers cannot tell where to connect it.",
    fix: "Name a network of the NetworkSection in rasd:Connection.",
    examples: { invalid: [{ moreItems: adapter({}) }], valid: [{ moreItems: adapter({ Connection: "lan" }) }] },
    *check({ items }) {
      for (const node of items) {
        if (!isAdapter(node) || node.connections.length > 0 || node.hostResources.length > 0) continue;
        yield { values: { item: nameOfItem(node) }, location: node.item.element.location };
      }
    },
  }),
  defineRule({
    code: "ovf/mac-invalid",
    node: "ovf/hardware",
    spec,
    requirements: ["OVF-8.3-28"],
    severity: "warning",
    strict: "warning",
    what: 'The Address "{address}" of the network adapter {item} is no MAC address.',
    why: "On network adapters it is one; importers refuse others, or ignore them.",
    fix: "Write six bytes in hexadecimal digits, such as 00:50:56:00:00:01, or leave it out.",
    examples: {
      invalid: ["7", "00:50:56:00:00"].map((address) => ({
        moreItems: adapter({ Address: address, Connection: "lan" }),
      })),
      valid: ["00:50:56:00:00:01", "005056000001"].map((address) => ({
        moreItems: adapter({ Address: address, Connection: "lan" }),
      })),
    },
    *check({ items }, { ovf }) {
      for (const node of items) {
        const address = node.properties.get("Address");
        // oVirt has a place on the PCI bus there.
        if (address === undefined || !isAdapter(node) || MAC.test(address) || ovf.flavour === "ovirt") continue;
        const place = node.item.propertyElement("Address") ?? node.item.element;
        yield { values: { item: nameOfItem(node), address }, location: place.location };
      }
    },
  }),
  defineRule({
    code: "ovf/mac-fixed",
    node: "ovf/hardware",
    spec,
    requirements: ["OVF-8.3-29?"],
    severity: "info",
    strict: "info",
    what: "The network adapter {item} has the MAC address {address}.",
    why: "Whoever deploys the package twice has two machines with one address, and neither is reached reliably.",
    fix: "Leave it out of packages that others get: importers choose an address.",
    examples: {
      invalid: [{ moreItems: adapter({ Address: "00:50:56:00:00:01", Connection: "lan" }) }],
      valid: [{ moreItems: adapter({ Connection: "lan" }) }],
    },
    *check({ items }) {
      for (const node of items) {
        const address = node.properties.get("Address");
        if (address === undefined || !isAdapter(node) || !MAC.test(address)) continue;
        const place = node.item.propertyElement("Address") ?? node.item.element;
        yield { values: { item: nameOfItem(node), address }, location: place.location };
      }
    },
  }),
];
