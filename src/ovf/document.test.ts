import assert from "node:assert/strict";
import { test } from "node:test";
import type { Diagnostic } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";
import { defaultLimits } from "../base/limits.js";
import { parseXml } from "../xml/parse.js";
import { type OvfDocument, openOvf } from "./document.js";

function open(text: string, found: Diagnostic[] = []): OvfDocument {
  return openOvf(parseXml(new TextEncoder().encode(text), "test.ovf", defaultLimits), (d) => found.push(d));
}

const RASD = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData";
const OVF1 = "http://schemas.dmtf.org/ovf/envelope/1";

test("tells dialects by namespace, and versions of one by ovf:version", () => {
  const cases: readonly (readonly [root: string, dialect: string, findings: number])[] = [
    ['<E:Envelope xmlns:E="http://www.vmware.com/schema/ovf/1/envelope" E:version="0.9.5"/>', "0.9", 0],
    [`<Envelope xmlns="${OVF1}"/>`, "1.0", 0],
    [`<Envelope xmlns="${OVF1}" version="1.0.0"/>`, "1.0", 0],
    [`<o:Envelope xmlns:o="${OVF1}" o:version="1.1.0"/>`, "1.1", 0],
    ['<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/2"/>', "2.0", 0],
    ['<o:Envelope xmlns:o="http://schemas.dmtf.org/ovf/envelope/2" o:version="2.1"/>', "2.1", 0],
    ['<o:Envelope xmlns:o="http://schemas.dmtf.org/ovf/envelope/1/" o:version="4.1.0.0"/>', "0.9", 0],
    ['<Envelope xmlns="http://example.org/ovf"><Section/></Envelope>', "0.9", 1],
    ['<Envelope xmlns="http://example.org/ovf/2"/>', "2.0", 1],
    ["<Envelope/>", "1.0", 1],
  ];
  for (const [text, dialect, findings] of cases) {
    const found: Diagnostic[] = [];
    assert.equal(open(text, found).dialect, dialect, text);
    assert.deepEqual(
      found.map((d) => d.code),
      Array(findings).fill("ovf/unknown-namespace"),
      text,
    );
  }
});

test("refuses documents that are no envelope", () => {
  assert.throws(
    () => open(`<Strings xmlns="${OVF1}"/>`),
    (error) => error instanceof FerryError && error.code === "ovf/not-an-envelope",
  );
});

test("matches names by namespace, never by prefix", () => {
  const document = open(`<a:Envelope xmlns:a="${OVF1}" xmlns:ovf="urn:other" xmlns:r="${RASD}">
    <a:References><a:File a:id="f" a:href="x.vmdk"/><ovf:File ovf:id="no" ovf:href="no"/></a:References>
    <ovf:DiskSection><ovf:Disk/></ovf:DiskSection>
    <a:DiskSection><a:Disk a:diskId="d" a:fileRef="f" a:capacity="1"/></a:DiskSection>
    <a:VirtualSystem a:id="m"><a:VirtualHardwareSection>
      <a:Item><r:InstanceID>1</r:InstanceID><r:ResourceType>3</r:ResourceType><ovf:ResourceType>4</ovf:ResourceType></a:Item>
    </a:VirtualHardwareSection></a:VirtualSystem></a:Envelope>`);
  assert.deepEqual(
    document.references.map((file) => file.id),
    ["f"],
  );
  assert.deepEqual(
    document.disks.map((disk) => disk.diskId),
    ["d"],
  );
  assert.deepEqual(
    document.unknown.map((element) => element.name),
    ["DiskSection"],
  );
  const items = document.contents[0]?.hardware[0]?.items ?? [];
  assert.deepEqual(
    items.map((item) => [item.instanceId, item.resourceType]),
    [["1", 3]],
  );
});

