import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import type { Diagnostic } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";
import { defaultLimits } from "../base/limits.js";
import { parseXml } from "../xml/parse.js";
import { diskCapacity } from "./capacity.js";
import { type DeploymentChoice, type OvfDeployment, resolveOvf } from "./deployment.js";
import { openOvf } from "./document.js";
import type { MessageFiles } from "./messages.js";
import { RASD, VMWARE } from "./namespaces.js";

const OVF2 = "http://schemas.dmtf.org/ovf/envelope/2";
const parse = (text: string, name = "test.ovf") => parseXml(new TextEncoder().encode(text), name, defaultLimits);

interface Resolved {
  readonly deployment: OvfDeployment;
  readonly found: readonly Diagnostic[];
  readonly codes: readonly string[];
}

function resolve(inner: string, choice: DeploymentChoice = {}, files: MessageFiles | null = null): Resolved {
  const text = `<Envelope xmlns="${OVF2}" xmlns:ovf="${OVF2}" xmlns:rasd="${RASD}" xmlns:vmw="${VMWARE}">${inner}</Envelope>`;
  const found: Diagnostic[] = [];
  const document = openOvf(parse(text), (d) => found.push(d));
  const deployment = resolveOvf(document, choice, (d) => found.push(d), files);
  return { deployment, found, codes: found.map((d) => d.code) };
}

const withCode = (code: string) => (error: unknown) => error instanceof FerryError && error.code === code;

function property(key: string, attributes: string, inner = ""): string {
  return `<Property ovf:key="${key}" ovf:type="string" ${attributes}>${inner}</Property>`;
}

const OPTIONS = `<DeploymentOptionSection><Info/><Configuration ovf:id="small"><Label>S</Label><Description/></Configuration>
  <Configuration ovf:id="big" ovf:default="true"><Label ovf:msgid="b">B</Label><Description/></Configuration></DeploymentOptionSection>`;

test("a value is the chosen one, else that of the configuration, else the default, else none", () => {
  const inner = `${OPTIONS}<VirtualSystem ovf:id="m"><ProductSection ovf:class="c" ovf:instance="i"><Info/>
    ${property("a", 'ovf:value="default"', '<Value ovf:value="for big" ovf:configuration="big huge"/>')}
    ${property("b", 'ovf:value=""')}${property("c", "")}${property("d", 'ovf:value="x" ovf:configuration="small"')}
    </ProductSection></VirtualSystem>`;
  const values = (choice: DeploymentChoice) =>
    resolve(inner, choice).deployment.properties.map((p) => [p.property.key, p.value, p.from]);
  assert.deepEqual(values({}), [
    ["a", "for big", "configuration"],
    ["b", "", "default"],
    ["c", null, null],
  ]);
  assert.deepEqual(values({ configuration: "small", values: { "c.b.i": "mine", c: "own key" } }), [
    ["a", "default", "default"],
    ["b", "mine", "choice"],
    ["c", "own key", "choice"],
    ["d", "x", "default"],
  ]);
  assert.throws(() => resolve(inner, { configuration: "other" }), withCode("ovf/unknown-configuration"));
  assert.throws(() => resolve(inner, { values: { z: "1" } }), withCode("ovf/unknown-property"));
});

/** In pieces, because it is no placeholder of a template. */
const reference = (key: string): string => `\u0024{${key}}`;

