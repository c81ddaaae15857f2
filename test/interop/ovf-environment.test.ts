/** Environments that we write, as xmllint sees them with the published schema. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FerryError } from "../../src/base/errors.js";
import { resolveOvf } from "../../src/ovf/deployment.js";
import { type OvfDocument, openOvf } from "../../src/ovf/document.js";
import { environmentOf, type PlatformFacts, renderEnvironment } from "../../src/ovf/environment-write.js";
import { descriptorFiles, lackingSchemas, openXml } from "../support/ovf-schemas.js";
import { lacking } from "./peers.js";
import { scratch } from "./scratch.js";
import { verdictsOf } from "./xmllint.js";

const skip = lackingSchemas || (await lacking("xmllint"));
const PLATFORM: PlatformFacts = { kind: "KVM", version: "9.1", vendor: "Example", locale: "de-AT", timezone: -60 };

function openOrNull(file: string): OvfDocument | null {
  try {
    return openOvf(openXml(file), () => {});
  } catch (error) {
    if (error instanceof FerryError) return null;
    throw error;
  }
}

test("the environment of every system of the corpus is valid", { skip }, async (t) => {
  const folder = await scratch(t, "environments");
  const from = new Map<string, string>();
  for (const file of descriptorFiles()) {
    const document = openOrNull(file);
    if (document === null) continue;
    const deployment = resolveOvf(document, {}, () => {});
    for (const system of document.envelope.descendants()) {
      const model = environmentOf(deployment, system, from.size % 2 === 0 ? { platform: PLATFORM } : {});
      const path = join(folder, `${from.size}.xml`);
      writeFileSync(
        path,
        renderEnvironment(model, ({ secret }) => secret),
      );
      from.set(path, `${system.id} of ${file}`);
    }
  }
  const verdicts = await verdictsOf([...from.keys()], "environment-1.1.0");
  for (const [path, source] of from) assert.equal(verdicts.get(path), true, source);
  assert.ok(from.size > 400, `${from.size} environments`);
});
