import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { validate as keepsSchema } from "../../test/meta/json-schema.js";
import { inspectSample } from "../../test/support/results.js";
import { renderHtml } from "./html.js";
import { coloured, plain } from "./palette.js";
import { renderPicture } from "./picture.js";
import type { DiagnosticResult, ExplainedCode } from "./results.js";
import { renderSarif } from "./sarif.js";
import { renderValidateMarkdown } from "./validate-markdown.js";
import { type ReportedFile, spanAt, type ValidateReport } from "./validate-report.js";
import { renderValidate } from "./validate-text.js";

const HOSTILE = `<script>alert(1)</script> "quoted" 'x' | \`tick\` &amp; \u001b[31m\u202e`;

const LINES = [
  "<Envelope>",
  "  <DiskSection>",
  '    <Disk ovf:diskId="d" ovf:fileRef="f"/>',
  '\t<Name>\u6f22\u5b57</Name><Other ovf:a="1"/>',
  "</Envelope>",
];

function finding(change: Partial<DiagnosticResult>): DiagnosticResult {
  return {
    code: "ovf/disk-capacity-missing",
    severity: "error",
    message: "The disk d has no ovf:capacity",
    hint: "Add it.",
    spec: { spec: "DSP0243", version: "2.1.1", section: "9.1" },
    location: { at: "text", file: "x.ovf", line: 3, column: 5 },
    data: { disk: "vmdisk1" },
    ...change,
  };
}

function file(diagnostics: readonly DiagnosticResult[], change: Partial<ReportedFile> = {}): ReportedFile {
  return {
    name: "some/x.ova",
    kind: "ova",
    verdict: "reject",
    findings: diagnostics.map((diagnostic, i) => ({
      diagnostic,
      fingerprint: String(i).padStart(32, "0"),
      state: "new",
    })),
    descriptor: { file: "x.ovf", line: (line) => LINES[line - 1] ?? null },
    appliance: inspectSample.appliance,
    ...change,
  };
}

const explained: ExplainedCode = {
  code: "ovf/disk-capacity-missing",
  kind: null,
  what: "The disk {disk} has no ovf:capacity.",
  why: "It is how large the disk is.",
  fix: "Add it.",
  spec: { spec: "DSP0243", version: "2.1.1", section: "9.1" },
  severity: "error",
  strict: "error",
  targets: null,
  requirements: ["OVF-9.1-3"],
  mends: false,
  example: null,
};

function report(...files: readonly ReportedFile[]): ValidateReport {
  return {
    version: "0.1.0",
    level: "strict",
    targets: ["vsphere-8"],
    files,
    codes: new Map([[explained.code, explained]]),
  };
}

const all = [
  finding({}),
  finding({
    code: "tar/no-end",
    severity: "info",
    location: { at: "bytes", file: "x.ova", offset: 512, length: 4 },
    hint: null,
  }),
  finding({ code: "manifest/absent", severity: "warning", location: null, spec: null, data: null }),
  finding({ code: "package/size-differs", location: { at: "member", file: "x.ova", member: "a b.vmdk" } }),
  finding({ message: HOSTILE, hint: HOSTILE }),
];

test("a report as SARIF keeps the schema of SARIF 2.1.0", () => {
  const schema = JSON.parse(readFileSync("test/fixtures/sarif/sarif-2.1.0.json", "utf8"));
  const log = JSON.parse(renderSarif(report(file(all), file([], { name: "/tmp/y.ovf", kind: "directory" }))));
  assert.deepEqual(keepsSchema(log, schema), []);
  // The schema does find what is wrong.
  assert.notDeepEqual(keepsSchema({ ...log, version: "2.0.0" }, schema), []);
  assert.notDeepEqual(keepsSchema({ ...log, runs: [{ ...log.runs[0], results: [{ level: "bad" }] }] }, schema), []);
});

test("SARIF has rules with their texts, and places with line, column, end and member", () => {
  const [run] = JSON.parse(renderSarif(report(file(all)))).runs;
  assert.deepEqual(
    run.tool.driver.rules.map(({ id }: { id: string }) => id),
    ["ovf/disk-capacity-missing", "tar/no-end", "manifest/absent", "package/size-differs"],
  );
  assert.equal(run.tool.driver.rules[0].defaultConfiguration.level, "error");
  const [first, bytes, , member] = run.results;
  assert.deepEqual([first.level, bytes.level], ["error", "note"]);
  const { region, artifactLocation } = first.locations[0].physicalLocation;
  assert.deepEqual([region.startLine, region.startColumn, region.endColumn], [3, 5, 10]);
  assert.deepEqual(bytes.locations[0].physicalLocation.region, { byteOffset: 512, byteLength: 4 });
  // The descriptor is an artifact inside of the archive, and so is the member, with its blank escaped.
  const parent = run.artifacts[run.artifacts[artifactLocation.index].parentIndex];
  assert.deepEqual([artifactLocation.uri, parent.location.uri], ["x.ovf", "some/x.ova"]);
  assert.equal(member.locations[0].physicalLocation.artifactLocation.uri, "a%20b.vmdk");
  assert.deepEqual(first.partialFingerprints, { "vmferry/v1": "0".repeat(32) });
});

