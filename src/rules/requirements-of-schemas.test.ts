/** What the schemas say of single requirements: each is broken in one place, in the version that has it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultLimits } from "../base/limits.js";
import { openOvf } from "../ovf/document.js";
import { OVF_1, OVF_2 } from "../ovf/namespaces.js";
import { createContext, createNodeRuntime } from "../runtime/node/runtime.js";
import { parseXml } from "../xml/parse.js";
import { judge } from "./engine.js";
import { descriptorOf, type Example, exampleItem, usualItems } from "./example.js";
import { createFacts } from "./facts.js";
import { rules } from "./rules.js";

const runtime = createNodeRuntime({ worker: new URL("../worker-node.js", import.meta.url), workers: 0 });
const ctx = createContext(runtime);

/** Codes of the structural rules for an example, written in a version of the standard. */
async function codesOf(example: Example, version: 1 | 2): Promise<string[]> {
  const text = descriptorOf(example).replaceAll(OVF_1, version === 1 ? OVF_1 : OVF_2);
  const ovf = openOvf(parseXml(new TextEncoder().encode(text), "example.ovf", defaultLimits), () => {});
  const facts = createFacts({ package: null, ovf, appliance: () => null });
  const structural = rules.filter(({ requirements }) => requirements?.includes("OVF-6-2") === true);
  const codes = new Set<string>();
  for await (const { diagnostic } of judge(facts, { rules: structural, level: "strict", targets: [] }, ctx)) {
    codes.add(diagnostic.code);
  }
  return [...codes];
}

const CIM = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_";
const ANNOTATION = "<AnnotationSection><Info>x</Info><Annotation>x</Annotation></AnnotationSection>";
const OTHER = '<x:A xmlns:x="http://example.com/x"/>';

/** A boot section with a setting, and what else stands in it. */
function boot(setting: string, more = ""): Example {
  return {
    system: `<BootDeviceSection xmlns:bootc="${CIM}BootConfigSetting" xmlns:boots="${CIM}BootSourceSetting"><Info>x</Info>${setting}${more}</BootDeviceSection>`,
  };
}

const SETTING =
  "<bootc:CIM_BootConfigSetting><bootc:ElementName>x</bootc:ElementName><bootc:InstanceID>x</bootc:InstanceID></bootc:CIM_BootConfigSetting>";

function storage(namespace: string, children: string): Example {
  return { moreItems: `<StorageItem xmlns:s="${CIM}${namespace}">${children}</StorageItem>` };
}

const STORAGE = "<s:ElementName>x</s:ElementName><s:InstanceID>9</s:InstanceID><s:ResourceType>31</s:ResourceType>";

/** A StorageItem in front of all Items. */
const STORAGE_FIRST = `<StorageItem xmlns:s="${CIM}StorageAllocationSettingData">${STORAGE}</StorageItem>${usualItems}`;

const shared = (attributes: string): Example => ({
  sections: `<SharedDiskSection><Info>x</Info><SharedDisk ${attributes}/></SharedDiskSection>`,
});

const network = (children: string): Example => ({ networks: `<Network ovf:name="lan">${children}</Network>` });
const product = (children: string): Example => ({
  system: `<ProductSection><Info>x</Info>${children}</ProductSection>`,
});

