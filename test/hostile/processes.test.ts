/** A sample of the hostile inputs, given to the command as users have it: bundled, in a process of its own whose memory is measured. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, test } from "node:test";
import { hostileFamilies } from "./corpus.js";
import { type RunCommand, runCase } from "./runner.js";

const command = resolve("dist/bin/vmferry.js");
const measure = resolve("dist/test/hostile/child.js");
const root = mkdtempSync(join(tmpdir(), "vmferry-hostile-processes-"));
after(() => rmSync(root, { recursive: true, force: true }));

/** What one process may take: the promise for conversions of any disk. */
const MOST_MIB = 300;
const TIMEOUT_MS = 30_000;
/** One of so many cases is run. */
const EVERY = 32;

const asProcess: RunCommand = async (argv) => {
  const peak = join(root, "peak");
  const child = spawn(process.execPath, ["--import", measure, command, ...argv], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, VMFERRY_TEST_PEAK: peak },
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString();
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), TIMEOUT_MS);
  const exitCode = await new Promise<number | null>((end) => child.on("close", end));
  clearTimeout(timer);
  assert.notEqual(exitCode, null, `it was killed after ${TIMEOUT_MS} ms`);
  const peakMiB = Number(readFileSync(peak, "utf8")) / 1024;
  assert.ok(peakMiB > 10 && peakMiB < MOST_MIB, `it took ${peakMiB.toFixed(0)} MiB`);
  return { exitCode, out, err };
};

const sample = hostileFamilies.flatMap(({ cases }) => cases).filter((_, i) => i % EVERY === 0);
for (const [i, attempt] of sample.entries()) {
  test(`as a process: ${attempt.tries}`, () => runCase(attempt, join(root, String(i)), asProcess));
}
