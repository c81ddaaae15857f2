import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fc } from "../../../test/support/fast-check.js";
import { testContext } from "../../io/testing/context.js";
import { parseManifest, serializeManifest } from "./text.js";

const SHA1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
const SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

function parse(input: string | Uint8Array) {
  const ctx = testContext();
  const bytes = typeof input === "string" ? new TextEncoder().encode(input) : input;
  const { entries } = parseManifest(bytes, "a.mf", ctx);
  const odd = ctx.findings.filter((f) => f.code === "manifest/odd-spelling").map((f) => f.data?.oddity);
  return { entries, odd, codes: ctx.codes(), findings: ctx.findings };
}

test("the standard's spelling gives entries and no finding", () => {
  const found = parse(`SHA1(a.ovf)= ${SHA1}\nSHA256(d/b c (1).vmdk)= ${SHA256}\n`);
  assert.deepEqual(found.entries, [
    { name: "a.ovf", algorithm: "sha1", digest: SHA1, line: 1 },
    { name: "d/b c (1).vmdk", algorithm: "sha256", digest: SHA256, line: 2 },
  ]);
  assert.deepEqual(found.codes, []);
});

test("parse(serialize(x)) equals x, whatever the names", () => {
  const name = fc.string({ minLength: 1 }).filter((s) => !/[\r\n\ufeff\ud800-\udfff]/.test(s));
  const entry = fc.record({ name, algorithm: fc.constant("sha256" as const), digest: fc.constant(SHA256) });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 5 }), (entries) => {
      const found = parse(serializeManifest(entries));
      assert.deepEqual(
        found.entries.map(({ line, ...rest }) => rest),
        entries.map((entry) => ({ ...entry })),
      );
      assert.deepEqual(found.codes, []);
    }),
  );
});

for (const [spelling, line, odd] of [
  ["VirtualBox's blanks", `SHA256 (a b.ovf) = ${SHA256}\n`, ["spaces"]],
  ["CR LF", `SHA256(a b.ovf)= ${SHA256}\r\n`, ["crlf"]],
  ["upper-case digests", `SHA256(a b.ovf)= ${SHA256.toUpperCase()}\n`, ["upper-case"]],
  ["SHA2-256", `SHA2-256(a b.ovf)= ${SHA256}\n`, ["token"]],
  ["sha-256", `sha-256(a b.ovf)= ${SHA256}\n`, ["token"]],
  ["no blank before the digest", `SHA256(a b.ovf)=${SHA256}\n`, ["no-space"]],
  ["a byte order mark", `\ufeffSHA256(a b.ovf)= ${SHA256}\n`, ["bom"]],
  ["sha256sum", `${SHA256}  a b.ovf\n`, ["sum"]],
  ["sha256sum --binary", `${SHA256} *a b.ovf\n`, ["sum"]],
  ["blank lines at the end", `SHA256(a b.ovf)= ${SHA256}\n\n\n`, []],
  ["a line of blanks at the end", `SHA256(a b.ovf)= ${SHA256}\n       `, []],
  ["blank lines between", `SHA256(a b.ovf)= ${SHA256}\n\nSHA256(a b.ovf)= ${SHA256}\n`, ["blank"]],
  ["no final line feed", `SHA256(a b.ovf)= ${SHA256}`, []],
] as const) {
  test(`understands ${spelling}`, () => {
    const found = parse(line);
    assert.deepEqual(found.odd, odd);
    assert.equal(found.codes.length, odd.length);
    assert.ok(found.entries.length >= 1);
    for (const entry of found.entries) {
      assert.deepEqual([entry.name, entry.algorithm, entry.digest], ["a b.ovf", "sha256", SHA256]);
    }
  });
}

test("understands UTF-16, and Latin-1 where the bytes are not UTF-8", () => {
  const text = `SHA1(a.ovf)= ${SHA1}\n`;
  const utf16 = new Uint8Array(2 + 2 * text.length);
  utf16.set([0xff, 0xfe]);
  for (let i = 0; i < text.length; i++) utf16[2 + 2 * i] = text.charCodeAt(i);
  assert.deepEqual([parse(utf16).odd, parse(utf16).entries[0]?.name], [["utf16"], "a.ovf"]);

  const latin = new TextEncoder().encode(`SHA1(_.ovf)= ${SHA1}\n`);
  latin[5] = 0xe9;
  assert.deepEqual([parse(latin).odd, parse(latin).entries[0]?.name], [["encoding"], "é.ovf"]);
});

test("one odd spelling is one finding, with the number of lines", () => {
  const found = parse(`SHA1 (a) = ${SHA1}\nSHA1 (b) = ${SHA1}\nSHA1 (c) = ${SHA1}\n`);
  assert.deepEqual(
    found.findings.map((f) => f.data),
    [{ oddity: "spaces", lines: 3 }],
  );
});

test("lines that cannot be understood are errors with their place, and leave no entry", () => {
  const found = parse(`SHA1(a)= ${SHA1}\nrubbish\nCRC32(a)= 00\nSHA256(b)= ${SHA1}\nSHA1(c)= ${SHA1.slice(1)}g\n`);
  assert.deepEqual(found.codes, [
    "manifest/bad-line",
    "manifest/unknown-algorithm",
    "manifest/bad-digest",
    "manifest/bad-digest",
  ]);
  assert.equal(found.entries.length, 1);
  assert.deepEqual(found.findings[0]?.location, { at: "text", file: "a.mf", line: 2, column: 1 });
  assert.ok(found.findings.every((f) => f.severity === "error"));
});

test("a million bad lines are some findings, in bounded time", { timeout: 10_000 }, () => {
  assert.equal(parse("x\n".repeat(1_000_000)).codes.length, 21);
  for (const text of ["(".repeat(200_000), ")=".repeat(200_000), `SHA1(${" ".repeat(200_000)}x`, " ".repeat(2 ** 20)]) {
    assert.ok(parse(text).codes.length <= 1);
  }
});

test("random bytes give findings and never an exception", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void parse(bytes)));
});

const corpus = "../shared/corpus/manifest";
test("every manifest of the corpus is understood to its last line", {
  skip: existsSync(corpus) ? false : "../shared is absent",
}, () => {
  const files = readdirSync(corpus).filter((file) => file.endsWith(".mf"));
  assert.ok(files.length >= 20);
  for (const file of files) {
    const bytes = new Uint8Array(readFileSync(`${corpus}/${file}`));
    const found = parse(bytes);
    const lines = new TextDecoder().decode(bytes).split("\n");
    assert.equal(found.entries.length, lines.filter((line) => line.trim() !== "").length, file);
    assert.deepEqual(
      found.findings.filter((f) => f.severity !== "info"),
      [],
      file,
    );
  }
});
