import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ReportInput, renderReport } from "./markdown.js";

const input: ReportInput = {
  source: "app.ova",
  platform: "libvirt",
  target: "9",
  integrity: "intact",
  machines: ["web"],
  files: [{ name: "web.xml", what: "the machine" }],
  losses: [],
  findings: [],
  firstBoot: [],
};

describe("a report", () => {
  it("without losses says so, and has no section for what is not there", () => {
    const report = renderReport(input);
    assert.match(report, /^# app\.ova for libvirt 9\n/);
    assert.match(report, /\n## Not carried over\n\nNothing was lost\.\n/);
    assert.doesNotMatch(report, /Decided on the way|Findings about the source/);
    assert.ok(report.endsWith(".\n"));
    assert.doesNotMatch(report, /\n\n\n/);
  });

  it("tells what was lost apart from what was decided and from what the source is blamed for", () => {
    const report = renderReport({
      ...input,
      losses: [
        { code: "fit/name-changed", severity: "info", message: "IDE became SATA" },
        { code: "fit/secure-boot-dropped", severity: "warning", message: "the sound card is gone", hint: "Add one." },
      ] as ReportInput["losses"],
      findings: [
        {
          code: "manifest/not-covered",
          severity: "warning",
          message: "x.iso is not listed",
          location: { at: "text", file: "app.mf", line: 3, column: 1 },
        },
      ] as ReportInput["findings"],
    });
    const sections = report.split("\n## ").map((text) => text.split("\n").filter((line) => line !== ""));
    const section = (title: string): string[] => sections.find(([first]) => first === title)?.slice(1) ?? [];
    assert.deepEqual(section("Not carried over"), [
      "- `fit/secure-boot-dropped`: the sound card is gone",
      "  Add one.",
    ]);
    assert.deepEqual(section("Decided on the way"), ["- `fit/name-changed`: IDE became SATA"]);
    assert.match(
      section("Findings about the source").join(),
      /`manifest\/not-covered`: x\.iso is not listed \(.*app\.mf.*\)/,
    );
  });

  it("says of each integrity something else", () => {
    const texts = (["intact", "unverifiable", "unchecked"] as const).map((integrity) =>
      renderReport({ ...input, integrity }),
    );
    assert.equal(new Set(texts).size, 3);
  });

  it("shows names of a package as text: no markup, no line of its own, no control character", () => {
    const report = renderReport({
      ...input,
      source: "<b>x</b>\n# y",
      machines: ["[a](javascript:b)", "two\r\n## lines", "bell\u0007 and \u202eback"],
      files: [{ name: "a`b", what: "*c* | d" }],
    });
    assert.match(report, /^# \\<b\\>x\\<\/b\\> \\# y for/);
    assert.match(report, /- \\\[a\\\]\(javascript:b\)/);
    assert.doesNotMatch(report, /^## lines/m);
    assert.match(report, /- `a'b`: \\\*c\\\* \\\| d/);
    for (const control of ["\u0007", "\u202e", "\r"]) assert.ok(!report.includes(control), JSON.stringify(control));
  });
});
