import assert from "node:assert/strict";
import { test } from "node:test";
import { disk, importText, item, only, STREAM, system } from "../../../test/support/ovf.js";
import { FerryError } from "../../base/errors.js";
import type { ImportChoice } from "../platform.js";

const withCode = (code: string) => (error: unknown) => error instanceof FerryError && error.code === code;

test("reads a plain machine without findings", () => {
  const { appliance, codes } = importText(system(""));
  const machine = only(appliance);
  assert.deepEqual(codes, []);
  assert.deepEqual([machine.id, machine.name, machine.cpu.count, machine.memoryBytes], ["m", "m", 2, 512 * 2 ** 20]);
  assert.deepEqual([machine.firmware, machine.firmwareFrom], ["unknown", null]);
  assert.deepEqual(machine.hardwareTypes, ["vmx-13"]);
});

test("files: an href that leads out of the package is reported and never looked up", () => {
  for (const href of [
    "/etc/passwd",
    "../x.vmdk",
    "a/../../x",
    "..%2fx",
    "%2e%2e/x",
    "file:///etc/passwd",
    "http://x.example/d",
    "C:\\d",
    "\\\\host\\share\\d",
    "c:d",
  ]) {
    const { appliance, codes } = importText(
      `<References><File ovf:id="f" ovf:href="${href}"/></References>${disk("d", 'ovf:fileRef="f" ovf:capacity="1"')}${system("")}`,
      {},
      { name: null, find: () => assert.fail("looked up"), references: "report" },
    );
    assert.deepEqual(codes, ["ovf/href-outside-package"], href);
    assert.equal(appliance.disks[0]?.file, href, "the disk does not become an empty one");
  }
});

test("files: one that is not in the package is reported, unless that was done before", () => {
  const text = `<References><File ovf:id="f" ovf:href="gone.vmdk"/></References>${system("")}`;
  assert.deepEqual(importText(text, {}, { name: null, find: () => undefined, references: "report" }).codes, [
    "ovf/file-missing",
  ]);
  assert.deepEqual(importText(text, {}, { name: null, find: () => undefined, references: "reported" }).codes, []);
});

test("files: names and sizes of members count, and pieces and compression are kept", () => {
  const { appliance, codes } = importText(
    `<References><File ovf:id="f" ovf:href="a%20b.vmdk.gz" ovf:size="7" ovf:compression="gzip" ovf:chunkSize="4096"/>
      <File ovf:id="i" ovf:href="cd.iso" ovf:size="9"/><File ovf:id="n" ovf:href="vars"/></References>
      ${disk("d", 'ovf:fileRef="f" ovf:capacity="1" ovf:capacityAllocationUnits="byte * 2^30"')}
      ${system(item({ InstanceID: 5, ResourceType: 32768, Caption: "NVRAM", HostResource: "ovf:/file/n" }))}`,
    {},
    { name: "x", find: (href) => ({ name: href.replace("%20", " "), size: 5 }), references: "report" },
  );
  assert.deepEqual(codes, []);
  assert.deepEqual(appliance.disks, [
    {
      id: "d",
      file: "a b.vmdk.gz",
      format: "vmdk",
      variant: "streamOptimized",
      capacityBytes: 2 ** 30,
      parent: null,
      compression: "gzip",
      chunkBytes: 4096,
      shared: false,
    },
  ]);
  assert.deepEqual(appliance.files, [
    { id: "i", name: "cd.iso", role: "iso", size: 5 },
    { id: "n", name: "vars", role: "nvram", size: 5 },
  ]);
});

test("files: those that cannot be used as they are are reported", () => {
  const { codes } = importText(`<References><File ovf:id="a"/><File ovf:href="b"/>
    <File ovf:id="c" ovf:href="c" ovf:compression="bzip2"/><File ovf:id="c" ovf:href="d"/></References>${system("")}`);
  assert.deepEqual(codes, [
    "ovf/incomplete-file",
    "ovf/incomplete-file",
    "ovf/unknown-compression",
    "ovf/duplicate-id",
  ]);
});

