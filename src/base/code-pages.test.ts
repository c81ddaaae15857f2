import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeText, WINDOWS_1252 } from "./code-pages.js";

test("windows-1252 has the letters that Latin-1 lacks, under each of its names", () => {
  assert.equal(WINDOWS_1252.length, 32);
  const bytes = Uint8Array.of(0x80, 0x93, 0x94, 0xe9, 0x41);
  for (const name of ["windows-1252", "cp1252", "latin1"])
    assert.equal(decodeText(name, bytes, "refuse"), "\u20ac\u201c\u201d\u00e9A");
});

test("bytes that an encoding does not have are refused or replaced, as asked", () => {
  assert.throws(() => decodeText("utf-8", Uint8Array.of(0xff), "refuse"), TypeError);
  assert.equal(decodeText("utf-8", Uint8Array.of(0xff), "replace"), "\ufffd");
  assert.throws(() => decodeText("no-such-encoding", Uint8Array.of(65), "replace"), RangeError);
});
