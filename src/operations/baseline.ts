import { FerryError } from "../base/errors.js";
import type { BaselineResult, DiagnosticResult } from "../report/results.js";

/** Bytes of a baseline: findings of very many packages. */
export const MOST_BASELINE_BYTES: number = 32 * 1024 * 1024;

/** Findings with what tells each apart. */
export interface MarkedFinding {
  readonly fingerprint: string;
  readonly diagnostic: DiagnosticResult;
}

/** A baseline of findings, in a fixed order: the file changes only where the findings do. */
export function toBaseline(findings: readonly MarkedFinding[]): BaselineResult {
  const unique = new Map(findings.map((finding) => [finding.fingerprint, finding]));
  return {
    schema: "vmferry/baseline@1",
    findings: [...unique.values()]
      .map(({ fingerprint, diagnostic: { code, message } }) => ({ fingerprint, code, message }))
      .sort((a, b) => (a.code < b.code ? -1 : a.code > b.code ? 1 : a.fingerprint < b.fingerprint ? -1 : 1)),
  };
}

/**
 * The fingerprints in a baseline.
 * @param name how errors call the file
 * @throws `config/bad-baseline`
 */
export function parseBaseline(text: string, name: string): ReadonlySet<string> {
  const refuse = (what: string, cause?: unknown): never => {
    throw new FerryError("config/bad-baseline", `${name} ${what}`, {
      hint: "Make it anew: `vmferry validate SRC... --write-baseline FILE`.",
      ...(cause === undefined ? {} : { cause }),
    });
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    return refuse("is no JSON", cause);
  }
  const { schema, findings } = (value ?? {}) as { readonly schema?: unknown; readonly findings?: unknown };
  if (schema !== "vmferry/baseline@1") return refuse("is no baseline of vmferry");
  if (!Array.isArray(findings)) return refuse("has no list of findings");
  return new Set(
    findings.map((finding: unknown, i) => {
      const { fingerprint } = (finding ?? {}) as { readonly fingerprint?: unknown };
      if (typeof fingerprint === "string" && /^[0-9a-f]{32}$/.test(fingerprint)) return fingerprint;
      return refuse(`has no fingerprint in finding ${i + 1}`);
    }),
  );
}
