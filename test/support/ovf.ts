import assert from "node:assert/strict";
import type { Appliance, Machine } from "../../src/appliance/appliance.js";
import type { Diagnostic } from "../../src/base/diagnostics.js";
import { defaultLimits } from "../../src/base/limits.js";
import { openOvf } from "../../src/ovf/document.js";
import type { PackageFacts } from "../../src/platforms/ovf/files.js";
import { importOvf } from "../../src/platforms/ovf/import.js";
import type { ImportChoice } from "../../src/platforms/platform.js";
import { parseXml } from "../../src/xml/parse.js";

const CIM = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_";
/** The format URI of a stream-optimized VMDK. */
export const STREAM: string = "http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized";
const ALONE: PackageFacts = { name: "test", find: null, references: "report" };

/** An appliance, and what was said about its descriptor. */
export interface ImportedText {
  readonly appliance: Appliance;
  readonly found: readonly Diagnostic[];
  readonly codes: readonly string[];
}

/** What `inner` means in an envelope of OVF 1, with all prefixes declared. */
export function importText(inner: string, choice: ImportChoice = {}, facts: PackageFacts = ALONE): ImportedText {
  const text = `<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"
    xmlns:rasd="${CIM}ResourceAllocationSettingData" xmlns:vssd="${CIM}VirtualSystemSettingData"
    xmlns:vmw="http://www.vmware.com/schema/ovf" xmlns:vbox="http://www.virtualbox.org/ovf/machine" xmlns:x="urn:x">${inner}</Envelope>`;
  const found: Diagnostic[] = [];
  const report = (diagnostic: Diagnostic): void => void found.push(diagnostic);
  const document = openOvf(parseXml(new TextEncoder().encode(text), "test.ovf", defaultLimits), report);
  return { appliance: importOvf(document, facts, choice, report), found, codes: found.map((finding) => finding.code) };
}

/** An item from properties of its CIM class. */
export function item(properties: Readonly<Record<string, string | number>>, attributes = "", more = ""): string {
  const children = Object.entries(properties).map(([name, value]) => `<rasd:${name}>${value}</rasd:${name}>`);
  return `<Item ${attributes}>${children.join("")}${more}</Item>`;
}

/** Two processors. */
export const CPU: string = item({ InstanceID: 1, ResourceType: 3, VirtualQuantity: 2 });
/** 512 MiB. */
export const MEMORY: string = item({
  InstanceID: 2,
  ResourceType: 4,
  VirtualQuantity: 512,
  AllocationUnits: "byte * 2^20",
});

/** A virtual system with two processors, 512 MiB and what else is given. */
export function system(items: string, more = "", id = "m"): string {
  const hardware = `<VirtualHardwareSection><Info/><System><vssd:VirtualSystemType>vmx-13</vssd:VirtualSystemType></System>${CPU}${MEMORY}${items}</VirtualHardwareSection>`;
  return `<VirtualSystem ovf:id="${id}"><Info/>${hardware}${more}</VirtualSystem>`;
}

/** A DiskSection with one stream-optimized disk. */
export function disk(id: string, attributes: string): string {
  return `<DiskSection><Info/><Disk ovf:diskId="${id}" ovf:format="${STREAM}" ${attributes}/></DiskSection>`;
}

/** The only machine. */
export function only(appliance: Appliance): Machine {
  const [machine] = appliance.machines;
  assert.ok(machine !== undefined && appliance.machines.length === 1);
  return machine;
}