test("a property takes over the value of one around it, however far out, and never one beside it", () => {
  const product = (inner: string): string => `<ProductSection><Info/>${inner}</ProductSection>`;
  const inner = `<VirtualSystemCollection ovf:id="outer">${product(property("ip", 'ovf:value="192.0.2.1"'))}
    <VirtualSystemCollection ovf:id="inner">${product(property("mine", `ovf:value="${reference("ip")}"`))}
      <VirtualSystem ovf:id="m">${product(
        property("last", `ovf:value=" ${reference("mine")} "`) +
          property("beside", `ovf:value="${reference("last")}"`) +
          property("made", `ovf:value="${reference("autoIp:Network")}"`),
      )}</VirtualSystem></VirtualSystemCollection></VirtualSystemCollection>`;
  const { deployment, found } = resolve(inner);
  assert.deepEqual(
    deployment.properties.map(({ property: { key }, owner, value, reference: from }) => [key, owner?.id, value, from]),
    [
      ["ip", "outer", "192.0.2.1", null],
      ["mine", "inner", "192.0.2.1", "ip"],
      ["last", "m", "192.0.2.1", "mine"],
      ["beside", "m", reference("last"), null],
      ["made", "m", reference("autoIp:Network"), null],
    ],
  );
  assert.deepEqual(
    found.map((d) => [d.code, d.severity, d.data?.key]),
    [["ovf/unresolved-reference", "warning", "last"]],
  );
  assert.equal(resolve(inner, { values: { ip: "198.51.100.1" } }).deployment.lookUp("last"), "198.51.100.1");
});

test("values that break their type or qualifiers are findings: errors where they were chosen", () => {
  const inner = `<VirtualSystem ovf:id="m"><ProductSection><Info/>
    <Property ovf:key="port" ovf:type="uint16" ovf:value="70000"/>
    <Property ovf:key="mode" ovf:type="string" ovf:qualifiers='ValueMap{"a","b"}, MaxLen(1)' ovf:value="cc"/>
    <Property ovf:key="secret" ovf:type="string" ovf:password="true" ovf:qualifiers="MinLen(9)" ovf:value="hunter2"/>
    <Property ovf:key="empty" ovf:type="uint8" ovf:value=""/></ProductSection></VirtualSystem>`;
  const { found } = resolve(inner);
  assert.deepEqual(
    found.map((d) => [d.code, d.severity, d.data?.property]),
    [
      ["ovf/value-breaks-type", "warning", "port"],
      ["ovf/value-breaks-qualifier", "warning", "mode"],
      ["ovf/value-breaks-qualifier", "warning", "mode"],
      ["ovf/value-breaks-qualifier", "warning", "secret"],
    ],
  );
  assert.ok(!JSON.stringify(found).includes("hunter2"), "a password is not repeated");
  const chosen = resolve(inner, { values: { port: "80", mode: "a", secret: { secret: "env:X" }, empty: "" } });
  assert.deepEqual(
    chosen.found.map((d) => [d.code, d.severity, d.data?.property]),
    [["ovf/value-breaks-type", "error", "empty"]],
  );
});

test("items of one id are merged in document order, as far as one of them is for configurations", () => {
  const item = (attributes: string, inner: string): string => `<Item ${attributes}>${inner}</Item>`;
  const hardware = [
    item(
      "",
      `<rasd:ElementName>Memory</rasd:ElementName><rasd:HostResource>one</rasd:HostResource><rasd:HostResource>two</rasd:HostResource>
       <rasd:InstanceID>1</rasd:InstanceID><rasd:VirtualQuantity>4</rasd:VirtualQuantity>
       <vmw:Config vmw:key="k" vmw:value="general"/><vmw:Config vmw:key="l" vmw:value="kept"/><vmw:CoresPerSocket>2</vmw:CoresPerSocket>`,
    ),
    item("", "<rasd:InstanceID>2</rasd:InstanceID>"),
    item('ovf:bound="max"', "<rasd:InstanceID>1</rasd:InstanceID><rasd:VirtualQuantity>64</rasd:VirtualQuantity>"),
    item(
      'ovf:configuration="big" ovf:required="false"',
      `<rasd:HostResource>three</rasd:HostResource><rasd:InstanceID>1</rasd:InstanceID><rasd:VirtualQuantity>8</rasd:VirtualQuantity>
       <vmw:Config vmw:key="k" vmw:value="special"/>`,
    ),
    item("", "<rasd:InstanceID>2</rasd:InstanceID><rasd:Caption>twin</rasd:Caption>"),
  ].join("");
  const inner = `${OPTIONS}<VirtualSystem ovf:id="m"><VirtualHardwareSection><Info/>${hardware}</VirtualHardwareSection></VirtualSystem>`;
  const { deployment } = resolve(inner);
  const [section] = deployment.document.contents[0]?.hardware ?? [];
  assert.ok(section);
  const [memory, second, limit, twin] = deployment.items(section);
  assert.deepEqual(
    [memory?.label, memory?.get("VirtualQuantity"), memory?.hostResources, memory?.required],
    ["Memory", 8, ["three"], false],
  );
  assert.deepEqual(
    memory?.settings.map(({ key, value }) => [key, value]),
    [
      ["l", "kept"],
      ["k", "special"],
    ],
  );
  assert.equal(memory?.extension(VMWARE, "CoresPerSocket")?.text, "2");
  assert.deepEqual([second?.instanceId, limit?.bound, twin?.label], ["2", "max", "twin"]);
  assert.deepEqual(
    deployment.ranges(section).map(({ item, min, max }) => [item?.label, min?.quantity, max?.quantity]),
    [
      ["Memory", undefined, "64"],
      [undefined, undefined, undefined],
      ["twin", undefined, undefined],
    ].map(([a, b, c]) => [a === undefined ? null : a, b, c]),
  );
  const small = resolve(inner, { configuration: "small" }).deployment;
  const [unchanged] = small.items(small.document.contents[0]?.hardware[0] ?? section);
  assert.equal(unchanged?.quantity, "4");
  // What is written goes into the very element, and the one below it stays.
  assert.ok(memory);
  memory.elementName = "More";
  assert.deepEqual([memory.label, section.items[0]?.label], ["More", "Memory"]);
});

