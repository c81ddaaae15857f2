import assert from "node:assert/strict";
import { test } from "node:test";
import { EVERYTHING } from "../../../test/support/everything.js";
import { defaultLimits } from "../../base/limits.js";
import { parseXml } from "../../xml/parse.js";
import { type OvfDocument, openOvf } from "../document.js";
import { checkStructure } from "../schema/check.js";
import { schemaVersionOf } from "../schema/versions.js";
import { OvfBootDeviceSection, OvfEnvironmentFiles } from "./boot.js";
import { OvfCim } from "./cim.js";
import type { OvfContent } from "./content.js";
import { OvfEncryption } from "./encryption.js";
import { type OvfNode, OvfText } from "./node.js";
import { OvfPlacement, OvfPlacementGroup, OvfScaleOut } from "./placement.js";
import {
  OvfAnnotation,
  OvfDeploymentOptionSection,
  OvfDiskSection,
  OvfEula,
  OvfInstallSection,
  OvfNetworkSection,
  OvfResourceAllocationSection,
  OvfSharedDiskSection,
  OvfStartupSection,
} from "./sections.js";

const OVF1 = "http://schemas.dmtf.org/ovf/envelope/1";

/** The same in other dialects: attributes without a prefix, as some 1.x writers have them, and VMware's OVF 0.9. */
const DIALECTS: Readonly<Record<string, string>> = {
  "2.x": EVERYTHING,
  "1.x without prefixes": EVERYTHING.replaceAll("http://schemas.dmtf.org/ovf/envelope/2", OVF1)
    .replace(` xmlns:ovf="${OVF1}"`, "")
    .replaceAll(" ovf:", " "),
  "0.9": EVERYTHING.replaceAll("http://schemas.dmtf.org/ovf/envelope/2", "http://www.vmware.com/schema/ovf/1/envelope")
    .replace('<Envelope xmlns="http://www.vmware.com/schema/ovf/1/envelope"', "<ovf:Envelope")
    .replace("</Envelope>", "</ovf:Envelope>")
    .replace(/<(\/?)(VirtualSystem|VirtualSystemCollection)\b/g, (_, end: string, name: string) =>
      end === "" ? `<Content xsi:type="ovf:${name}_Type"` : "</Content",
    )
    .replace(/<(\/?)(\w+Section)\b/g, (_, end: string, name: string) =>
      end === "" ? `<Section xsi:type="ovf:${name}_Type"` : "</Section",
    )
    .replaceAll(":InstanceID>", ":InstanceId>"),
};

function open(text: string): OvfDocument {
  return openOvf(parseXml(new TextEncoder().encode(text), "test.ovf", defaultLimits), () => {});
}

type Find = (document: OvfDocument) => OvfNode | null | undefined;

const collection = (document: OvfDocument): OvfContent | undefined => document.contents[0];
const machine = (document: OvfDocument): OvfContent | undefined => collection(document)?.children[0];
const product = (document: OvfDocument) => machine(document)?.products[0];
const hardware = (document: OvfDocument) => machine(document)?.hardware[0];
const bootConfig = (document: OvfDocument) => machine(document)?.sectionOf(OvfBootDeviceSection)?.setting;

/** A view of each kind. */
const VIEWS: Readonly<Record<string, Find>> = {
  file: (d) => d.references[0],
  disk: (d) => d.disks[0],
  "disk section": (d) => d.envelope.sectionOf(OvfDiskSection),
  "shared disk": (d) => d.sharedDisks[0],
  "shared disk section": (d) => d.envelope.sectionOf(OvfSharedDiskSection),
  network: (d) => d.networks[0],
  "network section": (d) => d.envelope.sectionOf(OvfNetworkSection),
  "port profile": (d) => d.networks[0]?.portProfiles[0],
  "port profile item": (d) => d.networks[0]?.portProfiles[0]?.items[0],
  option: (d) => d.configurations[0],
  "option section": (d) => d.envelope.sectionOf(OvfDeploymentOptionSection),
  "placement group": (d) => d.envelope.sectionOf(OvfPlacementGroup),
  encryption: (d) => d.envelope.sectionOf(OvfEncryption),
  "encryption key": (d) => d.envelope.sectionOf(OvfEncryption)?.keys[0],
  text: (d) => d.configurations[0]?.label,
  collection,
  resources: (d) => collection(d)?.sectionOf(OvfResourceAllocationSection),
  startup: (d) => collection(d)?.sectionOf(OvfStartupSection),
  "startup item": (d) => collection(d)?.sectionOf(OvfStartupSection)?.items[0],
  "scale-out": (d) => collection(d)?.sectionOf(OvfScaleOut),
  "instance count": (d) => collection(d)?.sectionOf(OvfScaleOut)?.counts[0],
  machine,
  annotation: (d) => machine(d)?.sectionOf(OvfAnnotation),
  eula: (d) => machine(d)?.sectionOf(OvfEula),
  product,
  icon: (d) => product(d)?.icons[0],
  property: (d) => product(d)?.properties[0],
  "property value": (d) => product(d)?.properties[0]?.values[0],
  "operating system": (d) => machine(d)?.operatingSystem,
  install: (d) => machine(d)?.sectionOf(OvfInstallSection),
  "environment files": (d) => machine(d)?.sectionOf(OvfEnvironmentFiles),
  "environment file": (d) => machine(d)?.sectionOf(OvfEnvironmentFiles)?.files[0],
  "boot devices": (d) => machine(d)?.sectionOf(OvfBootDeviceSection),
  "boot configuration": bootConfig,
  "boot source": (d) => bootConfig(d)?.sources[0],
  placement: (d) => machine(d)?.sectionOf(OvfPlacement),
  hardware,
  system: (d) => hardware(d)?.system,
  item: (d) => hardware(d)?.items[0],
  "ethernet port item": (d) => hardware(d)?.items[1],
  "storage item": (d) => hardware(d)?.items[2],
  setting: (d) => hardware(d)?.items[0]?.settings[0],
  strings: (d) => d.strings[0],
  message: (d) => d.strings[0]?.messages[0],
};

