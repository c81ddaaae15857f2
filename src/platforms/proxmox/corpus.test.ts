import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import type { Appliance } from "../../appliance/appliance.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { readProxmoxConf } from "./import.js";

const corpus = "../shared/corpus/proxmox";
const expected = "test/corpus/expected/proxmox";
const skip = existsSync(corpus) ? false : "../shared is absent";
const PREFIX = "proxmox-qemu-server__";

function read(file: string): { appliance: Appliance; findings: Diagnostic[] } {
  const bytes = new Uint8Array(readFileSync(`${corpus}/${file}`));
  const findings: Diagnostic[] = [];
  const config = readProxmoxConf({ name: file.replace(/\.conf$/, ""), label: file, bytes });
  const appliance = config.appliance({ find: () => undefined }, (finding) => findings.push(finding));
  return { appliance, findings };
}

/** What of a value the expectation speaks of: its properties, and all elements of its lists. */
function spokenOf(actual: unknown, wanted: unknown): unknown {
  if (Array.isArray(wanted) && Array.isArray(actual)) return actual.map((value, i) => spokenOf(value, wanted[i]));
  if (wanted === null || actual === null || typeof wanted !== "object" || typeof actual !== "object") return actual;
  return Object.fromEntries(
    Object.entries(wanted).map(([key, value]) => [key, spokenOf((actual as Record<string, unknown>)[key], value)]),
  );
}

test("every configuration of the corpus has the facts that its text says", { skip }, () => {
  const files = readdirSync(corpus).filter((file) => file.endsWith(".conf"));
  assert.ok(files.length > 0);
  const models = readdirSync(expected);
  assert.deepEqual(
    models.map((model) => `${PREFIX}${model.replace(/\.json$/, ".conf")}`).sort(),
    files.sort(),
    "every file has its expectation",
  );
  for (const model of models) {
    const wanted: unknown = JSON.parse(readFileSync(`${expected}/${model}`, "utf8"));
    const { appliance } = read(`${PREFIX}${model.replace(/\.json$/, ".conf")}`);
    assert.deepEqual(spokenOf(appliance, wanted), wanted, model);
  }
});

test("sections of the corpus that are not the machine are named, and nothing of them counts", { skip }, () => {
  const named = (file: string): string[] =>
    read(`${PREFIX}${file}.conf`).appliance.machines.flatMap((m) => m.foreign.map(({ name }) => name));
  assert.ok(named("snapshots").includes("7 snapshots"));
  assert.ok(named("duplicate-sections").includes("2 changes that wait for the next start"));
  const unknown = read(`${PREFIX}unknown-sections.conf`);
  assert.deepEqual(
    unknown.findings.map(({ code }) => code),
    Array.from({ length: 4 }, () => "config/strange-line"),
  );
});