test("amounts are in the base of their unit; processors are pieces, whatever their clock is counted in", () => {
  const inner = `<VirtualSystem ovf:id="m"><VirtualHardwareSection><Info/>
    <Item><rasd:AllocationUnits>hertz * 10^6</rasd:AllocationUnits><rasd:InstanceID>1</rasd:InstanceID><rasd:Reservation>500</rasd:Reservation>
      <rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>2</rasd:VirtualQuantity></Item>
    <Item><rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits><rasd:InstanceID>2</rasd:InstanceID><rasd:Limit>nonsense</rasd:Limit>
      <rasd:ResourceType>4</rasd:ResourceType><rasd:VirtualQuantity>3</rasd:VirtualQuantity></Item>
    </VirtualHardwareSection></VirtualSystem>`;
  const { deployment } = resolve(inner);
  const [cpu, memory] = deployment.document.contents[0]?.hardware[0]?.items ?? [];
  assert.deepEqual([cpu?.amount("VirtualQuantity")?.value, cpu?.amount("VirtualQuantity")?.unit?.base], [2, "count"]);
  assert.deepEqual([cpu?.amount("Reservation")?.value, cpu?.amount("Reservation")?.unit?.base], [500e6, "hertz"]);
  assert.equal(cpu?.amount("Limit"), null);
  assert.deepEqual([memory?.amount("VirtualQuantity")?.value, memory?.amount("Limit")?.value], [3 * 2 ** 20, null]);
});

test("the capacity of a disk may be the value of a property, in the unit of the disk", () => {
  const inner = `<DiskSection><Info/><Disk ovf:diskId="d" ovf:capacity="${reference("size")}" ovf:capacityAllocationUnits="byte * 2^30"/></DiskSection>
    <VirtualSystem ovf:id="m"><ProductSection><Info/>${property("size", 'ovf:value="3"')}</ProductSection></VirtualSystem>`;
  const bytes = (choice: DeploymentChoice): number => {
    const { deployment } = resolve(inner, choice);
    const disk = deployment.document.disk("d");
    assert.ok(disk);
    return diskCapacity(deployment, disk, (d) => assert.fail(d.message));
  };
  assert.equal(bytes({}), 3 * 2 ** 30);
  assert.equal(bytes({ values: { size: "5" } }), 5 * 2 ** 30);
  assert.throws(() => bytes({ values: { size: { secret: "env:X" } } }), withCode("ovf/secret-capacity"));
});

