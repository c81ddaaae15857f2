import { boundsFamily } from "./families/bounds.js";
import { qcow2Family } from "./families/qcow2.js";
import { vdiFamily } from "./families/vdi.js";
import { vhdFamily } from "./families/vhd.js";
import { vhdxFamily } from "./families/vhdx.js";
import { vmdkFamily } from "./families/vmdk.js";
import { xvaFamily } from "./families/xva.js";
import { testFamilies } from "./runner.js";

testFamilies([vmdkFamily, vhdFamily, vhdxFamily, vdiFamily, qcow2Family, xvaFamily, boundsFamily]);
