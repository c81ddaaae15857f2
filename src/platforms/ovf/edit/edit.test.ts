import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "../../../../test/support/errors.js";
import type { DiagnosticCode } from "../../../base/diagnostics.js";
import { defaultLimits } from "../../../base/limits.js";
import { type OvfDocument, openOvf } from "../../../ovf/document.js";
import { parseXml } from "../../../xml/parse.js";
import { applyEdits, type Edited } from "./apply.js";
import { type Edits, noEdits } from "./edits.js";

const RASD = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData";
const VSSD = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData";

function item(words: Readonly<Record<string, string | number>>, attributes = "", more = ""): string {
  const children = Object.entries(words).map(([name, value]) => `        <rasd:${name}>${value}</rasd:${name}>\n`);
  return `      <Item${attributes}>\n${children.join("")}${more}      </Item>\n`;
}

const CPU = item({ ElementName: "2 virtual CPU(s)", InstanceID: 1, ResourceType: 3, VirtualQuantity: 2 });
const MEMORY = item({
  AllocationUnits: "byte * 2^20",
  ElementName: "512MB of memory",
  InstanceID: 2,
  ResourceType: 4,
  VirtualQuantity: 512,
});
const SCSI = item({ Address: 0, ElementName: "SCSI 0", InstanceID: 3, ResourceSubType: "lsilogic", ResourceType: 6 });
const DISK = item({
  AddressOnParent: 0,
  ElementName: "disk1",
  HostResource: "ovf:/disk/vmdisk1",
  InstanceID: 4,
  Parent: 3,
  ResourceType: 17,
});
const NIC = item({
  AddressOnParent: 7,
  AutomaticAllocation: "true",
  Connection: "LAN",
  Description: 'E1000 ethernet adapter on "LAN"',
  ElementName: "ethernet0",
  InstanceID: 5,
  ResourceSubType: "E1000",
  ResourceType: 10,
});

interface Parts {
  readonly items?: string;
  readonly envelope?: string;
  readonly system?: string;
  readonly behind?: string;
}

function text({
  items = CPU + MEMORY + SCSI + DISK + NIC,
  envelope = "",
  system = "",
  behind = "",
}: Parts = {}): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1" xmlns:rasd="${RASD}" xmlns:vssd="${VSSD}" xmlns:vbox="http://www.virtualbox.org/ovf/machine">
  <References>
    <File ovf:id="file1" ovf:href="disk1.vmdk" ovf:size="1000"/>
  </References>
  <DiskSection>
    <Info>Disks</Info>
    <Disk ovf:diskId="vmdisk1" ovf:fileRef="file1" ovf:capacity="8" ovf:capacityAllocationUnits="byte * 2^30"/>
  </DiskSection>
  <NetworkSection>
    <Info>Networks</Info>
    <Network ovf:name="LAN">
      <Description>The LAN network</Description>
    </Network>
  </NetworkSection>
${envelope}  <VirtualSystem ovf:id="vm">
    <Info>A machine</Info>
    <Name>one</Name>
${system}    <VirtualHardwareSection>
      <Info>Hardware</Info>
      <System>
        <vssd:ElementName>Virtual Hardware Family</vssd:ElementName>
        <vssd:InstanceID>0</vssd:InstanceID>
        <vssd:VirtualSystemIdentifier>one</vssd:VirtualSystemIdentifier>
        <vssd:VirtualSystemType>vmx-13</vssd:VirtualSystemType>
      </System>