/** Requirements, what breaks them, in which generation of the standard, and the code that says so. */
const BROKEN: readonly (readonly [ids: string, example: Example, version: 1 | 2, code: string])[] = [
  ["7-1 10-6", { strings: `<Strings xml:lang="de"/>${ANNOTATION}` }, 1, "ovf/element-order"],
  ["7.2-7", { system: "<Name>second</Name>" }, 1, "ovf/element-unexpected"],
  ["7.2-8", { system: "<Info>late</Info>" }, 1, "ovf/element-unexpected"],
  ["7.3-2", { system: "<AnnotationSection><Annotation>x</Annotation></AnnotationSection>" }, 1, "ovf/element-missing"],
  ["7.3-3", { disks: `${OTHER}<Disk ovf:diskId="disk1" ovf:capacity="8"/>` }, 1, "ovf/element-order"],
  ["7.3-12", { system: ANNOTATION.replace("Section>", 'Section ovf:required="TRUE">') }, 1, "ovf/value-invalid"],
  ["8.1-13", { items: `${usualItems}<Info>late</Info>`, machine: "" }, 1, "ovf/element-unexpected"],
  ["8.1-13", { items: STORAGE_FIRST }, 2, "ovf/element-order"],
  ["8.1-14", { machine: "<vssd:InstanceID>0</vssd:InstanceID>" }, 1, "ovf/element-missing"],
  ["8.1-14", { machine: "<vssd:ElementName>x</vssd:ElementName>" }, 1, "ovf/element-missing"],
  ["8.1-15", { moreItems: exampleItem({ ElementName: "x", InstanceID: 9, Unheard: 1 }) }, 1, "ovf/element-unexpected"],
  ["8.1-16 8.3-47", storage("ResourceAllocationSettingData", STORAGE), 2, "ovf/element-missing"],
  ["8.3-1", { moreItems: exampleItem({ InstanceID: 9, ElementName: "x", ResourceType: 24 }) }, 1, "ovf/element-order"],
  [
    "8.3-2",
    { moreItems: exampleItem({ ElementName: "x", InstanceID: 9 }, "", "<rasd:InstanceID>9</rasd:InstanceID>") },
    1,
    "ovf/element-unexpected",
  ],
  ["8.3-3", { moreItems: exampleItem({ InstanceID: 9, ResourceType: 24 }) }, 1, "ovf/element-missing"],
  [
    "8.3-30",
    { moreItems: exampleItem({ AutomaticAllocation: "True", ElementName: "x", InstanceID: 9 }) },
    1,
    "ovf/value-invalid",
  ],
  ["8.3-34", { moreItems: exampleItem({ ElementName: "x", InstanceID: 9, Limit: -1 }) }, 1, "ovf/value-invalid"],
  ["9.1-1", { disks: '<Disk ovf:capacity="8"/>' }, 1, "ovf/attribute-missing"],
  ["9.2-7", network(`<Description>x</Description>${OTHER}`), 1, "ovf/element-unexpected"],
  [
    "9.2-8",
    network("<NetworkPortProfileURI>x</NetworkPortProfileURI><Description>x</Description>"),
    2,
    "ovf/element-order",
  ],
  [
    "9.2-9",
    network("<NetworkPortProfile><Item><rasd:InstanceID>1</rasd:InstanceID></Item></NetworkPortProfile>"),
    2,
    "ovf/element-missing",
  ],
  ["9.5-1", product("<Vendor>x</Vendor><Product>x</Product>"), 1, "ovf/element-order"],
  ["9.5-2", product("<Product>x</Product><Product>x</Product>"), 1, "ovf/element-unexpected"],
  [
    "9.5.1-21",
    product('<Property ovf:key="a" ovf:type="string"><Description>x</Description><Label>x</Label></Property>'),
    1,
    "ovf/element-order",
  ],
  ["9.12-2", boot(""), 2, "ovf/element-missing"],
  ["9.12-2", boot(SETTING + SETTING), 2, "ovf/element-unexpected"],
  ["9.12-3", boot("<bootc:CIM_BootConfigSetting/>"), 2, "ovf/element-missing"],
  ["9.12-7", boot(SETTING, OTHER), 2, "ovf/element-unexpected"],
  ["9.13-1", { sections: "<SharedDiskSection><Info>x</Info></SharedDiskSection>" }, 2, "ovf/element-missing"],
  ["9.13-2", shared('ovf:diskId="s"'), 2, "ovf/attribute-missing"],
  ["9.13-2", shared('ovf:diskId="s" ovf:capacity="8" ovf:readOnly="no"'), 2, "ovf/value-invalid"],
  ["10.1-1", { strings: "<Strings><Message>x</Message></Strings>" }, 1, "ovf/element-unexpected"],
  ["XSD-1", product('<Property ovf:key="a" ovf:type="string" ovf:userConfigurable="True"/>'), 1, "ovf/value-invalid"],
  [
    "XSD-2",
    { system: '<InstallSection ovf:initialBootStopDelay="65536"><Info>x</Info></InstallSection>' },
    1,
    "ovf/value-invalid",
  ],
  [
    "XSD-3",
    { references: '<File ovf:id="file1" ovf:href="a" ovf:chunkSize="9223372036854775808"/>' },
    1,
    "ovf/value-invalid",
  ],
  [
    "XSD-6",
    { system: "<AnnotationSection><Info>x<b/></Info><Annotation>x</Annotation></AnnotationSection>" },
    1,
    "ovf/element-unexpected",
  ],
  ["XSD-7", { strings: `<Strings>${OTHER}</Strings>` }, 1, "ovf/element-unexpected"],
  ["XSD-8", product(`<Property ovf:key="a" ovf:type="string">${OTHER}</Property>`), 1, "ovf/element-unexpected"],
  [
    "CIM-1",
    { machine: "<vssd:InstanceID>0</vssd:InstanceID><vssd:ElementName>x</vssd:ElementName>" },
    1,
    "ovf/element-order",
  ],
  [
    "CIM-9",
    { moreItems: `<Item>${OTHER}<rasd:ElementName>x</rasd:ElementName><rasd:InstanceID>9</rasd:InstanceID></Item>` },
    1,
    "ovf/element-order",
  ],
];

for (const [ids, example, version, code] of BROKEN) {
  test(`the schemas of OVF ${version} hold to ${ids}`, async () => {
    assert.ok(
      (await codesOf(example, version)).includes(code),
      `${code} is not among ${(await codesOf(example, version)).join(" ")}`,
    );
    for (const id of ids.split(" ")) {
      const rule = rules.find((one) => one.code === code);
      assert.ok(rule?.requirements?.includes(`OVF-${id}`), `${code} does not name OVF-${id}`);
    }
  });
}

test("what the schemas allow is no finding", async () => {
  const machine = "<vssd:ElementName>x</vssd:ElementName><vssd:InstanceID>0</vssd:InstanceID>";
  const allowed: readonly (readonly [example: Example, version: 1 | 2])[] = [
    [{ machine }, 1],
    [{ machine, disks: `<Disk ovf:diskId="disk1" ovf:capacity="8"/>${OTHER}` }, 1],
    [{ machine, ...storage("StorageAllocationSettingData", STORAGE) }, 2],
    [{ machine, ...boot(SETTING) }, 2],
    [{ machine, ...shared('ovf:diskId="s" ovf:capacity="8" ovf:readOnly="1"') }, 2],
    [{ machine, ...storage("StorageAllocationSettingData", STORAGE), hardwareAttributes: 'ovf:id="a"' }, 2],
  ];
  for (const [example, version] of allowed)
    assert.deepEqual(await codesOf(example, version), [], JSON.stringify(example));
});
