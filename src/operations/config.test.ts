import assert from "node:assert/strict";
import { test } from "node:test";
import { parseBaseline, toBaseline } from "./baseline.js";
import { parseConfig } from "./config.js";

test("all settings are read", () => {
  const config = parseConfig(
    "# ours\nlevel: strict\ntargets: [vsphere-8, virtualbox-7]\nallow:\n  - manifest/absent\nseverity:\n  xml/undeclared-prefix: warning\n  tar/no-end: off\n",
    ".vmferry.yaml",
  );
  assert.deepEqual(config, {
    level: "strict",
    targets: ["vsphere-8", "virtualbox-7"],
    allow: ["manifest/absent"],
    severity: new Map([
      ["xml/undeclared-prefix", "warning"],
      ["tar/no-end", "off"],
    ]),
  });
});

test("an empty file has no settings, and one value may stand for a list", () => {
  for (const text of ["", "# nothing\n", "---\n", "null"]) assert.equal(parseConfig(text, "x").level, null);
  assert.deepEqual(parseConfig("allow: manifest/absent", "x").allow, ["manifest/absent"]);
});

test("what is not understood is refused with its place and what was meant", () => {
  const cases: [text: string, code: string, line: number, column: number, hint: RegExp][] = [
    ["level: strict\nallows: [a/b]\n", "config/unknown-key", 2, 1, /allow\?/],
    ["level: harsh\n", "config/bad-value", 1, 8, /importer, strict/],
    ["targets: [vsphere-8, vsphere-9]\n", "config/bad-value", 1, 22, /vsphere-8/],
    ["allow:\n  - manifest/absnt\n", "config/unknown-code", 2, 5, /manifest\/absent/],
    ["severity:\n  manifest/absent: fatal\n", "config/bad-value", 2, 20, /error, warning, info, off/],
    ["severity: [a, b]\n", "config/bad-value", 1, 11, /./],
    ["- level\n", "config/bad-value", 1, 1, /./],
    ["allow: {a: b}\n", "config/bad-value", 1, 8, /./],
    ["level: [strict\n", "config/bad-yaml", 2, 1, /./],
    ["level: strict\nlevel: importer\n", "config/bad-yaml", 2, 1, /./],
    ["level: &a strict\ntargets: *a\n", "config/bad-value", 2, 10, /./],
    ["__proto__: 1\n", "config/unknown-key", 1, 1, /./],
    ["allow: [toString]\n", "config/unknown-code", 1, 9, /./],
  ];
  for (const [text, code, line, column, hint] of cases) {
    assert.throws(
      () => parseConfig(text, "x.yaml"),
      (error: { code: string; location: object; hint?: string }) => {
        assert.equal(error.code, code, text);
        assert.deepEqual(error.location, { at: "text", file: "x.yaml", line, column }, text);
        if (hint.source !== ".") assert.match(error.hint ?? "", hint);
        return true;
      },
    );
  }
});

test("aliases that multiply cost nothing", () => {
  const bomb = `a: &a [x]\n${Array.from({ length: 30 }, (_, i) => `b${i}: &b${i} [*a, *a, *a, *a]`).join("\n")}\n`;
  assert.throws(() => parseConfig(bomb, "x"), { code: "config/unknown-key" });
});

test("a baseline is read back as it was written, in an order of its own", () => {
  const diagnostic = { severity: "error", hint: null, spec: null, location: null, data: null } as const;
  const finding = (code: `${string}/${string}`, digit: string): Parameters<typeof toBaseline>[0][number] => ({
    fingerprint: digit.repeat(32),
    diagnostic: { ...diagnostic, code, message: "m" },
  });
  const made = toBaseline([finding("b/x", "1"), finding("a/x", "3"), finding("a/x", "2"), finding("b/x", "1")]);
  assert.deepEqual(
    made.findings.map(({ fingerprint }) => fingerprint[0]),
    ["2", "3", "1"],
  );
  assert.equal(parseBaseline(JSON.stringify(made), "b.json").size, 3);
});

test("what is no baseline is refused", () => {
  for (const text of [
    "",
    "null",
    "[]",
    '{"schema":"vmferry/validate@1"}',
    '{"schema":"vmferry/baseline@1"}',
    '{"schema":"vmferry/baseline@1","findings":[{"fingerprint":"x"}]}',
    '{"schema":"vmferry/baseline@1","findings":[null]}',
  ]) {
    assert.throws(() => parseBaseline(text, "b.json"), { code: "config/bad-baseline" }, text);
  }
});