${items}    </VirtualHardwareSection>
${behind}  </VirtualSystem>
</Envelope>
`;
}

interface Done extends Edited {
  readonly document: OvfDocument;
  /** Lines of the result that the text did not have, and the other way round, trimmed. */
  readonly plus: readonly string[];
  readonly minus: readonly string[];
}

function done(parts: Parts, edits: Partial<Edits>): Done {
  const before = text(parts);
  const document = openOvf(parseXml(new TextEncoder().encode(before), "x.ovf", defaultLimits), () => {});
  const files = (edits.addDisks ?? []).map((_, i) => ({
    href: `new${i}.vmdk`,
    capacityBytes: 2 ** 30,
    formatUri: "http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized",
  }));
  const edited = applyEdits(document, { ...noEdits, ...edits }, files);
  const after = new TextDecoder().decode(document.xml.serialize());
  return { ...edited, document, plus: without(after, before), minus: without(before, after) };
}

function without(a: string, b: string): readonly string[] {
  const left = b.split("\n");
  return a.split("\n").flatMap((line) => {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    return at >= 0 ? [] : [line.trim()];
  });
}

function refused(parts: Parts, edits: Partial<Edits>, code: DiagnosticCode): void {
  assert.throws(() => done(parts, edits), hasCode(code));
}

test("processors and memory change their quantity and the label that repeats it, and no other line", () => {
  const { plus, minus } = done({}, { cpus: 4, memoryBytes: 3 * 2 ** 30 });
  assert.deepEqual(plus, [
    "<rasd:ElementName>4 virtual CPU(s)</rasd:ElementName>",
    "<rasd:VirtualQuantity>4</rasd:VirtualQuantity>",
    "<rasd:ElementName>3072MB of memory</rasd:ElementName>",
    "<rasd:VirtualQuantity>3072</rasd:VirtualQuantity>",
  ]);
  assert.equal(minus.length, 4);
});

test("memory that the item's unit does not divide gets another unit, unless a limit is counted in it", () => {
  const { plus } = done({}, { memoryBytes: 2 ** 20 + 512 });
  assert.deepEqual(plus, [
    "<rasd:AllocationUnits>byte</rasd:AllocationUnits>",
    "<rasd:VirtualQuantity>1049088</rasd:VirtualQuantity>",
  ]);
  const limited = MEMORY.replace(
    "        <rasd:ResourceType>",
    "        <rasd:Limit>4096</rasd:Limit>\n        <rasd:ResourceType>",
  );
  refused({ items: CPU + limited }, { memoryBytes: 2 ** 20 + 512 }, "edit/not-possible");
});

test("processors fill their sockets, and stay within the limits that the author set", () => {
  const { plus } = done({}, { cpus: 6, coresPerSocket: 3 });
  assert.ok(plus.some((line) => /^<vmw:CoresPerSocket .*ovf:required="false">3<\/vmw:CoresPerSocket>$/.test(line)));
  refused({}, { cpus: 5, coresPerSocket: 2 }, "edit/not-possible");
  const max = item({ InstanceID: 1, ResourceType: 3, VirtualQuantity: 8 }, ' ovf:bound="max"');
  refused({ items: CPU + max }, { cpus: 9 }, "edit/not-possible");
  assert.equal(done({ items: CPU + max }, { cpus: 8 }).changes.length, 1);
});

const OPTIONS = `  <DeploymentOptionSection>
    <Info>Options</Info>
    <Configuration ovf:id="small"><Label>S</Label><Description>S</Description></Configuration>
    <Configuration ovf:id="large"><Label>L</Label><Description>L</Description></Configuration>
  </DeploymentOptionSection>
