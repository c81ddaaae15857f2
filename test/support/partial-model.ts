import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { Appliance } from "../../src/appliance/appliance.js";
import type { Diagnostic } from "../../src/base/diagnostics.js";
import { defaultLimits } from "../../src/base/limits.js";
import { testContext } from "../../src/io/testing/context.js";
import type { ConfigFiles, Platform } from "../../src/platforms/platform.js";

/** What was read from the text of a configuration by eye, before any program read it. What is left out is not looked at. */
export interface ExpectedModel {
  readonly machine?: object;
  readonly disks?: readonly object[];
  /** Names, all of them. */
  readonly networks?: readonly string[];
  /** Names of things that the model has no place for, some of them. */
  readonly foreign?: readonly string[];
  /** Codes of findings, some of them. */
  readonly codes?: readonly string[];
}

/** Every file that is asked for lies beside the configuration, under the very name; those that `missing` says do not. */
export function allFiles(missing: (path: string) => boolean = () => false): ConfigFiles {
  return { find: (path) => (missing(path) ? undefined : { name: path, size: 1 }) };
}

/** Reads one configuration. */
export function readText(
  platform: Platform,
  name: string,
  bytes: Uint8Array | string,
  files: ConfigFiles = allFiles(),
): { readonly appliance: Appliance; readonly findings: readonly Diagnostic[] } {
  const findings: Diagnostic[] = [];
  const ctx = { ...testContext(), limits: defaultLimits };
  const text = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
  const config = platform.readConfig?.({ name, label: name, bytes: text }, ctx);
  assert.ok(config !== undefined, `${platform.id} reads no configurations`);
  return { appliance: config.appliance(files, (finding) => findings.push(finding)), findings };
}

/** Holds an appliance against what was expected: objects by the keys that are there, lists item by item, files by their names. */
export function assertModel(appliance: Appliance, findings: readonly Diagnostic[], expected: ExpectedModel): void {
  const names = new Map(appliance.files.map(({ id, name }) => [id, name]));
  const named = (id: string | null): string | null => (id === null ? null : (names.get(id) ?? id));
  const [machine] = appliance.machines;
  assert.ok(machine);
  const { directBoot } = machine;
  const readable = {
    ...machine,
    nvram: named(machine.nvram),
    directBoot: directBoot && { ...directBoot, kernel: named(directBoot.kernel), initrd: named(directBoot.initrd) },
    attachments: machine.attachments.map((one) => ({ ...one, file: named(one.file) })),
  };
  if (expected.machine !== undefined) assertPart(readable, expected.machine, "machine");
  if (expected.disks !== undefined) assertPart(appliance.disks, expected.disks, "disks");
  if (expected.networks !== undefined) {
    assert.deepEqual(
      appliance.networks.map(({ name }) => name),
      expected.networks,
    );
  }
  const foreign = machine.foreign.map(({ name }) => name);
  for (const name of expected.foreign ?? []) assert.ok(foreign.includes(name), `${name} in ${foreign.join("; ")}`);
  const codes = findings.map(({ code }) => code as string);
  for (const code of expected.codes ?? []) assert.ok(codes.includes(code), `${code} in ${codes.join("; ")}`);
}

function assertPart(actual: unknown, expected: unknown, path: string): void {
  if (expected === null || typeof expected !== "object") {
    assert.deepEqual(actual, expected, path);
    return;
  }
  assert.ok(actual !== null && typeof actual === "object", `${path} is ${JSON.stringify(actual)}`);
  if (Array.isArray(expected)) {
    assert.ok(Array.isArray(actual), path);
    assert.equal(actual.length, expected.length, `length of ${path}: ${JSON.stringify(actual)}`);
    for (const [index, item] of expected.entries()) assertPart(actual[index], item, `${path}[${index}]`);
    return;
  }
  for (const [key, value] of Object.entries(expected)) {
    assertPart((actual as Record<string, unknown>)[key], value, `${path}.${key}`);
  }
}

/** Configurations of a folder of the corpus, with what is expected of each where somebody wrote that down. */
export function corpusModels(
  folder: string,
): readonly { readonly name: string; readonly bytes: Uint8Array; readonly expected: ExpectedModel | null }[] {
  const corpus = `../shared/corpus/${folder}`;
  if (!existsSync(corpus)) return [];
  return readdirSync(corpus)
    .sort()
    .map((file) => {
      const name = file.replace(/\.[a-z]+$/, "");
      const written = `test/corpus/expected/${folder}/${name}.json`;
      return {
        name,
        bytes: new Uint8Array(readFileSync(`${corpus}/${file}`)),
        expected: existsSync(written) ? (JSON.parse(readFileSync(written, "utf8")) as ExpectedModel) : null,
      };
    });
}
