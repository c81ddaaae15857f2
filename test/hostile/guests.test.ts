import { domainFamily } from "./families/domain.js";
import { xlFamily } from "./families/xl.js";
import { testFamilies } from "./runner.js";

testFamilies([domainFamily, xlFamily]);
