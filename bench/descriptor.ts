/**
 * `npm run bench:ovf -- [--systems N] [--runs N]`: a descriptor with one collection of many systems is parsed, all its views are
 * walked, it is resolved, edited in one place and serialized. Prints processor seconds of each step, the time of parsing, validating and
 * serializing it, and the peak of the resident set.
 */
import { parseArgs } from "node:util";
import { defaultLimits } from "../src/base/limits.js";
import { resolveOvf } from "../src/ovf/deployment.js";
import { type OvfDocument, openOvf } from "../src/ovf/document.js";
import { OvfStartupSection } from "../src/ovf/views/sections.js";
import { judge } from "../src/rules/engine.js";
import { createFacts } from "../src/rules/facts.js";
import { rules } from "../src/rules/rules.js";
import { createContext, createNodeRuntime } from "../src/runtime/node/runtime.js";
import { parseXml } from "../src/xml/parse.js";
import { largeDescriptor } from "./large-descriptor.js";
import { median } from "./measure.js";

const { values } = parseArgs({
  options: { systems: { type: "string", default: "10000" }, runs: { type: "string", default: "3" } },
});

/** Reads everything that rules and importers read. Returns how much that was, so that nothing is left out by the engine. */
function walk(document: OvfDocument): number {
  let facts = 0;
  const say = (...read: readonly unknown[]): void => {
    for (const value of read) if (value !== null && value !== undefined) facts++;
  };
  for (const file of document.references) say(file.id, file.href, file.size, file.compression, file.chunkSize);
  for (const disk of document.disks) say(disk.diskId, disk.capacity, disk.format, document.file(disk.fileRef ?? ""));
  for (const network of document.networks) say(network.name, network.description?.text);
  for (const content of document.envelope.descendants()) {
    say(content.id, content.info?.text, content.name?.text, content.operatingSystem?.cimId, content.required);
    for (const { properties, product } of content.products) {
      say(product?.text);
      for (const property of properties)
        say(property.qualifiedKey, property.type, property.value, property.label?.text);
    }
    for (const section of content.sectionsOf(OvfStartupSection)) {
      for (const item of section.items) say(item.id, item.order, item.startDelay, item.stopAction);
    }
    for (const hardware of content.hardware) {
      say(hardware.info?.text, ...hardware.systemTypes, ...hardware.transports);
      for (const item of hardware.items) {
        say(item.instanceId, item.resourceType, item.label, item.parent, item.amount("VirtualQuantity")?.value);
        say(...item.hostResources, ...item.connections, ...item.resourceSubTypes, item.bound, item.required);
        say(document.disk(item.hostResources[0]?.replace("ovf:/disk/", "") ?? ""));
      }
    }
  }
  return facts;
}

const STEPS = ["parse", "walk", "resolve", "serialize", "edit and serialize", "all"] as const;

function run(bytes: Uint8Array): readonly number[] {
  const times: number[] = [];
  // Processor time, which a busy machine stretches least. The collector's threads count.
  const timed = <T>(act: () => T): T => {
    const start = process.cpuUsage();
    const result = act();
    const { user, system } = process.cpuUsage(start);
    times.push((user + system) / 1e6);
    return result;
  };
  const xml = timed(() => parseXml(bytes, "large.ovf", { ...defaultLimits, descriptorBytes: 2 ** 30 }));
  const document = openOvf(xml, () => {});
  const facts = timed(() => walk(document));
  timed(() => resolveOvf(document, {}, () => {}));
  const same = timed(() => xml.serialize());
  if (same.length !== bytes.length) throw new Error("an unchanged document is written differently");
  timed(() => {
    const [collection] = document.contents;
    for (const system of collection?.children ?? []) system.name = "renamed";
    xml.serialize();
  });
  if (facts < 1000) throw new Error(`${facts} facts`);
  times.push(times.reduce((sum, time) => sum + time, 0));
  return times;
}

const bytes = largeDescriptor(Number(values.systems));
console.log(
  `${values.systems} systems, ${(bytes.length / 1e6).toFixed(1)} MB, Node ${process.version}, medians of ${values.runs} runs`,
);
const runs = Array.from({ length: Number(values.runs) }, () => run(bytes));
for (const [i, step] of STEPS.entries()) {
  console.log(`${step.padEnd(20)}${median(runs.map((times) => times[i] ?? 0)).toFixed(2)} s`);
}
/** The promise: parsed, held to all rules that a careful importer has, and serialized. Wall time and processor time. */
async function promise(): Promise<readonly [wall: number, processor: number]> {
  const start = performance.now();
  const before = process.cpuUsage();
  const xml = parseXml(bytes, "large.ovf", { ...defaultLimits, descriptorBytes: 2 ** 30 });
  const facts = createFacts({ package: null, ovf: openOvf(xml, () => {}), appliance: () => null });
  let findings = 0;
  for await (const _ of judge(facts, { rules, level: "importer", targets: [] }, ctx)) findings++;
  if (xml.serialize().length !== bytes.length || findings > 10_000) throw new Error(`${findings} findings`);
  const { user, system } = process.cpuUsage(before);
  return [(performance.now() - start) / 1000, (user + system) / 1e6];
}

const runtime = createNodeRuntime({ worker: new URL("../src/worker-node.js", import.meta.url), workers: 0 });
const ctx = createContext(runtime);
const promised: (readonly [wall: number, processor: number])[] = [];
for (let i = 0; i < Number(values.runs); i++) promised.push(await promise());
const [wall, processor] = [0, 1].map((i) => median(promised.map((times) => times[i] ?? 0)));
console.log(`parse, validate and serialize: ${wall?.toFixed(2)} s of time, ${processor?.toFixed(2)} s of processors`);
console.log(`peak resident set   ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`);
