import assert from "node:assert/strict";
import { test } from "node:test";
import { nicChip, scsiChip } from "./chips.js";
import { targets } from "./targets.js";

for (const target of targets.all) {
  test(`${target.id}: the default firmware is that of one of its shapes`, () => {
    assert.ok(target.shapes.some((s) => s.firmware.includes(target.defaultFirmware)));
  });

  test(`${target.id}: every shape boots from a bus that takes drives, and limits lie within the target's`, () => {
    for (const shape of target.shapes) {
      assert.ok(shape.bootBuses.length > 0);
      for (const bus of [...shape.bootBuses, ...(shape.cdromBuses ?? [])]) {
        assert.ok((shape.buses[bus]?.slots ?? 0) > 0, `${shape.id} ${bus}`);
      }
      assert.ok((shape.limits?.cpus ?? 0) <= target.limits.cpus);
      assert.ok((shape.limits?.memoryBytes ?? 0) <= target.limits.memoryBytes);
    }
  });

  test(`${target.id}: every model that it names is a chip that fit knows`, () => {
    for (const shape of target.shapes) {
      for (const model of shape.nicModels) assert.notEqual(nicChip(model), null, model);
      for (const model of shape.buses.scsi?.models ?? []) assert.notEqual(scsiChip(model), null, model);
    }
  });
}
