/** Small languages inside of attributes: qualifiers and types of properties, units of quantities. Thousands of inputs a second. */
import { BYTE, parseUnit, scaleQuantity } from "../../src/ovf/tables/units.js";
import { checkValue } from "../../src/ovf/values/check.js";
import { parseQualifiers, type Qualifier } from "../../src/ovf/values/qualifiers.js";
import { parsePropertyType } from "../../src/ovf/values/types.js";
import type { FuzzTarget } from "./target.js";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Three lines: a type, qualifiers, a value. As in DSP0243 9.5.1, in VMware's and VirtualBox's ways, and in none. */
const PROPERTIES: readonly string[] = [
  "string\nMinLen(1), MaxLen(8)\nweb01",
  "string\nMinLen(1) MaxLen(65535)\n",
  'string\nValueMap{"static", "dhcp", "none"}\ndhcp',
  "string\nValueMap{'a', 'b\\'c'}\nb'c",
  'string["small", "it\\"s", ""]\nMinLen(0)\nsmall',
  "string(1..63)\n\nhost.example.org",
  "uint8\nMinValue(1),MaxValue(254)\n255",
  "sint64\nMinValue(-9223372036854775808)\n-1",
  "real32\nMaxValue(3.4e38)\n-1.5e-3",
  "boolean\n\nTrue",
  "password(8..)\nMinLen(8)\n********",
  "ip\n\n192.0.2.1",
  "ip:VM Network\n\n2001:db8::1",
  `expression\n\n$\u007bip:eth0}`,
  "int(0..65535)\nKey, Read(false), Write{true}\n8080",
  "dateTime\n\n20260101120000.000000+060",
  "string\nMaxLen (8) ,, MinLen( 1 )\n\t",
];

/** Written again in the standard's way. */
function written(qualifiers: readonly Qualifier[]): string {
  return qualifiers
    .map(({ name, values }) => {
      const quoted = values?.map((value) => `"${value.replace(/["\\]/g, "\\$&")}"`);
      return quoted === undefined ? name : `${name}{${quoted.join(",")}}`;
    })
    .join(", ");
}

const qualifiers: FuzzTarget = {
  name: "qualifiers",
  seeds: async () => PROPERTIES.map(utf8),
  async run(bytes) {
    const [type = "", text = "", value = ""] = new TextDecoder().decode(bytes).split("\n");
    const found = parseQualifiers(text);
    if (found !== null && JSON.stringify(parseQualifiers(written(found))) !== JSON.stringify(found)) {
      throw new Error("what is written again is read otherwise");
    }
    const problems = checkValue(type, text, value);
    if (problems.some(({ why }) => why === "")) throw new Error("a problem that says nothing");
    if (parsePropertyType(type) === null && problems.some(({ problem }) => problem === "type")) {
      throw new Error("a type that is not known is held against a value");
    }
  },
};

/** Two lines: a quantity and its unit. As in DSP0004 annex C, in words, and in none. */
const QUANTITIES: readonly string[] = [
  "512\nbyte * 2^20",
  "4\nbyte*2^30",
  "8.0\nMegaBytes",
  "1024\nKB",
  "2000\nhertz * 10^6",
  "50\npercent",
  "9007199254740991\nbyte",
  "1\nbit / 8",
  "30\nsecond / 60 * 2",
  "999999999999999999999999999999\nbyte * 10^3 / 10^3",
  "16\nGiB",
  "+7\nbyte * 1000",
  "-1\ncount",
];

const units: FuzzTarget = {
  name: "units",
  seeds: async () => QUANTITIES.map(utf8),
  async run(bytes) {
    const [quantity = "", text = ""] = new TextDecoder().decode(bytes).split("\n");
    const unit = parseUnit(text);
    if (unit !== null && (unit.numerator <= 0n || unit.denominator <= 0n)) throw new Error("a unit that is no amount");
    for (const one of [unit ?? BYTE, BYTE]) {
      const value = scaleQuantity(quantity, one);
      if (value !== null && !(Number.isSafeInteger(value) && value >= 0)) throw new Error(`${value} is no amount`);
    }
  },
};

/** The small languages. */
export const textTargets: readonly FuzzTarget[] = [qualifiers, units];
