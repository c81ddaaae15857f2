import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultLimits } from "../../base/limits.js";
import { parseXml } from "../../xml/parse.js";
import { checkStructure } from "./check.js";
import type { StructureFinding } from "./findings.js";
import type { SchemaVersion } from "./versions.js";

const CIM = "http://schemas.dmtf.org/wbem/wscim/1";
const DECLARED = [
  `xmlns:rasd="${CIM}/cim-schema/2/CIM_ResourceAllocationSettingData"`,
  `xmlns:vssd="${CIM}/cim-schema/2/CIM_VirtualSystemSettingData"`,
  `xmlns:cim="${CIM}/common"`,
  'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"',
  'xmlns:xs="http://www.w3.org/2001/XMLSchema"',
  'xmlns:ds="http://www.w3.org/2000/09/xmldsig#"',
  'xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"',
  'xmlns:v="urn:vendor"',
].join(" ");

function envelope(sections: string, system: string, generation: 1 | 2 = 1): string {
  return `<ovf:Envelope xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/${generation}" ${DECLARED}>
<ovf:References/>
${sections}
<ovf:VirtualSystem ovf:id="a"><ovf:Info/>
${system}
</ovf:VirtualSystem>
</ovf:Envelope>`;
}

function check(text: string, version: SchemaVersion = "1.1.1"): StructureFinding[] {
  return [...checkStructure(parseXml(new TextEncoder().encode(text), "test.ovf", defaultLimits), version)];
}

/** What is wrong with a section of the envelope: kind, what it is about, line. */
function section(text: string, generation: 1 | 2 = 1): string[] {
  const found = check(envelope(text, "", generation), generation === 1 ? "1.1.1" : "2.0.1");
  return found.map(({ kind, subject, element }) => `${kind} ${subject} ${element.line}`);
}

function hardware(items: string): string[] {
  const text = envelope("", `<ovf:VirtualHardwareSection><ovf:Info/>\n${items}</ovf:VirtualHardwareSection>`);
  return check(text).map(({ kind, subject, element }) => `${kind} ${subject} ${element.line}`);
}

const item = (fields: string): string => `<ovf:Item>${fields}</ovf:Item>`;
const ITEM = "<rasd:ElementName/><rasd:InstanceID>1</rasd:InstanceID>";

test("a descriptor that follows the schema has no findings", () => {
  assert.deepEqual(
    section('<ovf:DiskSection><ovf:Info/><ovf:Disk ovf:diskId="d" ovf:capacity="1"/></ovf:DiskSection>'),
    [],
  );
  assert.deepEqual(hardware(item(`${ITEM}<rasd:ResourceType> 17 </rasd:ResourceType><v:more><v:x/></v:more>`)), []);
});

test("an element that stands too late is told with the sibling in front of which it belongs", () => {
  const text = envelope(
    "",
    `<ovf:VirtualHardwareSection><ovf:Info/>
<ovf:Item><rasd:InstanceID>1</rasd:InstanceID>
<rasd:ResourceType>3</rasd:ResourceType>
<rasd:ElementName/>
</ovf:Item></ovf:VirtualHardwareSection>`,
  );
  const [found, ...more] = check(text);
  assert.equal(found?.kind, "element-order");
  assert.deepEqual([found.subject, found.element.line, found.before?.name], ["rasd:ElementName", 8, "InstanceID"]);
  assert.deepEqual(more, []);
});

test("of many elements only those are told that must move", () => {
  assert.deepEqual(
    section(
      "<ovf:ProductSection><ovf:Info/><ovf:Vendor/><ovf:Version/>\n<ovf:Product/><ovf:AppUrl/></ovf:ProductSection>",
    ),
    ["element-order ovf:Product 4"],
  );
});

test("a choice that repeats may be in any order, and ends where the next element starts", () => {
  const property = '<ovf:Property ovf:key="k" ovf:type="string"/>';
  const product = (inner: string): string => `<ovf:ProductSection><ovf:Info/>${inner}</ovf:ProductSection>`;
  assert.deepEqual(section(product(`<ovf:Category/>${property}<ovf:Category/>${property}<v:x/>`)), []);
  assert.deepEqual(section(product(`${property}\n<ovf:Product/>`)), ["element-order ovf:Product 4"]);
});

