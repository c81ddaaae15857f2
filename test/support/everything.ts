/** One of everything, a line for each element. Names and order are those of DSP8023 2.0.1. */
export const EVERYTHING: string = `<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/2" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/2" xml:lang="en-US"
  xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"
  xmlns:sasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_StorageAllocationSettingData"
  xmlns:epasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_EthernetPortAllocationSettingData"
  xmlns:vssd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <References>
    <File ovf:id="f" ovf:href="a.vmdk" ovf:size="1" ovf:compression="gzip" ovf:chunkSize="7"/>
  </References>
  <DiskSection>
    <Info>Disks</Info>
    <Disk ovf:diskId="d" ovf:fileRef="f" ovf:capacity="9" ovf:format="urn:x"/>
  </DiskSection>
  <SharedDiskSection>
    <Info>Shared</Info>
    <SharedDisk ovf:diskId="s" ovf:capacity="9" ovf:format="urn:x"/>
  </SharedDiskSection>
  <NetworkSection>
    <Info>Networks</Info>
    <Network ovf:name="n">
      <Description>One</Description>
      <NetworkPortProfile>
        <Item>
          <epasd:ElementName>Port</epasd:ElementName>
          <epasd:InstanceID>1</epasd:InstanceID>
        </Item>
      </NetworkPortProfile>
      <NetworkPortProfileURI>urn:p</NetworkPortProfileURI>
    </Network>
  </NetworkSection>
  <DeploymentOptionSection>
    <Info>Options</Info>
    <Configuration ovf:id="small">
      <Label ovf:msgid="l">Small</Label>
      <Description>Small</Description>
    </Configuration>
  </DeploymentOptionSection>
  <PlacementGroupSection ovf:id="g" ovf:policy="affinity">
    <Info>Group</Info>
    <Description>Together</Description>
  </PlacementGroupSection>
  <EncryptionSection>
    <Info>Keys</Info>
    <xenc:EncryptedKey xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Id="k">
      <xenc:EncryptionMethod Algorithm="urn:a"/>
      <xenc:CipherData>
        <xenc:CipherValue>AAAA</xenc:CipherValue>
      </xenc:CipherData>
      <xenc:ReferenceList>
        <xenc:DataReference URI="#x"/>
      </xenc:ReferenceList>
    </xenc:EncryptedKey>
  </EncryptionSection>
  <VirtualSystemCollection ovf:id="c">
    <Info>Collection</Info>
    <Name>Collection</Name>
    <ResourceAllocationSection>
      <Info>Resources</Info>
    </ResourceAllocationSection>
    <StartupSection>
      <Info>Order</Info>
      <Item ovf:id="m" ovf:order="1"/>
    </StartupSection>
    <ScaleOutSection ovf:id="m">
      <Info>Copies</Info>
      <InstanceCount ovf:default="2"/>
    </ScaleOutSection>
    <VirtualSystem ovf:id="m">
      <Info>Machine</Info>
      <Name>Machine</Name>
      <AnnotationSection>
        <Info>Note</Info>
        <Annotation>Note</Annotation>
      </AnnotationSection>
      <EulaSection>
        <Info>Licence</Info>
        <License>Licence</License>
      </EulaSection>
      <ProductSection ovf:class="org.example">
        <Info>Product</Info>
        <Product>Product</Product>
        <Icon ovf:fileRef="f"/>
        <Category>General</Category>
        <Property ovf:key="k" ovf:type="string">
          <Label>Key</Label>
          <Value ovf:value="v" ovf:configuration="small"/>
        </Property>
      </ProductSection>
      <OperatingSystemSection ovf:id="94">
        <Info>System</Info>
        <Description>System</Description>
      </OperatingSystemSection>
      <InstallSection ovf:initialBootStopDelay="3">
        <Info>Install</Info>
      </InstallSection>
      <EnvironmentFilesSection>
        <Info>Files</Info>
        <File ovf:fileRef="f" ovf:path="a/b"/>
      </EnvironmentFilesSection>
      <BootDeviceSection>
        <Info>Boot</Info>
        <bootc:CIM_BootConfigSetting xmlns:bootc="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_BootConfigSetting">
          <bootc:ElementName>Boot</bootc:ElementName>
          <bootc:InstanceID>1</bootc:InstanceID>
          <boots:CIM_BootSourceSetting xmlns:boots="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_BootSourceSetting">
            <boots:ElementName>Disk</boots:ElementName>
            <boots:InstanceID>2</boots:InstanceID>
          </boots:CIM_BootSourceSetting>
        </bootc:CIM_BootConfigSetting>
      </BootDeviceSection>
      <PlacementSection ovf:group="g">
        <Info>Place</Info>
      </PlacementSection>
      <VirtualHardwareSection>
        <Info>Hardware</Info>
        <System>
          <vssd:ElementName>System</vssd:ElementName>
          <vssd:InstanceID>0</vssd:InstanceID>
        </System>
        <Item ovf:bound="normal">
          <rasd:ElementName>One</rasd:ElementName>
          <rasd:InstanceID>1</rasd:InstanceID>
          <rasd:ResourceType>3</rasd:ResourceType>
          <rasd:VirtualQuantity>1</rasd:VirtualQuantity>
          <vmw:Config xmlns:vmw="http://www.vmware.com/schema/ovf" vmw:key="a" vmw:value="b"/>
        </Item>
        <EthernetPortItem>
          <epasd:ElementName>Two</epasd:ElementName>
          <epasd:InstanceID>2</epasd:InstanceID>
        </EthernetPortItem>
        <StorageItem>
          <sasd:ElementName>Three</sasd:ElementName>
          <sasd:InstanceID>3</sasd:InstanceID>
        </StorageItem>
      </VirtualHardwareSection>
    </VirtualSystem>
  </VirtualSystemCollection>
  <Strings xml:lang="de">
    <Msg ovf:msgid="l">Klein</Msg>
  </Strings>
</Envelope>
`;
