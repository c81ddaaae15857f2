/** What `validate` prints and writes, its settings and its baselines. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, beforeEach, test } from "node:test";
import type { Schema } from "../../scripts/schema-render.js";
import { run } from "../../src/cli/program.js";
import type { DiagnosticResult } from "../../src/report/results.js";
import { descriptorOf } from "../../src/rules/example.js";
import { rules } from "../../src/rules/rules.js";
import { validate } from "../meta/json-schema.js";
import { captureStreams } from "../support/streams.js";

const root = mkdtempSync(join(tmpdir(), "vmferry-validate-"));
after(() => rmSync(root, { recursive: true, force: true }));

const lantern = resolve("test/fixtures/packages/vbox-efi-ovf20/lantern.ova");
const sarifSchema: Schema = JSON.parse(readFileSync("test/fixtures/sarif/sarif-2.1.0.json", "utf8"));

let folder = root;
let count = 0;
beforeEach(() => {
  folder = join(root, String(count++), "below");
  mkdirSync(folder, { recursive: true });
});

/** A descriptor with a disk that has no capacity, as a file. */
function broken(name = "x.ovf", disks = '<Disk ovf:diskId="disk1" ovf:fileRef="file1"/>'): string {
  const file = join(folder, name);
  writeFileSync(file, descriptorOf({ disks }));
  return file;
}