test("a missing element is told at its parent, with the place where it belongs", () => {
  const [found, ...more] = check(envelope("<ovf:DiskSection>\n<v:x/></ovf:DiskSection>", ""));
  assert.deepEqual([found?.kind, found?.subject, found?.element.name], ["element-missing", "ovf:Info", "DiskSection"]);
  assert.equal(found?.before?.name, "x");
  assert.deepEqual(more, []);
  assert.deepEqual(section("<ovf:EulaSection><ovf:Info/></ovf:EulaSection>"), ["element-missing ovf:License 3"]);
});

test("an element that stands twice is told at the second", () => {
  assert.deepEqual(hardware(item(`${ITEM}<rasd:Parent>1</rasd:Parent>\n<rasd:Parent>2</rasd:Parent>`)), [
    "element-unexpected rasd:Parent 7",
  ]);
});

test("an unknown element is told with what was meant, in whatever case or namespace it is written", () => {
  const [slip] = check(
    envelope(
      "",
      `<ovf:VirtualHardwareSection><ovf:Info/><ovf:Item><rasd:ElementName/><rasd:InstanceId/><rasd:InstanceID/></ovf:Item></ovf:VirtualHardwareSection>`,
    ),
  );
  assert.deepEqual([slip?.kind, slip?.expected], ["element-unexpected", ["rasd:InstanceID"]]);
  const [foreign] = check(envelope("<DiskSection><Info/></DiskSection>", ""));
  assert.deepEqual([foreign?.kind, foreign?.expected], ["element-unexpected", ["ovf:DiskSection"]]);
});

test("what stands in an unknown element is not looked at, and what follows it is", () => {
  assert.deepEqual(
    section(
      '<v:FooSection><ovf:Info ovf:x="1"><v:y/></ovf:Info></v:FooSection>\n<ovf:EulaSection><ovf:Info/></ovf:EulaSection>',
    ),
    ["element-unexpected v:FooSection 3", "element-missing ovf:License 4"],
  );
});

test("what a wildcard takes is checked where its declaration is known", () => {
  const startup = (inner: string): string => `<ovf:StartupSection><ovf:Info/>${inner}</ovf:StartupSection>`;
  assert.deepEqual(section(startup("<v:a><v:b><rasd:Weight>7</rasd:Weight></v:b></v:a>")), []);
  assert.deepEqual(section(startup("<v:a><v:b><rasd:Weight>x</rasd:Weight></v:b></v:a>")), [
    "value-invalid rasd:Weight 3",
  ]);
  assert.deepEqual(section(startup('<v:a ovf:required="maybe"/>')), ["value-invalid ovf:required 3"]);
});

test("a strict wildcard takes only elements that are declared", () => {
  const key = (inner: string): string =>
    `<ovf:EncryptionSection><ovf:Info/><xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="urn:a">${inner}</xenc:EncryptionMethod><xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedKey></ovf:EncryptionSection>`;
  assert.deepEqual(section(key('<ds:DigestMethod Algorithm="urn:b"/>'), 2), []);
  assert.deepEqual(section(key("<v:x/>"), 2), ["element-unexpected v:x 3"]);
});

test("groups of elements that are no simple row are followed step by step", () => {
  const key = (inner: string): string =>
    `<ovf:EncryptionSection><ovf:Info/><xenc:EncryptedKey><ds:KeyInfo><ds:KeyValue><ds:DSAKeyValue>${inner}</ds:DSAKeyValue></ds:KeyValue></ds:KeyInfo><xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedKey></ovf:EncryptionSection>`;
  assert.deepEqual(section(key("<ds:P/><ds:Q/><ds:Y/><ds:Seed/><ds:PgenCounter/>"), 2), []);
  assert.deepEqual(section(key("<ds:Y/>"), 2), []);
  assert.deepEqual(section(key("<ds:P/><ds:Y/>"), 2), ["element-unexpected ds:Y 3", "element-missing ds:Q 3"]);
});

