/** Every descriptor of the corpus, mended as far as it can be: no crash, no new error, and nothing left to mend. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { FerryError } from "../../src/base/errors.js";
import { memorySource } from "../../src/io/sources/memory.js";
import { type FixOptions, type FixPlan, planFix } from "../../src/operations/fix/fix.js";
import { targets } from "../../src/targets/targets.js";
import { diskContext } from "../support/disks.js";
import { ovaOf } from "../support/packages.js";

const CORPUS = "../shared/corpus/ovf";
const skip = existsSync(CORPUS) ? false : `${CORPUS} is not there`;

async function fix(descriptor: Uint8Array, options: FixOptions): Promise<FixPlan> {
  const source = memorySource(ovaOf({ "box.ovf": descriptor }), "box.ova");
  const plan = await planFix({ kind: "file", source, name: "box.ova", folder: null }, options, diskContext());
  await plan.close();
  return plan;
}

/** `null`: it is no descriptor, or cannot be read. */
async function fixIfRead(descriptor: Uint8Array, options: FixOptions): Promise<FixPlan | null> {
  try {
    return await fix(descriptor, options);
  } catch (cause) {
    if (cause instanceof FerryError && /^(?:ovf|xml)\//.test(cause.code)) return null;
    throw cause;
  }
}

const errors = (findings: FixPlan["left"]): number => findings.filter(({ severity }) => severity === "error").length;

const CASES: Readonly<Record<string, FixOptions>> = {
  importer: {},
  strict: { level: "strict" },
  "virtualbox-7": { targets: [targets.get("virtualbox-7")] },
  "vsphere-8": { level: "strict", targets: [targets.get("vsphere-8")] },
};

for (const [name, options] of Object.entries(CASES)) {
  test(`descriptors of the corpus are mended once and for all: ${name}`, { skip }, async (t) => {
    let [changed, fixed] = [0, 0];
    const wrong: string[] = [];
    const files = readdirSync(CORPUS).filter((file) => file.endsWith(".ovf"));
    assert.ok(files.length > 100);
    for (const file of files) {
      const given = new Uint8Array(readFileSync(`${CORPUS}/${file}`));
      const first = await fixIfRead(given, options);
      if (first === null) continue;
      fixed++;
      const after = first.descriptor.after.xml.serialize();
      const all = [...first.left, ...first.mended];
      for (const { code, message } of all) if (code.startsWith("internal/")) wrong.push(`${file}: ${message}`);
      if (Buffer.from(after).equals(given)) continue;
      changed++;
      const second = await fixIfRead(after, options);
      if (second === null) wrong.push(`${file}: cannot be read any more`);
      else if (!Buffer.from(second.descriptor.after.xml.serialize()).equals(after)) {
        wrong.push(`${file}: ${second.mended.map(({ message }) => message)}`);
      } else if (errors(second.left) > errors(all)) wrong.push(`${file}: more errors than before`);
    }
    assert.deepEqual(wrong, []);
    assert.ok(fixed > 100);
    t.diagnostic(`${changed} of ${files.length} descriptors are changed`);
  });
}