interface Ran {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

async function ferry(...argv: string[]): Promise<Ran> {
  const streams = captureStreams();
  const exitCode = await run(["validate", ...argv], streams, new AbortController().signal);
  return { exitCode, out: streams.out(), err: streams.err() };
}

async function found(...argv: string[]): Promise<{ exitCode: number; codes: string[]; findings: DiagnosticResult[] }> {
  const { exitCode, out } = await ferry(...argv, "--descriptor-only", "--json");
  const findings: DiagnosticResult[] = JSON.parse(out).files[0].diagnostics;
  return { exitCode, codes: findings.map(({ code }) => code), findings };
}

test("each format is written, and the same verdict comes with it", async () => {
  const file = broken();
  for (const format of ["text", "json", "sarif", "markdown", "html"]) {
    const printed = await ferry(file, "--descriptor-only", "--format", format);
    assert.equal(printed.exitCode, 1, format);
    assert.ok(printed.out.includes("ovf/disk-capacity-missing"), format);
    const target = join(folder, `report.${format}`);
    const written = await ferry(file, "--descriptor-only", "--format", format, "-o", target);
    assert.deepEqual([written.exitCode, written.out], [1, ""]);
    assert.equal(readFileSync(target, "utf8"), printed.out);
  }
});

test("--json and --format json are one document, and another format beside --json is refused", async () => {
  const file = broken();
  assert.equal((await ferry(file, "--json")).out, (await ferry(file, "--format", "json")).out);
  const refused = await ferry(file, "--json", "--format", "html");
  assert.equal(refused.exitCode, 2);
  assert.equal(JSON.parse(refused.out).error.code, "cli/invalid-value");
});

test("a report does not overwrite a file, unless it is told to", async () => {
  const target = join(folder, "report.html");
  writeFileSync(target, "mine");
  const refused = await ferry(lantern, "--format", "html", "--output", target);
  assert.equal(refused.exitCode, 2);
  assert.match(refused.err, /error\[io\/exists\]/);
  assert.equal(readFileSync(target, "utf8"), "mine");
  assert.equal((await ferry(lantern, "--format", "html", "--output", target, "--force")).exitCode, 0);
  assert.match(readFileSync(target, "utf8"), /<svg class="picture"/);
});

test("SARIF of every package fixture and of what is no package keeps the schema", async () => {
  const none = join(folder, "none.ova");
  writeFileSync(none, "this is no package");
  for (const source of [lantern, resolve("test/fixtures/packages/compose-dir/kelp"), broken(), none]) {
    const { out } = await ferry(source, "--strict", "--format", "sarif");
    assert.deepEqual(validate(JSON.parse(out), sarifSchema), [], source);
  }
});

test("findings about the descriptor come in its order, and those about other files behind them", async () => {
  const { out } = await ferry(resolve("test/fixtures/packages/vbox-pair-ovf10/pair.ova"), "--strict", "--json");
  const files = JSON.parse(out).files[0].diagnostics.map(({ location }: DiagnosticResult) =>
    location?.at === "text" && location.file === "pair.ovf" ? location.line : Number.POSITIVE_INFINITY,
  );
  assert.ok(files.includes(Number.POSITIVE_INFINITY) && files.some(Number.isFinite));
  assert.deepEqual(
    files,
    [...files].sort((a, b) => (a === b ? 0 : a - b)),
  );
});

test("settings beside the package or above it count, and which they are is said", async () => {
  const file = broken();
  writeFileSync(join(folder, "..", ".vmferry.yaml"), "allow: [ovf/disk-capacity-missing]\n");
  const { exitCode, out, err } = await ferry(file, "--descriptor-only");
  assert.equal(exitCode, 0);
  assert.match(err, /^settings of .*\.vmferry\.yaml$/m);
  assert.doesNotMatch(out, /disk-capacity-missing/);
  // The nearest one counts alone.
  writeFileSync(join(folder, ".vmferry.yaml"), "severity:\n  ovf/disk-capacity-missing: warning\n");
  const nearer = await found(file);
  assert.equal(nearer.exitCode, 0);
  assert.equal(nearer.findings.find(({ code }) => code === "ovf/disk-capacity-missing")?.severity, "warning");
  assert.equal((await found(file, "--ignore-config")).exitCode, 1);
  const other = join(folder, "other.yaml");
  writeFileSync(other, "allow: ovf/disk-capacity-missing\n");
  assert.ok(!(await found(file, "--config", other)).codes.includes("ovf/disk-capacity-missing"));
});

test("a severity makes findings count that are no errors, and looks for what is off by default", async () => {
  for (const severity of ["warning", "off"] as const) {
    let tried = 0;
    for (const { code, examples, severity: usual, targets } of rules) {
      const [example] = examples?.invalid ?? [];
      if (usual !== severity || example === undefined || targets !== undefined) continue;
      const file = join(folder, `${severity}.ovf`);
      writeFileSync(file, descriptorOf(example));
      const before = await found(file);
      // Another rule has something against this example.
      if (before.exitCode !== 0) continue;
      assert.equal(before.codes.includes(code), severity === "warning");
      writeFileSync(join(folder, ".vmferry.yaml"), `severity: { ${code}: error }\n`);
      const raised = await found(file);
      assert.deepEqual([raised.exitCode, raised.codes.includes(code)], [1, true], code);
      rmSync(join(folder, ".vmferry.yaml"));
      if (++tried === 3) break;
    }
    assert.ok(tried > 0, `no rule is ${severity} by default`);
  }
});

test("level and targets of settings hold, and options of the command line count more", async () => {
  writeFileSync(join(folder, ".vmferry.yaml"), "level: strict\ntargets: [vsphere-8]\n");
  const run = async (...argv: string[]): Promise<{ level: string; targets: string[] }> => {
    const { out } = await ferry(broken(), "--descriptor-only", "--format", "sarif", ...argv);
    return JSON.parse(out).runs[0].properties;
  };
  assert.deepEqual(await run(), { level: "strict", targets: ["vsphere-8"] });
  assert.deepEqual(await run("--for", "virtualbox-7"), { level: "strict", targets: ["virtualbox-7"] });
});

test("settings that are not understood end the run with their place", async () => {
  const file = broken();
  const config = join(folder, ".vmferry.yaml");
  writeFileSync(config, "level: strict\nalow: []\n");
  const { exitCode, err } = await ferry(file);
  assert.equal(exitCode, 2);
  assert.match(err, /error\[config\/unknown-key\].*\.vmferry\.yaml:2:1\)/);
  writeFileSync(config, "");
  truncateSync(config, 2 * 1024 * 1024);
  assert.match((await ferry(file)).err, /error\[config\/too-large\]/);
  assert.match((await ferry(file, "--config", join(folder, "none.yaml"))).err, /error\[io\//);
});

test("a code that does not exist is no code to allow", async () => {
  const { exitCode, err } = await ferry(broken(), "--allow", "ovf/disk-capacity-mising");
  assert.equal(exitCode, 2);
  assert.match(err, /Did you mean ovf\/disk-capacity-missing/);
});

test("findings of a baseline do not count, and new ones do, wherever lines have moved to", async () => {
  const file = broken();
  const baseline = join(folder, "known.json");
  assert.equal((await ferry(file, "--descriptor-only", "--write-baseline", baseline)).exitCode, 1);
  const schema: Schema = JSON.parse(readFileSync("schemas/baseline.schema.json", "utf8"));
  assert.deepEqual(validate(JSON.parse(readFileSync(baseline, "utf8")), schema), []);
  const same = await found(file, "--baseline", baseline);
  assert.deepEqual([same.exitCode, same.codes], [0, []]);
  // Lines move down; what was known stays known.
  writeFileSync(file, readFileSync(file, "utf8").replace("<References>", "\n\n<!-- new -->\n<References>"));
  assert.equal((await found(file, "--baseline", baseline)).exitCode, 0);
  // The same mistake at another disk is new.
  writeFileSync(file, readFileSync(file, "utf8").replace("</DiskSection>", '<Disk ovf:diskId="d2"/></DiskSection>'));
  const changed = await found(file, "--baseline", baseline);
  assert.equal(changed.exitCode, 1);
  assert.ok(changed.codes.includes("ovf/disk-capacity-missing"));
  const { out } = await ferry(file, "--descriptor-only", "--baseline", baseline);
  assert.match(out, /of the baseline left out/);
});

test("a file that is no baseline is refused", async () => {
  const bad = join(folder, "bad.json");
  writeFileSync(bad, "{}");
  const { exitCode, err } = await ferry(broken(), "--baseline", bad);
  assert.equal(exitCode, 2);
  assert.match(err, /error\[config\/bad-baseline\]/);
});
