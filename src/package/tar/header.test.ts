import assert from "node:assert/strict";
import { test } from "node:test";
import { FerryError } from "../../base/errors.js";
import { hasTarChecksum, parseTarHeader, serializeTarHeader, TAR_BLOCK, tarHeaderBytes } from "./header.js";

const place = { file: "a.ova", offset: 0 };

function parse(block: Uint8Array): ReturnType<typeof parseTarHeader> {
  return parseTarHeader(block.subarray(0, TAR_BLOCK), place);
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

test("parse(serialize(x)) equals x below and above the sizes that octal digits can hold", () => {
  for (const size of [0, 1, 511, 2 ** 32 - 1, 2 ** 32, 2 ** 33 - 1, 2 ** 33, 2 ** 40 + 7, Number.MAX_SAFE_INTEGER]) {
    const header = parse(serializeTarHeader({ name: "disk.vmdk", size, mtime: 1700000000 }));
    assert.equal(header.size, size);
    assert.equal(header.base256, size >= 2 ** 33);
    assert.equal(text(header.name), "disk.vmdk");
    assert.equal(header.mtime, 1700000000);
    assert.equal(header.type, "0");
    assert.equal(header.magic, "ustar");
  }
});

test("equal members make equal headers, with mode 0644 and nobody's name in them", () => {
  const header = serializeTarHeader({ name: "a.ovf", size: 5, mtime: 0 });
  assert.deepEqual(header, serializeTarHeader({ name: "a.ovf", size: 5, mtime: 0 }));
  assert.equal(text(header.subarray(100, 124)), "0000644\x000000000\x000000000\0");
  assert.ok(header.subarray(265, 329).every((byte) => byte === 0));
});

test("puts a long path into name and prefix, and a longer one into a GNU long name", () => {
  const path = `${"d".repeat(90)}/${"f".repeat(60)}.vmdk`;
  const split = serializeTarHeader({ name: path, size: 1, mtime: 0 });
  assert.equal(split.length, TAR_BLOCK);
  assert.equal(tarHeaderBytes(path), TAR_BLOCK);
  assert.equal(text(parse(split).name), path);

  const long = `${"x".repeat(120)}.vmdk`;
  const blocks = serializeTarHeader({ name: long, size: 1, mtime: 0 });
  assert.equal(blocks.length, 3 * TAR_BLOCK);
  assert.equal(tarHeaderBytes(long), blocks.length);
  assert.equal(parse(blocks).type, "L");
  assert.equal(text(blocks.subarray(TAR_BLOCK, TAR_BLOCK + long.length)), long);
});

test("accepts the signed checksums of old tars", () => {
  const header = serializeTarHeader({ name: "é.ovf", size: 0, mtime: 0 });
  let sum = 0;
  for (const [i, byte] of header.entries()) sum += i >= 148 && i < 156 ? 32 : byte > 127 ? byte - 256 : byte;
  header.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  assert.equal(hasTarChecksum(header), true);
});

test("refuses a header with one changed byte", () => {
  const header = serializeTarHeader({ name: "a.ovf", size: 5, mtime: 0 });
  header[0] = 0x62;
  assert.equal(hasTarChecksum(header), false);
  assert.throws(
    () => parse(header),
    (error) => error instanceof FerryError && error.code === "tar/bad-checksum",
  );
});

test("refuses sizes that are negative, above 2^53 or no numbers", () => {
  const sizes = [
    new Uint8Array(12).fill(0xff),
    Uint8Array.of(0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
    new TextEncoder().encode("12345678999\0"),
    new TextEncoder().encode("-0000000001\0"),
  ];
  for (const size of sizes) {
    const header = serializeTarHeader({ name: "a.ovf", size: 0, mtime: 0 });
    header.set(size, 124);
    let sum = 0;
    for (const [i, byte] of header.entries()) sum += i >= 148 && i < 156 ? 32 : byte;
    header.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
    assert.throws(
      () => parse(header),
      (error) => error instanceof FerryError && error.code === "tar/bad-number",
    );
  }
});