`;

test("with --config the item of a deployment option is changed, without it the one for all, and the result says which", () => {
  const large = item({ InstanceID: 1, ResourceType: 3, VirtualQuantity: 8 }, ' ovf:configuration="large"');
  const parts = { items: CPU + large, envelope: OPTIONS };
  assert.deepEqual(done(parts, { cpus: 16, configuration: "large" }).plus, [
    "<rasd:VirtualQuantity>16</rasd:VirtualQuantity>",
  ]);
  assert.match(done(parts, { cpus: 16, configuration: "large" }).changes[0]?.detail ?? "", /8 -> 16.*large/);
  assert.equal(done(parts, { cpus: 1 }).plus.length, 2);
  refused(parts, { cpus: 1, configuration: "small" }, "edit/no-target");
  refused(parts, { cpus: 1, configuration: "huge" }, "edit/no-target");
  refused({ items: large, envelope: OPTIONS }, { cpus: 1 }, "edit/ambiguous");
});

test("where several machines are there, one has to be named", () => {
  const behind = `  </VirtualSystem>\n  <VirtualSystem ovf:id="two">\n    <Info>Another</Info>\n`;
  refused({ behind }, { cpus: 4 }, "edit/which-machine");
  refused({ behind }, { cpus: 4, machine: "three" }, "edit/no-target");
  assert.equal(done({ behind }, { cpus: 4, machine: "vm" }).changes[0]?.subject, "one");
});

test("a network card joins the others, in their words, and its network the networks", () => {
  const { plus, minus } = done({}, { addNics: [{ network: "DMZ", model: "vmxnet3", mac: "00-50-56-01-02-03" }] });
  assert.deepEqual(minus, []);
  assert.deepEqual(plus.slice(0, 3), [
    '<Network ovf:name="DMZ">',
    "<Description>The DMZ network</Description>",
    "</Network>",
  ]);
  assert.ok(plus.includes("<rasd:Address>00:50:56:01:02:03</rasd:Address>"));
  assert.ok(plus.includes("<rasd:AddressOnParent>8</rasd:AddressOnParent>"));
  assert.ok(plus.includes("<rasd:ResourceSubType>VmxNet3</rasd:ResourceSubType>"));
  assert.ok(plus.includes("<rasd:InstanceID>6</rasd:InstanceID>"));
  refused({}, { addNics: [{ network: "DMZ", model: null, mac: "zz" }] }, "edit/bad-value");
});

test("cards go by their number, and networks get other names everywhere", () => {
  assert.deepEqual(done({}, { removeNics: [1] }).plus, []);
  refused({}, { removeNics: [2] }, "edit/no-target");
  const { plus } = done({}, { mapNetworks: [["LAN", "Front"]] });
  assert.deepEqual(plus, [
    '<Network ovf:name="Front">',
    "<Description>The Front network</Description>",
    "<rasd:Connection>Front</rasd:Connection>",
    '<rasd:Description>E1000 ethernet adapter on "Front"</rasd:Description>',
  ]);
  refused({}, { mapNetworks: [["WAN", "Front"]] }, "edit/no-target");
});

test("a disk is listed, referred to and hung on the controller of the first; it goes with its drive and its file", () => {
  const { plus, minus, disks } = done({}, { addDisks: [{ file: "a.qcow2", controller: null }] });
  assert.deepEqual(minus, []);
  assert.equal(disks.added[0]?.href, "new0.vmdk");
  assert.ok(plus.includes("<rasd:HostResource>ovf:/disk/vmdisk2</rasd:HostResource>"));
  assert.ok(plus.includes("<rasd:AddressOnParent>1</rasd:AddressOnParent>"));
  refused({}, { addDisks: [{ file: "a.qcow2", controller: "SCSI 7" }] }, "edit/no-target");
  const nvme = done({}, { addDisks: [{ file: "a.qcow2", controller: "nvme" }] });
  assert.deepEqual(nvme.minus, []);
  assert.ok(nvme.plus.includes("<rasd:ResourceSubType>vmware.nvme.controller</rasd:ResourceSubType>"));
  assert.ok(nvme.plus.includes("<rasd:Parent>6</rasd:Parent>"), nvme.plus.join());
  const full = SCSI.replace("SCSI 0", "IDE 0").replace(">6<", ">5<").replace("lsilogic", "PIIX4");
  const drives = DISK + DISK.replace(">4<", ">9<").replace("OnParent>0", "OnParent>1");
  refused({ items: CPU + full + drives }, { addDisks: [{ file: "a.qcow2", controller: null }] }, "edit/not-possible");
  const gone = done({}, { remove: ["disk.vmdisk1"] });
  assert.deepEqual(gone.disks.removed, ["disk1.vmdk"]);
  assert.deepEqual([gone.document.disks.length, gone.document.references.length], [0, 0]);
  refused({}, { remove: ["disk.vmdisk9"] }, "edit/no-target");
});

test("a disk with content is only made larger, in the unit that it has", () => {
  const { plus, disks } = done({}, { resizeDisks: [["vmdisk1", 40 * 2 ** 30]] });
  assert.match(plus[0] ?? "", /ovf:capacity="40" ovf:capacityAllocationUnits="byte \* 2\^30"/);
  assert.equal(disks.resized[0]?.href, "disk1.vmdk");
  refused({}, { resizeDisks: [["vmdisk1", 2 ** 30]] }, "edit/not-possible");
});

const PRODUCT = `    <ProductSection ovf:class="org.x">
      <Info>Product</Info>
      <Product ovf:msgid="p">Box</Product>
      <Version>1.0</Version>
      <Category>Network</Category>
      <Property ovf:key="hostname" ovf:type="string" ovf:qualifiers="MaxLen(8)" ovf:value="old"/>
      <Property ovf:key="secret" ovf:type="string" ovf:password="true" ovf:value=""/>
    </ProductSection>
