import { vmaFamily } from "./families/vma.js";
import { testFamilies } from "./runner.js";

testFamilies([vmaFamily]);
