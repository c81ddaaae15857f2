/** Another Node.js: the npm package `node@24`, fetched once into a folder outside of the project. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { attempt } from "./run.js";

/** Milliseconds that fetching it may take. */
const FETCH_LIMIT = 120_000;

let found: Promise<{ readonly path: string } | string> | null = null;

/** The program, or why it cannot be had. */
export function findNode24(): Promise<{ readonly path: string } | string> {
  found ??= look();
  return found;
}

async function look(): Promise<{ readonly path: string } | string> {
  const folder = process.env.VMFERRY_NODE24 ?? join(tmpdir(), "vmferry-node-24");
  const path = join(folder, "node_modules", "node", "bin", "node");
  if (await runs(path)) return { path };
  const argv = ["install", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts=false", "node@24"];
  const ran = await attempt("npm", argv, { timeout: FETCH_LIMIT }).catch(() => null);
  if (await runs(path)) return { path };
  const said = ran === null ? "npm does not run" : (ran.stderr.trim().split("\n").at(-1) ?? "");
  return `Node.js 24 cannot be had from npm: ${said}`;
}

async function runs(path: string): Promise<boolean> {
  const ran = await attempt(path, ["--version"], { timeout: 10_000 }).catch(() => null);
  return ran?.status === 0 && ran.stdout.startsWith("v24.");
}