test("texts come from bundles in the package too, the later message before the earlier", () => {
  const inner = `<VirtualSystem ovf:id="m"><Info ovf:msgid="long"/><Name ovf:msgid="n">Own</Name></VirtualSystem>
    <Strings xml:lang="de"><Msg ovf:msgid="n">Erst</Msg><Msg ovf:msgid="n">Dann</Msg></Strings>
    <Strings ovf:fileRef="fr"/><Strings xml:lang="en"><Msg ovf:msgid="long" ovf:fileRef="txt"/></Strings>`;
  const french = parse(`<Strings xmlns="${OVF2}" xmlns:o="${OVF2}" xml:lang="fr"><Msg o:msgid="n">Nom</Msg></Strings>`);
  const files: MessageFiles = { bundles: new Map([["fr", french]]), texts: new Map([["txt", "A long text"]]) };
  const name = (locale: string, held: MessageFiles | null) => {
    const { deployment } = resolve(inner, { locale }, held);
    return deployment.text(deployment.document.contents[0]?.name);
  };
  assert.deepEqual(
    [name("de", files), name("fr-CA", files), name("fr-CA", null), name("ja", files)],
    ["Dann", "Nom", "Own", "Own"],
  );
  const { deployment } = resolve(inner, { locale: "en" }, files);
  assert.equal(deployment.text(deployment.document.contents[0]?.info), "A long text");
  assert.deepEqual([deployment.messages.files, deployment.messages.textFiles], [["fr"], ["txt"]]);
  const wrong = { bundles: new Map([["fr", parse("<Envelope/>")]]), texts: new Map() };
  assert.throws(() => resolve(inner, {}, wrong), withCode("ovf/not-a-bundle"));
});

test("a member is copied as often as the configuration says", () => {
  const inner = `${OPTIONS}<VirtualSystemCollection ovf:id="c"><ScaleOutSection ovf:id="web"><Info/><InstanceCount ovf:default="2"/>
    <InstanceCount ovf:default="7" ovf:maximum="9" ovf:configuration="big"/></ScaleOutSection>
    <VirtualSystem ovf:id="web"/><VirtualSystem ovf:id="db"/></VirtualSystemCollection>`;
  const copies = (configuration: string) => {
    const { deployment } = resolve(inner, { configuration });
    const [collection] = deployment.document.contents;
    assert.ok(collection);
    return collection.children.map((child) => deployment.copies(collection, child));
  };
  assert.deepEqual(
    [copies("small"), copies("big")],
    [
      [2, null],
      [7, null],
    ],
  );
});

const CORPUS = "../shared/corpus/ovf";

test("every descriptor of the corpus resolves, in every configuration", {
  skip: existsSync(CORPUS) ? false : "../shared is absent",
}, () => {
  const counts = new Map<string, number>();
  let resolved = 0;
  for (const file of readdirSync(CORPUS)) {
    const bytes = new Uint8Array(readFileSync(`${CORPUS}/${file}`));
    try {
      const document = openOvf(parseXml(bytes, file, defaultLimits), () => {});
      const report = (d: Diagnostic): void => void counts.set(d.code, (counts.get(d.code) ?? 0) + 1);
      for (const { id } of document.configurations)
        if (id !== null) resolveOvf(document, { configuration: id }, report);
      const deployment = resolveOvf(document, {}, report);
      for (const content of document.envelope.descendants()) content.hardware.forEach(deployment.ranges);
      resolved++;
    } catch (error) {
      if (!(error instanceof FerryError)) throw error;
      assert.match(error.code, /^(xml\/|ovf\/not-an-envelope)/, file);
    }
  }
  assert.ok(resolved >= 179, `${resolved} descriptors`);
  const known = [
    "ovf/several-defaults",
    "ovf/value-breaks-type",
    "ovf/value-breaks-qualifier",
    "ovf/unresolved-reference",
  ];
  assert.deepEqual(
    [...counts.keys()].filter((code) => !known.includes(code)),
    [],
  );
  assert.ok([...counts.values()].reduce((a, b) => a + b, 0) < 60, JSON.stringify([...counts]));
});
