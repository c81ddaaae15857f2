import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import type { TargetId } from "../../src/base/ids.js";
import type { InspectResult } from "../../src/report/results.js";
import { targets } from "../../src/targets/targets.js";
import { startFerry } from "../support/ferry.js";
import { packageFixtures } from "../support/fixtures.js";
import { type Case, corpusCases, virtualBoxVerdict, virtV2vVerdict } from "./agreement.js";
import { AGREEMENT_PAGE, type Agreement, agrees, type Reasons, renderAgreement, share } from "./agreement-page.js";
import { lacking, peerPath } from "./peers.js";
import { attempt } from "./run.js";
import { scratch } from "./scratch.js";
import { startVirtualBox } from "./virtualbox.js";

const CORPUS = "../shared/corpus/ovf";
const DESCRIPTORS = 30;
const MOST_DISKS = 4;
const LEAST_PERCENT = 95;

/** Why verdicts differ; each entry must still be true. */
const REASONS: Reasons = {
  "virtualbox-7 coreos__virtualbox-template":
    "A template: where a number belongs stands a placeholder, for which VirtualBox takes a default without a word.",
  "virtualbox-7 coreos__vmware-template":
    "A template: where a number belongs stands a placeholder, for which VirtualBox takes a default without a word.",
  "libvirt amazon-ec2-vm-export__wazuh-ovf-template-2":
    "Two items are empty. virt-v2v looks only for types that it knows; VMware and VirtualBox refuse it.",
};

const ferry = startFerry();
after(() => ferry.close());

const V2V = { LIBGUESTFS_BACKEND: "direct", LIBGUESTFS_BACKEND_SETTINGS: "force_tcg" };

async function inspected(source: string): Promise<InspectResult | null> {
  return ferry.inspect(source).catch(() => null);
}

async function errorsFor(source: string, id: TargetId): Promise<string[]> {
  const { diagnostics } = await ferry.validate(source, { targets: [targets.get(id)] });
  return [...new Set(diagnostics.filter(({ severity }) => severity === "error").map(({ code }) => code))].sort();
}

test("verdicts for VirtualBox and for libvirt are those of VirtualBox and of virt-v2v", {
  skip: existsSync(CORPUS) ? await lacking("VBoxManage", "virt-v2v") : `${CORPUS} is absent`,
  timeout: 400_000,
}, async (t) => {
  const folder = await scratch(t, "agreement");
  const made = (await packageFixtures()).map(({ name, source }): Case => ({ name, source, deltas: [] }));
  const cases = [...(await corpusCases(CORPUS, folder, DESCRIPTORS, MOST_DISKS)), ...made];
  const found: Agreement[] = [];
  const facts = new Map<string, InspectResult | null>();
  for (const one of cases) facts.set(one.name, await inspected(one.source));
  const asVirtualBox = async (): Promise<void> => {
    const box = await startVirtualBox(t);
    for (const [i, one] of cases.entries()) {
      const peer = await virtualBoxVerdict(box, one, facts.get(one.name) ?? null, `m${i}`);
      found.push({
        target: "virtualbox-7",
        package: one.name,
        errors: await errorsFor(one.source, "virtualbox-7"),
        peer,
      });
    }
  };
  const asVirtV2v = async (): Promise<void> => {
    const program = await peerPath("virt-v2v");
    for (const one of cases) {
      // It takes an archive, or the folder of a descriptor.
      const source = one.source.endsWith(".ovf") ? join(one.source, "..") : one.source;
      const ran = await attempt(program, ["-i", "ova", source, "--print-source"], { env: V2V, timeout: 60_000 });
      const peer = virtV2vVerdict(ran, facts.get(one.name) ?? null);
      found.push({ target: "libvirt", package: one.name, errors: await errorsFor(one.source, "libvirt"), peer });
    }
  };
  await Promise.all([asVirtualBox(), asVirtV2v()]);
  const programs = { "virtualbox-7": "VirtualBox", libvirt: "virt-v2v" };
  const page = renderAgreement(found, programs, REASONS);
  if (process.env.VMFERRY_AGREEMENT === "write") await writeFile(AGREEMENT_PAGE, page);
  for (const target of Object.keys(programs)) {
    const own = found.filter((one) => one.target === target);
    const differing = own.filter((one) => !agrees(one));
    t.diagnostic(`${target}: ${own.length - differing.length} of ${own.length} verdicts agree`);
    assert.ok(share(own) >= LEAST_PERCENT, JSON.stringify(differing, null, 2));
    for (const one of differing) assert.ok(REASONS[`${target} ${one.package}`] !== undefined, JSON.stringify(one));
  }
  assert.equal(
    await readFile(AGREEMENT_PAGE, "utf8"),
    page,
    "run it with VMFERRY_AGREEMENT=write and look at the changes",
  );
});
