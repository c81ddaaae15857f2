import type { Appliance } from "../appliance/appliance.js";
import type { Location } from "../base/diagnostics.js";
import type { OvfDocument } from "../ovf/document.js";
import { CIM_CLASSES } from "../ovf/namespaces.js";
import { checkStructure } from "../ovf/schema/check.js";
import { type ChildOrder, childOrder } from "../ovf/schema/child-order.js";
import type { StructureFinding, StructureKind } from "../ovf/schema/findings.js";
import { schemaVersionOf } from "../ovf/schema/versions.js";
import type { OvfScope, Section } from "../ovf/scope.js";
import type { OvfContent } from "../ovf/views/content.js";
import { hardwareOf, type OvfHardware } from "../ovf/views/hardware.js";
import { OvfNode } from "../ovf/views/node.js";
import type { OvfConfiguration, OvfDisk, OvfFile, OvfNetwork } from "../ovf/views/parts.js";
import type { OvfProduct, OvfProperty } from "../ovf/views/product.js";
import { OvfResourceAllocationSection } from "../ovf/views/sections.js";
import type { PackageReader } from "../package/model.js";
import type { XmlElement } from "../xml/tree.js";
import { type ExtensionNode, extensionsOf } from "./extensions.js";
import { byInstanceId, type ItemFacts, type ItemGroup, itemFacts } from "./items.js";

/** A virtual system or a collection, with what is around it. */
export interface ContentNode {
  readonly content: OvfContent;
  /** The collection that it is in; `null`: in the envelope itself. */
  readonly parent: ContentNode | null;
  readonly sections: readonly Section[];
  readonly hardware: readonly HardwareNode[];
}

/** A VirtualHardwareSection. */
export interface HardwareNode extends ItemGroup<ItemNode> {
  readonly hardware: OvfHardware;
  readonly owner: ContentNode;
}

/** An item of hardware. What it says is read once: many rules ask for it. */
export interface ItemNode extends ItemFacts {
  readonly owner: HardwareNode;
}

/** A section, of the envelope (`owner` is `null`) or of content. */
export interface SectionNode {
  readonly section: Section;
  readonly owner: ContentNode | null;
}

/** A ProductSection. */
export interface ProductNode {
  readonly product: OvfProduct;
  readonly properties: readonly OvfProperty[];
  readonly owner: ContentNode | null;
}

/** What rules are asked about. `ovf/element` is every element of the standard and what stands right inside of one, properties without attributes left out: for what can stand anywhere, and only that. */
export interface RuleNodes {
  readonly package: PackageReader;
  readonly ovf: OvfDocument;
  readonly "ovf/file": OvfFile;
  readonly "ovf/disk": OvfDisk;
  readonly "ovf/network": OvfNetwork;
  readonly "ovf/configuration": OvfConfiguration;
  readonly "ovf/section": SectionNode;
  readonly "ovf/content": ContentNode;
  readonly "ovf/hardware": HardwareNode;
  readonly "ovf/item": ItemNode;
  /** Items that InstanceIDs tell apart: each hardware section, and each ResourceAllocationSection. */
  readonly "ovf/items": ItemGroup;
  readonly "ovf/product": ProductNode;
  readonly "ovf/property": OvfProperty;
  readonly "ovf/extension": ExtensionNode;
  readonly "ovf/element": XmlElement;
  readonly appliance: Appliance;
}

/** The name of a kind of node. */
export type NodeKind = keyof RuleNodes;

/** An element whose text is a message (DSP0243 10). */
export interface MessageUse {
  readonly element: XmlElement;
  readonly id: string;
}

/** All nodes of a descriptor, in document order within each kind. Made once for each run of the rules. */
export interface Nodes {
  readonly files: readonly OvfFile[];
  readonly disks: readonly OvfDisk[];
  readonly networks: readonly OvfNetwork[];
  readonly configurations: readonly OvfConfiguration[];
  readonly sections: readonly SectionNode[];
  readonly contents: readonly ContentNode[];
  readonly hardware: readonly HardwareNode[];
  readonly items: readonly ItemNode[];
  /** Hardware sections and ResourceAllocationSections. */
  readonly groups: readonly ItemGroup[];
  readonly products: readonly ProductNode[];
  readonly properties: readonly OvfProperty[];
  /** What `ovf/element` is about. Found when first asked for: it takes a walk over all elements. */
  readonly elements: readonly XmlElement[];
  /** Elements with `ovf:msgid`, those of bundles left out. Found when first asked for. */
  readonly messages: readonly MessageUse[];
  /** In which ways the document is not what its schema says, the first of each kind. Found when first asked for. */
  readonly structure: readonly StructureFinding[];
  /** The order that its schema wants of children; `null`: it has no schema. Made when first asked for. */
  readonly childOrder: ChildOrder | null;
  /** Found when first asked for. */
  readonly extensions: readonly ExtensionNode[];
}

/** Findings of one kind that are kept: the engine gives no more. */
const MOST_OF_A_KIND = 101;

