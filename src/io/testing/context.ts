import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import { defaultLimits, type Limits } from "../../base/limits.js";
import { type Context, type Runtime, silentProgress } from "../context.js";

/** A context whose findings can be looked at. */
export interface TestContext extends Context {
  /** What was reported so far. */
  readonly findings: Diagnostic[];
  /** The codes of what was reported so far, in order. */
  codes(): string[];
}

/** What a test lends to the code under test. */
export interface TestContextOptions {
  readonly limits?: Partial<Limits>;
  readonly runtime?: Partial<Runtime>;
  readonly signal?: AbortSignal;
}

/**
 * A context for tests of the core: time stands still at 2026-01-01, random bytes are zeros, and whatever else of the
 * runtime a test does not give throws `internal/bug` when it is used.
 */
export function testContext(options: TestContextOptions = {}): TestContext {
  const findings: Diagnostic[] = [];
  return {
    findings,
    codes: () => findings.map((finding) => finding.code),
    signal: options.signal ?? new AbortController().signal,
    progress: silentProgress,
    limits: { ...defaultLimits, ...options.limits },
    runtime: runtimeOf(options.runtime ?? {}),
    report(diagnostic): void {
      findings.push(diagnostic);
    },
  };
}

/** Not a spread: that would call the getters. */
function runtimeOf(given: Partial<Runtime>): Runtime {
  const missing = (what: string): never => {
    throw new FerryError("internal/bug", `the test's runtime has no ${what}`);
  };
  return {
    get pool() {
      return given.pool ?? missing("pool");
    },
    get codec() {
      return given.codec ?? missing("codec");
    },
    hash: given.hash ?? (() => missing("hash")),
    keys: given.keys ?? { describe: () => missing("keys"), verify: () => missing("keys") },
    gunzip: given.gunzip ?? (() => missing("gunzip")),
    randomBytes: given.randomBytes ?? ((length) => new Uint8Array(length)),
    now: given.now ?? (() => new Date("2026-01-01T00:00:00Z")),
    scratch: given.scratch ?? (() => missing("scratch space")),
  };
}
