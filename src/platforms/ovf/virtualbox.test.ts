import assert from "node:assert/strict";
import { test } from "node:test";
import type { Machine } from "../../appliance/appliance.js";
import { defaultLimits } from "../../base/limits.js";
import { openOvf } from "../../ovf/document.js";
import { parseXml } from "../../xml/parse.js";
import { importOvf } from "./import.js";

function read(items: string, settings: string): { readonly machine: Machine; readonly codes: readonly string[] } {
  const text = `<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"
    xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData" xmlns:vbox="http://www.virtualbox.org/ovf/machine">
    <References/><VirtualSystem ovf:id="web"><Info/><VirtualHardwareSection><Info/>
    <Item><rasd:InstanceID>1</rasd:InstanceID><rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>2</rasd:VirtualQuantity></Item>
    <Item><rasd:AllocationUnits>MegaBytes</rasd:AllocationUnits><rasd:InstanceID>2</rasd:InstanceID><rasd:ResourceType>4</rasd:ResourceType><rasd:VirtualQuantity>512</rasd:VirtualQuantity></Item>
    ${items}</VirtualHardwareSection>
    <vbox:Machine ovf:required="false" uuid="{00000001-0000-4000-8000-000000000001}"><ovf:Info/>${settings}</vbox:Machine></VirtualSystem></Envelope>`;
  const codes: string[] = [];
  const document = openOvf(parseXml(new TextEncoder().encode(text), "web.ovf", defaultLimits), () => {});
  const facts = { name: "web", find: () => undefined, references: "reported" } as const;
  const appliance = importOvf(document, facts, {}, ({ code }) => codes.push(code));
  const [machine] = appliance.machines;
  assert.ok(machine);
  return { machine, codes };
}

const SETTINGS = `<Hardware uuid="{564d1122-3344-5566-7788-99aabbccddee}">
  <CPU count="4" hotplug="true"><NestedHWVirt enabled="true"/></CPU><Chipset type="ICH9"/>
  <Display controller="VMSVGA" VRAMSize="32" monitorCount="2"/><Firmware type="EFI64"/><TrustedPlatformModule type="v2_0"/>
  <Network><Adapter slot="0" enabled="true" MACAddress="080027000801" type="virtio"><InternalNetwork name="lab"/></Adapter></Network>
  <UART><Port slot="1" enabled="true" hostMode="HostPipe" path="/tmp/p" server="true"/></UART>
  <AudioAdapter controller="HDA" enabled="true"/><RTC localOrUTC="UTC"/></Hardware>`;
const CARD = "<Item><rasd:InstanceID>3</rasd:InstanceID><rasd:ResourceType>10</rasd:ResourceType></Item>";

test("VirtualBox's settings in a package say what its items leave open", () => {
  const { machine } = read(CARD, SETTINGS);
  assert.equal(machine.firmware, "efi");
  assert.equal(machine.uuid, "564d1122-3344-5566-7788-99aabbccddee");
  assert.deepEqual([machine.chipset, machine.tpm, machine.clock, machine.sound], ["q35", "2.0", "utc", "HDA"]);
  assert.deepEqual(machine.video, { model: "VMSVGA", memoryBytes: 32 * 2 ** 20, heads: 2 });
  assert.deepEqual([machine.cpu.count, machine.cpu.max, machine.cpu.nested], [2, 4, true]);
  assert.deepEqual(machine.serialPorts, [{ index: 1, backing: "pipe", target: "/tmp/p" }]);
  assert.deepEqual(
    machine.nics.map(({ kind, mac }) => [kind, mac]),
    [["internal", "08:00:27:00:08:01"]],
  );
});

test("items count where they say something else", () => {
  const items = `${CARD}<Item><rasd:Address>0</rasd:Address><rasd:HostResource>/tmp/q</rasd:HostResource><rasd:InstanceID>4</rasd:InstanceID>
    <rasd:ResourceSubType>file</rasd:ResourceSubType><rasd:ResourceType>21</rasd:ResourceType></Item>
    <Item><rasd:InstanceID>5</rasd:InstanceID><rasd:ResourceSubType>ac97</rasd:ResourceSubType><rasd:ResourceType>35</rasd:ResourceType></Item>
    <Item><rasd:InstanceID>6</rasd:InstanceID><rasd:ResourceSubType>qxl</rasd:ResourceSubType><rasd:ResourceType>24</rasd:ResourceType></Item>`;
  const { machine } = read(items, SETTINGS);
  assert.deepEqual(machine.serialPorts, [{ index: 0, backing: "file", target: "/tmp/q" }]);
  assert.equal(machine.sound, "ac97");
  assert.deepEqual(machine.video, { model: "qxl", memoryBytes: 32 * 2 ** 20, heads: 2 });
});

test("what settings leave out is VirtualBox's default; the machine's own UUID is none of the guest's", () => {
  const { machine } = read("", "<Hardware><CPU count='2'/></Hardware>");
  assert.equal(machine.uuid, null);
  assert.deepEqual([machine.chipset, machine.tpm, machine.clock, machine.sound], ["i440fx", null, "localtime", null]);
});

test("settings without hardware say nothing, and a value that is none is told", () => {
  assert.equal(read("", "").machine.clock, null);
  assert.ok(read("", '<Hardware><CPU count="many"/></Hardware>').codes.includes("virtualbox/bad-value"));
});
