import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { codes } from "../base/codes/all.js";
import type { Diagnostic } from "../base/diagnostics.js";
import { defaultLimits } from "../base/limits.js";
import { openOvf } from "../ovf/document.js";
import { createContext, createNodeRuntime } from "../runtime/node/runtime.js";
import { targets } from "../targets/targets.js";
import { applyXmlEdits, type XmlEdit } from "../xml/changes.js";
import { parseXml } from "../xml/parse.js";
import { judge } from "./engine.js";
import { descriptorOf, type Example } from "./example.js";
import { createFacts, type Facts } from "./facts.js";
import { type AnyRule, defineRule } from "./rule.js";
import { rules } from "./rules.js";

const runtime = createNodeRuntime({ worker: new URL("../worker-node.js", import.meta.url), workers: 0 });
const ctx = createContext(runtime);

function factsOf(text: string): Facts {
  const ovf = openOvf(parseXml(new TextEncoder().encode(text), "example.ovf", defaultLimits), () => {});
  return createFacts({ package: null, ovf, appliance: () => null });
}

async function judged(text: string, asked: readonly AnyRule[]): Promise<Diagnostic[]> {
  const found: Diagnostic[] = [];
  const question = { rules: asked, level: "strict", targets: targets.all } as const;
  for await (const { diagnostic } of judge(factsOf(text), question, ctx)) found.push(diagnostic);
  return found;
}

test("every rule has a code of its own, that no table of other codes has", () => {
  const seen = new Set<string>();
  for (const { code } of rules) {
    assert.ok(!seen.has(code), `${code} is there twice`);
    assert.ok(!(code in codes), `${code} is in src/base/codes`);
    seen.add(code);
  }
});

test("what rests on no text that was read is never an error by default", () => {
  const wrong = rules.filter(
    ({ severity, requirements }) => severity === "error" && requirements?.some((id) => id.endsWith("?")),
  );
  assert.deepEqual(
    wrong.map(({ code }) => code),
    [],
  );
});

for (const rule of rules) {
  const { examples } = rule;
  if (examples === null) continue;
  describe(rule.code, () => {
    // A rule that is off under --strict is asked all the same.
    const asked = [{ ...rule, strict: rule.strict === "off" ? "info" : rule.strict }] as readonly AnyRule[];
    const found = (example: Example): Promise<Diagnostic[]> => judged(descriptorOf(example), asked);
    test("finds what breaks it, with a place, and says what, why and what to do", async () => {
      assert.ok(examples.invalid.length > 0 && examples.valid.length > 0);
      for (const example of examples.invalid) {
        const findings = await found(example);
        assert.ok(findings.length > 0, JSON.stringify(example));
        for (const { code, message, hint, location } of findings) {
          assert.equal(code, rule.code);
          for (const [name] of `${rule.what} ${rule.fix}`.matchAll(/\{[a-z]+\}/gi)) {
            assert.ok(!`${message} ${hint}`.includes(name), `${name} has no value`);
          }
          assert.equal(location?.at, "text");
        }
      }
    });
    if (rule.mend !== undefined) {
      test("mends what has one right answer, and is content with it", async () => {
        let mended = 0;
        for (const example of examples.invalid) {
          const facts = factsOf(descriptorOf(example));
          const edits: XmlEdit[] = [];
          // Of targets that say the same one is enough: each asks for its own mend.
          const one = targets.all.filter((target) => rule.targets?.(target) === true).slice(0, 1);
          const question = { rules: asked, level: "strict", targets: one } as const;
          let others = 0;
          for await (const { node, finding, facts: seen } of judge(facts, question, ctx)) {
            for (const edit of rule.mend?.(node as never, finding, seen) ?? []) {
              if (edit.edit === "xml") edits.push(edit);
              else others++;
            }
          }
          mended += edits.length + others;
          if (edits.length === 0) continue;
          assert.deepEqual(applyXmlEdits(facts.ovf.xml, edits), []);
          const text = new TextDecoder().decode(facts.ovf.xml.serialize());
          const left: string[] = [];
          for await (const { diagnostic } of judge(factsOf(text), question, ctx)) left.push(diagnostic.message);
          assert.deepEqual(left, [], text);
        }
        assert.ok(mended > 0 || rule.targets !== undefined, "no example is mended");
      });
    }
    test("has nothing against what keeps it", async () => {
      for (const example of examples.valid) assert.deepEqual(await found(example), [], JSON.stringify(example));
    });
  });
}

test("the usual descriptor of the examples is one that no rule objects to", async () => {
  const found = await judged(descriptorOf({}), rules.filter(({ targets: some }) => some === undefined) as AnyRule[]);
  assert.deepEqual(
    found.filter(({ severity }) => severity === "error"),
    [],
  );
});

test("a rule that fails is a finding, and the others go on", async () => {
  const rule = defineRule({
    ...(rules.find(({ code }) => code === "ovf/version-missing") as never as Parameters<typeof defineRule<"ovf">>[0]),
    code: "ovf/test",
    // biome-ignore lint/correctness/useYield: it fails before
    *check(): Generator<never> {
      throw new TypeError("oh");
    },
  });
  const found = await judged(descriptorOf({ disks: '<Disk ovf:diskId="d"/>' }), [rule, ...rules]);
  assert.deepEqual(
    found.filter(({ code }) => code === "internal/rule-failed").map(({ message }) => message),
    ["the rule ovf/test failed: oh"],
  );
  assert.ok(found.some(({ code }) => code === "ovf/disk-capacity-missing"));
});

test("of very many findings of one rule a hundred are given", async () => {
  const disks = Array.from({ length: 5000 }, (_, i) => `<Disk ovf:diskId="d${i}"/>`).join("");
  const found = await judged(descriptorOf({ disks }), rules);
  const missing = found.filter(({ code }) => code === "ovf/disk-capacity-missing");
  assert.equal(missing.length, 101);
  assert.match(missing.at(-1)?.message ?? "", /more of these/);
});

test("elements in the wrong order are brought into it, and nothing else changes", async () => {
  const item = (children: string): string => descriptorOf({ moreItems: `<Item>${children}</Item>` });
  const [type, name, id] = [
    "<rasd:ResourceType>24</rasd:ResourceType>",
    "<rasd:ElementName>Sound</rasd:ElementName>",
    "<rasd:InstanceID>9</rasd:InstanceID>",
  ];
  const facts = factsOf(item(`${type}${name}${id}`));
  const edits: XmlEdit[] = [];
  for await (const { rule, node, finding } of judge(facts, { rules, level: "strict", targets: [] }, ctx)) {
    if (rule.code !== "ovf/element-order") continue;
    for (const edit of rule.mend?.(node as never, finding, facts) ?? []) if (edit.edit === "xml") edits.push(edit);
  }
  assert.deepEqual(applyXmlEdits(facts.ovf.xml, edits), []);
  assert.equal(new TextDecoder().decode(facts.ovf.xml.serialize()), item(`${name}${id}${type}`));
});
