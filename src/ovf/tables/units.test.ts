import assert from "node:assert/strict";
import { test } from "node:test";
import { parseUnit, scaleQuantity } from "./units.js";

function bytes(quantity: string, unit: string): number | null {
  const parsed = parseUnit(unit);
  return parsed === null ? null : scaleQuantity(quantity, parsed);
}

test("reads every spelling of a unit that producers use", () => {
  const cases: readonly (readonly [unit: string, factor: number])[] = [
    ["byte", 1],
    ["bytes", 1],
    ["byte * 2^10", 2 ** 10],
    ["byte * 2^20", 2 ** 20],
    ["byte*2^20", 2 ** 20],
    ["byte * 2 ^ 20", 2 ** 20],
    ["byte * 2 ^30", 2 ** 30],
    ["byte*2^30", 2 ** 30],
    ["byte*1024*1024", 2 ** 20],
    ["byte * 10^9", 1e9],
    ["MegaBytes", 2 ** 20],
    ["MegaByte", 2 ** 20],
    ["MB", 2 ** 20],
    ["GigaBytes", 2 ** 30],
    ["GB", 2 ** 30],
    ["KiloBytes", 2 ** 10],
    ["kilobytes", 2 ** 10],
    ["kilobyte", 1000],
    ["kibibyte", 1024],
    ["hertz * 10^6", 1e6],
    ["Hertz*10^9", 1e9],
    ["MHz", 1e6],
    ["MegaHertz", 1e6],
    ["  byte * 2^20 \n", 2 ** 20],
    ["byte * 3 * 2^20", 3 * 2 ** 20],
    ["byte * 2^40 / 2^10", 2 ** 30],
    ["byte / 2^-20", 2 ** 20],
  ];
  for (const [unit, factor] of cases) assert.equal(bytes("3", unit), 3 * factor, unit);
});

test("tells the standard's spellings from others", () => {
  for (const unit of ["byte", "byte * 2^20", "byte*2^20", "hertz * 10^6", "byte * 3 * 2^20", "kibibyte"]) {
    assert.equal(parseUnit(unit)?.standard, true, unit);
  }
  for (const unit of ["bytes", "Byte", "MegaBytes", "MB", "Hertz*10^9", "byte*1024*1024", "MHz"]) {
    assert.equal(parseUnit(unit)?.standard, false, unit);
  }
});

test("refuses what is no unit", () => {
  for (const unit of [
    "",
    "Disk",
    "Processor Cores",
    "byte *",
    "byte * x",
    "byte ^ 2",
    "2^20",
    "byte * 2^999",
    "byte * 0",
    "4",
    "byte + 1",
    `byte${" * 2".repeat(40)}`,
  ]) {
    assert.equal(parseUnit(unit), null, unit);
  }
  assert.equal(parseUnit("__proto__"), null);
  assert.equal(parseUnit("constructor"), null);
});

test("scales exactly and never beyond 2^53", () => {
  assert.equal(bytes("9007199254740991", "byte"), Number.MAX_SAFE_INTEGER);
  assert.equal(bytes("9007199254740992", "byte"), null);
  assert.equal(bytes("8796093022208", "byte * 2^10"), null);
  assert.equal(bytes("8796093022207", "byte * 2^10"), 8796093022207 * 1024);
  assert.equal(bytes("512.0", "byte * 2^20"), 512 * 2 ** 20);
  assert.equal(bytes("+512", "byte"), 512);
  for (const quantity of ["", "-1", "1.5", "0x10", "1e3", "$" + "{size}", "10GB", "9".repeat(40)]) {
    assert.equal(bytes(quantity, "byte"), null, quantity);
  }
  assert.equal(bytes("1", "byte / 8"), null, "no whole number");
  assert.equal(bytes("16", "byte / 8"), 2);
});