/** Walks a descriptor. */
export function collectNodes(document: OvfDocument): Nodes {
  const sections: SectionNode[] = document.sections.map((section) => ({ section, owner: null }));
  const products: ProductNode[] = document.products.map((product) => productNode(product, null));
  const contents: ContentNode[] = [];
  const pending = document.contents.map((content): [OvfContent, ContentNode | null] => [content, null]).reverse();
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const node = contentNode(...next);
    contents.push(node);
    for (const section of node.sections) sections.push({ section, owner: node });
    for (const product of node.content.products) products.push(productNode(product, node));
    for (const child of [...node.content.children].reverse()) pending.push([child, node]);
  }
  const hardware = contents.flatMap((node) => node.hardware);
  let elements: readonly XmlElement[] | null = null;
  let messages: readonly MessageUse[] | null = null;
  let structure: readonly StructureFinding[] | null = null;
  let order: ChildOrder | null | undefined;
  const items = hardware.flatMap((section) => section.items);
  let extensions: readonly ExtensionNode[] | undefined;
  return {
    files: document.references,
    disks: [...document.disks, ...document.sharedDisks],
    networks: document.networks,
    configurations: document.configurations,
    sections,
    contents,
    hardware,
    items,
    groups: [...hardware, ...allocationsOf(sections, document.scope)],
    products,
    properties: products.flatMap(({ properties }) => properties),
    get elements(): readonly XmlElement[] {
      elements ??= elementsOf(document);
      return elements;
    },
    get messages(): readonly MessageUse[] {
      messages ??= [...messageUses(document, this.elements)];
      return messages;
    },
    get structure(): readonly StructureFinding[] {
      structure ??= structureOf(document);
      return structure;
    },
    get childOrder(): ChildOrder | null {
      if (order === undefined) {
        const version = schemaVersionOf(document.xml.root);
        order = version === null ? null : childOrder(version);
      }
      return order;
    },
    get extensions(): readonly ExtensionNode[] {
      extensions ??= extensionsOf(document, this.elements);
      return extensions;
    },
  };
}

/**
 * The elements of the standard in document order, and what stands right inside of them. Properties of items, which are the most of a
 * descriptor, are left out where they have no attributes. What stands in an element of somebody else's namespace is that one's own affair.
 */
function elementsOf({ xml, scope }: OvfDocument): XmlElement[] {
  const found: XmlElement[] = [];
  const stack: Iterator<XmlElement>[] = [[xml.root][Symbol.iterator]()];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const next = top.next();
    if (next.done === true) {
      stack.pop();
      continue;
    }
    const element = next.value;
    const core = scope.isCore(element.namespace);
    if (core || !element.bare || !element.namespace.startsWith(CIM_CLASSES)) found.push(element);
    if (core) stack.push(element.elements()[Symbol.iterator]());
  }
  return found;
}

function structureOf({ xml }: OvfDocument): StructureFinding[] {
  const version = schemaVersionOf(xml.root);
  const found: StructureFinding[] = [];
  if (version === null) return found;
  const counts = new Map<StructureKind, number>();
  for (const finding of checkStructure(xml, version)) {
    const count = (counts.get(finding.kind) ?? 0) + 1;
    counts.set(finding.kind, count);
    if (count <= MOST_OF_A_KIND) found.push(finding);
  }
  return found;
}

function* messageUses(document: OvfDocument, elements: readonly XmlElement[]): Generator<MessageUse> {
  for (const element of elements) {
    if (element.bare || element.name === "Msg") continue;
    const id = document.scope.attribute(element, "msgid");
    if (id !== undefined) yield { element, id };
  }
}

function productNode(product: OvfProduct, owner: ContentNode | null): ProductNode {
  return { product, properties: product.properties, owner };
}

function contentNode(content: OvfContent, parent: ContentNode | null): ContentNode {
  const hardware: HardwareNode[] = [];
  const node: ContentNode = { content, parent, sections: content.sections, hardware };
  for (const section of hardwareOf(content.scope, node.sections)) hardware.push(hardwareNode(section, node));
  return node;
}

function hardwareNode(hardware: OvfHardware, owner: ContentNode): HardwareNode {
  const items: ItemNode[] = [];
  const byInstance = new Map<string, ItemNode[]>();
  const node: HardwareNode = { hardware, element: hardware.element, owner, items, byInstance };
  for (const item of hardware.items) items.push({ ...itemFacts(item), owner: node });
  byInstanceId(items, byInstance);
  return node;
}

/** The groups of items outside of hardware: what a collection gets (DSP0243 9.3). */
function allocationsOf(sections: readonly SectionNode[], scope: OvfScope): ItemGroup[] {
  const groups: ItemGroup[] = [];
  for (const { section } of sections) {
    if (!section.core || section.name !== "ResourceAllocationSection") continue;
    const items = new OvfResourceAllocationSection(section.element, scope).items.map(itemFacts);
    groups.push({ element: section.element, items, byInstance: byInstanceId(items, new Map()) });
  }
  return groups;
}

/** Where a node is, for findings that name no place of their own; `undefined`: nowhere in particular. */
export function placeOf(node: RuleNodes[NodeKind]): Location | undefined {
  const element = elementOf(node);
  return element?.location;
}

function elementOf(node: RuleNodes[NodeKind]): XmlElement | null {
  if (node instanceof OvfNode) return node.element;
  if ("markup" in node) return node;
  if ("xml" in node) return node.xml.root;
  if ("section" in node) return node.section.element;
  if ("content" in node) return node.content.element;
  if ("items" in node) return node.element;
  if ("item" in node) return node.item.element;
  if ("product" in node) return node.product.element;
  if ("place" in node) return node.element;
  return null;
}