const FLAGS = ["required", "isDefault", "userConfigurable", "password", "waitingForGuest", "readOnly"];
FLAGS.push("automaticAllocation");
const NUMBERS = ["size", "chunkSize", "width", "height", "startDelay", "stopDelay", "order", "minimum", "default"];
NUMBERS.push("maximum", "initialBootStopDelay", "cimId", "resourceType", "weight", "addressOnParent");
const LISTS = ["configurations", "portProfileUris", "transports", "resourceSubTypes", "hostResources", "connections"];
LISTS.push("types", "policies");

/** A value that no view of the document has. */
function sample(name: string, current: unknown): unknown {
  if (FLAGS.includes(name)) return current !== true;
  if (NUMBERS.includes(name)) return 4321;
  if (LISTS.includes(name)) return ["new-a"];
  if (name === "bound") return "max";
  return "new & <text>";
}

/** Everything that can be set on a view, by its prototypes. */
function settersOf(view: object): string[] {
  const names = new Set<string>();
  for (let at = Object.getPrototypeOf(view); at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const [name, { set }] of Object.entries(Object.getOwnPropertyDescriptors(at))) if (set) names.add(name);
  }
  return [...names];
}

const plain = (value: unknown): unknown => (value instanceof OvfText ? value.text : value);
const written = (document: OvfDocument): string[] => new TextDecoder().decode(document.xml.serialize()).split("\n");

/** The lines that differ, as a range in each of two texts. */
function difference(before: readonly string[], after: readonly string[]): { at: number; old: number; new: number } {
  let at = 0;
  while (at < before.length && at < after.length && before[at] === after[at]) at++;
  let tail = 0;
  while (tail < Math.min(before.length, after.length) - at && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  return { at, old: before.length - at - tail, new: after.length - at - tail };
}

/**
 * Children that setters make stand where the schema wants them. Values are nonsense here, and every view takes `ovf:required` and
 * `ovf:configuration`, though some elements do not.
 */
function assertOrder(document: OvfDocument, label: string): void {
  if (schemaVersionOf(document.xml.root) !== "2.0.1") return;
  const findings = [...checkStructure(document.xml, "2.0.1")].filter(
    ({ kind, attribute }) =>
      kind !== "value-invalid" &&
      !(kind === "attribute-unexpected" && ["required", "configuration"].includes(attribute?.name ?? "")),
  );
  assert.deepEqual(
    findings.map(({ message }) => message),
    [],
    label,
  );
}

function check(find: Find, name: string, value: unknown, lines: readonly string[], label: string): OvfDocument {
  const document = open(lines.join("\n"));
  const view = find(document);
  assert.ok(view, label);
  const first = view.element.line - 1;
  const last = first + view.element.markup.split("\n").length;
  assert.ok(Reflect.set(view, name, value), label);
  const now = written(document);
  const changed = difference(lines, now);
  assert.ok(changed.old <= 1 && changed.new <= 1, `${label}: ${JSON.stringify(changed)}`);
  assert.ok(
    changed.at >= first && changed.at + changed.old <= last,
    `${label}: line ${changed.at} of ${first}..${last}`,
  );
  const again = find(open(now.join("\n")));
  assert.deepEqual(plain(Reflect.get(view, name)), plain(again && Reflect.get(again, name)), label);
  if (value !== null) assert.deepEqual(plain(Reflect.get(view, name)), value, label);
  const nothing = value === null || (Array.isArray(value) && value.length === 0);
  if (!nothing) assertOrder(document, label);
  return document;
}

test("the document with one of everything is valid", () => assertOrder(open(EVERYTHING), "everything"));

for (const [dialect, text] of Object.entries(DIALECTS)) {
  test(`${dialect}: every setter of every view changes one line, its own, and reads back`, () => {
    let setters = 0;
    for (const [kind, find] of Object.entries(VIEWS)) {
      const view = find(open(text));
      assert.ok(view, `${dialect} has no ${kind}`);
      for (const name of settersOf(view)) {
        const label = `${dialect}: ${kind}.${name}`;
        const value = sample(name, Reflect.get(view, name));
        const set = written(check(find, name, value, text.split("\n"), label));
        setters++;
        if (kind === "setting" || name === "text" || (kind === "network" && name === "portProfileUris")) continue;
        // Taken away, and made anew where nothing is.
        const nothing = Array.isArray(value) ? [] : null;
        const without = written(check(find, name, nothing, set, `${label} = nothing`));
        if (name !== "algorithm") check(find, name, value, without, `${label} anew`);
      }
      if (!(view instanceof OvfCim)) continue;
      for (const [name, type] of Object.entries(view.fields)) {
        const value = { string: "x", number: 7, boolean: true, strings: ["x"], numbers: [7] }[type as "string"];
        const document = open(text);
        const item = find(document);
        assert.ok(item instanceof OvfCim);
        item.set(name, value as never);
        const changed = difference(text.split("\n"), written(document));
        assert.ok(changed.old <= 1 && changed.new <= 1, `${dialect}: ${kind} ${name}`);
        assert.deepEqual(item.get(name), value, `${dialect}: ${kind} ${name}`);
        assertOrder(document, `${dialect}: ${kind} ${name}`);
        setters++;
      }
    }
    assert.ok(setters > 350, `${setters} setters`);
  });
}
