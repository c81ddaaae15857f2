import { namesFamily } from "./families/names.js";
import { tarFamily } from "./families/tar.js";
import { testFamilies } from "./runner.js";

testFamilies([tarFamily, namesFamily]);
