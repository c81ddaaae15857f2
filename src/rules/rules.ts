import type { CodeTable } from "../base/codes/codes.js";
import { backingRules } from "./ovf/backing.js";
import { bootRules } from "./ovf/boot.js";
import { boundRules } from "./ovf/bounds.js";
import { cimValueRules } from "./ovf/cim-values.js";
import { conformanceRules } from "./ovf/conformance.js";
import { contentRules } from "./ovf/content.js";
import { deviceRules } from "./ovf/devices.js";
import { diskFormatRules } from "./ovf/disk-formats.js";
import { diskParentRules } from "./ovf/disk-parents.js";
import { diskSizeRules } from "./ovf/disk-sizes.js";
import { diskRules } from "./ovf/disks.js";
import { envelopeRules } from "./ovf/envelope.js";
import { extensionRules } from "./ovf/extensions.js";
import { guestRules } from "./ovf/guest.js";
import { hardwareRules } from "./ovf/hardware.js";
import { itemRules } from "./ovf/items.js";
import { networkAdapterRules } from "./ovf/network-adapters.js";
import { networkRules } from "./ovf/networks.js";
import { optionRules } from "./ovf/options.js";
import { productRules } from "./ovf/products.js";
import { propertyRules } from "./ovf/properties.js";
import { propertyValueRules } from "./ovf/property-values.js";
import { referenceRules } from "./ovf/references.js";
import { resourceTypeRules } from "./ovf/resource-types.js";
import { scaleRules } from "./ovf/scale.js";
import { sectionRules } from "./ovf/sections.js";
import { settingRules } from "./ovf/settings.js";
import { startupRules } from "./ovf/startup.js";
import { structureRules } from "./ovf/structure.js";
import { textRules } from "./ovf/texts.js";
import { unitRules } from "./ovf/units.js";
import { archiveRules } from "./package/archive.js";
import { packagedDiskRules } from "./package/disks.js";
import { fileRules } from "./package/files.js";
import { trustRules } from "./package/trust.js";
import type { AnyRule } from "./rule.js";
import { targetRules } from "./target/rules.js";

/** Every rule. A new one is a value in the file of its topic; a new topic is one line here. */
export const rules: readonly AnyRule[] = [
  ...envelopeRules,
  ...sectionRules,
  ...archiveRules,
  ...trustRules,
  ...fileRules,
  ...packagedDiskRules,
  ...contentRules,
  ...startupRules,
  ...optionRules,
  ...networkRules,
  ...guestRules,
  ...scaleRules,
  ...textRules,
  ...settingRules,
  ...structureRules,
  ...referenceRules,
  ...diskRules,
  ...diskSizeRules,
  ...diskParentRules,
  ...diskFormatRules,
  ...hardwareRules,
  ...itemRules,
  ...resourceTypeRules,
  ...boundRules,
  ...deviceRules,
  ...backingRules,
  ...networkAdapterRules,
  ...unitRules,
  ...cimValueRules,
  ...bootRules,
  ...extensionRules,
  ...conformanceRules,
  ...productRules,
  ...propertyRules,
  ...propertyValueRules,
  ...targetRules,
];

/** What the codes of the rules mean, as the table of all codes has it. */
export const ruleCodes: CodeTable = Object.fromEntries(
  rules.map(({ code, what, why, fix }) => [code, { what, why, fix }]),
);
