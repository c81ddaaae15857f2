import { hypervFamily } from "./families/hyperv.js";
import { testFamilies } from "./runner.js";

testFamilies([hypervFamily]);
