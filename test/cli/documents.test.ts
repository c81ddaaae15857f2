import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, test } from "node:test";
import type { Schema } from "../../scripts/schema-render.js";
import { readText } from "../../scripts/tree.js";
import { run } from "../../src/cli/program.js";
import { validate } from "../meta/json-schema.js";
import { packageFixtures } from "../support/fixtures.js";
import { captureStreams } from "../support/streams.js";

const folder = mkdtempSync(join(tmpdir(), "vmferry-cli-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const lantern = resolve("test/fixtures/packages/vbox-efi-ovf20/lantern.ova");
const disk = `${lantern}!lantern-disk001.vmdk`;

/** Runs a command with `--json` and returns its document, which must keep the schema that it names. */
async function document(...argv: string[]): Promise<{ exitCode: number; value: Record<string, unknown> }> {
  const streams = captureStreams();
  const exitCode = await run([...argv, "--json"], streams, new AbortController().signal);
  const value = JSON.parse(streams.out());
  const name = /^vmferry\/(\w+)@1$/.exec(value.schema)?.[1];
  const schema: Schema = JSON.parse(readText(`schemas/${name}.schema.json`) ?? "null");
  assert.deepEqual(validate(value, schema), [], argv.join(" "));
  return { exitCode, value };
}

test("inspect prints a document by its schema for every package fixture", async () => {
  for (const { source } of await packageFixtures()) {
    const { exitCode, value } = await document("inspect", source);
    assert.equal(value.schema, "vmferry/inspect@1");
    const errors = (value.diagnostics as { severity: string }[]).filter(({ severity }) => severity === "error");
    assert.equal(exitCode, errors.length === 0 ? 0 : 1, source);
  }
});

test("verify, disk info, compare, hash, check, map and dry runs print documents by their schemas", async () => {
  const cases: [string, string[]][] = [
    ["vmferry/verify@1", ["verify", lantern]],
    ["vmferry/explain@1", ["explain", "ovf/disk-capacity-missing"]],
    ["vmferry/explain@1", ["explain", "Unsupported hardware family 'virtualbox-2.2'"]],
    ["vmferry/fix@1", ["fix", lantern, "--dry-run"]],
    ["vmferry/sign@1", ["sign", lantern, "--key", "test/fixtures/keys/open.p12", "--dry-run"]],
    ["vmferry/disk@1", ["disk", "info", disk]],
    ["vmferry/diff@1", ["diff", lantern, lantern]],
    ["vmferry/properties@1", ["properties", "test/fixtures/packages/compose-properties/quiz.ova"]],
    ["vmferry/compare@1", ["disk", "compare", disk, disk]],
    ["vmferry/hash@1", ["disk", "hash", disk]],
    ["vmferry/check@1", ["disk", "check", disk]],
    ["vmferry/map@1", ["disk", "map", disk]],
    ["vmferry/plan@1", ["disk", "convert", disk, join(folder, "plan.raw"), "--dry-run"]],
    ["vmferry/plan@1", ["unpack", lantern, join(folder, "plan"), "--dry-run"]],
  ];
  for (const [schema, argv] of cases) {
    const { exitCode, value } = await document(...argv);
    assert.equal(value.schema, schema);
    assert.equal(exitCode, 0);
  }
  assert.deepEqual(readdirSync(folder), [], "a dry run writes nothing");
});

test("unpack, pack and disk convert print what they did, and their results verify and compare equal", async () => {
  const unpacked = join(folder, "lantern");
  const packed = join(folder, "lantern.ova");
  const raw = join(folder, "lantern.raw");
  assert.equal((await document("unpack", lantern, unpacked)).value.integrity, "intact");
  assert.equal((await document("pack", unpacked, packed)).exitCode, 0);
  assert.equal((await document("verify", packed)).value.verdict, "intact");
  const { value } = await document("disk", "convert", disk, raw, "--prove");
  assert.equal((value.proof as { equal: boolean }[])[0]?.equal, true);
  assert.equal((await document("disk", "compare", `${packed}!lantern-disk001.vmdk`, raw)).exitCode, 0);
});

test("nothing is overwritten without --force", async () => {
  const target = join(folder, "twice.raw");
  assert.equal((await document("disk", "convert", disk, target)).exitCode, 0);
  const streams = captureStreams();
  const argv = ["disk", "convert", disk, target];
  assert.equal(await run(argv, streams, new AbortController().signal), 2);
  assert.match(streams.err(), /^error\[io\/exists\]/m);
  assert.equal((await document(...argv, "--force")).exitCode, 0);
});

test("an interrupted run exits with 130 and leaves nothing behind", async () => {
  const controller = new AbortController();
  const streams = captureStreams();
  const argv = ["disk", "convert", disk, join(folder, "interrupted", "x.raw"), "--progress", "json"];
  streams.stderr.on("data", () => controller.abort());
  assert.equal(await run(argv, streams, controller.signal), 130);
  assert.match(streams.err(), /^error\[run\/canceled\]/m);
  assert.ok(!existsSync(join(folder, "interrupted", "x.raw")));
  const left = existsSync(join(folder, "interrupted")) ? readdirSync(join(folder, "interrupted")) : [];
  assert.deepEqual(left, []);
});
