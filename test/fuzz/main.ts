/**
 * `npm run fuzz -- [--cases N] [--seconds N] [--target T,...] [--seed S]`: fuzzes for longer than the tests do. With `--cases` each
 * target gets as many, else all take turns until the time is over. Inputs that crash are written to test/fixtures/fuzz/<target>, where
 * the tests run them from then on: commit them with the fix. The lines of the table are those of docs/fuzzing.md.
 */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { type FuzzReport, fuzz } from "./run.js";
import type { FuzzTarget } from "./target.js";
import { fuzzTargets } from "./targets.js";

const { values } = parseArgs({
  options: {
    cases: { type: "string" },
    seconds: { type: "string" },
    target: { type: "string" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
  },
});
const wanted = values.target?.split(",");
const targets = fuzzTargets.filter(({ name }) => wanted?.includes(name) ?? true);
if (targets.length === 0) {
  console.error(`no target ${values.target}; targets are ${fuzzTargets.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}
const quota = values.cases === undefined ? null : Number(values.cases);
const seconds = Number(values.seconds ?? (quota === null ? "60" : "Infinity"));
const endMs = Date.now() + 1000 * seconds;
/** A thread is made anew for each: what leaks, shows. */
const casesAtOnce = quota === null ? 500 : 20_000;
const known = new Set<string>();

/** What was found out about one target. */
interface Figures {
  cases: number;
  seconds: number;
  worstMs: number;
  crashes: number;
}

const figures = new Map<string, Figures>();
let peakMiB = 0;
const sample = setInterval(() => {
  peakMiB = Math.max(peakMiB, process.memoryUsage.rss() / 2 ** 20);
}, 200);

/** Runs cases of a target and adds them up. Returns how many. */
async function turn(target: FuzzTarget, base: number, cases: number): Promise<void> {
  const startMs = Date.now();
  const report: FuzzReport = await fuzz(target, { base, cases });
  const sum = figures.get(target.name) ?? { cases: 0, seconds: 0, worstMs: 0, crashes: 0 };
  figures.set(target.name, sum);
  sum.cases += cases;
  sum.seconds += (Date.now() - startMs) / 1000;
  sum.worstMs = Math.max(sum.worstMs, report.worst.ms);
  for (const { reason, input } of report.crashes) {
    // One crash is one place in the source.
    const place = reason.split("\n").slice(0, 2).join(" ");
    if (known.has(place)) continue;
    known.add(place);
    sum.crashes++;
    const folder = `test/fixtures/fuzz/${target.name}`;
    const name = createHash("sha256").update(input).digest("hex").slice(0, 12);
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${folder}/${name}.bin.gz`, gzipSync(input));
    console.error(`${folder}/${name}.bin.gz\n${reason}\n`);
  }
}

/** The line of the table for a target. */
function line(name: string): string {
  const {
    cases,
    seconds: took,
    worstMs,
    crashes,
  } = figures.get(name) ?? { cases: 0, seconds: 0, worstMs: 0, crashes: 0 };
  return `| ${name} | ${cases} | ${took.toFixed(0)} | ${Math.round(cases / Math.max(took, 0.001))} | ${worstMs.toFixed(0)} | ${crashes} |`;
}

console.log(`seed ${values.seed}, targets ${targets.map(({ name }) => name).join(", ")}`);
console.log("| Target | Cases | Seconds | Cases a second | Slowest, ms | Crashes |");
console.log("| --- | ---: | ---: | ---: | ---: | ---: |");
const seed = Number(values.seed);
if (quota !== null) {
  for (const target of targets) {
    for (let done = 0, round = 0; done < quota && Date.now() < endMs; round++, done += casesAtOnce) {
      await turn(target, seed + round, Math.min(casesAtOnce, quota - done));
    }
    console.log(line(target.name));
  }
} else {
  for (let round = 0; Date.now() < endMs; round++) {
    for (const target of targets) if (Date.now() < endMs) await turn(target, seed + round, casesAtOnce);
  }
  for (const { name } of targets) console.log(line(name));
}
clearInterval(sample);
const total = [...figures.values()].reduce((sum, { cases }) => sum + cases, 0);
console.log(`${total} cases, ${known.size} different crashes, at most ${peakMiB.toFixed(0)} MiB of memory`);
process.exitCode = known.size === 0 ? 0 : 1;
