import { hypervFamily } from "./families/hyperv.js";
import { vboxFamily } from "./families/vbox.js";
import { vmxFamily } from "./families/vmx.js";
import { testFamilies } from "./runner.js";

testFamilies([hypervFamily, vmxFamily, vboxFamily]);
