import { manifestFamily } from "./families/manifest.js";
import { sumsFamily } from "./families/sums.js";
import { testFamilies } from "./runner.js";

testFamilies([manifestFamily, sumsFamily]);
