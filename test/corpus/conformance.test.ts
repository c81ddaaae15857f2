/** Verdicts on the descriptors that VMware's own tool is known to accept or to reject. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
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
