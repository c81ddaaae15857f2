/** `init --from` for every configuration of the corpus: the YAML, read again, says the facts that the source says. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Appliance } from "../../src/appliance/appliance.js";
import { FerryError } from "../../src/base/errors.js";
import { testContext } from "../../src/io/testing/context.js";
import { writeSpec } from "../../src/operations/build/write-spec.js";
import { openOvf } from "../../src/ovf/document.js";
import { importOvf } from "../../src/platforms/ovf/import.js";
import type { ConfigFiles, Platform } from "../../src/platforms/platform.js";
import { platforms } from "../../src/platforms/platforms.js";
import { parseXml } from "../../src/xml/parse.js";
import { factsIn, readAgain } from "../support/spec.js";

const CORPUS = "../shared/corpus";
const skip = existsSync(CORPUS) ? false : `the corpus is not there: ${CORPUS}`;
const everything: ConfigFiles = { find: (path) => ({ name: path.replaceAll("\\", "/"), size: 1 }) };
const ctx = testContext();

/** Where configurations of a platform lie. */
const FOLDERS: readonly (readonly [folder: string, platform: string, ending: RegExp, least: number])[] = [
  ["vmx", "vmware", /\.vmx$/i, 30],
  ["vbox", "virtualbox", /\.vbox$/i, 5],
  ["libvirt", "libvirt", /\.xml$/i, 20],
  ["xl", "xen", /\.(?:cfg|xl|conf)$/i, 5],
  ["proxmox", "proxmox", /\.conf$/i, 5],
];

async function hold(appliance: Appliance, name: string): Promise<void> {
  const { text } = writeSpec({ appliance, options: new Map(), fileName: (file) => file });
  const again = await readAgain(text).catch((cause) => assert.fail(`${name}: ${cause}\n${text}`));
  assert.deepEqual(factsIn(again), factsIn(appliance), `${name}\n${text}`);
}

for (const [folder, id, ending, least] of FOLDERS) {
  test(`the YAML of ${folder} says what each configuration says`, { skip }, async () => {
    const platform: Platform | undefined = platforms.all.find((known) => known.id === id);
    let held = 0;
    for (const file of readdirSync(join(CORPUS, folder)).filter((name) => ending.test(name))) {
      const bytes = readFileSync(join(CORPUS, folder, file));
      let appliance: Appliance | undefined;
      try {
        appliance = platform?.readConfig?.({ name: file, label: file, bytes }, ctx).appliance(everything, () => {});
      } catch (cause) {
        if (cause instanceof FerryError) continue;
        throw cause;
      }
      if (appliance === undefined) continue;
      await hold(appliance, file);
      held++;
    }
    assert.ok(held >= least, `${held} files`);
  });
}

test("the YAML of OVF descriptors says what each of them says", { skip }, async () => {
  let held = 0;
  for (const file of readdirSync(join(CORPUS, "ovf")).filter((name) => /\.ovf$/i.test(name))) {
    const facts = { name: "box", find: null, references: "reported" as const };
    let appliance: Appliance;
    try {
      const document = openOvf(parseXml(readFileSync(join(CORPUS, "ovf", file)), file, ctx.limits), () => {});
      appliance = importOvf(document, facts, {}, () => {});
    } catch (cause) {
      if (cause instanceof FerryError) continue;
      throw cause;
    }
    if (appliance.machines.length === 0) continue;
    await hold(appliance, file);
    held++;
  }
  assert.ok(held >= 100, `${held} descriptors`);
});
