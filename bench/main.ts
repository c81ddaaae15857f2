/**
 * `npm run bench -- [--rows ID,ID] [--pairs N] [--dir FOLDER] [--codec zlib|libdeflate|both]`: measures the product's table of ratios.
 * Each pair runs the peer and vmferry (once for each codec) one after the other, outputs deleted and synced before; the table shows medians.
 */
import { statSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import * as path from "node:path";
import { parseArgs } from "node:util";
import { loadNative } from "../src/runtime/node/native.js";
import { peerSearchPath } from "../test/interop/peers.js";
import { makeInputs } from "./inputs.js";
import { measure, median, type Run } from "./measure.js";
import { type Inputs, type Row, rows } from "./rows.js";

const { values } = parseArgs({
  options: {
    rows: { type: "string" },
    pairs: { type: "string", default: "5" },
    dir: { type: "string", default: path.join(tmpdir(), "vmferry-bench") },
    codec: { type: "string", default: "both" },
  },
});

process.env.PATH = peerSearchPath();
const pairs = Number(values.pairs);
const chosen = values.rows === undefined ? rows : rows.filter((row) => values.rows?.split(",").includes(row.id));
const hasLibdeflate = loadNative(new Set()).libdeflate !== null;

interface Line {
  readonly row: Row;
  readonly codec: string;
  readonly ours: readonly Run[];
  readonly theirs: readonly Run[];
  readonly sizeRatio: number | null;
}

function codecsOf(row: Row): readonly string[] {
  if (row.mustLibdeflate === null) return ["-"];
  const all = hasLibdeflate ? ["zlib", "libdeflate"] : ["zlib"];
  return all.filter((codec) => values.codec === "both" || values.codec === codec);
}

/** Runs the peer and then ours with each codec, pair by pair, so that a machine's moods meet all of them. */
async function measureRow(row: Row, inputs: Inputs): Promise<readonly Line[]> {
  const theirs: Run[] = [];
  const lines = codecsOf(row).map((codec) => ({
    row,
    codec,
    ours: [] as Run[],
    theirs,
    sizeRatio: null as number | null,
  }));
  for (let pair = 0; pair < pairs; pair++) {
    theirs.push(await measure(row.theirs(inputs), inputs.folder));
    for (const line of lines) {
      const env = line.codec === "zlib" ? { VMFERRY_DISABLE: "libdeflate" } : {};
      line.ours.push(await measure({ ...row.ours(inputs), env }, inputs.folder));
      const sizes = row.sizes?.(inputs);
      if (sizes !== undefined) line.sizeRatio = statSync(sizes[0]).size / statSync(sizes[1]).size;
    }
  }
  return lines;
}

function seconds(runs: readonly Run[]): number {
  return median(runs.map((run) => run.wallSeconds));
}

function cells(line: Line): readonly string[] {
  const { row, codec, ours, theirs } = line;
  const ratio = median(ours.map((run, i) => run.wallSeconds / (theirs[i] as Run).wallSeconds));
  const must = codec === "libdeflate" && row.mustLibdeflate !== null ? row.mustLibdeflate : row.must;
  const cpu = ours.every((run) => run.cpuSeconds !== null)
    ? `${median(ours.map((run) => run.cpuSeconds ?? 0)).toFixed(1)} / ${median(theirs.map((run) => run.cpuSeconds ?? 0)).toFixed(1)}`
    : "?";
  const peak = ours.every((run) => run.peakMib !== null) ? median(ours.map((run) => run.peakMib ?? 0)).toFixed(0) : "?";
  return [
    row.work,
    codec,
    row.peer,
    seconds(ours).toFixed(2),
    seconds(theirs).toFixed(2),
    ratio.toFixed(3),
    must.toFixed(2),
    ratio <= must ? "met" : "not met",
    cpu,
    peak,
    line.sizeRatio === null ? "" : line.sizeRatio.toFixed(4),
  ];
}

console.log(
  `Node ${process.version}, ${availableParallelism()} processors, ${pairs} interleaved pairs, medians; inputs in ${values.dir}`,
);
const inputs = await makeInputs(values.dir);
console.log(
  `raw disk: ${((statSync(inputs.raw).blocks * 512) / 1e9).toFixed(2)} GB allocated; stream: ${(statSync(inputs.stream).size / 1e9).toFixed(3)} GB`,
);
const head = [
  "work",
  "codec",
  "peer",
  "ours s",
  "peer s",
  "ratio",
  "must",
  "",
  "CPU s (ours / peer)",
  "peak MiB",
  "size ratio",
];
console.log(`| ${head.join(" | ")} |\n|${head.map(() => " --- |").join("")}`);
for (const row of chosen) {
  try {
    for (const line of await measureRow(row, inputs)) console.log(`| ${cells(line).join(" | ")} |`);
  } catch (error) {
    const [reason] = (error as Error).message.split("\n");
    console.log(`| ${row.work} | | ${row.peer} | could not be measured: ${reason} |`);
  }
}
