/** What the standard does not know (DSP0243 7.3, 8.2). */

import type { OvfDocument } from "../../ovf/document.js";
import { CIM_CLASSES } from "../../ovf/namespaces.js";
import { isTrue } from "../../ovf/views/node.js";
import { type AnyRule, defineRule, ovfSpec } from "../rule.js";

/** The properties of CIM's setting data classes that DSP8023 1.x and 2.x use. */
const CIM_PROPERTIES: ReadonlySet<string> = new Set([
  "Address",
  "AddressOnParent",
  "AllocationUnits",
  "AutomaticAllocation",
  "AutomaticDeallocation",
  "Caption",
  "Connection",
  "ConsumerVisibility",
  "Description",
  "ElementName",
  "HostResource",
  "InstanceID",
  "InstanceId",
  "Limit",
  "MappingBehavior",
  "OtherResourceType",
  "Parent",
  "PoolID",
  "Reservation",
  "ResourceSubType",
  "ResourceType",
  "VirtualQuantity",
  "VirtualQuantityUnits",
  "Weight",
  "BusNumber",
  "ChangeableType",
  "ComponentSetting",
  "ConfigurationName",
  "Generation",
  "SoID",
  "SoOrgID",
]);

/** The elements of DSP8023 1.x and 2.x, and of the draft of 2007. */
const ELEMENTS: ReadonlySet<string> = new Set(
  (
    "Annotation AnnotationSection AppUrl ApplianceUrl BootDeviceSection Category CimObjectPath Configuration Content CustomizedVSSD DeploymentOptionSection Description Disk " +
    "DiskSection EncryptedData EncryptionSection Envelope EnvironmentFilesSection EthernetPortItem EulaSection File FullVersion Icon Info InstallSection " +
    "InstanceCount Item Label License Msg Name Network NetworkPortProfile NetworkPortProfileURI NetworkSection OperatingSystemSection PlacementGroupSection " +
    "PlacementSection Product ProductSection ProductUrl Property References ResourceAllocationSection ScaleOutSection Section SharedDisk SharedDiskSection " +
    "StartupSection StorageItem Strings System Value ValueMap Vendor VendorUrl Version VirtualHardwareSection VirtualSystem VirtualSystemCollection"
  ).split(" "),
);

/** oVirt calls by the names of OVF what has little to do with it, for its own engine alone. */
function isPrivate({ producer }: OvfDocument): boolean {
  return producer === "oVirt";
}

export const extensionRules: readonly AnyRule[] = [
  defineRule({
    code: "ovf/private-dialect",
    node: "ovf",
    spec: null,
    severity: "warning",
    strict: "error",
    what: "The descriptor is in the private dialect of {producer}.",
    why: "It is valid against no version of the standard, and its own engine alone imports it as it is. vmferry reads machines and disks of it.",
    fix: "Convert it: vmferry convert SRC DEST --to ovf.",
    examples: null,
    *check(document) {
      if (isPrivate(document)) yield { values: { producer: document.producer } };
    },
  }),
  defineRule({
    code: "ovf/element-unknown",
    node: "ovf/element",
    spec: ovfSpec("7.3"),
    severity: "error",
    strict: "error",
    what: "The standard has no element {name}.",
    why: "Whoever does not know an element that it has to know must not deploy the package.",
    fix: 'Correct its name or its namespace, remove it, or mark it ovf:required="false".',
    examples: {
      invalid: [{ sections: "<UnknownSection><Info>x</Info></UnknownSection>" }],
      valid: [{ sections: '<UnknownSection ovf:required="false"><Info>x</Info></UnknownSection>' }],
    },
    *check(element, { ovf }) {
      if (!ovf.scope.isCore(element.namespace) || ELEMENTS.has(element.name) || isPrivate(ovf)) return;
      const required = ovf.scope.attribute(element, "required");
      if (required !== undefined && !isTrue(required)) return;
      // oVirt's items have children of their own in no namespace; they are properties to whoever reads them.
      if (element.parent?.name === "Item") return;
      yield { values: { name: element.name } };
    },
  }),
  defineRule({
    code: "ovf/item-property-unknown",
    node: "ovf/item",
    spec: ovfSpec("8.2"),
    severity: "error",
    strict: "error",
    what: "The item has a property {name}, which its CIM class does not have.",
    why: "Whoever does not know an element that it has to know must not deploy the machine.",
    fix: 'Remove it, or mark it ovf:required="false".',
    examples: {
      invalid: [
        {
          moreItems:
            "<Item><rasd:InstanceID>9</rasd:InstanceID><rasd:ResourceType>24</rasd:ResourceType><rasd:Unknown/></Item>",
        },
      ],
      valid: [
        {
          moreItems:
            '<Item><rasd:InstanceID>9</rasd:InstanceID><rasd:ResourceType>24</rasd:ResourceType><rasd:Unknown ovf:required="false"/></Item>',
        },
      ],
    },
    *check({ item }) {
      for (const child of item.element.elements()) {
        if (!child.namespace.startsWith(CIM_CLASSES) || CIM_PROPERTIES.has(child.name)) continue;
        const required = item.scope.attribute(child, "required");
        if (required === undefined || isTrue(required))
          yield { values: { name: child.name }, location: child.location };
      }
    },
  }),
];
