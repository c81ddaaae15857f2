/** A package, an environment and a server with secrets in every place that can hold one. */
import { descriptorOf, diskFile, type PackageFiles, packageOf } from "../support/packages.js";
import { inXml, plant } from "./planted.js";

const DISK = await diskFile("vmdk", "streamOptimized", {
  sectors: 16_384,
  runs: [{ sector: 9, sectors: 20, content: "text" }],
});

/** Properties whose values are secret, among faults of all kinds: what is wrong is shown with its line. */
const PROPERTIES = `
      <ProductSection ovf:class="a">
        <Info>Product</Info>
        <Product>Product</Product>
        <Property ovf:key="short" ovf:type="string" ovf:password="true" ovf:qualifiers="MaxLen(3)" ovf:value="${inXml(plant("default"))}"/>
        <Property ovf:key="number" ovf:type="uint8" ovf:password="1" ovf:value="${inXml(plant("number"))}"/>
        <Property ovf:key="unclear" ovf:type="string" ovf:password="yes" ovf:value="${inXml(plant("unclear"))}"/>
        <Property ovf:key="typeless" ovf:password="true" ovf:value="${inXml(plant("typeless"))}"/>
        <Property ovf:key="optional" ovf:type="string" ovf:password="true" ovf:userConfigurable="maybe">
          <Label>Password</Label>
          <Value ovf:value="${inXml(plant("configured"))}" ovf:configuration="c"/>
          <Value ovf:value="${inXml(plant("again"))}" ovf:configuration="c"/>
          <Value ovf:value="${inXml(plant("nowhere"))}" ovf:configuration="none"/>
        </Property>
        <Property ovf:key="short" ovf:type="string" ovf:password="true" ovf:value="${inXml(plant("twice"))}"/>
      </ProductSection>`;

/** Settings of a platform whose names say that they are secret. */
const SETTINGS = `
      <vmw:ExtraConfig ovf:required="true" vmw:key="RemoteDisplay.vnc.password" vmw:value="${inXml(plant("vnc"))}"/>
      <vmw:Config ovf:required="true" vmw:key="guestinfo.rootPassword" vmw:value="${inXml(plant("config"))}"/>`;

const OPTIONS = `
  <DeploymentOptionSection><Info>Options</Info><Configuration ovf:id="c" ovf:default="true"><Label>C</Label><Description>C</Description></Configuration></DeploymentOptionSection>`;

/** The files of the package. */
export function plantedPackage(): PackageFiles {
  const descriptor = descriptorOf([{ href: "disk.vmdk", use: "disk" }])
    .replace("<Envelope ", '<Envelope xmlns:vmw="http://www.vmware.com/schema/ovf" ')
    .replace("</DiskSection>", `</DiskSection>${OPTIONS}`)
    .replace("</VirtualHardwareSection>", `${SETTINGS}\n    </VirtualHardwareSection>${PROPERTIES}`);
  return packageOf(descriptor, { "disk.vmdk": DISK });
}

/** What a guest is told, with faults in it. */
export function plantedEnvironment(): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<Environment xmlns="http://schemas.dmtf.org/ovf/environment/1" xmlns:oe="http://schemas.dmtf.org/ovf/environment/1" oe:id="m">
  <PlatformSection><Kind>K</Kind><Version>1</Version><Vendor>V</Vendor><Locale>en</Locale></PlatformSection>
  <PropertySection>
    <Property oe:key="admin.password" oe:value="${inXml(plant("environment"))}"/>
    <Property oe:key="admin.password" oe:value="${inXml(plant("environment-again"))}"/>
  </PropertySection>
</Environment>
`;
}
