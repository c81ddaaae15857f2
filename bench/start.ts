/**
 * `npm run bench:start -- [--gib N] [--runs N] [--scratch FOLDER]`: an OVA with N GiB that no compression makes smaller is run with QEMU (`run --detach`), until
 * its monitor says *running*: never checked before, and with its check remembered. Prints the medians and all seconds.
 */
import { execFileSync } from "node:child_process";
import { randomFillSync } from "node:crypto";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { parseArgs } from "node:util";
import { measure, median } from "./measure.js";

const { values } = parseArgs({
  options: {
    gib: { type: "string", default: "2" },
    runs: { type: "string", default: "5" },
    scratch: { type: "string", default: tmpdir() },
  },
});
const PIECE = 2 ** 24;
const SPEC = `appliance: 1
name: large
machine: { os: debian12, memory: 256MiB, firmware: bios, drives: [noise.raw] }
`;

const scratch = mkdtempSync(path.join(values.scratch, "vmferry-bench-"));
const env = { XDG_STATE_HOME: path.join(scratch, "state") };
const ferry = [process.execPath, "dist/bin/vmferry.js"];
const call = (...words: readonly string[]): void => {
  const [program = "", ...args] = [...ferry, ...words];
  execFileSync(program, args, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "pipe"],
    timeout: 600_000,
  });
};

try {
  const noise = path.join(scratch, "noise.raw");
  writeNoise(noise, Number(values.gib) * 2 ** 30);
  writeFileSync(path.join(scratch, "large.yaml"), SPEC);
  const archive = path.join(scratch, "large.ova");
  call("build", path.join(scratch, "large.yaml"), archive, "--quiet");
  rmSync(noise);
  const checked = path.join(env.XDG_STATE_HOME, "vmferry", "intact");
  for (const [what, outputs] of [
    ["never checked", [checked]],
    ["check remembered", []],
  ] as const) {
    const seconds: number[] = [];
    for (let run = 0; run < Number(values.runs); run++) {
      const command = [...ferry, "run", archive, "--detach", "--name", "bench", "--quiet"];
      seconds.push((await measure({ command, env, outputs }, scratch)).wallSeconds);
      call("vm", "stop", "bench", "--timeout", "0");
      call("vm", "rm", "bench");
    }
    const all = seconds.map((one) => one.toFixed(2)).join(", ");
    console.log(`${values.gib} GiB, ${what}: ${median(seconds).toFixed(2)} s until the machine runs (${all})`);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function writeNoise(file: string, bytes: number): void {
  const out = openSync(file, "w");
  const piece = new Uint8Array(PIECE);
  for (let at = 0; at < bytes; at += PIECE) writeSync(out, randomFillSync(piece), 0, PIECE, at);
  closeSync(out);
}
