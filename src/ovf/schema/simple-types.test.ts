import assert from "node:assert/strict";
import { test } from "node:test";
import { builtinType, compareWhole, normalizeSpace } from "./builtin-types.js";
import { describeSimpleType, isValue } from "./simple-types.js";
import { isUriReference } from "./uri.js";
import { schemaOf } from "./versions.js";

/** Values and what they are not, from XML Schema 1.0, part 2, chapter 3; xmllint says the same of all but those in docs/reference. */
const CASES: Readonly<Record<string, readonly [good: readonly string[], bad: readonly string[]]>> = {
  boolean: [
    ["true", "false", "1", "0", " true\n"],
    ["TRUE", "yes", ""],
  ],
  integer: [
    ["+1", "-0", "00012", `${"9".repeat(40)}`],
    ["1.0", "", "1e3", "١"],
  ],
  long: [
    ["9223372036854775807", "-9223372036854775808"],
    ["9223372036854775808", "-9223372036854775809"],
  ],
  unsignedLong: [
    ["0", "18446744073709551615", "000001"],
    ["18446744073709551616", "+1", "-0", "-1"],
  ],
  unsignedShort: [["65535"], ["65536", "-1", "1 2"]],
  positiveInteger: [
    ["1", "+1"],
    ["0", "-1"],
  ],
  double: [
    ["1", "1.", "-.5", "1e5", "INF", "-INF", "NaN"],
    [".", "1e", "+INF", "1,5", ""],
  ],
  dateTime: [
    ["2010-01-31T12:00:00Z", "2012-02-29T00:00:00", "2010-01-31T24:00:00", "-2010-01-31T12:00:00.5+14:00"],
    ["2010-02-29T00:00:00", "2010-01-31", "0000-01-31T12:00:00", "02010-01-31T12:00:00", "2010-01-31T24:00:01"],
  ],
  date: [
    ["2010-01-31", "2010-01-31Z"],
    ["2010-13-01", "2010-01-00"],
  ],
  time: [
    ["12:00:00", "12:00:00.25Z"],
    ["12:00", "25:00:00"],
  ],
  duration: [
    ["P1D", "PT1H", "-P1Y2M3DT4H5M6.7S"],
    ["P", "PT", "P1DT", "1D", "PT.5S", "P1S"],
  ],
  base64Binary: [
    ["", "AAAA", "AA A A", "AA==", "AAA="],
    ["AAA", "AB==", "A===", "AA==AAAA", "en-US"],
  ],
  hexBinary: [
    ["", "0aFF"],
    ["0", "0g", "0a b1"],
  ],
  language: [
    ["en", "en-US", "x-foo", " en "],
    ["en_US", "", "abcdefghi", "e1"],
  ],
  NCName: [
    ["a", "_a.b-c", "é"],
    ["a:b", "1a", "a b"],
  ],
  QName: [
    ["a", "a:b"],
    ["a:b:c", ":a"],
  ],
  NMTOKENS: [["a b", "1"], [""]],
  anyURI: [
    ["a b", "http://h:80/x?y#z", "../a.vmdk", "é", "{x}", "a/b:c", "//[::1]/x", ""],
    ["%", "%zz", "1a:b", "a#b#c", "[a]", "//[::1"],
  ],
};

test("values of the built-in types are told from what only looks like them", () => {
  for (const [name, [good, bad]] of Object.entries(CASES)) {
    const type = builtinType(name);
    assert.ok(type !== undefined, name);
    for (const value of good) assert.ok(type.accepts(normalizeSpace(value, type.space)), `${name} takes ${value}`);
    for (const value of bad) assert.ok(!type.accepts(normalizeSpace(value, type.space)), `${name} refuses ${value}`);
  }
});

test("whole numbers of any size are compared by value", () => {
  assert.ok(compareWhole("-12", "-2") < 0);
  assert.ok(compareWhole("000000000000000000000000000010", "9") > 0);
  assert.equal(compareWhole("-0", "+00"), 0);
});

test("a long value is judged as fast as a short one of its kind", () => {
  const long = "a".repeat(5_000_000);
  assert.ok(isUriReference(`http://host/${long}`));
  assert.ok(!isUriReference(`http://${long}@${long}:x/`));
  assert.ok(!isUriReference(`${long}%`));
});

test("types are described in the words of their values", () => {
  const schema = schemaOf("2.0.1");
  const words = (namespace: string, name: string): string => {
    const type = schema.element(namespace, name)?.type;
    assert.ok(type?.kind === "complex" && type.text !== null, name);
    return describeSimpleType(type.text);
  };
  const rasd = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData";
  assert.equal(words(rasd, "ResourceType"), "a whole number from 0 to 65535");
  assert.equal(words(rasd, "ChangeableType"), "a whole number from 0 to 3");
  assert.equal(words(rasd, "Caption"), "at most 64 characters");
  assert.equal(words(rasd, "AutomaticAllocation"), "true or false");
  assert.equal(words(rasd, "Address"), "any text");
  const language = schema.attribute("http://www.w3.org/XML/1998/namespace", "lang");
  assert.ok(language !== undefined);
  assert.equal(describeSimpleType(language), "a language such as en-US or nothing");
  assert.ok(isValue(language, ""));
  assert.ok(!isValue(language, "en_US"));
});