test("disks: dangling references, unknown formats and missing or wrong capacities are reported", () => {
  const cases: readonly (readonly [attributes: string, code: string, capacity: number])[] = [
    ['ovf:capacity="1" ovf:fileRef="none"', "ovf/dangling-file-ref", 1],
    ['ovf:capacity="1" ovf:parentRef="none"', "ovf/unknown-parent-disk", 1],
    ["", "ovf/missing-capacity", 0],
    ['ovf:capacity="-1"', "ovf/bad-capacity", 0],
    ['ovf:capacity="ten"', "ovf/bad-capacity", 0],
    ['ovf:capacity="10GB"', "ovf/bad-capacity", 10 * 2 ** 30],
    ['ovf:capacity="9007199254740992"', "ovf/bad-capacity", 0],
    ['ovf:capacity="$' + '{size}"', "ovf/bad-capacity", 0],
    ['ovf:capacity="1" ovf:capacityAllocationUnits="Disk"', "ovf/unknown-unit", 0],
    ['ovf:capacity="1" ovf:capacityAllocationUnits="hertz"', "ovf/unknown-unit", 0],
  ];
  for (const [attributes, code, capacity] of cases) {
    const { appliance, codes } = importText(disk("d", attributes) + system(""));
    assert.deepEqual(codes, [code], attributes);
    assert.equal(appliance.disks[0]?.capacityBytes, capacity, attributes);
  }
  const unknown = importText(
    `<DiskSection><Disk ovf:diskId="d" ovf:capacity="1" ovf:format="urn:x"/><Disk ovf:capacity="1"/></DiskSection>${system("")}`,
  );
  assert.deepEqual(unknown.codes, ["ovf/incomplete-disk", "ovf/unknown-disk-format"]);
});

test("disks: a capacity can be a property, in its configuration and as chosen", () => {
  const text = `${disk("d", 'ovf:capacity="$' + '{com.x.size.1}" ovf:capacityAllocationUnits="byte * 2^20"')}
    <DeploymentOptionSection><Configuration ovf:id="small"/><Configuration ovf:id="large"/></DeploymentOptionSection>
    ${system("", '<ProductSection ovf:class="com.x" ovf:instance="1"><Property ovf:key="size" ovf:value="4"><Value ovf:configuration="large" ovf:value="8"/></Property></ProductSection>')}`;
  const capacity = (choice: ImportChoice): number | undefined =>
    importText(text, choice).appliance.disks[0]?.capacityBytes;
  assert.equal(capacity({}), 4 * 2 ** 20);
  assert.equal(capacity({ configuration: "large" }), 8 * 2 ** 20);
  assert.equal(capacity({ configuration: "large", values: { "com.x.size.1": "16" } }), 16 * 2 ** 20);
  assert.equal(capacity({ values: { size: "32" } }), 32 * 2 ** 20);
  assert.throws(() => capacity({ values: { size: { secret: "env:X" } } }), withCode("ovf/secret-capacity"));
});

test("disks: drives that name one disk get copies of it, unless it is shared", () => {
  const drive = (id: number, name: string) =>
    item({ InstanceID: id, ResourceType: 17, HostResource: `ovf:/disk/${name}` });
  const { appliance, codes } = importText(
    `${disk("d", 'ovf:capacity="1"')}<SharedDiskSection><SharedDisk ovf:diskId="s" ovf:capacity="2" ovf:format="${STREAM}"/></SharedDiskSection>
     <VirtualSystemCollection ovf:id="c">${system(drive(5, "d") + drive(6, "s"), "", "a")}${system(drive(5, "d") + drive(6, "s"), "", "b")}</VirtualSystemCollection>`,
  );
  assert.deepEqual(codes, ["ovf/disk-copied"]);
  assert.deepEqual(
    appliance.machines.map((machine) => machine.attachments.map((a) => a.disk)),
    [
      ["d", "s"],
      ["d-2", "s"],
    ],
  );
  assert.deepEqual(
    appliance.disks.map(({ id, capacityBytes }) => [id, capacityBytes]),
    [
      ["d", 1],
      ["s", 2],
      ["d-2", 1],
    ],
  );
});

