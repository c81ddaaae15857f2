/**
 * Runs the compiled tests and says in one last line how it went: `N passed, N failed, N skipped`.
 *
 *     node dist/scripts/run-tests.js [--peers] [PART...]
 *
 * Without options: every test of ours. `--peers`: those in test/interop, against other people's programs, whose versions
 * come first. PART narrows
 * it to the files whose path contains it. The sources decide what is run, so a compiled test whose source is gone never
 * is. A test without a word about why it is skipped has failed, and so has a file that holds no test, and a run of
 * nothing. Tests of ours get a folder for temporary files of their own: what they print and what they leave there is searched for the secrets that
 * they plant.
 */
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { run } from "node:test";
import { findPeer, PEER_NAMES } from "../test/interop/peers.js";
import { PROOFS_VARIABLE, SIZE_NAMES } from "../test/interop/proof.js";
import { INTEROP_PAGE, interopDifferences, parseProofs } from "./interop-render.js";
import { searchFolder, searchOutput } from "./secret-search.js";
import { FileReport, isResult, TestReport } from "./test-report.js";
import { readText, readTree } from "./tree.js";

/** The limit for one file; tests inside set their own, shorter ones where they start programs. */
const FILE_MINUTES = { own: 4, peers: 10 };
/** Programs of others wait for each other, and for disks, half of the time. */
const FILES_AT_ONCE = { own: 3, peers: 4 };
const PEER_FOLDER = "test/interop/";

/** The compiled files of the tests with or without peers, narrowed to those whose path contains one of the parts. */
function testFiles(peers: boolean, parts: readonly string[]): string[] {
  const sources = ["src", "test"].flatMap((folder) => [...readTree(folder, ".test.ts").keys()]);
  return sources
    .filter((source) => source.startsWith(PEER_FOLDER) === peers)
    .filter((source) => parts.length === 0 || parts.some((part) => source.includes(part)))
    .map((source) => `dist/${source.replace(/\.ts$/, ".js")}`);
}

/** Runs them all and prints as they end. */
async function runFiles(files: readonly string[], minutes: number, atOnce: number): Promise<TestReport> {
  const report = new TestReport();
  const stream = run({
    files: files.map((file) => resolve(file)),
    concurrency: atOnce,
    timeout: minutes * 60_000,
  });
  let current = new FileReport("");
  for await (const event of stream) {
    if (event.type === "test:stderr" || event.type === "test:stdout") process.stderr.write(event.data.message);
    // The runner sends these file by file, others as they happen.
    if (!isResult(event) || event.data.file === undefined) continue;
    if (current.path !== event.data.file) {
      if (current.path !== "") report.close(current);
      current = new FileReport(event.data.file);
    }
    current.take(event);
  }
  if (current.path !== "") report.close(current);
  return report;
}

/** Whether the page of what programs were seen to agree says what was proven. Of a part of the tests it cannot be asked. */
function checkPage(proven: string): boolean {
  if (parts.length > 0 || !existsSync(proven)) return true;
  const differences = interopDifferences(
    readText(INTEROP_PAGE) ?? "",
    parseProofs(readFileSync(proven, "utf8")),
    SIZE_NAMES,
  );
  for (const difference of differences) console.error(difference);
  if (differences.length > 0) {
    const kept = "interop-proofs.jsonl";
    copyFileSync(proven, kept);
    console.error(`${INTEROP_PAGE} differs: run \`node dist/scripts/gen-interop.js ${kept}\``);
  }
  return differences.length === 0;
}

const args = process.argv.slice(2);
const withPeers = args.includes("--peers");
const parts = args.filter((arg) => !arg.startsWith("--"));
const files = testFiles(withPeers, parts);
const uncompiled = files.filter((file) => !existsSync(file));
if (uncompiled.length > 0) {
  console.error(`not compiled, run the build first: ${uncompiled.join(", ")}`);
  process.exit(1);
}
if (withPeers) {
  const peers = await Promise.all(PEER_NAMES.map(async (name) => ({ name, peer: await findPeer(name) })));
  for (const { name, peer } of peers) console.log(typeof peer === "string" ? peer : `${name} ${peer.version}`);
  console.log("");
}
// Programs of others keep sockets and settings by the usual one.
const temporary = withPeers ? null : mkdtempSync(join(tmpdir(), "vmferry-run-"));
if (temporary !== null) process.env.TMPDIR = temporary;
const printed = [searchOutput(process.stdout), searchOutput(process.stderr)];
const proofs = withPeers ? mkdtempSync(join(tmpdir(), "vmferry-proofs-")) : null;
const proven = proofs === null ? null : join(proofs, "proofs.jsonl");
if (proven !== null) process.env[PROOFS_VARIABLE] = proven;
const kind = withPeers ? "peers" : "own";
const report = await runFiles(files, FILE_MINUTES[kind], FILES_AT_ONCE[kind]);
const pageHolds = proven === null || checkPage(proven);
if (proofs !== null) rmSync(proofs, { recursive: true });
const leaks = [...printed.flat(), ...(temporary === null ? [] : searchFolder(temporary))];
for (const leak of leaks) console.error(leak);
if (temporary !== null) rmSync(temporary, { recursive: true, force: true });
console.log(report.summary());
process.exit(report.ok && pageHolds && leaks.length === 0 ? 0 : 1);