test("reads OVF 0.9 sections by xsi:type, with and without a namespace on the elements", () => {
  const body = (p: string) => `
    <${p}References><${p}File o:id="f" o:href="x"/></${p}References>
    <${p}Section t:type="o:DiskSection_Type"><${p}Disk o:diskId="d" o:capacity="5"/></${p}Section>
    <${p}Section t:type="z:DiskSection_Type"><${p}Disk o:diskId="foreign"/></${p}Section>
    <${p}Content o:id="c" t:type="o:VirtualSystemCollection_Type">
      <${p}Content o:id="m" t:type="o:VirtualSystem_Type">
        <${p}Section t:type="o:VirtualHardwareSection_Type"><${p}Item><r:InstanceId>7</r:InstanceId></${p}Item></${p}Section>
      </${p}Content>
    </${p}Content>`;
  for (const prefix of ["", "o:"]) {
    const document =
      open(`<o:Envelope xmlns:o="http://www.vmware.com/schema/ovf/1/envelope" xmlns:z="urn:z" xmlns:r="${RASD}"
      xmlns:t="http://www.w3.org/2001/XMLSchema-instance">${body(prefix)}</o:Envelope>`);
    assert.deepEqual(
      document.disks.map((disk) => [disk.diskId, disk.capacity]),
      [["d", "5"]],
    );
    assert.equal(document.unknown.length, 1);
    const [collection] = document.contents;
    assert.equal(collection?.kind, "collection");
    const [machine] = collection?.children ?? [];
    assert.equal(machine?.id, "m");
    assert.equal(machine?.hardware[0]?.items[0]?.instanceId, "7");
  }
});

test("finds messages by language, then by its first part, then in the default language", () => {
  const document = open(`<Envelope xmlns="${OVF1}" xmlns:o="${OVF1}" xml:lang="en-US">
    <VirtualSystem o:id="m"><Info/><Name o:msgid="n">Own</Name><Label o:msgid="l"/></VirtualSystem>
    <Strings xml:lang="de"><Msg o:msgid="n">Deutsch</Msg></Strings>
    <Strings xml:lang="de-AT"><Msg o:msgid="n">Österreich</Msg></Strings>
    <Strings xml:lang="en-US"><Msg o:msgid="n">English</Msg><Msg o:msgid="l">Label</Msg></Strings>
    <Strings xml:lang="fr" o:fileRef="french"/>
  </Envelope>`);
  const name = document.contents[0]?.name;
  assert.ok(name !== undefined && name !== null);
  const { messages } = document;
  assert.equal(messages.text(name), "Own");
  assert.equal(messages.text(name, "de"), "Deutsch");
  assert.equal(messages.text(name, "de_AT"), "Österreich");
  assert.equal(messages.text(name, "de-CH"), "Deutsch");
  assert.equal(messages.text(name, "en"), "English");
  assert.equal(messages.text(name, "ja"), "Own");
  const label = document.scope.child(document.contents[0]?.element ?? document.xml.root, "Label");
  assert.equal(
    label === undefined ? null : messages.text(label),
    "Label",
    "an empty element takes the default language",
  );
  assert.deepEqual(messages.files, ["french"]);
});

test("an item for a configuration replaces the one for all", () => {
  const document = open(`<Envelope xmlns="${OVF1}" xmlns:r="${RASD}"><VirtualSystem id="m"><VirtualHardwareSection>
    <Item><r:InstanceID>1</r:InstanceID><r:VirtualQuantity>1</r:VirtualQuantity></Item>
    <Item configuration="big huge"><r:InstanceID>1</r:InstanceID><r:VirtualQuantity>8</r:VirtualQuantity></Item>
    <Item bound="max"><r:InstanceID>1</r:InstanceID><r:VirtualQuantity>16</r:VirtualQuantity></Item>
    <Item configuration="small"><r:InstanceID>2</r:InstanceID><r:VirtualQuantity>2</r:VirtualQuantity></Item>
  </VirtualHardwareSection></VirtualSystem></Envelope>`);
  const hardware = document.contents[0]?.hardware[0];
  const quantities = (configuration: string | null) => hardware?.itemsFor(configuration).map((item) => item.quantity);
  assert.deepEqual(quantities(null), ["1", "16"]);
  assert.deepEqual(quantities("big"), ["8", "16"]);
  assert.deepEqual(quantities("small"), ["1", "16", "2"]);
});

test("views follow edits of the tree", () => {
  const document = open(
    `<Envelope xmlns="${OVF1}" xmlns:o="${OVF1}"><References><File o:id="f" o:href="a.vmdk"/></References></Envelope>`,
  );
  const [file] = document.references;
  file?.element.setAttribute(OVF1, "href", "b.vmdk");
  assert.equal(file?.href, "b.vmdk");
  assert.equal(document.references[0]?.href, "b.vmdk");
});
