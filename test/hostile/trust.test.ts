import { certificateFamily } from "./families/certificate.js";
import { manifestFamily } from "./families/manifest.js";
import { sumsFamily } from "./families/sums.js";
import { testFamilies } from "./runner.js";

testFamilies([manifestFamily, certificateFamily, sumsFamily]);
