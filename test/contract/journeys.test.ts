/** From every platform over every other one and back: what becomes of each fact, and whether somebody said so. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Appliance } from "../../src/appliance/appliance.js";
import { fit } from "../../src/appliance/fit.js";
import { appliance, machine, samples } from "../../src/appliance/testing/samples.js";
import { FerryError } from "../../src/base/errors.js";
import { testContext } from "../../src/io/testing/context.js";
import { type Fate, judgeJourney, roundTrip } from "../../src/operations/convert/journey.js";
import { describeChange, proveConfigs } from "../../src/operations/convert/read-back.js";
import { ways } from "../../src/operations/convert/ways.js";
import { platforms } from "../../src/platforms/platforms.js";
import { nodeHash } from "../../src/runtime/node/hash.js";
import { targets } from "../../src/targets/targets.js";
import { journeyAppliances } from "../support/journeys.js";

const all = { ...samples, ...journeyAppliances };
const vmware = platforms.get("vmware");
const machineOnVmware = (): Appliance => appliance({ machines: [machine()] });
const unexplained = (fates: readonly Fate[]): readonly string[] =>
  fates.filter(({ fate }) => fate === "unexplained").map(({ fact }) => describeChange(fact));

describe("a journey", () => {
  for (const home of ways) {
    for (const over of ways) {
      it(`from ${home.id} over ${over.id} and back loses nothing that is not named`, async () => {
        const ctx = testContext({ runtime: { hash: nodeHash } });
        const lost: string[] = [];
        let journeys = 0;
        for (const [name, make] of Object.entries(all)) {
          const start = await home.travel(make(), ctx);
          if (start === null) continue;
          const result = await roundTrip({ appliance: start.appliance, way: home }, over, ctx);
          if (result === null) continue;
          journeys++;
          lost.push(...unexplained(result.fates).map((what) => `${name}: ${what}`));
          assert.ok(result.kept > 5, name);
        }
        assert.deepEqual(lost, []);
        assert.ok(journeys >= 4, `${journeys} of ${Object.keys(all).length} made it`);
      });
    }
  }
});

describe("a machine that is written", () => {
  for (const way of ways) {
    it(`is as ${way.id} what it was, or a note says why not`, async () => {
      const ctx = testContext({ runtime: { hash: nodeHash } });
      const lost: string[] = [];
      let arrived = 0;
      for (const [name, make] of Object.entries(all)) {
        const source = make();
        const there = await way.travel(source, ctx);
        if (there === null) continue;
        arrived++;
        const { fates } = judgeJourney(source, there.appliance, there.diskNames, there.notes);
        lost.push(...unexplained(fates).map((what) => `${name}: ${what}`));
      }
      assert.deepEqual(lost, []);
      assert.ok(arrived >= 4, `${arrived} of ${Object.keys(all).length} arrived`);
    });
  }

  it("is noticed where it says something else", async () => {
    const ctx = testContext({ runtime: { hash: nodeHash } });
    const source = machineOnVmware();
    const { exportConfig } = vmware;
    assert.ok(exportConfig !== undefined);
    const target = targets.get("workstation-17");
    const fitted = fit(source, target);
    const exported = await exportConfig(fitted.appliance, fitted.shapes, target, {}, ctx);
    proveConfigs(vmware, fitted.appliance, exported, ctx);
    const configs = exported.configs.map(({ name, bytes }) => ({
      name,
      bytes: Buffer.from(Buffer.from(bytes).toString().replace('memSize = "512"', 'memSize = "256"')),
    }));
    assert.throws(
      () => proveConfigs(vmware, fitted.appliance, { ...exported, configs }, ctx),
      (error) =>
        error instanceof FerryError && error.code === "convert/config-differs" && /memoryBytes/.test(error.message),
    );
  });
});
