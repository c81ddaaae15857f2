import assert from "node:assert/strict";
import { test } from "node:test";
import { FerryError } from "../base/errors.js";
import { defaultLimits } from "../base/limits.js";
import { parseXml } from "./parse.js";

const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));
const utf16 = (text: string, bigEndian: "be" | "le"): Uint8Array => {
  const bytes = Buffer.from(text, "utf16le");
  return new Uint8Array(bigEndian === "be" ? bytes.swap16() : bytes);
};
const withCode = (code: string) => (error: unknown) => error instanceof FerryError && error.code === code;
const parse = (bytes: Uint8Array) => parseXml(bytes, "test.xml", defaultLimits);

const cases: readonly (readonly [name: string, bytes: Uint8Array])[] = [
  ["UTF-8", new TextEncoder().encode('<a n="é€🚀"/>')],
  ["UTF-8 with a byte order mark", new TextEncoder().encode('\ufeff<a n="é€🚀"/>')],
  ["UTF-16 LE with a byte order mark", utf16('\ufeff<?xml version="1.0" encoding="UTF-16"?><a n="é€🚀"/>', "le")],
  ["UTF-16 BE with a byte order mark", utf16('\ufeff<?xml version="1.0" encoding="UTF-16"?><a n="é€🚀"/>', "be")],
  ["UTF-16 LE without one", utf16('<?xml version="1.0" encoding="UTF-16LE"?><a n="é€🚀"/>', "le")],
  ["UTF-16 BE without one", utf16('<?xml version="1.0" encoding="UTF-16BE"?><a n="é€🚀"/>', "be")],
];

for (const [name, bytes] of cases) {
  test(`reads and writes ${name}`, () => {
    const document = parse(bytes);
    assert.equal(document.root.attribute("", "n"), "é€🚀");
    assert.deepEqual(document.serialize(), bytes);
    document.root.setAttribute("", "n", "é€🚀!");
    document.root.setAttribute("", "n", "é€🚀");
    assert.deepEqual(document.serialize(), bytes, "written again from text");
    document.root.setAttribute("", "n", "ü😀");
    assert.equal(parse(document.serialize()).root.attribute("", "n"), "ü😀");
  });
}

test("writes characters that the encoding lacks as references", () => {
  const source = (encoding: string) => latin1(`<?xml version="1.0" encoding="${encoding}"?><a>caf\u00e9</a>`);
  const expected = { "ISO-8859-1": "caf\u00e9 &#x20AC;&#x1F680;", "windows-1252": "caf\u00e9 \u0080&#x1F680;" };
  for (const [encoding, text] of Object.entries(expected)) {
    const document = parse(source(encoding));
    assert.equal(document.root.text, "café");
    document.root.text = "café €🚀";
    assert.ok(Buffer.from(document.serialize()).toString("latin1").endsWith(`<a>${text}</a>`), encoding);
    assert.equal(parse(document.serialize()).root.text, "café €🚀");
  }
  const ascii = parse(latin1('<?xml version="1.0" encoding="US-ASCII"?><a>cafe</a>'));
  ascii.root.text = "café";
  assert.ok(Buffer.from(ascii.serialize()).toString("latin1").endsWith("<a>caf&#xE9;</a>"));
});

test("keeps every byte of the one-byte encodings, unassigned ones included", () => {
  for (const encoding of ["iso-8859-1", "windows-1252"]) {
    const all = Array.from({ length: 128 }, (_, i) => String.fromCharCode(128 + i)).join("");
    const bytes = latin1(`<?xml version="1.0" encoding="${encoding}"?><a b="1">${all}</a>`);
    const document = parse(bytes);
    assert.deepEqual(document.serialize(), bytes);
    document.root.setAttribute("", "b", "2");
    const expected = latin1(`<?xml version="1.0" encoding="${encoding}"?><a b="2">${all}</a>`);
    assert.deepEqual(document.serialize(), expected);
  }
});

test("reads as UTF-8 what says UTF-16 and is not", () => {
  assert.equal(parse(new TextEncoder().encode('<?xml version="1.0" encoding="utf-16"?><a>é</a>')).root.text, "é");
});

test("refuses bytes that the encoding does not have, with their place", () => {
  try {
    parse(latin1("<a>\n<b>caf\u00e9</b></a>"));
    assert.fail("accepted");
  } catch (error) {
    assert.ok(error instanceof FerryError);
    assert.equal(error.code, "xml/encoding");
    assert.deepEqual(error.location, { at: "text", file: "test.xml", line: 2, column: 7 });
  }
  for (const bad of [
    latin1('<?xml version="1.0" encoding="US-ASCII"?><a>\u00e9</a>'),
    latin1('<?xml version="1.0" encoding="Shift_JIS"?><a/>'),
    latin1("\u00ff\u00fe<\u0000a\u0000/\u0000>"),
    latin1("\u00ff\u00fe\u0000\u0000<\u0000\u0000\u0000"),
    latin1("\u00ff\u00fe<\u0000\u0000\u00d8a\u0000"),
  ]) {
    assert.throws(() => parse(bad), withCode("xml/encoding"));
  }
});