test("missing attributes are told, also where one of that name has no namespace", () => {
  assert.deepEqual(section('<ovf:DiskSection><ovf:Info/><ovf:Disk ovf:capacity="1"/></ovf:DiskSection>'), [
    "attribute-missing ovf:diskId 3",
  ]);
  const [found] = check(
    envelope('<ovf:DiskSection><ovf:Info/><ovf:Disk diskId="d" ovf:capacity="1"/></ovf:DiskSection>', ""),
  );
  assert.deepEqual([found?.kind, found?.expected, found?.found], ["attribute-missing", ["ovf:diskId"], "diskId"]);
});

test("an attribute is unexpected where the type takes no other ones", () => {
  const network = (attribute: string): string =>
    `<ovf:NetworkSection><ovf:Info/><ovf:Network ovf:name="n"><ovf:NetworkPortProfile ${attribute}/></ovf:Network></ovf:NetworkSection>`;
  assert.deepEqual(section(network(""), 2), []);
  assert.deepEqual(section(network('xsi:schemaLocation="urn:a a.xsd"'), 2), []);
  assert.deepEqual(section(network('v:more="x"'), 2), ["attribute-unexpected v:more 3"]);
});

test("values of attributes and elements are held to their types", () => {
  assert.deepEqual(section('<ovf:OperatingSystemSection ovf:id="ninety"><ovf:Info/></ovf:OperatingSystemSection>'), [
    "value-invalid ovf:id 3",
  ]);
  assert.deepEqual(hardware(item(`${ITEM}<rasd:ResourceType>-1</rasd:ResourceType>`)), [
    "value-invalid rasd:ResourceType 6",
  ]);
  assert.deepEqual(hardware(item(`<rasd:Caption>${"x".repeat(65)}</rasd:Caption>${ITEM}`)), [
    "value-invalid rasd:Caption 6",
  ]);
  const [found] = check(
    envelope(
      "",
      `<ovf:VirtualHardwareSection><ovf:Info/>${item(`${ITEM}<rasd:ResourceType>many</rasd:ResourceType>`)}</ovf:VirtualHardwareSection>`,
    ),
  );
  assert.deepEqual([found?.found, found?.expected], ["many", ["a whole number from 0 to 65535"]]);
});

test("an ID that stands twice is told at the second", () => {
  assert.deepEqual(section('<ovf:EulaSection xml:id="e"><ovf:Info/><ovf:License xml:id="f"/></ovf:EulaSection>'), []);
  assert.deepEqual(section('<ovf:EulaSection xml:id="e"><ovf:Info/>\n<ovf:License xml:id="e"/></ovf:EulaSection>'), [
    "value-invalid xml:id 4",
  ]);
});

test("text may not stand where only elements may, and white space not where nothing may", () => {
  assert.deepEqual(section("<ovf:DiskSection>\n<ovf:Info/> none </ovf:DiskSection>"), [
    "text-unexpected ovf:DiskSection 3",
  ]);
  assert.deepEqual(section("<ovf:DiskSection><ovf:Info/>\u00a0</ovf:DiskSection>"), [
    "text-unexpected ovf:DiskSection 3",
  ]);
  const startup = (inner: string): string =>
    `<ovf:StartupSection><ovf:Info/><ovf:Item ovf:id="a" ovf:order="1">${inner}</ovf:Item></ovf:StartupSection>`;
  assert.deepEqual(section(startup("<!-- nothing -->")), []);
  assert.deepEqual(section(startup(" ")), ["text-unexpected ovf:Item 3"]);
  assert.deepEqual(section(startup("<v:x/>")), ["element-unexpected v:x 3"]);
});

test("an element of text holds no elements", () => {
  assert.deepEqual(section("<ovf:DiskSection><ovf:Info>a<v:b/></ovf:Info></ovf:DiskSection>"), [
    "element-unexpected v:b 3",
  ]);
});

test("xsi:type must name a type that fits", () => {
  assert.deepEqual(section('<ovf:Section xsi:type="ovf:DiskSection_Type"><ovf:Info/></ovf:Section>'), []);
  assert.deepEqual(section('<ovf:Section xsi:type="v:Mine_Type"><ovf:Info/></ovf:Section>'), [
    "unknown-type xsi:type 3",
  ]);
  assert.deepEqual(section('<ovf:Section xsi:type="ovf:File_Type"><ovf:Info/></ovf:Section>'), [
    "unknown-type xsi:type 3",
  ]);
  assert.deepEqual(section("<ovf:Section><ovf:Info/></ovf:Section>"), ["unknown-type ovf:Section 3"]);
  assert.deepEqual(section('<ovf:StartupSection><ovf:Info/><v:n xsi:type="xs:int">x</v:n></ovf:StartupSection>'), [
    "value-invalid v:n 3",
  ]);
});