`;

test("a property's default is held to its type and qualifiers, and one option can have its own", () => {
  const parts = { system: PRODUCT, envelope: OPTIONS };
  assert.match(done(parts, { values: [["hostname", "web"]] }).plus[0] ?? "", /ovf:value="web"/);
  assert.match(done(parts, { values: [["org.x.hostname", "web"]] }).plus[0] ?? "", /ovf:value="web"/);
  refused(parts, { values: [["hostname", "far too long"]] }, "edit/bad-value");
  refused(parts, { values: [["host", "web"]] }, "edit/no-target");
  const own = done(parts, { values: [["hostname", "big"]], configuration: "large" });
  assert.ok(own.plus.includes('<Value ovf:value="big" ovf:configuration="large"/>'));
  const secret = done(parts, { values: [["secret", "hunter2"]] });
  assert.doesNotMatch(JSON.stringify(secret.changes), /hunter2/);
});

const NEW = {
  key: "dns",
  type: "string",
  value: "10.0.0.1",
  label: "Name server",
  description: null,
  qualifiers: null,
  category: "Network",
  userConfigurable: true,
  password: false,
};

test("properties are added under their category, and removed with one that they stood alone in", () => {
  const plain = PRODUCT.replace(' ovf:class="org.x"', "");
  const { plus, minus } = done({ system: plain }, { addProperties: [NEW] });
  assert.deepEqual(minus, []);
  assert.match(
    plus[0] ?? "",
    /^<Property ovf:key="dns" ovf:type="string" ovf:userConfigurable="true" ovf:value="10.0.0.1">$/,
  );
  refused({ system: plain }, { addProperties: [{ ...NEW, key: "hostname" }] }, "edit/exists");
  refused({ system: plain }, { addProperties: [{ ...NEW, type: "colour" }] }, "edit/bad-value");
  const gone = done({ system: plain }, { remove: ["property.hostname", "property.secret"] });
  assert.ok(gone.minus.includes("<Category>Network</Category>"));
});

test("texts are replaced with a note about their translations, added in their place, and removed", () => {
  const words = { class: null, vendor: null, fullVersion: null, productUrl: null, vendorUrl: null, appUrl: null };
  const product = done({ system: PRODUCT }, { product: { ...words, name: "Case", version: "2.1" } });
  assert.deepEqual(product.plus, ["<Product>Case</Product>", "<Version>2.1</Version>"]);
  assert.deepEqual(
    product.notes.map(({ code }) => code),
    ["edit/translations-dropped"],
  );
  const two = PRODUCT + PRODUCT.replace("org.x", "org.y").replace("Box", "Helper");
  const wish = { ...words, name: null, version: "3" };
  refused({ system: two }, { product: wish }, "edit/ambiguous");
  refused({ system: two }, { product: { ...wish, class: "org.z" } }, "edit/no-target");
  assert.deepEqual(done({ system: two }, { product: { ...wish, class: "org.y" } }).plus, ["<Version>3</Version>"]);
  const { plus } = done({}, { eula: "Terms & so on", annotation: "A note" });
  assert.ok(plus.includes("<License>Terms &amp; so on</License>"));
  assert.ok(plus.includes("<Annotation>A note</Annotation>"));
  assert.deepEqual(done({ system: PRODUCT }, { remove: ["product"] }).plus, []);
  refused({}, { remove: ["eula"] }, "edit/no-target");
});

const MACHINE = `    <vbox:Machine ovf:required="false" name="one" OSType="Debian_64">
      <Hardware>
        <CPU count="2"/>
        <Memory RAMSize="512"/>
      </Hardware>
    </vbox:Machine>
`;

test("what VirtualBox's own settings repeat is changed with the items, or the edit is refused", () => {
  const { plus } = done({ behind: MACHINE }, { cpus: 4, memoryBytes: 2 ** 30, name: "two", firmware: "efi" });
  for (const line of ['<CPU count="4"/>', '<Memory RAMSize="1024"/>', '<Firmware type="EFI"/>'])
    assert.ok(plus.includes(line), line);
  assert.ok(plus.some((line) => line.includes('name="two"')));
  const nic = { network: "NAT", model: "e1000", mac: "08:00:27:00:00:01" };
  const card = done({ behind: MACHINE }, { addNics: [nic] });
  assert.ok(
    card.plus.includes('<Adapter slot="0" enabled="true" MACAddress="080027000001" type="82540EM">'),
    card.plus.join(),
  );
  refused({ behind: MACHINE }, { addNics: [{ ...nic, model: "vmxnet3" }] }, "edit/embedded-settings");
  refused({ behind: MACHINE }, { removeNics: [1] }, "edit/embedded-settings");
  refused({ behind: MACHINE }, { addDisks: [{ file: "x", controller: null }] }, "edit/embedded-settings");
  refused({ behind: MACHINE }, { firmware: "efi-secure" }, "edit/embedded-settings");
});

test("name, guest system, hardware type, firmware and transport each change their own lines", () => {
  assert.deepEqual(done({}, { name: "two" }).plus, [
    "<Name>two</Name>",
    "<vssd:VirtualSystemIdentifier>two</vssd:VirtualSystemIdentifier>",
  ]);
  assert.deepEqual(done({}, { hardwareType: "vmx-19" }).plus, [
    "<vssd:VirtualSystemType>vmx-19</vssd:VirtualSystemType>",
  ]);
  assert.deepEqual(done({}, { transports: ["iso"] }).plus, ['<VirtualHardwareSection ovf:transport="iso">']);
  assert.match(done({}, { firmware: "efi" }).plus.join(), /vmw:Config.*vmw:key="firmware" vmw:value="efi"/);
  assert.match(done({}, { os: "debian12" }).plus.join("\n"), /<OperatingSystemSection ovf:id="/);
  refused({}, { os: "beos-ng" }, "convert/unknown-guest");
});
