import { mkdirSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { MIB } from "../../src/base/bytes.js";
import { bootSector, firstMibSum } from "./boot-sector.js";

/** Guest capacity of the demo's disk. */
const DISK_BYTES = 64 * MIB;

/** What the demo starts from. */
export interface DemoAppliance {
  /** The raw disk, sparse. */
  readonly disk: string;
  /** What the machine will print when it boots. */
  readonly sum: string;
}

/** Writes a disk that boots, and the descriptor of a machine with it. All bytes come from this repository. */
export function makeAppliance(folder: string): DemoAppliance {
  mkdirSync(folder, { recursive: true });
  const disk = new Uint8Array(DISK_BYTES);
  disk.set(bootSector(DISK_BYTES));
  // Content that does not compress to nothing, at the start, in the middle and at the end, with holes between.
  let state = 2007;
  const scribble = (from: number, length: number): void => {
    for (let at = from; at < from + length; at++) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      disk[at] = state >>> 24;
    }
  };
  scribble(64 * 1024, 600 * 1024);
  scribble(DISK_BYTES / 2, 256 * 1024);
  scribble(DISK_BYTES - 4096, 4096);
  const file = path.join(folder, "ferry.raw");
  writeFileSync(file, disk);
  return { disk: file, sum: firstMibSum(disk) };
}

/** The descriptor that names the machine's disk: two processors, one disk, one network card, one question. */
export function descriptor(diskFile: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1"
          xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"
          xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"
          xmlns:vssd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData">
  <References>
    <File ovf:id="file1" ovf:href="${diskFile}"/>
  </References>
  <DiskSection>
    <Info>Virtual disks</Info>
    <Disk ovf:diskId="disk1" ovf:fileRef="file1" ovf:capacity="${DISK_BYTES}"
          ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/>
  </DiskSection>
  <NetworkSection>
    <Info>Networks</Info>
    <Network ovf:name="harbour"><Description>Where it docks</Description></Network>
  </NetworkSection>
  <VirtualSystem ovf:id="ferry">
    <Info>A machine that boots and says that it has arrived</Info>
    <Name>ferry</Name>
    <OperatingSystemSection ovf:id="1"><Info>Guest system</Info></OperatingSystemSection>
    <VirtualHardwareSection>
      <Info>Hardware</Info>
      <System>
        <vssd:ElementName>Virtual Hardware Family</vssd:ElementName>
        <vssd:InstanceID>0</vssd:InstanceID>
        <vssd:VirtualSystemType>vmx-13</vssd:VirtualSystemType>
      </System>
      <Item>
        <rasd:ElementName>2 processors</rasd:ElementName>
        <rasd:InstanceID>1</rasd:InstanceID>
        <rasd:ResourceType>3</rasd:ResourceType>
        <rasd:VirtualQuantity>2</rasd:VirtualQuantity>
      </Item>
      <Item>
        <rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits>
        <rasd:ElementName>128 MiB of memory</rasd:ElementName>
        <rasd:InstanceID>2</rasd:InstanceID>
        <rasd:ResourceType>4</rasd:ResourceType>
        <rasd:VirtualQuantity>128</rasd:VirtualQuantity>
      </Item>
      <Item>
        <rasd:Address>0</rasd:Address>
        <rasd:ElementName>IDE controller</rasd:ElementName>
        <rasd:InstanceID>3</rasd:InstanceID>
        <rasd:ResourceType>5</rasd:ResourceType>
      </Item>
      <Item>
        <rasd:AddressOnParent>0</rasd:AddressOnParent>
        <rasd:ElementName>Disk</rasd:ElementName>
        <rasd:HostResource>ovf:/disk/disk1</rasd:HostResource>
        <rasd:InstanceID>4</rasd:InstanceID>
        <rasd:Parent>3</rasd:Parent>
        <rasd:ResourceType>17</rasd:ResourceType>
      </Item>
      <Item>
        <rasd:AutomaticAllocation>true</rasd:AutomaticAllocation>
        <rasd:Connection>harbour</rasd:Connection>
        <rasd:ElementName>Network card</rasd:ElementName>
        <rasd:InstanceID>5</rasd:InstanceID>
        <rasd:ResourceSubType>E1000</rasd:ResourceSubType>
        <rasd:ResourceType>10</rasd:ResourceType>
      </Item>
    </VirtualHardwareSection>
  </VirtualSystem>
</Envelope>
`;
}