test("xsi:nil empties an element that may be nil, and may not stand at others", () => {
  assert.deepEqual(hardware(item(`<rasd:Address xsi:nil="true"/>${ITEM}`)), []);
  assert.deepEqual(hardware(item(`${ITEM}<rasd:ResourceType xsi:nil="1"/>`)), []);
  assert.deepEqual(hardware(item(`<rasd:Address xsi:nil="true"> </rasd:Address>${ITEM}`)), [
    "text-unexpected rasd:Address 6",
  ]);
  assert.deepEqual(hardware(item(`<rasd:Address xsi:nil="perhaps"/>${ITEM}`)), ["value-invalid xsi:nil 6"]);
  assert.deepEqual(hardware(item('<rasd:ElementName/><rasd:InstanceID xsi:nil="false"/>')), [
    "attribute-unexpected xsi:nil 6",
  ]);
});

test("a root element that no schema declares is told, and nothing else", () => {
  const found = check('<Envelope xmlns="http://www.vmware.com/schema/ovf/1/envelope"><What/></Envelope>');
  assert.deepEqual(
    found.map(({ kind, expected }) => [kind, expected]),
    [["element-unexpected", ["ovf:Envelope"]]],
  );
});

test("versions differ as their schemas do", () => {
  const install = envelope("", "<ovf:InstallSection><ovf:Info/></ovf:InstallSection>");
  assert.deepEqual(check(install, "1.1.0"), []);
  assert.deepEqual(
    check(install, "1.1.1").map(({ subject }) => subject),
    ["ovf:initialBootStopDelay"],
  );
  const password = envelope(
    '<ovf:ProductSection><ovf:Info/><ovf:Property ovf:key="k" ovf:type="string"><ovf:Value ovf:value="1"/></ovf:Property></ovf:ProductSection>',
    "",
  );
  assert.deepEqual(check(password, "1.1.0"), []);
  assert.deepEqual(
    check(password, "1.0.0").map(({ kind }) => kind),
    ["element-unexpected"],
  );
});

test("environments are held to their own schema", () => {
  const environment = (inner: string): StructureFinding[] =>
    check(
      `<e:Environment xmlns:e="http://schemas.dmtf.org/ovf/environment/1" e:id="vm">${inner}</e:Environment>`,
      "environment-1.1.0",
    );
  assert.deepEqual(environment('<e:PropertySection><e:Property e:key="a" e:value="b"/></e:PropertySection>'), []);
  assert.deepEqual(
    environment('<e:PropertySection><e:Property e:key="a"/></e:PropertySection>').map(({ subject }) => subject),
    ["ovfenv:value"],
  );
});

test("findings come one by one, so that a caller can stop", () => {
  const text = envelope(
    "",
    `<ovf:VirtualHardwareSection><ovf:Info/>${item("").repeat(20_000)}</ovf:VirtualHardwareSection>`,
  );
  const document = parseXml(new TextEncoder().encode(text), "test.ovf", defaultLimits);
  let count = 0;
  for (const { kind } of checkStructure(document, "1.1.1")) {
    assert.equal(kind, "element-missing");
    if (++count === 3) break;
  }
  assert.equal(count, 3);
});

test("hundreds of thousands of unknown children of one element are told one by one", () => {
  const text = envelope(
    "",
    `<ovf:VirtualHardwareSection><ovf:Info/>${"<ovf:y/>".repeat(150_000)}</ovf:VirtualHardwareSection>`,
  );
  assert.equal(check(text).length, 150_000);
});

test("elements as deep as a document may be are walked without deep calls", () => {
  const depth = 240;
  const deep = `${"<v:a>".repeat(depth)}<rasd:Weight>x</rasd:Weight>${"</v:a>".repeat(depth)}`;
  assert.deepEqual(section(`<ovf:StartupSection><ovf:Info/>${deep}</ovf:StartupSection>`), [
    "value-invalid rasd:Weight 3",
  ]);
});
