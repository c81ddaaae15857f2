import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex } from "./bytes.js";
import { guidBytes, parseGuid, readGuid, readUuid, uuidBytes } from "./guid.js";

const TEXT = "2dc27766-f623-4200-9d64-115e9bfd4a08";

test("a GUID in Microsoft's byte order has its first three fields turned round", () => {
  const bytes = fromHex("6677c22d23f600429d64115e9bfd4a08") as Uint8Array;
  assert.equal(readGuid(bytes, 0), TEXT);
  assert.deepEqual(guidBytes(TEXT), bytes);
});

test("a UUID in network order keeps the order of its text", () => {
  const bytes = fromHex(`ff${TEXT.replaceAll("-", "")}`) as Uint8Array;
  assert.equal(readUuid(bytes, 1), TEXT);
  assert.deepEqual(uuidBytes(TEXT), bytes.slice(1));
});

test("a GUID is understood with braces and in capitals, and nothing else is", () => {
  assert.equal(parseGuid(`{${TEXT.toUpperCase()}}`), TEXT);
  assert.equal(parseGuid(`${TEXT}0`), null);
  assert.equal(parseGuid(""), null);
});

test("reading a GUID leaves the bytes alone, in Node's buffers too", () => {
  const buffer = Buffer.from("6677c22d23f600429d64115e9bfd4a08", "hex");
  assert.equal(readGuid(buffer, 0), TEXT);
  assert.equal(readGuid(buffer, 0), TEXT);
});
