/** What devices are backed by: HostResource (DSP0243 8.3, 9.13). */
import type { Location } from "../../base/diagnostics.js";
import { parseHostResource } from "../../ovf/host-resource.js";
import type { XmlElement } from "../../xml/tree.js";
import { exampleItem } from "../example.js";
import { type ItemFacts, nameOfItem } from "../items.js";
import { type AnyRule, defineRule, ovfSpec } from "../rule.js";

const spec = ovfSpec("8.3");

/** RFC 3986: what no URI holds, a broken escape among it. Looked for so, because a pattern over all of a hostile text uses up the stack. */
const NO_URI = /[^A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]|%(?![0-9A-Fa-f]{2})/;

function cd(...resources: readonly string[]): string {
  const more = resources.map((resource) => `<rasd:HostResource>${resource}</rasd:HostResource>`).join("");
  return exampleItem({ ElementName: "CD", InstanceID: 9, ResourceType: 15 }, "", more);
}

/** The elements of an item's HostResources, with their texts. */
function* resourcesOf(facts: ItemFacts): Generator<readonly [text: string, element: XmlElement]> {
  if (facts.hostResources.length === 0) return;
  for (const element of facts.item.scope.cimChildren(facts.item.element, "HostResource")) {
    const text = element.text.trim();
    if (text !== "") yield [text, element];
  }
}

/** Where an item says a HostResource. */
function placeOf(facts: ItemFacts, wanted: string): Location {
  for (const [text, element] of resourcesOf(facts)) if (text === wanted) return element.location;
  return facts.item.element.location;
}

