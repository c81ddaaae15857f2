import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fc } from "../../test/support/fast-check.js";
import { FerryError } from "../base/errors.js";
import { defaultLimits } from "../base/limits.js";
import { parseXml } from "../xml/parse.js";
import { type DeploymentChoice, resolveOvf } from "./deployment.js";
import { openOvf } from "./document.js";
import { type EnvironmentDocument, openEnvironment } from "./environment.js";
import { checkEnvironment } from "./environment-check.js";
import { environmentOf, renderEnvironment } from "./environment-write.js";
import { OVF_2, OVF_ENVIRONMENT } from "./namespaces.js";

const parse = (text: string) => parseXml(new TextEncoder().encode(text), "ovf-env.xml", defaultLimits);
const open = (text: string): EnvironmentDocument => openEnvironment(parse(text));
const codesOf = (document: EnvironmentDocument): string[] => [...checkEnvironment(document)].map(({ code }) => code);

const ENV = (inner: string, attributes = 'oe:id="m"'): string =>
  `<Environment xmlns="${OVF_ENVIRONMENT}" xmlns:oe="${OVF_ENVIRONMENT}" ${attributes}>${inner}</Environment>`;

const SAMPLE = ENV(`
  <PlatformSection>
    <Kind>Type</Kind>
    <Locale>en_US</Locale>
  </PlatformSection>
  <PropertySection>
    <Property oe:key="a" oe:value="1"/>
    <Property oe:key="b" oe:value=""/>
  </PropertySection>
  <Entity oe:id="other">
    <PropertySection>
      <Property oe:key="a" oe:value="2"/>
    </PropertySection>
  </Entity>
`);

test("reads what a guest is told", () => {
  const { environment, kind } = open(SAMPLE);
  assert.deepEqual([environment.id, kind], ["m", "ovf"]);
  const { platform } = environment;
  assert.deepEqual(
    [platform?.kind, platform?.version, platform?.locale, platform?.timezone],
    ["Type", null, "en_US", null],
  );
  assert.deepEqual([environment.value("a"), environment.value("b"), environment.value("c")], ["1", "", null]);
  const [entity] = environment.entities;
  assert.deepEqual([entity?.id, entity?.value("a")], ["other", "2"]);
  assert.throws(
    () => open("<Envelope/>"),
    (error) => error instanceof FerryError && error.code === "ovf-env/not-an-environment",
  );
});

test("what is written into an environment changes its own lines, and stays valid", () => {
  const document = open(SAMPLE);
  const { environment } = document;
  const platform = environment.ensurePlatform();
  Object.assign(platform, { kind: "K", version: "V", vendor: "W", locale: "de-AT", timezone: 60 });
  environment.id = "n";
  environment.setValue("a", "one & <two>");
  environment.setValue("new", "x");
  environment.setValue("b", null);
  environment.entities[0]?.setValue("z", "9");
  assert.deepEqual(codesOf(document), []);
  const text = new TextDecoder().decode(document.xml.serialize());
  assert.equal(
    text,
    ENV(
      `
  <PlatformSection>
    <Kind>K</Kind>
    <Version>V</Version>
    <Vendor>W</Vendor>
    <Locale>de-AT</Locale>
    <Timezone>60</Timezone>
  </PlatformSection>
  <PropertySection>
    <Property oe:key="a" oe:value="one &amp; &lt;two&gt;"/>
    <Property oe:key="new" oe:value="x"/>
  </PropertySection>
  <Entity oe:id="other">
    <PropertySection>
      <Property oe:key="a" oe:value="2"/>
      <Property oe:key="z" oe:value="9"/>
    </PropertySection>
  </Entity>
`,
      'oe:id="n"',
    ),
  );
});

test("tells what is wrong with an environment", () => {
  const property = (attributes: string): string => `<PropertySection><Property ${attributes}/></PropertySection>`;
  const cases: readonly (readonly [text: string, codes: readonly string[]])[] = [
    [ENV(property('oe:key="a" oe:value=""')), []],
    [ENV("", ""), []],
    [ENV(property('oe:key="a"')), ["ovf-env/structure"]],
    [ENV(property('key="a" oe:value="1"')), ["ovf-env/structure"]],
    [ENV(property('oe:key="a" oe:value="1"').repeat(2)), ["ovf-env/repeated", "ovf-env/repeated"]],
    [ENV("<Entity/>"), ["ovf-env/structure"]],
    [ENV('<Entity oe:id="a"/><Entity oe:id="a"/>'), ["ovf-env/repeated"]],
    [ENV('<Entity oe:id="a"/><PropertySection/>'), ["ovf-env/structure"]],
    [ENV("<PropertySection/><PlatformSection/>"), []],
    [ENV("<PlatformSection><Version/><Kind/></PlatformSection>"), ["ovf-env/structure"]],
    [ENV("<PlatformSection><Kind/><Kind/></PlatformSection>"), ["ovf-env/structure"]],
    [ENV("<PlatformSection><TimeZone>5</TimeZone></PlatformSection>"), ["ovf-env/structure"]],
    [ENV("<PlatformSection><Timezone>UTC</Timezone></PlatformSection>"), ["ovf-env/structure"]],
    [ENV("<PlatformSection><Timezone>-1441</Timezone></PlatformSection>"), ["ovf-env/bad-value"]],
    [ENV("<PlatformSection><Locale>Language and country</Locale></PlatformSection>"), ["ovf-env/bad-value"]],
    [ENV("").replaceAll("/1", "/2"), ["ovf-env/namespace"]],
  ];
  for (const [text, codes] of cases) assert.deepEqual(codesOf(open(text)), codes, text);
});

