import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultLimits } from "../base/limits.js";
import { openOvf } from "../ovf/document.js";
import { createContext, createNodeRuntime } from "../runtime/node/runtime.js";
import { applyXmlEdits, type XmlEdit } from "../xml/changes.js";
import { parseXml } from "../xml/parse.js";
import { type Judged, judge } from "./engine.js";
import { descriptorOf, type Example } from "./example.js";
import { createFacts, type Facts } from "./facts.js";
import { structureRules } from "./ovf/structure.js";

const runtime = createNodeRuntime({ worker: new URL("../worker-node.js", import.meta.url), workers: 0 });
const ctx = createContext(runtime);

function factsOf(text: string): Facts {
  const ovf = openOvf(parseXml(new TextEncoder().encode(text), "example.ovf", defaultLimits), () => {});
  return createFacts({ package: null, ovf, appliance: () => null });
}

async function judgedAt(facts: Facts, level: "strict" | "importer"): Promise<Judged[]> {
  const found: Judged[] = [];
  for await (const one of judge(facts, { rules: structureRules, level, targets: [] }, ctx)) found.push(one);
  return found;
}

const MIXED: Example = {
  sections: "<ProductSection><Info>p</Info><Version>1</Version><Vendor>v</Vendor><Product>p</Product></ProductSection>",
  moreItems:
    "<Item><rasd:ResourceType>24</rasd:ResourceType>\n<rasd:InstanceID>9</rasd:InstanceID> <!-- kept -->\n<rasd:ElementName>a</rasd:ElementName></Item>",
};

test("children out of order are put in order in one pass, and nothing else changes", async () => {
  const text = descriptorOf(MIXED);
  const facts = factsOf(text);
  const found = await judgedAt(facts, "strict");
  assert.deepEqual(new Set(found.map(({ diagnostic }) => diagnostic.code)), new Set(["ovf/element-order"]));
  const edits = found.flatMap(({ rule, node, finding }) => [...(rule.mend?.(node, finding, facts) ?? [])]);
  const conflicts = applyXmlEdits(
    facts.ovf.xml,
    edits.filter((edit): edit is XmlEdit => edit.edit === "xml"),
  );
  assert.deepEqual(conflicts, []);
  const mended = new TextDecoder().decode(facts.ovf.xml.serialize());
  assert.deepEqual(await judgedAt(factsOf(mended), "strict"), []);
  const sorted = (source: string): string[] => source.split(/[\s<>/]+/).sort();
  assert.deepEqual(sorted(mended), sorted(text));
  assert.match(mended, /<Product>p<\/Product>.*<Vendor>v<\/Vendor>.*<Version>1<\/Version>/s);
});

test("the schema speaks under --strict alone", async () => {
  assert.deepEqual(await judgedAt(factsOf(descriptorOf(MIXED)), "importer"), []);
});

test("a descriptor in a namespace without a schema has no findings about structure", async () => {
  const draft = '<Envelope xmlns="http://www.vmware.com/schema/ovf/1/envelope"><Nothing/></Envelope>';
  assert.deepEqual(await judgedAt(factsOf(draft), "strict"), []);
});

test("of thousands of findings of one kind a hundred are given, and no more are kept", async () => {
  const facts = factsOf(descriptorOf({ moreItems: "<Item/>".repeat(5_000) }));
  const found = await judgedAt(facts, "strict");
  assert.equal(found.length, 101);
  assert.ok(facts.nodes.structure.length <= 101);
});
