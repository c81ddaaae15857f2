/** Gives hostile inputs to commands and holds the outcome against the table, and against what holds for every input. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { defaultLimits } from "../../src/base/limits.js";
import { run } from "../../src/cli/program.js";
import { captureStreams } from "../support/streams.js";
import type { CommandName, HostileCase, HostileFamily, Outcome } from "./case.js";
import { ESCAPED } from "./families/names.js";
import { startWatch } from "./watch.js";

/** What one command may take of time, on a machine that does other work too. */
const MOST_MS = 20_000;
/** What the process may take of memory over all cases, Node.js and the test itself included. */
const MOST_MIB = 600;

/** What a command said. */
export interface Said {
  readonly exitCode: number | null;
  readonly out: string;
  readonly err: string;
}

/** Arguments by the name of the command. `IN` and `OUT` are filled in. */
const commandLines: Readonly<Record<CommandName, readonly string[]>> = {
  inspect: ["inspect", "IN"],
  validate: ["validate", "IN", "--ignore-config"],
  "validate --strict": ["validate", "IN", "--ignore-config", "--strict"],
  verify: ["verify", "IN"],
  unpack: ["unpack", "IN", "OUT"],
  pack: ["pack", "IN", "OUT.ova"],
  convert: ["convert", "IN", "OUT", "--to", "vmware", "--workers", "0"],
  "convert --to ova": ["convert", "IN", "OUT.ova", "--to", "ova", "--workers", "0"],
  "convert --to libvirt": ["convert", "IN", "OUT", "--to", "libvirt", "--workers", "0"],
  fix: ["fix", "IN", "OUT.ova", "--workers", "0"],
  "disk info": ["disk", "info", "IN"],
  "disk check": ["disk", "check", "IN"],
  "disk map": ["disk", "map", "IN"],
  "disk hash": ["disk", "hash", "IN", "--workers", "0"],
  "disk convert": ["disk", "convert", "IN", "OUT.raw", "--workers", "0"],
  "disk convert --to qcow2": ["disk", "convert", "IN", "OUT.qcow2", "--workers", "0"],
};

/** Runs a command line. */
export type RunCommand = (argv: readonly string[]) => Promise<Said>;

/** In this process. */
export const inProcess: RunCommand = async (argv) => {
  const streams = captureStreams();
  const exitCode = await run(argv, streams, new AbortController().signal);
  return { exitCode, out: streams.out(), err: streams.err() };
};

/** Makes a test of every case. */
export function testFamilies(families: readonly HostileFamily[], how: RunCommand = inProcess): void {
  const root = mkdtempSync(join(tmpdir(), "vmferry-hostile-"));
  const watch = startWatch();
  after(async () => {
    await watch.close();
    rmSync(root, { recursive: true, force: true });
  });
  for (const [i, attempt] of families.flatMap(({ cases }) => cases).entries()) {
    test(attempt.tries, async () => {
      watch.now(attempt.tries);
      await runCase(attempt, join(root, String(i)), how);
      watch.now(null);
    });
  }
  test("no case takes much memory", () => {
    const peakMiB = process.resourceUsage().maxRSS / 1024;
    assert.ok(peakMiB < MOST_MIB, `${peakMiB.toFixed(0)} MiB`);
  });
}

/** Gives the input of a case to each of its commands, once for JSON and once for people. */
export async function runCase(attempt: HostileCase, place: string, how: RunCommand): Promise<void> {
  const folder = join(place, "in");
  mkdirSync(folder, { recursive: true });
  const input = await attempt.lay(folder);
  const before = listing(place);
  const wrong: string[] = [];
  for (const [name, outcome] of Object.entries(attempt.runs) as [CommandName, Outcome][]) {
    for (const json of ["--json", null]) {
      const argv = argvOf(name, join(folder, input), join(place, "out"), attempt.options ?? [], json, folder);
      const startMs = performance.now();
      const said = await how(argv);
      const ms = performance.now() - startMs;
      try {
        judge(attempt, outcome, said, json !== null);
        assert.ok(ms < MOST_MS, `it took ${ms.toFixed(0)} ms`);
        checkPlace(place, before, said.exitCode ?? -1);
      } catch (error) {
        emptyDestination(place);
        wrong.push(
          `vmferry ${name}${json === null ? "" : " --json"}: ${error instanceof Error ? error.message : error}\n${said.err}`,
        );
      }
    }
  }
  rmSync(place, { recursive: true });
  if (wrong.length > 0) assert.fail(wrong.join("\n"));
}