const CORPUS = "../shared/corpus/env";

test("every environment of the corpus is read, has no error, and is written back as it was", {
  skip: existsSync(CORPUS) ? false : "../shared is absent",
}, () => {
  const azure: string[] = [];
  for (const name of readdirSync(CORPUS)) {
    const bytes = new Uint8Array(readFileSync(`${CORPUS}/${name}`));
    const document = openEnvironment(parseXml(bytes, name, defaultLimits));
    if (document.kind === "azure") azure.push(name);
    // All of them are valid by the schema; one has words of explanation for its locale.
    assert.deepEqual(
      [...checkEnvironment(document)].filter(({ severity }) => severity === "error"),
      [],
      name,
    );
    assert.deepEqual(document.xml.serialize(), bytes, name);
  }
  assert.deepEqual(azure, ["microsoft-azure__ovf-env-3.xml", "microsoft-azure__ovf-env.xml"]);
});

function descriptor(inner: string): string {
  return `<Envelope xmlns="${OVF_2}" xmlns:ovf="${OVF_2}">${inner}</Envelope>`;
}
const question = (key: string, attributes: string): string =>
  `<Property ovf:key="${key}" ovf:type="string" ${attributes}/>`;
const asks = (inner: string, attributes = ""): string =>
  `<ProductSection ${attributes}><Info/>${inner}</ProductSection>`;

const COLLECTION =
  descriptor(`<VirtualSystemCollection ovf:id="all">${asks(question("domain", 'ovf:value="example.org"') + question("shared", 'ovf:value="of all"'))}
  <ScaleOutSection ovf:id="web"><Info/><InstanceCount ovf:default="2"/></ScaleOutSection>
  <VirtualSystem ovf:id="db">${asks(question("shared", 'ovf:value="own"') + question("port", "") + question("password", 'ovf:password="true"'), 'ovf:class="org.db" ovf:instance="1"') + asks(question("shared", 'ovf:value="mine"'))}</VirtualSystem>
  <VirtualSystem ovf:id="web">${asks(question("host", 'ovf:value="\u0024{domain}"'))}</VirtualSystem>
  <VirtualSystemCollection ovf:id="rest"><VirtualSystem ovf:id="deep"/></VirtualSystemCollection></VirtualSystemCollection>`);

function environmentIn(id: string, choice: DeploymentChoice = {}, copy?: number) {
  const deployment = resolveOvf(
    openOvf(parse(COLLECTION), () => {}),
    choice,
    (d) => assert.fail(d.message),
  );
  const system = [...deployment.document.envelope.descendants()].find((content) => content.id === id);
  assert.ok(system);
  return environmentOf(deployment, system, copy === undefined ? {} : { copy });
}

test("a system is told its own values, those of its collection that it does not have, and what is beside it", () => {
  const secret = { secret: "env:PASSWORD" };
  const model = environmentIn("db", { values: { "org.db.password.1": secret } });
  assert.deepEqual(
    [...model.values],
    [
      ["domain", "example.org"],
      ["shared", "mine"],
      ["org.db.shared.1", "own"],
      ["org.db.port.1", ""],
      ["org.db.password.1", secret],
    ],
  );
  assert.deepEqual(
    model.entities.map(({ id, values }) => [id, values.get("host") ?? null, values.get("domain")]),
    [
      ["web-1", "example.org", "example.org"],
      ["web-2", "example.org", "example.org"],
      ["rest", null, "example.org"],
    ],
  );
  const second = environmentIn("web", {}, 2);
  assert.deepEqual([second.id, second.entities.map(({ id }) => id)], ["web-2", ["db", "web-1", "rest"]]);
  const deep = environmentIn("deep");
  assert.deepEqual(
    [deep.id, [...deep.values], deep.entities],
    ["deep", [], []],
    "only the collection right around counts",
  );
});

test("what is written for a guest reads back with the same values and has no finding", () => {
  const printable = fc
    .string({ unit: "grapheme", maxLength: 12 })
    .filter((text) => !/[\p{Cc}\p{Cs}\ufffe\uffff]/u.test(text));
  const values = fc
    .dictionary(
      printable.filter((key) => key.trim() === key && key !== ""),
      printable,
    )
    .map((read) => new Map(Object.entries(read)));
  const platform = fc.record({
    kind: fc.option(fc.constant("KVM")),
    version: fc.option(fc.constant("9.1")),
    vendor: fc.option(fc.constant("Example")),
    locale: fc.option(fc.constantFrom("de-AT", "en")),
    timezone: fc.option(fc.integer({ min: -720, max: 840 })),
  });
  fc.assert(
    fc.property(values, values, fc.option(platform), (own, others, facts) => {
      const model = { id: "m", platform: facts, values: own, entities: [{ id: "o", values: others }] };
      const document = open(renderEnvironment(model, () => assert.fail("no secret")));
      assert.deepEqual(codesOf(document), []);
      const { environment } = document;
      const read = (from: typeof environment | undefined) => from?.properties.map(({ key, value }) => [key, value]);
      assert.deepEqual(read(environment), [...own]);
      assert.deepEqual(
        environment.entities[0]?.properties.map(({ key, value }) => [key, value]),
        [...others],
      );
      assert.equal(environment.platform?.timezone ?? null, facts?.timezone ?? null);
    }),
    { numRuns: 60 },
  );
});

test("secrets are revealed to the document alone", () => {
  const model = environmentIn("db", { values: { "org.db.password.1": { secret: "env:PASSWORD" } } });
  const text = renderEnvironment(model, ({ secret }) => `value of ${secret}`);
  assert.equal(open(text).environment.value("org.db.password.1"), "value of env:PASSWORD");
});
