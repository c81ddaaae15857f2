import { test } from "node:test";
import { fit } from "../../src/appliance/fit.js";
import { samples } from "../../src/appliance/testing/samples.js";
import { testContext } from "../../src/io/testing/context.js";
import { platforms } from "../../src/platforms/platforms.js";
import { nodeHash } from "../../src/runtime/node/hash.js";
import { targets } from "../../src/targets/targets.js";
import { assertGolden } from "../support/golden.js";

for (const platform of platforms.all) {
  if (platform.defaultTarget === null || platform.exportConfig === undefined) continue;
  const target = targets.get(platform.defaultTarget);
  for (const [name, sample] of Object.entries(samples)) {
    test(`${platform.id} writes ${name} as the golden files say`, async () => {
      const fitted = fit(sample(), target);
      const plan = await platform.exportConfig?.(
        fitted.appliance,
        fitted.shapes,
        target,
        {},
        testContext({ runtime: { hash: nodeHash } }),
      );
      if (plan === undefined) return;
      const folder = `golden/${platform.id}/${name}`;
      for (const config of plan.configs)
        assertGolden(`${folder}/${config.name}`, new TextDecoder().decode(config.bytes));
      const notes = [...fitted.notes, ...plan.notes].map((n) => `${n.severity} ${n.code}: ${n.message}`);
      assertGolden(
        `${folder}/plan.json`,
        `${JSON.stringify({ disks: plan.disks, files: plan.files, notes }, null, 2)}\n`,
      );
    });
  }
}
