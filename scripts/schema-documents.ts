/** A table of `src/ovf/schema/tables`, and the schemas that it is made from. */
export interface SchemaTable {
  readonly table: string;
  readonly about: string;
  readonly modules: readonly SchemaDocument[];
}

/** Where a schema lies below the folder of all, and under which name it is written down: as what it changes in `like`. */
export interface SchemaDocument {
  readonly name: string;
  readonly file: string;
  readonly like?: string;
}

/** Every schema that documents are held to. */
export const SCHEMA_DOCUMENTS: readonly SchemaTable[] = [
  {
    table: "envelope-1",
    about: "DSP8023 1.0.0, 1.1.0 and 1.1.1: envelopes of OVF 1.x.",
    modules: [
      { name: "envelope111", file: "1.1.1/dsp8023_1.1.1.xsd" },
      { name: "envelope110", file: "1.1.0/dsp8023_1.1.0.xsd", like: "envelope111" },
      { name: "envelope100", file: "1.0.0/dsp8023_1.0.0.xsd", like: "envelope110" },
    ],
  },
  {
    table: "envelope-2",
    about: "DSP8023 2.0.1: envelopes of OVF 2.x.",
    modules: [{ name: "envelope201", file: "2.0.1/dsp8023_2.0.1.xsd" }],
  },
  {
    table: "environment",
    about: "DSP8027 1.1.0: OVF environments.",
    modules: [{ name: "environment110", file: "1.1.0/dsp8027_1.1.0.xsd" }],
  },
  {
    table: "common",
    about: "What all schemas import: the data types of CIM (DSP8004) and the attributes of the namespace xml.",
    modules: [
      { name: "cimCommon", file: "1.1.1/common.xsd" },
      { name: "xmlAttributes", file: "1.1.1/xml.xsd" },
    ],
  },
  {
    table: "hardware",
    about: "CIM classes of virtual systems and of their items, as DSP8023 1.0.0, 1.1.0, 1.1.1 and 2.0.1 import them.",
    modules: [
      { name: "vssd111", file: "1.1.1/CIM_VirtualSystemSettingData.xsd" },
      { name: "vssd110", file: "1.1.0/CIM_VirtualSystemSettingData.xsd", like: "vssd111" },
      { name: "vssd100", file: "1.0.0/CIM_VirtualSystemSettingData.xsd", like: "vssd111" },
      { name: "vssd201", file: "2.0.1/CIM_VirtualSystemSettingData.xsd", like: "vssd111" },
      { name: "rasd111", file: "1.1.1/CIM_ResourceAllocationSettingData.xsd" },
      { name: "rasd110", file: "1.1.0/CIM_ResourceAllocationSettingData.xsd", like: "rasd111" },
      { name: "rasd100", file: "1.0.0/CIM_ResourceAllocationSettingData.xsd", like: "rasd111" },
      { name: "rasd201", file: "2.0.1/CIM_ResourceAllocationSettingData.xsd", like: "rasd111" },
    ],
  },
  {
    table: "hardware-2",
    about: "CIM classes that DSP8023 2.0.1 added: storage, Ethernet ports, booting.",
    modules: [
      { name: "sasd201", file: "2.0.1/CIM_StorageAllocationSettingData.xsd" },
      { name: "epasd201", file: "2.0.1/CIM_EthernetPortAllocationSettingData.xsd" },
      { name: "bootConfig201", file: "2.0.1/CIM_BootConfigSetting.xsd" },
      { name: "bootSource201", file: "2.0.1/CIM_BootSourceSetting.xsd" },
    ],
  },
  {
    table: "security",
    about: "XML Signature and XML Encryption (W3C), as far as the EncryptionSection of DSP8023 2.0.1 refers to them.",
    modules: [
      { name: "xmldsig", file: "2.0.1/xmldsig-core-schema.xsd" },
      { name: "xenc", file: "2.0.1/xenc-schema.xsd" },
      { name: "xenc11", file: "2.0.1/xenc-schema-11.xsd" },
    ],
  },
];
