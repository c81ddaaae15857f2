import assert from "node:assert/strict";
import { test } from "node:test";
import { libvirtPlatform } from "../../src/platforms/libvirt/platform.js";
import { assertModel, corpusModels, readText } from "../support/partial-model.js";

const models = corpusModels("libvirt");
const skip = models.length > 0 ? false : "../shared is absent";

for (const { name, bytes, expected } of models) {
  if (expected === null) continue;
  test(`the domain ${name} is what its text says`, () => {
    const { appliance, findings } = readText(libvirtPlatform, name, bytes);
    assertModel(appliance, findings, expected);
  });
}

test("every domain of the corpus is read, with its name and the place where it stands", { skip }, () => {
  assert.ok(models.filter(({ expected }) => expected !== null).length >= 20);
  for (const { name, bytes } of models) {
    const { appliance, findings } = readText(libvirtPlatform, name, bytes);
    const [machine] = appliance.machines;
    assert.ok(machine !== undefined && machine.name !== "", name);
    assert.deepEqual(
      findings.filter(({ severity }) => severity === "error"),
      [],
      name,
    );
    const ids = new Set(machine.controllers.map(({ id }) => id));
    for (const { controller } of machine.attachments) assert.ok(controller === null || ids.has(controller), name);
    assert.ok(
      appliance.origins.get(`machines/${machine.id}/memoryBytes`) !== undefined || machine.memoryBytes === 0,
      name,
    );
  }
});