test("the chosen configuration decides about hardware; the default one where none is chosen", () => {
  const options =
    '<DeploymentOptionSection><Configuration ovf:id="s"><Label>Small</Label></Configuration><Configuration ovf:id="l" ovf:default="true"/></DeploymentOptionSection>';
  const large = item({ InstanceID: 1, ResourceType: 3, VirtualQuantity: 8 }, 'ovf:configuration="l xl"');
  const cpus = (choice: ImportChoice, text = options + system(large)) =>
    only(importText(text, choice).appliance).cpu.count;
  assert.equal(cpus({}), 8);
  assert.equal(cpus({ configuration: "s" }), 2);
  assert.throws(() => cpus({ configuration: "xl" }), withCode("ovf/unknown-configuration"));
  assert.equal(
    cpus({}, options.replace(' ovf:default="true"', "") + system(large)),
    2,
    "without a default the first counts",
  );
  const two = importText(options.replace('"s"', '"s" ovf:default="true"') + system(large));
  assert.deepEqual([two.codes, only(two.appliance).cpu.count], [["ovf/several-defaults"], 2]);
  assert.deepEqual(two.appliance.options, [
    { id: "s", label: "Small", default: true },
    { id: "l", label: "l", default: true },
  ]);
});

test("collections: ids are made unique, groups keep their members, start orders their machines", () => {
  const { appliance, codes } = importText(`<VirtualSystemCollection ovf:id="app"><Name>The App</Name>
    <StartupSection><Item ovf:id="app" ovf:order="2" ovf:startDelay="30"/><Item ovf:id="tier" ovf:order="1"/></StartupSection>
    ${system("", "", "app")}<VirtualSystemCollection ovf:id="tier">${system("", "", "app")}</VirtualSystemCollection></VirtualSystemCollection>`);
  assert.deepEqual(codes, ["ovf/duplicate-id"]);
  assert.deepEqual(
    appliance.machines.map((machine) => machine.id),
    ["app", "app-2"],
  );
  assert.deepEqual(appliance.groups, [
    { id: "app", name: "The App", members: ["app", "tier"] },
    { id: "tier", name: null, members: ["app-2"] },
  ]);
  assert.deepEqual(appliance.startup, [{ machine: "app", order: 2, startDelaySeconds: 30 }]);
  assert.deepEqual(
    appliance.foreign.map(({ name }) => name),
    ["StartupSection tier"],
  );
});

test("a package without machines, and machines without id or hardware, are reported", () => {
  assert.deepEqual(importText("").codes, ["ovf/no-machine"]);
  const { appliance, codes } = importText("<VirtualSystem><Name>Web</Name></VirtualSystem>");
  assert.deepEqual(codes, ["ovf/missing-id", "ovf/no-hardware"]);
  assert.equal(only(appliance).id, "Web");
});

test("properties: values as chosen, passwords never from the package, unknown keys refused", () => {
  const text = system(
    "",
    `<ProductSection ovf:class="c"><Product>P</Product><Property ovf:key="host" ovf:type="string" ovf:value="a" ovf:userConfigurable="true"/>
      <Category>Access</Category><Property ovf:key="pw" ovf:type="string" ovf:value="secret" ovf:password="true" vmw:qualifiers="MinLen(8)"/>
      <Property ovf:key="only" ovf:configuration="other"/><Property ovf:type="string"/></ProductSection>`,
  );
  const { appliance, codes } = importText(text, { values: { "c.host": "b", "c.pw": { secret: "env:PW" } } });
  assert.deepEqual(codes, ["ovf/missing-id"]);
  const values = appliance.products[0]?.properties.map(({ key, value, category, qualifiers }) => [
    key,
    value,
    category,
    qualifiers,
  ]);
  assert.deepEqual(values, [
    ["host", "b", null, null],
    ["pw", { secret: "env:PW" }, "Access", "MinLen(8)"],
  ]);
  assert.equal(importText(text).appliance.products[0]?.properties[1]?.value, null);
  assert.throws(() => importText(text, { values: { nothing: "x" } }), withCode("ovf/unknown-property"));
});

