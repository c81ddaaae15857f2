import assert from "node:assert/strict";
import { test } from "node:test";
import { largeDescriptor } from "../../bench/large-descriptor.js";
import { defaultLimits } from "../base/limits.js";
import { parseXml } from "../xml/parse.js";
import { resolveOvf } from "./deployment.js";
import { openOvf } from "./document.js";

/** Processor seconds of parsing a descriptor, looking at every item and its disk, resolving it, and writing it with one edit. */
function effort(systems: number): number {
  const bytes = largeDescriptor(systems);
  const start = process.cpuUsage();
  const document = openOvf(parseXml(bytes, "large.ovf", defaultLimits), () => {});
  let disks = 0;
  for (const content of document.envelope.descendants()) {
    for (const item of content.hardware.flatMap(({ items }) => items)) {
      const [resource = ""] = item.hostResources;
      if (document.disk(resource.replace("ovf:/disk/", "")) !== undefined) disks++;
    }
  }
  assert.equal(disks, systems);
  assert.equal(resolveOvf(document, {}, () => {}).properties.length, 3 * systems + 1);
  const [file] = document.references;
  if (file !== undefined) file.size = 7;
  assert.equal(document.xml.serialize().length, bytes.length - 6);
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

test("eight times as many systems cost no more than linear effort, with room for a busy machine", () => {
  effort(100);
  const ratios: number[] = [];
  // Quadratic would be 64.
  while (ratios.length < 3 && !ratios.some((ratio) => ratio < 20)) ratios.push(effort(1200) / effort(150));
  assert.ok(
    ratios.some((ratio) => ratio < 20),
    `ratios ${ratios.map((ratio) => ratio.toFixed(1)).join(", ")}`,
  );
});
