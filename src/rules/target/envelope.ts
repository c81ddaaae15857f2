/** What a reader sees of a descriptor at all. */

import type { OvfDialect } from "../../ovf/dialect.js";
import { OVF_2, XSI } from "../../ovf/namespaces.js";
import type { OvfGeneration } from "../../targets/profile.js";
import { type AnyRule, defineRule } from "../rule.js";
import { asked, readers } from "./reader.js";

function generationOf(dialect: OvfDialect): OvfGeneration {
  if (dialect === "0.9") return "0.9";
  return dialect.startsWith("2") ? "2" : "1";
}

const HARDWARE =
  "<Info>x</Info><Item><rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits><rasd:InstanceID>2</rasd:InstanceID><rasd:ResourceType>4</rasd:ResourceType><rasd:VirtualQuantity>64</rasd:VirtualQuantity></Item>";
const SYSTEM = `<VirtualSystem ovf:id="a"><Info>x</Info><VirtualHardwareSection>${HARDWARE}</VirtualHardwareSection></VirtualSystem>`;
const TYPED =
  '<Section xmlns:o="http://schemas.dmtf.org/ovf/envelope/1" xsi:type="o:AnnotationSection_Type"><Info>x</Info><Annotation>x</Annotation></Section>';

export const targetEnvelopeRules: readonly AnyRule[] = [
  defineRule({
    code: "target/no-ovf-reader",
    node: "ovf",
    targets: ({ reader, platform }) => reader === null && platform !== "ovf",
    spec: null,
    severity: "error",
    strict: "error",
    what: "{target} does not read OVF.",
    why: "Hyper-V has no import for OVF (SCVMM's tool for it was withdrawn), and QEMU takes a command line.",
    fix: "Convert the package: vmferry convert PACKAGE FOLDER --to {platform}.",
    examples: null,
    *check(_document, { target }) {
      yield { values: { platform: target?.platform ?? "" } };
    },
  }),
  defineRule({
    code: "target/namespace-unread",
    node: "ovf",
    targets: readers(({ generations }) => generations.length < 3),
    spec: null,
    severity: "error",
    strict: "error",
    what: "{reader} does not read the namespace of OVF {version}.",
    why: "It finds nothing where it looks: virt-v2v makes a machine of 1 TiB of memory without a disk and says nothing (libguestfs/virt-v2v#18), VMware reports unsupported elements (BlackArch/blackarch#1937).",
    fix: "Convert the package: vmferry convert PACKAGE DEST --to ova writes OVF 1.",
    examples: {
      invalid: [{ namespace: OVF_2 }],
      valid: [{}],
    },
    *check({ dialect }, facts) {
      const { reader } = asked(facts);
      if (reader.generations.includes(generationOf(dialect))) return;
      yield { values: { reader: reader.name, version: dialect } };
    },
  }),
  defineRule({
    code: "target/typed-section",
    node: "ovf/section",
    targets: readers(({ typedSections }) => typedSections !== "read"),
    spec: null,
    severity: "error",
    strict: "error",
    what: "{reader} passes over this Section: it knows {name} by its element, not by xsi:type.",
    why: "Sections with xsi:type are those of OVF 0.9. VirtualBox looks for the very text ovf:{name}_Type; virt-v2v and Proxmox know no such sections. Disks and hardware in them are lost (tried).",
    fix: "Name the element {name}.",
    examples: {
      invalid: [{ system: TYPED }],
      valid: [{ system: "<AnnotationSection><Info>x</Info><Annotation>x</Annotation></AnnotationSection>" }],
    },
    *check({ section: { core, name, element } }, facts) {
      if (!core || element.name !== "Section") return;
      const { reader } = asked(facts);
      // In OVF 0.9 that is how sections are; who cannot read them cannot read OVF 0.9.
      if (facts.ovf.dialect === "0.9" && !reader.generations.includes("0.9")) return;
      const type = element.attribute(XSI, "type") ?? "";
      if (reader.typedSections === "ovf-prefix" && type === `ovf:${name}_Type`) return;
      const lost = /^(?:DiskSection|VirtualHardwareSection|NetworkSection)$/.test(name);
      yield { values: { reader: reader.name, name }, severity: lost ? "error" : "warning" };
    },
  }),
  defineRule({
    code: "target/collection-unread",
    node: "ovf/content",
    targets: readers(({ collections }) => collections === "ignored"),
    spec: null,
    severity: "error",
    strict: "error",
    what: "{reader} makes one machine and passes over the collection {id}.",
    why: "It looks for a VirtualSystem in the envelope itself: of a VirtualSystemCollection it makes nothing, or an empty machine without an error (tried with virt-v2v).",
    fix: "Convert it: vmferry convert makes every machine of a collection; or give each machine a package of its own.",
    examples: {
      invalid: [{ content: `<VirtualSystemCollection ovf:id="all"><Info>x</Info>${SYSTEM}</VirtualSystemCollection>` }],
      valid: [{}],
    },
    *check({ content, parent }, facts) {
      if (content.kind !== "collection" || parent !== null) return;
      yield { values: { reader: asked(facts).reader.name, id: content.id ?? "(without an id)" } };
    },
  }),
  defineRule({
    code: "target/hardware-sections",
    node: "ovf/content",
    targets: readers(() => true),
    spec: null,
    severity: "warning",
    strict: "warning",
    what: "The system {id} has {count} hardware sections; {reader} {does}.",
    why: "The standard lets an importer choose one of several hardware sections. Readers that take all of them make a machine that nobody described (tried with VirtualBox: every network card comes twice).",
    fix: "Keep the one that is meant for this target.",
    examples: {
      invalid: [
        {
          content: SYSTEM.replace(
            "</VirtualSystem>",
            `<VirtualHardwareSection>${HARDWARE}</VirtualHardwareSection></VirtualSystem>`,
          ),
        },
      ],
      valid: [{}],
    },
    *check({ content, hardware }, facts) {
      const second = hardware[1];
      if (second === undefined) return;
      const { reader } = asked(facts);
      const does = {
        first: "takes the first one",
        rated: "takes the one that it knows best",
        merged: "throws them together",
      }[reader.hardwareSections];
      const values = { id: content.id ?? "(without an id)", count: hardware.length, reader: reader.name, does };
      yield { values, location: second.hardware.element.location };
    },
  }),
  defineRule({
    code: "target/configurations-ignored",
    node: "ovf/hardware",
    targets: readers(({ configurations }) => configurations === "ignored"),
    spec: null,
    severity: "warning",
    strict: "warning",
    what: "{reader} takes all {count} items that are for single configurations, or limits of others, as hardware.",
    why: "It looks at neither ovf:configuration nor ovf:bound: VirtualBox takes the last quantity that it finds, virt-v2v the first, and drives and network cards of all configurations are made.",
    fix: "Make a package of one configuration: vmferry convert PACKAGE DEST --to ova --configuration ID.",
    examples: {
      invalid: [
        {
          moreItems:
            '<Item ovf:configuration="big"><rasd:InstanceID>1</rasd:InstanceID><rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>8</rasd:VirtualQuantity></Item>',
        },
      ],
      valid: [{}],
    },
    *check({ items }, facts) {
      const special = items.filter(({ item }) => item.bound !== "normal" || item.configurations.length > 0);
      const [first] = special;
      if (first === undefined) return;
      const { reader } = asked(facts);
      yield { values: { reader: reader.name, count: special.length }, location: first.item.element.location };
    },
  }),
  defineRule({
    code: "target/encoding-mislabelled",
    node: "ovf",
    targets: readers(({ encodings }) => encodings === "strict"),
    spec: null,
    severity: "error",
    strict: "error",
    what: "The descriptor says that it is in {declared} and is in {actual}; {reader} refuses it.",
    why: 'libxml2 believes the declaration: "Document labelled UTF-16 but has UTF-8 content". Programs that keep text as UTF-16 and save it as UTF-8 write this; XenServer\'s do.',
    fix: 'Write encoding="UTF-8" in the XML declaration.',
    examples: null,
    *check({ xml }, facts) {
      const declared = /^<\?xml[^>]*\sencoding\s*=\s*["']([^"']+)["']/.exec(xml.prolog)?.[1];
      if (declared === undefined || !/^utf-?16(?:le|be)?$/i.test(declared) || xml.encoding.startsWith("utf-16")) return;
      const values = { declared, actual: xml.encoding.toUpperCase(), reader: asked(facts).reader.name };
      yield { values, location: { ...xml.root.location, line: 1, column: 1 } };
    },
  }),
];