export const backingRules: readonly AnyRule[] = [
  defineRule({
    code: "ovf/host-resource-missing",
    node: "ovf/hardware",
    spec,
    requirements: ["OVF-8.3-18", "OVF-8.3-19"],
    severity: "error",
    strict: "error",
    what: 'The item {item} is backed by the {kind} "{id}", which {section} does not list.',
    why: "Importers find no content for the device, and refuse the package.",
    fix: "Correct the HostResource, or list what it names.",
    examples: {
      invalid: [
        { moreItems: cd("ovf:/file/none") },
        { moreItems: cd("ovf:/disk/file1") },
        { moreItems: cd("ovf:/disk/none").replaceAll("Item>", "StorageItem>") },
      ],
      valid: [
        { moreItems: cd("ovf:/file/file1") },
        {
          sections:
            '<SharedDiskSection><Info>Shared disks</Info><SharedDisk ovf:diskId="shared" ovf:capacity="8"/></SharedDiskSection>',
          moreItems: cd("ovf:/disk/shared"),
        },
      ],
    },
    *check({ items }, { index }) {
      for (const node of items) {
        for (const text of node.hostResources) {
          const resource = parseHostResource(text);
          if (resource === null) continue;
          const { kind, id } = resource;
          if (kind === "disk" ? index.disks.has(id) : index.files.has(id)) continue;
          const section = kind === "disk" ? "the DiskSection" : "References";
          yield { values: { item: nameOfItem(node), kind, id, section }, location: placeOf(node, text) };
        }
      }
    },
  }),
  defineRule({
    code: "ovf/host-resource-unknown-form",
    node: "ovf/hardware",
    spec,
    requirements: ["OVF-8.3-20"],
    severity: "warning",
    strict: "error",
    what: 'The HostResource "{resource}" of the item {item} names neither a disk nor a file.',
    why: "ovf:/disk/ID and ovf:/file/ID are the only two forms; a network is named by Connection.",
    fix: "Write ovf:/disk/ and the id of a Disk, or ovf:/file/ and the id of a File.",
    examples: {
      invalid: ["ovf:/network/lan", "ovf:/disk/"].map((resource) => ({ moreItems: cd(resource) })),
      valid: [{ moreItems: cd("ovf:/file/file1") }],
    },
    *check({ items }) {
      for (const node of items) {
        for (const text of node.hostResources) {
          if (!text.startsWith("ovf:") || parseHostResource(text) !== null) continue;
          yield { values: { item: nameOfItem(node), resource: text }, location: placeOf(node, text) };
        }
      }
    },
  }),
  defineRule({
    code: "ovf/host-resource-old-form",
    node: "ovf/item",
    spec,
    requirements: ["OVF-8.3-21"],
    // Every importer that we know takes it: OVF 0.9 had it, and VirtualBox writes it to this day.
    severity: "info",
    strict: "warning",
    what: 'The HostResource "{resource}" of the item {item} is spelled as before OVF 1.0.',
    why: "The standard has the form ovf:/disk/ID alone, with one slash.",
    fix: "Write {standard}.",
    examples: {
      invalid: ["/file/file1", "ovf://file/file1"].map((resource) => ({ moreItems: cd(resource) })),
      valid: [{ moreItems: cd("ovf:/file/file1") }],
    },
    *check(node, { ovf }) {
      if (ovf.scope.legacy) return;
      for (const text of node.hostResources) {
        const resource = parseHostResource(text);
        if (resource === null || resource.standard) continue;
        const standard = `ovf:/${resource.kind}/${resource.id}`;
        yield { values: { item: nameOfItem(node), resource: text, standard }, location: placeOf(node, text) };
      }
    },
    mend(node) {
      return [...resourcesOf(node)].flatMap(([text, element]) => {
        const resource = parseHostResource(text);
        if (resource === null || resource.standard) return [];
        return [{ edit: "xml" as const, element, change: { text: `ovf:/${resource.kind}/${resource.id}` } }];
      });
    },
  }),
  defineRule({
    code: "ovf/host-resource-local",
    node: "ovf/hardware",
    spec,
    requirements: ["OVF-8.3-24"],
    severity: "info",
    strict: "warning",
    what: 'The item {item} is backed by "{resource}", which is a thing of the platform that the package was made on.',
    why: "It is not part of the package; nobody else has it.",
    fix: "Remove it: whoever imports the package chooses what the device is backed by.",
    examples: {
      invalid: [{ moreItems: cd("/dev/cdrom") }],
      valid: [{ moreItems: cd("ovf:/file/file1") }],
    },
    *check({ items }, { ovf }) {
      for (const node of items) {
        // oVirt names its disks so.
        if (ovf.flavour === "ovirt") continue;
        for (const text of node.hostResources) {
          if (text.startsWith("ovf:") || parseHostResource(text) !== null) continue;
          yield { values: { item: nameOfItem(node), resource: text }, location: placeOf(node, text) };
        }
      }
    },
  }),
  defineRule({
    code: "ovf/host-resource-no-uri",
    node: "ovf/hardware",
    spec,
    requirements: ["OVF-8.3-46", "OVF-1-2"],
    // Importers compare texts; nobody resolves it.
    severity: "off",
    strict: "error",
    what: 'The HostResource "{resource}" of the item {item} is no URI.',
    why: "CIM says that it is one: blanks and characters beyond ASCII have to be escaped, or better, not in ids at all.",
    fix: "Give the disk or file an id of letters, digits, dots and dashes, and write that.",
    examples: {
      invalid: ["ovf:/file/my file", "ovf:/file/100%"].map((resource) => ({ moreItems: cd(resource) })),
      valid: [{ moreItems: cd("ovf:/file/my%20file") }],
    },
    *check({ items }) {
      for (const node of items) {
        for (const text of node.hostResources) {
          if (!NO_URI.test(text)) continue;
          yield { values: { item: nameOfItem(node), resource: text }, location: placeOf(node, text) };
        }
      }
    },
  }),
  defineRule({
    code: "ovf/backing-repeated",
    node: "ovf/hardware",
    spec,
    requirements: ["OVF-8.3-22"],
    severity: "warning",
    strict: "error",
    what: "The item {item} names {count} backings.",
    why: "A device has at most one, whether a HostResource or a Connection; importers take the first, or refuse the package.",
    fix: "Keep one, and add a device for each of the others.",
    examples: {
      invalid: [{ moreItems: cd("ovf:/file/file1", "ovf:/disk/disk1") }],
      valid: [{ moreItems: cd("ovf:/file/file1") }],
    },
    *check({ items }) {
      for (const node of items) {
        const count = node.hostResources.length + node.connections.length;
        if (count > 1) yield { values: { item: nameOfItem(node), count }, location: node.item.element.location };
      }
    },
  }),
];
