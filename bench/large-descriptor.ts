/**
 * A descriptor of one collection of many systems, each with a disk, a network card, a product with questions and a start order: about
 * 5 kB for each. The names are those of DSP8023 1.1.1.
 * @param systems how many
 */
export function largeDescriptor(systems: number): Uint8Array {
  const each = <T>(make: (n: number) => T): T[] => Array.from({ length: systems }, (_, n) => make(n + 1));
  const CIM = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_";
  const parts = [
    `<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1" xmlns:rasd="${CIM}ResourceAllocationSettingData" xmlns:vssd="${CIM}VirtualSystemSettingData" xmlns:vmw="http://www.vmware.com/schema/ovf">
  <References>
`,
    ...each((n) => `    <File ovf:id="file${n}" ovf:href="disk${n}.vmdk" ovf:size="${1_000_000 + n}"/>\n`),
    "  </References>\n  <DiskSection>\n    <Info>Virtual disks</Info>\n",
    ...each(
      (n) =>
        `    <Disk ovf:diskId="disk${n}" ovf:fileRef="file${n}" ovf:capacity="16" ovf:capacityAllocationUnits="byte * 2^30" ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/>\n`,
    ),
    `  </DiskSection>
  <NetworkSection>
    <Info>Networks</Info>
    <Network ovf:name="inside">
      <Description>Between the machines</Description>
    </Network>
  </NetworkSection>
  <VirtualSystemCollection ovf:id="all">
    <Info>Many machines</Info>
    <Name>Many machines</Name>
    <ProductSection>
      <Info>What they share</Info>
      <Property ovf:key="domain" ovf:type="string" ovf:value="example.org" ovf:userConfigurable="true"/>
    </ProductSection>
    <StartupSection>
      <Info>Order</Info>
`,
    ...each(
      (n) =>
        `      <Item ovf:id="machine${n}" ovf:order="${n % 100}" ovf:startDelay="5" ovf:stopAction="guestShutdown"/>\n`,
    ),
    "    </StartupSection>\n",
    ...each(systemText),
    "  </VirtualSystemCollection>\n</Envelope>\n",
  ];
  return new TextEncoder().encode(parts.join(""));
}

function systemText(n: number): string {
  return `    <VirtualSystem ovf:id="machine${n}">
      <Info>A virtual machine</Info>
      <Name>Machine ${n}</Name>
      <ProductSection ovf:class="org.example.machine">
        <Info>What it asks for</Info>
        <Product>Machine</Product>
        <Vendor>Example</Vendor>
        <Version>1.0</Version>
        <Category>Network</Category>
        <Property ovf:key="hostname" ovf:type="string" ovf:qualifiers="MinLen(1),MaxLen(63)" ovf:value="machine${n}" ovf:userConfigurable="true">
          <Label>Host name</Label>
          <Description>The name of the machine without its domain</Description>
        </Property>
        <Property ovf:key="domain" ovf:type="string" ovf:value="\${domain}">
          <Label>Domain</Label>
        </Property>
        <Property ovf:key="port" ovf:type="uint16" ovf:value="${1024 + (n % 1000)}">
          <Label>Port</Label>
        </Property>
      </ProductSection>
      <OperatingSystemSection ovf:id="94" ovf:version="22.04" vmw:osType="ubuntu64Guest">
        <Info>The kind of installed guest operating system</Info>
        <Description>Ubuntu Linux (64-bit)</Description>
      </OperatingSystemSection>
      <VirtualHardwareSection ovf:transport="com.vmware.guestInfo">
        <Info>Virtual hardware requirements</Info>
        <System>
          <vssd:ElementName>Virtual Hardware Family</vssd:ElementName>
          <vssd:InstanceID>0</vssd:InstanceID>
          <vssd:VirtualSystemIdentifier>machine${n}</vssd:VirtualSystemIdentifier>
          <vssd:VirtualSystemType>vmx-13</vssd:VirtualSystemType>
        </System>
        <Item>
          <rasd:AllocationUnits>hertz * 10^6</rasd:AllocationUnits>
          <rasd:Description>Number of Virtual CPUs</rasd:Description>
          <rasd:ElementName>2 virtual CPU(s)</rasd:ElementName>
          <rasd:InstanceID>1</rasd:InstanceID>
          <rasd:ResourceType>3</rasd:ResourceType>
          <rasd:VirtualQuantity>2</rasd:VirtualQuantity>
          <vmw:CoresPerSocket ovf:required="false">1</vmw:CoresPerSocket>
        </Item>
        <Item>
          <rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits>
          <rasd:Description>Memory Size</rasd:Description>
          <rasd:ElementName>4096MB of memory</rasd:ElementName>
          <rasd:InstanceID>2</rasd:InstanceID>
          <rasd:ResourceType>4</rasd:ResourceType>
          <rasd:VirtualQuantity>4096</rasd:VirtualQuantity>
        </Item>
        <Item>
          <rasd:Address>0</rasd:Address>
          <rasd:Description>SCSI Controller</rasd:Description>
          <rasd:ElementName>SCSI Controller 0</rasd:ElementName>
          <rasd:InstanceID>3</rasd:InstanceID>
          <rasd:ResourceSubType>VirtualSCSI</rasd:ResourceSubType>
          <rasd:ResourceType>6</rasd:ResourceType>
          <vmw:Config ovf:required="false" vmw:key="slotInfo.pciSlotNumber" vmw:value="160"/>
        </Item>
        <Item>
          <rasd:AddressOnParent>0</rasd:AddressOnParent>
          <rasd:ElementName>Hard Disk 1</rasd:ElementName>
          <rasd:HostResource>ovf:/disk/disk${n}</rasd:HostResource>
          <rasd:InstanceID>4</rasd:InstanceID>
          <rasd:Parent>3</rasd:Parent>
          <rasd:ResourceType>17</rasd:ResourceType>
          <vmw:Config ovf:required="false" vmw:key="backing.writeThrough" vmw:value="false"/>
        </Item>
        <Item>
          <rasd:AddressOnParent>7</rasd:AddressOnParent>
          <rasd:AutomaticAllocation>true</rasd:AutomaticAllocation>
          <rasd:Connection>inside</rasd:Connection>
          <rasd:Description>VmxNet3 ethernet adapter on "inside"</rasd:Description>
          <rasd:ElementName>Ethernet 1</rasd:ElementName>
          <rasd:InstanceID>5</rasd:InstanceID>
          <rasd:ResourceSubType>VmxNet3</rasd:ResourceSubType>
          <rasd:ResourceType>10</rasd:ResourceType>
          <vmw:Config ovf:required="false" vmw:key="wakeOnLanEnabled" vmw:value="true"/>
          <vmw:Config ovf:required="false" vmw:key="connectable.allowGuestControl" vmw:value="true"/>
        </Item>
        <vmw:Config ovf:required="false" vmw:key="firmware" vmw:value="efi"/>
        <vmw:Config ovf:required="false" vmw:key="cpuHotAddEnabled" vmw:value="false"/>
        <vmw:Config ovf:required="false" vmw:key="memoryHotAddEnabled" vmw:value="false"/>
        <vmw:Config ovf:required="false" vmw:key="tools.syncTimeWithHost" vmw:value="true"/>
      </VirtualHardwareSection>
      <AnnotationSection>
        <Info>A human-readable annotation</Info>
        <Annotation>One of many machines that differ in their number alone.</Annotation>
      </AnnotationSection>
    </VirtualSystem>
`;
}
