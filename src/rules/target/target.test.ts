import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startFerry } from "../../../test/support/ferry.js";
import { packageFixtures } from "../../../test/support/fixtures.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { defaultLimits } from "../../base/limits.js";
import { openOvf } from "../../ovf/document.js";
import { createContext, createNodeRuntime } from "../../runtime/node/runtime.js";
import type { TargetProfile } from "../../targets/profile.js";
import { targets } from "../../targets/targets.js";
import { applyXmlEdits, type XmlEdit } from "../../xml/changes.js";
import { parseXml } from "../../xml/parse.js";
import { type Judged, judge } from "../engine.js";
import { descriptorOf } from "../example.js";
import { createFacts } from "../facts.js";
import type { AnyRule, Edit } from "../rule.js";
import { targetRules } from "./rules.js";

const runtime = createNodeRuntime({ worker: new URL("../../worker-node.js", import.meta.url), workers: 0 });
const ctx = createContext(runtime);
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

async function judged(bytes: Uint8Array, rules: readonly AnyRule[], target: TargetProfile): Promise<Judged[]> {
  const ovf = openOvf(parseXml(bytes, "example.ovf", defaultLimits), () => {});
  const facts = createFacts({ package: null, ovf, appliance: () => null });
  const found: Judged[] = [];
  for await (const one of judge(facts, { rules, level: "importer", targets: [target] }, ctx)) found.push(one);
  return found;
}

/** What a finding's rule would change. */
function mendOf({ rule, node, finding, facts }: Judged): readonly Edit[] {
  return rule.mend?.(node, finding, facts) ?? [];
}

describe("what rules mend is in order afterwards, and the descriptor without it is not", () => {
  const mended = new Set<string>();
  for (const rule of targetRules) {
    if (rule.examples === null || rule.mend === undefined) continue;
    const own = targets.all.filter((target) => rule.targets?.(target));
    for (const target of own) {
      test(`${rule.code} for ${target.id}`, async () => {
        for (const example of rule.examples?.invalid ?? []) {
          const bytes = bytesOf(descriptorOf(example));
          const found = await judged(bytes, [rule], target);
          const edits = found.flatMap(mendOf);
          if (edits.length > 0) mended.add(rule.code);
          if (found.length === 0 || found.some((one) => mendOf(one).length === 0)) continue;
          const xml = found[0]?.facts.ovf.xml;
          assert.ok(xml !== undefined);
          const changes = edits.filter((edit): edit is XmlEdit => edit.edit === "xml");
          if (changes.length < edits.length) continue;
          assert.deepEqual(applyXmlEdits(xml, changes), []);
          const after = await judged(xml.serialize(), [rule], target);
          assert.deepEqual(
            after.map(({ diagnostic }) => diagnostic.message),
            [],
          );
        }
      });
    }
  }
  test("and these are the rules that mend", () => {
    assert.deepEqual([...mended].sort(), [
      "target/boot-order-efi",
      "target/cd-on-sata",
      "target/config-required",
      "target/disk-empty",
      "target/drive-parent",
      "target/extra-config-required",
      "target/file-compressed",
      "target/file-extension",
      "target/file-name",
      "target/file-name-escaped",
      "target/firmware-lost",
      "target/hardware-family",
      "target/hardware-too-old",
      "target/host-resource",
      "target/ide-controllers",
      "target/ide-subtype",
      "target/item-order",
      "target/item-type-refused",
      "target/memory-unit",
      "target/memory-unit-ignored",
      "target/nvram-missing",
      "target/startup-section",
      "target/storage-controller-unknown",
      "target/virtualbox-machine-stale",
      "target/xen-configuration",
    ]);
  });
});

async function findingsFor(name: string, id: string): Promise<string[]> {
  const fixture = (await packageFixtures()).find((one) => one.name === name);
  const target = targets.find(id);
  assert.ok(fixture !== undefined && target !== undefined);
  const ferry = startFerry();
  try {
    const { diagnostics } = await ferry.validate(fixture.source, { targets: [target] });
    return diagnostics
      .map(({ code, severity }) => `${code} ${severity}`)
      .filter((found) => found.startsWith("target/"));
  } finally {
    await ferry.close();
  }
}

test("an archive with pax headers is refused by VirtualBox alone, and packed again", async () => {
  assert.deepEqual(await findingsFor("compose-pax", "virtualbox-7"), ["target/tar-dialect error"]);
  assert.deepEqual(await findingsFor("compose-pax", "libvirt"), []);
  const rule = targetRules.find(({ code }) => code === "target/tar-dialect") as AnyRule;
  assert.deepEqual(rule.mend?.(undefined as never, {}, undefined as never), [{ edit: "archive" }]);
});

test("digests that a target does not know are errors where it checks, warnings where it does not", async () => {
  assert.ok((await findingsFor("compose-sha512", "vsphere-6.5")).includes("target/manifest-digest error"));
  assert.ok((await findingsFor("compose-sha512", "libvirt")).includes("target/manifest-digest warning"));
  assert.ok(!(await findingsFor("compose-sha512", "vsphere-8")).some((found) => /manifest/.test(found)));
  assert.ok((await findingsFor("compose-sha1", "vsphere-7")).includes("target/manifest-sha1 warning"));
});

test("Hyper-V reads no OVF, and what conversion would change is said", async () => {
  const found = await findingsFor("compose-sha256", "hyperv-2022");
  assert.ok(found.includes("target/no-ovf-reader error"));
  assert.ok(found.includes("target/limits warning"));
  assert.deepEqual(await findingsFor("compose-sha256", "ovf"), []);
});

test("text that says it is UTF-16 and is UTF-8 is refused by whoever reads with libxml2", async () => {
  const text = descriptorOf({}).replace("UTF-8", "utf-16");
  const found: Diagnostic[] = [];
  for (const target of targets.all) {
    for (const { diagnostic } of await judged(bytesOf(text), targetRules, target)) found.push(diagnostic);
  }
  const refused = found.filter(({ code }) => code === "target/encoding-mislabelled").map(({ data }) => data?.target);
  assert.deepEqual(refused, ["virtualbox-7", "libvirt", "proxmox-8", "proxmox-9"]);
});

test("two drives without a parent get the places that are free, each its own", async () => {
  const orphan = (id: number): string =>
    `<Item><rasd:AddressOnParent>0</rasd:AddressOnParent><rasd:HostResource>ovf:/disk/disk1</rasd:HostResource><rasd:InstanceID>${id}</rasd:InstanceID><rasd:Parent/><rasd:ResourceType>17</rasd:ResourceType></Item>`;
  const rules = targetRules.filter(({ code }) => code === "target/drive-parent");
  const bytes = bytesOf(descriptorOf({ moreItems: orphan(80) + orphan(81) }));
  const found = await judged(bytes, rules, targets.get("virtualbox-7"));
  const places = found.map(({ finding }) => `${finding.values?.adopter}:${finding.values?.address}`);
  assert.deepEqual(places, ["3:1", "3:2"]);
});
