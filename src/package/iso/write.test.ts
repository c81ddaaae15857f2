import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "../../../test/support/errors.js";
import { writeIso } from "./write.js";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const options = { label: "OVF ENV", modified: new Date("2026-01-02T03:04:05Z") };

test("descriptors, tables and directories stand where the standard has them, numbers in both orders", () => {
  const image = writeIso([{ name: "ovf-env.xml", bytes: text("<Environment/>") }], options);
  const view = new DataView(image.buffer);
  const at = (sector: number): number => sector * 2048;
  for (const [sector, kind] of [
    [16, 1],
    [17, 2],
    [18, 255],
  ] as const) {
    assert.deepEqual(
      [image[at(sector)], new TextDecoder().decode(image.subarray(at(sector) + 1, at(sector) + 6))],
      [kind, "CD001"],
    );
  }
  assert.equal(view.getUint32(at(16) + 80, true) * 2048, image.length);
  assert.equal(view.getUint32(at(16) + 84, false) * 2048, image.length);
  assert.deepEqual([...image.subarray(at(17) + 88, at(17) + 91)], [0x25, 0x2f, 0x45]);
  const root = view.getUint32(at(16) + 156 + 2, true);
  const names = new TextDecoder("latin1").decode(image.subarray(at(root), at(root) + 2048));
  assert.match(names, /OVF_ENV\.XML;1/);
  assert.equal(new TextDecoder().decode(image.subarray(image.length - 2048)).slice(0, 14), "<Environment/>");
});

test("the same files and time make the same bytes, in whatever order they come", () => {
  const files = [
    { name: "b.txt", bytes: text("b") },
    { name: "a/deep/c.txt", bytes: text("c") },
  ];
  assert.deepEqual(writeIso(files, options), writeIso([...files].reverse(), options));
});

test("names that no image can hold are refused", () => {
  for (const name of ["../x", "/x", "a:b", "x".repeat(65), "a/b/c/d/e/f/g/h/i", ""]) {
    assert.throws(() => writeIso([{ name, bytes: text("") }], options), hasCode("package/unsafe-name"), name);
  }
  const twice = [
    { name: "a", bytes: text("1") },
    { name: "a/b", bytes: text("2") },
  ];
  assert.throws(() => writeIso(twice, options), hasCode("package/unsafe-name"));
  assert.throws(() => writeIso([...twice].reverse(), options), hasCode("package/unsafe-name"));
});