test("texts come in the chosen language", () => {
  const text = `<Strings xml:lang="de"><Msg ovf:msgid="eula">Bedingungen</Msg><Msg ovf:msgid="net">Netz</Msg></Strings>
    <NetworkSection><Network ovf:name="n"><Description ovf:msgid="net">net</Description></Network></NetworkSection>
    ${system("", '<EulaSection><License ovf:msgid="eula">Terms</License></EulaSection><AnnotationSection><Annotation>Note</Annotation></AnnotationSection>')}`;
  const german = importText(text, { locale: "de" }).appliance;
  assert.deepEqual(
    [german.eulas, german.networks[0]?.description, german.machines[0]?.annotation],
    [[{ machine: "m", text: "Bedingungen" }], "Netz", "Note"],
  );
  assert.deepEqual(importText(text).appliance.eulas, [{ machine: "m", text: "Terms" }]);
});

test("what is nobody's is carried along with its source", () => {
  const { appliance, codes } = importText(
    `<x:FooSection><x:Bar/></x:FooSection>${system(
      item({ InstanceID: 8, ResourceType: 99 }) +
        item({ InstanceID: 9, ResourceType: 77 }, 'ovf:required="false"') +
        item({ InstanceID: 11, ResourceType: 35, ResourceSubType: "ensoniq1371" }),
      "<x:BarSection/>",
    )}`,
  );
  assert.deepEqual(appliance.foreign, [
    { source: "urn:x", name: "FooSection", payload: "<x:FooSection><x:Bar/></x:FooSection>", machine: null },
  ]);
  assert.deepEqual(
    only(appliance).foreign.map(({ source, name }) => [source, name]),
    [
      ["urn:x", "BarSection"],
      ["ovf", "resource type 99"],
      ["ovf", "resource type 77"],
    ],
  );
  assert.deepEqual(codes, ["ovf/unknown-resource-type", "ovf/unknown-resource-type"]);
});

test("an OVF 0.9 style annotation of the envelope goes to the only machine", () => {
  const note = "<AnnotationSection><Annotation>All of it</Annotation></AnnotationSection>";
  assert.equal(only(importText(note + system("")).appliance).annotation, "All of it");
  const two = importText(
    `${note}<VirtualSystemCollection ovf:id="c">${system("", "", "a")}${system("", "", "b")}</VirtualSystemCollection>`,
  ).appliance;
  assert.deepEqual([two.machines[0]?.annotation, two.foreign.map(({ name }) => name)], [null, ["AnnotationSection"]]);
});

test("findings stand at their line", () => {
  const { found } = importText(`\n\n   ${disk("d", 'ovf:capacity="x"')}${system("")}`);
  assert.deepEqual(found[0]?.location, { at: "text", file: "test.ovf", line: 5, column: 24 });
});

test("tens of thousands of entries of every kind are read in linear time", () => {
  const count = 10_000;
  const many = (make: (i: number) => string): string => Array.from({ length: count }, (_, i) => make(i)).join("");
  const text = `<References>${many((i) => `<File ovf:id="f${i}" ovf:href="d${i}.vmdk"/>`)}</References>
    <DiskSection>${many((i) => `<Disk ovf:diskId="d${i}" ovf:fileRef="f${i}" ovf:capacity="$` + `{k${i}}"/>`)}</DiskSection>
    ${system(
      many((i) => item({ InstanceID: i + 10, ResourceType: 17, HostResource: "ovf:/disk/d0", Parent: 5 })) +
        many((i) => item({ InstanceID: i + 100_000, ResourceType: 10, Connection: `n${i}` })),
      `<ProductSection>${many((i) => `<Property ovf:key="k${i}" ovf:value="${i}"/>`)}</ProductSection>`,
    )}`;
  const start = performance.now();
  const { appliance } = importText(text);
  assert.equal(appliance.disks.length, 2 * count - 1);
  assert.ok(performance.now() - start < 20_000, "quadratic work takes minutes");
});
