import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { testContext } from "../../src/io/testing/context.js";
import type { MachineConfig } from "../../src/platforms/platform.js";
import { virtualboxPlatform } from "../../src/platforms/virtualbox/platform.js";

/** Settings of machines by VirtualBox 4.2 to 7 and by hand, collected beside the project. */
const corpus = pathToFileURL(`${process.cwd()}/../shared/corpus/vbox/`);
const expectations = pathToFileURL(`${process.cwd()}/test/corpus/expected/virtualbox/`);

async function filesOf(folder: URL): Promise<readonly string[]> {
  return (await readdir(folder).catch(() => [])).filter((name) => /\.(?:vbox|json)$/.test(name)).sort();
}

function read(bytes: Uint8Array, name: string): MachineConfig {
  const config = virtualboxPlatform.readConfig?.({ name, label: `${name}.vbox`, bytes }, testContext());
  assert.ok(config !== undefined);
  return config;
}

/** What the expectation says must be there; what it does not speak of may be anything. Lists are whole. */
function assertHolds(actual: unknown, expected: unknown, path: string): void {
  if (Array.isArray(expected)) {
    assert.ok(Array.isArray(actual), path);
    assert.equal(actual.length, expected.length, `${path}: ${JSON.stringify(actual)}`);
    for (const [i, item] of expected.entries()) assertHolds(actual[i], item, `${path}/${i}`);
    return;
  }
  if (expected !== null && typeof expected === "object") {
    assert.ok(actual !== null && typeof actual === "object", path);
    for (const [key, value] of Object.entries(expected)) {
      assertHolds((actual as Record<string, unknown>)[key], value, `${path}/${key}`);
    }
    return;
  }
  assert.deepEqual(actual, expected, path);
}

const names = (await filesOf(corpus)).filter((name) => name.endsWith(".vbox"));
const absent = names.length === 0 ? "the corpus beside the project is not there" : false;

test("every machine of the corpus has an expectation", { skip: absent }, async () => {
  assert.deepEqual(
    await filesOf(expectations),
    names.map((name) => `${name}.json`),
  );
});

for (const name of names) {
  test(`${name} is read as its text says`, async () => {
    const stem = name.slice(0, -".vbox".length);
    const expected = JSON.parse(await readFile(new URL(`${name}.json`, expectations), "utf8"));
    const config = read(await readFile(new URL(name, corpus)), stem);
    assert.equal(config.version, expected.version);
    const findings: string[] = [];
    const appliance = config.appliance({ find: () => undefined }, (finding) => findings.push(finding.code));
    assert.deepEqual(findings, []);
    assert.equal(appliance.machines.length, 1);
    const [machine] = appliance.machines;
    assertHolds(machine, expected.machine, name);
    assertHolds(appliance.disks, expected.disks, `${name} disks`);
    assertHolds(appliance.files, expected.files, `${name} files`);
    assert.deepEqual(machine?.foreign.map((thing) => thing.name).sort(), [...expected.foreign].sort());
    // Every file that the model names was asked for, under the id that users may place it by.
    const asked = new Set(config.files.map(({ path }) => path));
    for (const { file } of appliance.disks) assert.ok(file !== null && asked.has(file), String(file));
  });
}