test("findings of the baseline are suppressed in SARIF and left out elsewhere", () => {
  const known = file([finding({})]);
  const shown = report({
    ...known,
    findings: known.findings.map((one) => ({ ...one, state: "known" })),
    verdict: "accept",
  });
  const [result] = JSON.parse(renderSarif(shown)).runs[0].results;
  assert.deepEqual([result.baselineState, result.suppressions.length], ["unchanged", 1]);
  assert.equal(renderValidate(shown, plain), "some/x.ova\naccept: nothing wrong; 1 of the baseline left out\n");
  assert.doesNotMatch(renderValidateMarkdown(shown), /disk-capacity-missing/);
  assert.doesNotMatch(renderHtml(shown), /<article/);
});

test("text of a package is never markup, nor a command of the terminal, in any report", () => {
  const hostile = file(all, {
    name: `a/${HOSTILE}.ova`,
    descriptor: { file: "x.ovf", line: () => `<a b="${HOSTILE}">` },
  });
  const html = renderHtml(report(hostile));
  assert.doesNotMatch(html, /<script|<a b=/);
  const markdown = renderValidateMarkdown(report(hostile));
  // What stands between backticks is no markup.
  assert.doesNotMatch(markdown.replaceAll(/(?<!\\)`[^`\n]+`/g, ""), /(?<!\\)<script/);
  for (const text of [html, markdown, renderValidate(report(hostile), plain)]) {
    for (const command of ["\u001b", "\u202e"]) assert.ok(!text.includes(command));
  }
});

test("an HTML report is one file: no script, nothing loaded, and a policy that forbids both", () => {
  const html = renderHtml(report(file(all)));
  assert.doesNotMatch(html, /<script|<link|<img|<iframe|src=|@import|url\(|javascript:|\son[a-z]+=/i);
  assert.match(html, /default-src 'none'/);
  // Every element that is opened is closed.
  const open: string[] = [];
  for (const [, closing, name = "", , self] of html.matchAll(/<(\/?)([a-z0-9]+)((?:\s[^<>]*?)?)(\/?)>/g)) {
    if (["meta"].includes(name) || self === "/") continue;
    if (closing === "") open.push(name);
    else assert.equal(open.pop(), name);
  }
  assert.deepEqual(open, []);
});

test("the picture shows machines, drives, cards and networks, says the same in words, and frames what findings name", () => {
  const { appliance } = inspectSample;
  assert.ok(appliance !== null);
  const svg = renderPicture(appliance, new Map([["vmdisk1", "error"]]));
  for (const words of ["web-disk001.vmdk", "SATA 0", "NAT", "EFI", "E1000"]) assert.ok(svg.includes(words), words);
  assert.match(svg, /role="img" aria-label="1 machine, 1 disk, 1 network\. web: 2 drives, 1 network card on NAT"/);
  assert.equal(svg.match(/class="drive error"/g)?.length, 1);
});

test("a picture of ten thousand machines is drawn in part, and says how many are left out", () => {
  const [machine] = inspectSample.appliance?.machines ?? [];
  assert.ok(machine !== undefined && inspectSample.appliance !== null);
  const nics = Array.from({ length: 500 }, (_, i) => ({
    network: `n${i}`,
    model: null,
    mac: null,
  }));
  const machines = Array.from({ length: 10_000 }, (_, i) => ({ ...machine, id: `m${i}`, nics }));
  const svg = renderPicture({ ...inspectSample.appliance, machines }, new Map());
  assert.ok(svg.length < 400_000, String(svg.length));
  assert.match(svg, /and 9976 more machines/);
});

test("a frame in text marks the name that is meant, under tabs and wide letters too", () => {
  const at = (line: number, column: number): string[] =>
    renderValidate(report(file([finding({ location: { at: "text", file: "x.ovf", line, column } })])), plain)
      .split("\n")
      .filter((row) => row.includes(" |"));
  assert.deepEqual(at(3, 5), [
    "    2 | <DiskSection>",
    '    3 |   <Disk ovf:diskId="d" ovf:fileRef="f"/>',
    "      |   ^^^^^",
    '    4 | <Name>\u6f22\u5b57</Name><Other ovf:a="1"/>',
  ]);
  const wide = at(4, 25);
  assert.equal(wide.length, 4);
  assert.match(wide[2] ?? "", /^ {6}\| +\^+$/);
  assert.ok(renderValidate(report(file(all)), coloured).includes("\u001b[31m^^^^^\u001b[39m"));
});

test("a place is marked by its name, or by an attribute with its value", () => {
  assert.equal(spanAt('<ovf:Disk a="1"/>', 1), "<ovf:Disk".length);
  assert.equal(spanAt('<Disk ovf:size = "12" b="2"/>', 7), 'ovf:size = "12"'.length);
  assert.equal(spanAt("text", 2), 3);
  assert.equal(spanAt("", 1), 1);
  assert.equal(spanAt("\u6f22", 1), 1);
});

test("a place in another file than the descriptor is shown without lines", () => {
  const elsewhere = finding({ location: { at: "text", file: "x.ova!x.mf", line: 3, column: 1 } });
  const shown = report(file([elsewhere]));
  assert.doesNotMatch(renderValidate(shown, plain), /\|/);
  assert.doesNotMatch(renderHtml(shown), /<pre/);
  const [result] = JSON.parse(renderSarif(shown)).runs[0].results;
  const { artifactLocation, region } = result.locations[0].physicalLocation;
  assert.deepEqual([artifactLocation.uri, region], ["x.mf", { startLine: 3, startColumn: 1 }]);
});
