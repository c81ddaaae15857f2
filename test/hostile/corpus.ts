import type { HostileFamily } from "./case.js";
import { boundsFamily } from "./families/bounds.js";
import { certificateFamily } from "./families/certificate.js";
import { domainFamily } from "./families/domain.js";
import { environmentFamily } from "./families/environment.js";
import { hardwareFamily } from "./families/hardware.js";
import { hypervFamily } from "./families/hyperv.js";
import { manifestFamily } from "./families/manifest.js";
import { namesFamily } from "./families/names.js";
import { propertiesFamily } from "./families/properties.js";
import { qcow2Family } from "./families/qcow2.js";
import { referencesFamily } from "./families/references.js";
import { sumsFamily } from "./families/sums.js";
import { tarFamily } from "./families/tar.js";
import { vboxFamily } from "./families/vbox.js";
import { vdiFamily } from "./families/vdi.js";
import { vhdFamily } from "./families/vhd.js";
import { vhdxFamily } from "./families/vhdx.js";
import { vmaFamily } from "./families/vma.js";
import { vmdkFamily } from "./families/vmdk.js";
import { vmxFamily } from "./families/vmx.js";
import { xlFamily } from "./families/xl.js";
import { xmlFamily } from "./families/xml.js";
import { xvaFamily } from "./families/xva.js";

/** Every family, in the order of the page of reference. A test file runs each; `hostile.test.ts` proves that. */
export const hostileFamilies: readonly HostileFamily[] = [
  tarFamily,
  namesFamily,
  xmlFamily,
  referencesFamily,
  hardwareFamily,
  propertiesFamily,
  environmentFamily,
  manifestFamily,
  certificateFamily,
  sumsFamily,
  vmdkFamily,
  vhdFamily,
  vhdxFamily,
  vdiFamily,
  qcow2Family,
  xvaFamily,
  vmaFamily,
  hypervFamily,
  vmxFamily,
  vboxFamily,
  domainFamily,
  xlFamily,
  boundsFamily,
];
