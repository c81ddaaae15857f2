/** Every descriptor of the corpus is judged, with every rule and for every target, and no rule fails on any. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { targets } from "../../src/targets/targets.js";
import { startFerry } from "../support/ferry.js";

const CORPUS = "../shared/corpus";
const skip = existsSync(CORPUS) ? false : `${CORPUS} is not there`;

for (const level of ["importer", "strict"] as const) {
  test(`the rules look at every descriptor of the corpus and do not fail (${level})`, { skip }, async () => {
    const ferry = startFerry();
    try {
      let judged = 0;
      for (const folder of ["ovf", "invalid"]) {
        for (const name of readdirSync(`${CORPUS}/${folder}`)) {
          if (!name.endsWith(".ovf")) continue;
          const options = { level, targets: targets.all, files: "ignored" } as const;
          const file = await ferry.validate(`${CORPUS}/${folder}/${name}`, options);
          const failed = file.diagnostics.filter(({ code }) => code.startsWith("internal/"));
          assert.deepEqual(failed, [], name);
          const wrong = file.diagnostics.some(({ severity }) => severity === "error");
          assert.equal(file.verdict, wrong ? "reject" : "accept", name);
          judged++;
        }
      }
      assert.ok(judged > 200, `${judged} descriptors`);
    } finally {
      await ferry.close();
    }
  });
}
