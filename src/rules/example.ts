import { CIM_CLASSES, OVF_1, VMWARE, XSI } from "../ovf/namespaces.js";

/**
 * A descriptor by what is special in it. Everything that is left out is that of a small machine with a disk which nobody objects to.
 * Each part is XML with the prefixes `ovf` (also the default), `rasd`, `vssd`, `vmw` and `xsi`.
 */
export interface Example {
  /** The namespace of the envelope and of `ovf`, in place of that of OVF 1. */
  readonly namespace?: string;
  /** Attributes of the Envelope. */
  readonly envelope?: string;
  /** `File` elements. */
  readonly references?: string;
  /** `Disk` elements. */
  readonly disks?: string;
  /** `Network` elements. */
  readonly networks?: string;
  /** Sections of the Envelope behind the NetworkSection. */
  readonly sections?: string;
  /** What stands in place of the VirtualSystem. */
  readonly content?: string;
  /** Attributes of the VirtualSystem. */
  readonly systemAttributes?: string;
  /** Sections of the VirtualSystem before its hardware. */
  readonly system?: string;
  /** Attributes of the VirtualHardwareSection. */
  readonly hardwareAttributes?: string;
  /** Children of `System`; empty: no System. */
  readonly machine?: string;
  /** Items in place of the usual ones. */
  readonly items?: string;
  /** Items beside the usual ones. */
  readonly moreItems?: string;
  /** What follows the content: `Strings`. */
  readonly strings?: string;
}

const CPU =
  "<Item><rasd:Description>Processors</rasd:Description><rasd:ElementName>1 virtual CPU</rasd:ElementName>" +
  "<rasd:InstanceID>1</rasd:InstanceID><rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>1</rasd:VirtualQuantity></Item>";
const MEMORY =
  "<Item><rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits><rasd:ElementName>512 MiB of memory</rasd:ElementName>" +
  "<rasd:InstanceID>2</rasd:InstanceID><rasd:ResourceType>4</rasd:ResourceType><rasd:VirtualQuantity>512</rasd:VirtualQuantity></Item>";
const CONTROLLER =
  "<Item><rasd:Address>0</rasd:Address><rasd:ElementName>SCSI controller</rasd:ElementName><rasd:InstanceID>3</rasd:InstanceID>" +
  "<rasd:ResourceSubType>lsilogic</rasd:ResourceSubType><rasd:ResourceType>6</rasd:ResourceType></Item>";
const DISK =
  "<Item><rasd:AddressOnParent>0</rasd:AddressOnParent><rasd:ElementName>Disk</rasd:ElementName><rasd:HostResource>ovf:/disk/disk1</rasd:HostResource>" +
  "<rasd:InstanceID>4</rasd:InstanceID><rasd:Parent>3</rasd:Parent><rasd:ResourceType>17</rasd:ResourceType></Item>";
const NIC =
  "<Item><rasd:AutomaticAllocation>true</rasd:AutomaticAllocation><rasd:Connection>lan</rasd:Connection><rasd:ElementName>NIC</rasd:ElementName>" +
  "<rasd:InstanceID>5</rasd:InstanceID><rasd:ResourceSubType>E1000</rasd:ResourceSubType><rasd:ResourceType>10</rasd:ResourceType></Item>";

/** The usual items of an example: processors (1), memory (2), a SCSI controller (3) with a disk (4), a NIC (5). */
export const usualItems: string = [CPU, MEMORY, CONTROLLER, DISK, NIC].join("\n      ");

/** An item of an example: its properties of CIM's class by name, its own attributes, and what else is in it. */
export function exampleItem(properties: Readonly<Record<string, string | number>>, attributes = "", more = ""): string {
  const children = Object.entries(properties).map(([name, value]) => `<rasd:${name}>${value}</rasd:${name}>`);
  return `<Item${attributes === "" ? "" : ` ${attributes}`}>${children.join("")}${more}</Item>`;
}

/** The whole descriptor of an example. */
export function descriptorOf(example: Example): string {
  const {
    namespace = OVF_1,
    envelope = "",
    references = '<File ovf:id="file1" ovf:href="disk1.vmdk" ovf:size="68096"/>',
    disks = '<Disk ovf:diskId="disk1" ovf:fileRef="file1" ovf:capacity="8" ovf:capacityAllocationUnits="byte * 2^20" ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/>',
    networks = '<Network ovf:name="lan"><Description>The network</Description></Network>',
    sections = "",
    systemAttributes = 'ovf:id="vm"',
    system = "",
    hardwareAttributes = "",
    machine = "<vssd:ElementName>Virtual hardware</vssd:ElementName><vssd:InstanceID>0</vssd:InstanceID><vssd:VirtualSystemIdentifier>vm</vssd:VirtualSystemIdentifier><vssd:VirtualSystemType>vmx-13</vssd:VirtualSystemType>",
    items = usualItems,
    moreItems = "",
    strings = "",
  } = example;
  const content =
    example.content ??
    `<VirtualSystem ${systemAttributes}>
    <Info>A machine</Info>
    <Name>vm</Name>
    <OperatingSystemSection ovf:id="96"><Info>Guest</Info><Description>Debian</Description></OperatingSystemSection>
    ${system}
    <VirtualHardwareSection ${hardwareAttributes}>
      <Info>Hardware</Info>
      ${machine === "" ? "" : `<System>${machine}</System>`}
      ${items}
      ${moreItems}
    </VirtualHardwareSection>
  </VirtualSystem>`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="${namespace}" xmlns:ovf="${namespace}" xmlns:rasd="${CIM_CLASSES}cim-schema/2/CIM_ResourceAllocationSettingData" xmlns:vssd="${CIM_CLASSES}cim-schema/2/CIM_VirtualSystemSettingData" xmlns:vmw="${VMWARE}" xmlns:xsi="${XSI}" ${envelope}>
  <References>${references}</References>
  <DiskSection><Info>Disks</Info>${disks}</DiskSection>
  <NetworkSection><Info>Networks</Info>${networks}</NetworkSection>
  ${sections}
  ${content}
  ${strings}
</Envelope>
`;
}
