/** Verdicts on the descriptors that VMware's own tool is known to accept or to reject. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { startFerry } from "../support/ferry.js";

const CASES = "../shared/conformance/vmware";
const skip = existsSync(CASES) ? false : `${CASES} is not there`;

/** Where we disagree, and why. docs/reference/conformance.md says more. */
const DISAGREEMENTS: Readonly<Record<string, string>> = {
  "reject/VirtualHardware__empty_system.ovf":
    "differs from the accepted case of the same name in the capacity of a disk whose file is not there",
};

test("verdicts on descriptors agree with VMware's tool in at least 98 of 100", { skip }, async (t) => {
  const ferry = startFerry();
  try {
    const lines = readFileSync(`${CASES}/INDEX.tsv`, "utf8").trimEnd().split("\n").slice(1);
    const wrong: string[] = [];
    for (const line of lines) {
      const [verdict = "", file = ""] = line.split("\t");
      const name = `${verdict}/${file}`;
      const judged = await ferry.validateDescriptor(`${CASES}/${name}`);
      if (judged.verdict === verdict) continue;
      const errors = judged.diagnostics.filter(({ severity }) => severity === "error");
      wrong.push(`${name}: ${errors.map(({ code }) => code).join(" ") || "nothing found"}`);
    }
    const agreed = lines.length - wrong.length;
    t.diagnostic(`${agreed} of ${lines.length} verdicts agree with VMware's tool`);
    console.log(`${agreed} of ${lines.length} verdicts agree with VMware's tool`);
    assert.ok(lines.length > 100);
    assert.ok(agreed / lines.length >= 0.98, wrong.join("\n"));
    assert.deepEqual(
      wrong.map((text) => text.replace(/:.*/s, "")),
      Object.keys(DISAGREEMENTS),
    );
  } finally {
    await ferry.close();
  }
});

const INVALID = "../shared/corpus/invalid";

/** Descriptors that their own test suites reject and that we take as they are, alone; docs/reference/conformance.md says why. */
const TAKEN: readonly string[] = [
  "ganeti__empty.ovf",
  "vmware-ovftool__tdappliance1-t7-bad-instance.ovf",
  "vmware-test-suite__efi-missing-nvram-file-and-nvram-extra-config-value-null.ovf",
  "vmware-test-suite__efi-missing-nvram-file-and-nvram-extra-config-value-valid.ovf",
  "vmware-test-suite__empty-system.ovf",
  "vmware-test-suite__gzip-compression.ovf",
  "vmware-test-suite__identity-compression.ovf",
  "vmware-test-suite__invalid-createtype-disk.ovf",
  "vmware-test-suite__invalid-property-key.ovf",
  "vmware-test-suite__jeos-missing-vmdk.ovf",
  "vmware-test-suite__valid-no-disk.ovf",
  "vmware-vcenter__nostalgia-with-missing-vmdk.ovf",
  "vmware-vcenter__nvdimm-incorrect-controller.ovf",
  "vmware-vcenter__ttylinux.ovf",
  "vmware-vcenter__unknownsectionsvapp.ovf",
  "vmware-vcenter__unknownsectionsvm.ovf",
];

test("descriptors that other test suites reject are rejected, but for those that rest on something else", {
  skip: existsSync(INVALID) ? false : `${INVALID} is not there`,
}, async () => {
  const ferry = startFerry();
  try {
    const taken: string[] = [];
    for (const name of readdirSync(INVALID).sort()) {
      if (!name.endsWith(".ovf")) continue;
      if ((await ferry.validateDescriptor(`${INVALID}/${name}`)).verdict === "accept") taken.push(name);
    }
    assert.deepEqual(taken, TAKEN);
  } finally {
    await ferry.close();
  }
});