function argvOf(
  name: CommandName,
  input: string,
  out: string,
  options: readonly string[],
  json: string | null,
  folder: string,
): string[] {
  const words = commandLines[name].map((word) => (word === "IN" ? input : word.replace(/^OUT/, out)));
  const more = options.map((word) => word.replaceAll("FOLDER", folder));
  return [...words, ...more, ...(json === null ? ["--no-color"] : [json])];
}

/** Every path below a folder. */
function listing(folder: string): string {
  return (readdirSync(folder, { recursive: true }) as string[]).sort().join("\n");
}

/** Nothing is beside the destination, nothing is left of what failed. Removes the destination. */
function checkPlace(place: string, before: string, exitCode: number): void {
  const results = resultsIn(place);
  if (exitCode > 1) assert.deepEqual(results, [], "something was left at the destination");
  emptyDestination(place);
  assert.equal(listing(place), before, "something was written outside of the destination");
  assert.throws(() => readFileSync(ESCAPED), { code: "ENOENT" }, "something was written elsewhere");
}

function resultsIn(place: string): string[] {
  return readdirSync(place).filter((name) => /^out(?:\.|$)/.test(name));
}

function emptyDestination(place: string): void {
  for (const name of resultsIn(place)) rmSync(join(place, name), { recursive: true });
}

interface Found {
  readonly code: string;
  readonly severity: string | null;
}

/** Objects with a code in a result: findings, and the error that ended a command. */
function codesIn(value: unknown): Found[] {
  if (Array.isArray(value)) return value.flatMap(codesIn);
  if (typeof value !== "object" || value === null) return [];
  const { code, severity } = value as { code?: unknown; severity?: unknown };
  const own = typeof code === "string" ? [{ code, severity: typeof severity === "string" ? severity : null }] : [];
  return [...own, ...Object.values(value).flatMap(codesIn)];
}

/** What steers a terminal: control characters, and those that turn the direction of text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the point
const STEERING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

/** Bounds that no option moves: what a number can hold, and the size of a file of sums. */
const FIXED = /certificates and sums are small|2\^53/;

function judge(attempt: HostileCase, outcome: Outcome, said: Said, json: boolean): void {
  const [exitCode, code] = typeof outcome === "number" ? [outcome, attempt.code] : outcome;
  const all = `${said.out}\n${said.err}`;
  assert.ok(!STEERING.test(all), `the output has control characters: ${JSON.stringify(STEERING.exec(all)?.[0])}`);
  assert.ok(!/^\s+at .+:\d+:\d+\)?$/m.test(all), "the output has a stack trace");
  if (json) {
    const found = codesIn(JSON.parse(said.out));
    const ended = found.filter(({ severity }) => severity === null).map((one) => one.code);
    const also: readonly string[] = attempt.also ?? [];
    const bad = found.filter(({ severity }) => severity === "error").map((one) => one.code);
    const errors = [...new Set(bad)].filter((one) => !also.includes(one));
    const mild = found.filter(({ severity }) => severity === "warning" || severity === "info").map((one) => one.code);
    const what = `exit ${said.exitCode}, ended by ${ended.join() || "nothing"}, errors ${errors.join() || "none"}`;
    const expected = `exit ${exitCode}, ended by ${exitCode > 1 ? code : "nothing"}, errors ${exitCode === 1 ? code : "none"}`;
    // What was reported on the way may be the same that ended the command.
    const told = [code, attempt.code].find((one) => exitCode > 1 && errors.join() === one);
    const seen = told === undefined ? what : what.replace(`errors ${told}`, "errors none");
    assert.ok(seen === expected, `${seen}, notes ${[...new Set(mild)].join()}; expected ${expected}`);
    if (exitCode === 0) assert.ok(mild.includes(code), `no ${code} among ${mild.join()}`);
    return;
  }
  assert.equal(said.exitCode, exitCode, said.out);
  if (/\/limit$/.test(code)) {
    assert.ok(Object.keys(defaultLimits).some((name) => all.includes(name)) || FIXED.test(all), "no limit is named");
  }
  if (exitCode > 1) {
    assert.match(said.err, new RegExp(`^error\\[${code}\\]: \\S`, "m"));
    assert.match(said.err, /^hint: \S/m, "there is no hint");
  }
}
