import { environmentFamily } from "./families/environment.js";
import { hardwareFamily } from "./families/hardware.js";
import { propertiesFamily } from "./families/properties.js";
import { referencesFamily } from "./families/references.js";
import { xmlFamily } from "./families/xml.js";
import { testFamilies } from "./runner.js";

testFamilies([xmlFamily, referencesFamily, propertiesFamily, hardwareFamily, environmentFamily]);
