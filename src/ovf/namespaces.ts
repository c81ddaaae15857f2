/** Namespaces of OVF documents. Names are matched by these, never by prefix. */

/** OVF 0.9, as VMware and VirtualBox write it. */
export const OVF_0_9 = "http://www.vmware.com/schema/ovf/1/envelope";
/** OVF 1.0 and 1.1 (DSP8023 1.x). */
export const OVF_1 = "http://schemas.dmtf.org/ovf/envelope/1";
/** OVF 2.0 and 2.1 (DSP8023 2.x). */
export const OVF_2 = "http://schemas.dmtf.org/ovf/envelope/2";
/** oVirt's own dialect: that of OVF 1 with a slash at the end. */
export const OVF_OVIRT = "http://schemas.dmtf.org/ovf/envelope/1/";

/** OVF environments (DSP8027), of all versions of OVF. */
export const OVF_ENVIRONMENT = "http://schemas.dmtf.org/ovf/environment/1";

/** VMware's extensions: `vmw:Config`, `vmw:osType`. */
export const VMWARE = "http://www.vmware.com/schema/ovf";
/** VirtualBox's extensions: `vbox:Machine`, `vbox:OSType`, `vbox:uuid`. */
export const VIRTUALBOX = "http://www.virtualbox.org/ovf/machine";
/** XenServer's extensions. */
export const XENSERVER = "http://schemas.citrix.com/ovf/envelope/1";
/** System Center Virtual Machine Manager's extensions. */
export const SCVMM = "http://www.microsoft.com/schema/vmmst";
/** oVirt's extensions. */
export const OVIRT = "http://www.ovirt.org/ovf";
/** vCloud Director's sections, in every version. */
export const VCLOUD = "http://www.vmware.com/vcloud";
/** VMware Studio's sections. */
export const VMWARE_STUDIO = "http://www.vmware.com/schema/vadk";
/** XenClient's and OpenXT's extensions. */
export const XENCLIENT = "http://www.citrix.com/xenclient/ovf/1";
/** Oracle VM's extensions. */
export const ORACLE_VM = "http://schemas.oracle.com/ovm/ovf";
/** IBM's extensions (VMControl, PowerVC). */
export const IBM = "http://www.ibm.com/xmlns/ovf";
/** Abiquo's extensions. */
export const ABIQUO = "http://www.abiquo.com/appliancemanager";
/** Extensions of Claudia, the service manager of Reservoir. */
export const CLAUDIA = "http://schemas.telefonica.com/claudia/ovf";
/** Ganeti's sections: its namespace is this one word. */
export const GANETI = "ganeti";

/** `xsi:type`. */
export const XSI = "http://www.w3.org/2001/XMLSchema-instance";
/** All CIM classes begin like this. Writers of 2.x end them in `.xsd`, and copy the standard's example with "cim2608 schema" in the middle. */
export const CIM_CLASSES = "http://schemas.dmtf.org/wbem/wscim/1/";

/** The classes of items, of systems and of boot orders. */
export const RASD: string = `${CIM_CLASSES}cim-schema/2/CIM_ResourceAllocationSettingData`;
export const SASD: string = `${CIM_CLASSES}cim-schema/2/CIM_StorageAllocationSettingData`;
export const EPASD: string = `${CIM_CLASSES}cim-schema/2/CIM_EthernetPortAllocationSettingData`;
export const VSSD: string = `${CIM_CLASSES}cim-schema/2/CIM_VirtualSystemSettingData`;
export const BOOT_CONFIG: string = `${CIM_CLASSES}cim-schema/2/CIM_BootConfigSetting`;
export const BOOT_SOURCE: string = `${CIM_CLASSES}cim-schema/2/CIM_BootSourceSetting`;

/** XML Encryption 1.0 and 1.1. */
export const XENC = "http://www.w3.org/2001/04/xmlenc#";
export const XENC_11 = "http://www.w3.org/2009/xmlenc11#";

/** Namespaces whose elements are those of the standard. */
export const CORE_NAMESPACES: readonly string[] = [OVF_0_9, OVF_1, OVF_2, OVF_OVIRT];
