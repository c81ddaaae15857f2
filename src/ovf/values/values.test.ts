import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fc } from "../../../test/support/fast-check.js";
import { checkValue } from "./check.js";
import { parseQualifiers } from "./qualifiers.js";
import { parsePropertyType } from "./types.js";

test("reads the twelve types of the standard, and tells others from them", () => {
  const ints = ["8", "16", "32", "64"].flatMap((bits) => [`uint${bits}`, `sint${bits}`]);
  for (const type of [...ints, "string", "boolean", "real32", "real64"]) {
    assert.equal(parsePropertyType(type)?.standard, true, type);
  }
  for (const type of ["String", "int", "INT", "Boolean", "password", "ip", "ip:VM Network", "real", "uint8(1..5)"]) {
    assert.equal(parsePropertyType(type)?.standard, false, type);
  }
  for (const type of ["", "uint7", "text", "string(1)", "boolean(1..2)", "int(a..b)", "ipv4", "string[a"]) {
    assert.equal(parsePropertyType(type), null, type);
  }
  assert.deepEqual(parsePropertyType("uint16")?.type, { kind: "integer", min: 0n, max: 65535n });
  assert.deepEqual(parsePropertyType("sint8")?.type, { kind: "integer", min: -128n, max: 127n });
  assert.deepEqual(parsePropertyType("int(-5..10)")?.type, { kind: "integer", min: -5n, max: 10n });
  assert.deepEqual(parsePropertyType("password(8..)")?.type, {
    kind: "string",
    lengths: { min: 8, max: Number.POSITIVE_INFINITY },
    choices: null,
  });
  assert.deepEqual(parsePropertyType('string["a b", c]')?.type, {
    kind: "string",
    lengths: null,
    choices: ["a b", "c"],
  });
});

test("reads qualifiers in the syntax of MOF, and in what writers make of it", () => {
  const cases: readonly (readonly [text: string, read: readonly (readonly [string, ...string[]] | string)[]])[] = [
    ["", []],
    ["MinLen(1)", [["MinLen", "1"]]],
    [
      "MinLen(1),MaxLen(253)",
      [
        ["MinLen", "1"],
        ["MaxLen", "253"],
      ],
    ],
    [
      "MinValue(1) MaxValue(10000)",
      [
        ["MinValue", "1"],
        ["MaxValue", "10000"],
      ],
    ],
    ['ValueMap{"a", "b, c", "d\\"e"}', [["ValueMap", "a", "b, c", 'd"e']]],
    ["ValueMap{1,2,3}", [["ValueMap", "1", "2", "3"]]],
    ["Ip, Netmask('Network 1')", ["Ip", ["Netmask", "Network 1"]]],
    ["Ip()", [["Ip"]]],
  ];
  for (const [text, wanted] of cases) {
    const read = parseQualifiers(text)?.map(({ name, values }) => (values === null ? name : [name, ...values]));
    assert.deepEqual(read, wanted, text);
  }
  for (const text of [
    "MinLen(1",
    "ValueMap{",
    'ValueMap{"a}',
    "1",
    "MinLen(1)}",
    "ValueMap{a b(}",
    "MinLen(1 2, (3)",
  ]) {
    assert.equal(parseQualifiers(text), null, text);
  }
});

test("any text is read as qualifiers or refused, in time", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom("Ip", "(", ")", "{", "}", ",", " ", '"', "'", "\\", "1"), { maxLength: 200 }),
      (parts) => {
        const read = parseQualifiers(parts.join(""));
        assert.ok(read === null || Array.isArray(read));
      },
    ),
  );
  assert.equal(parseQualifiers(`ValueMap{${'"a",'.repeat(200_000)}"b"}`)?.[0]?.values?.length, 200_001);
});

test("holds values to their type and qualifiers", () => {
  const cases: readonly (readonly [
    type: string,
    qualifiers: string | null,
    value: string,
    problems: readonly string[],
  ])[] = [
    ["string", null, "anything", []],
    ["uint8", null, "255", []],
    ["uint8", null, "256", ["type"]],
    ["uint8", null, "-1", ["type"]],
    ["uint8", null, "0x1F", []],
    ["sint64", null, "-9223372036854775808", []],
    ["sint64", null, "-9223372036854775809", ["type"]],
    ["int", null, "1.5", ["type"]],
    ["boolean", null, "True", []],
    ["boolean", null, "yes", ["type"]],
    ["real32", null, "1e39", ["type"]],
    ["real64", null, "1e39", []],
    ["real", "MinValue(0),MaxValue(1)", "0.5", []],
    ["real", "MinValue(0),MaxValue(1)", "1.5", ["MaxValue"]],
    ["int", "MinValue(1) MaxValue(10000)", "0", ["MinValue"]],
    ["string", "MinLen(1),MaxLen(3)", "", ["MinLen"]],
    ["string", "MinLen(1),MaxLen(3)", "\u{1F600}\u{1F600}\u{1F600}", []],
    ["string", "MinLen(1),MaxLen(3)", "abcd", ["MaxLen"]],
    ["string", 'ValueMap{"low","high"}', "low", []],
    ["string", 'ValueMap{"low","high"}', "Low", ["ValueMap"]],
    ["uint8", 'ValueMap{"1..3","7"}', "2", []],
    ["uint8", 'ValueMap{"1..3","7"}', "4", ["ValueMap"]],
    ["uint8", "ValueMap{1,2,3}", "300", ["type", "ValueMap"]],
    ["string[dhcp,static]", null, "dhcp", []],
    ["string[dhcp,static]", null, "none", ["type"]],
    ["ip", null, "192.0.2.1", []],
    ["ip", null, "192.0.2.256", ["type"]],
    ["ip:VM Network", null, "2001:db8::1", []],
    ["ip", null, "2001:db8:::1", ["type"]],
    ["ip", null, "1:2:3", ["type"]],
    ["uint8", "MinLen(", "\u0024{autoIp:Network}", []],
    ["uint8", "MinLen(", "5", []],
    ["nonsense", null, "5", []],
  ];
  for (const [type, qualifiers, value, problems] of cases) {
    assert.deepEqual(
      checkValue(type, qualifiers, value).map((p) => (p.problem === "type" ? "type" : p.qualifier)),
      problems,
      `${type} ${qualifiers} ${value}`,
    );
  }
});

const FOLDERS = ["../shared/corpus/ovf", "../shared/conformance/vmware/accept"];
const skip = existsSync(FOLDERS[0] ?? "") ? false : "../shared is absent";

test("every qualifier in the corpus can be read", { skip }, () => {
  let read = 0;
  for (const folder of FOLDERS) {
    for (const name of readdirSync(folder)) {
      const text = readFileSync(`${folder}/${name}`, "utf8");
      for (const [, quoted = ""] of text.matchAll(/qualifiers="([^"]*)"/g)) {
        assert.notEqual(parseQualifiers(quoted.replaceAll("&quot;", '"')), null, `${name}: ${quoted.slice(0, 80)}`);
        read++;
      }
    }
  }
  assert.ok(read > 80, `${read} qualifiers`);
});
