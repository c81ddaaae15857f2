/** What parsers and the check of digests report by themselves, and rules do not say again. */
import type { Diagnostic, DiagnosticCode, Severity } from "../base/diagnostics.js";

/** How the standard sees a finding that is no rule's. */
interface Reported {
  /** Ids of the requirements in the list of normative statements that it is about. */
  readonly requirements: readonly string[];
  /** The standard's severity; by the finding where it depends. */
  readonly strict: Severity | ((finding: Diagnostic) => Severity);
}

/** Spellings that are within the grammar of manifests (it allows blanks), and those that are but untidy. The others break it. */
const SPELLINGS: Readonly<Record<string, Severity>> = {
  spaces: "info",
  "no-space": "info",
  crlf: "warning",
  token: "warning",
  "upper-case": "warning",
};

/** By code. */
export const reported: { readonly [code: DiagnosticCode]: Reported } = {
  "xml/undeclared-prefix": { requirements: [], strict: "error" },
  "ovf/unknown-namespace": { requirements: [], strict: "error" },
  "package/no-descriptor": { requirements: ["OVF-5.1-1"], strict: "error" },
  "package/many-descriptors": { requirements: ["OVF-5.1-1"], strict: "error" },
  "package/stray-manifest": {
    requirements: ["OVF-5.1-2", "OVF-5.1-3", "OVF-5.1-8", "OVF-5.1-9?", "OVF-5.1-26", "OVF-5.1-27?", "OVF-5.1-38?"],
    strict: "warning",
  },
  "package/outside-reference": {
    requirements: ["OVF-5.3-6", "OVF-5.3-8", "OVF-5.4-2", "OVF-7.1-6", "OVF-7.1-7"],
    strict: "error",
  },
  "package/missing-file": { requirements: ["OVF-5.3-6", "OVF-7.1-8"], strict: "error" },
  "package/size-differs": { requirements: ["OVF-7.1-12?", "OVF-7.1-13", "OVF-7.1-26?"], strict: "error" },
  "package/missing-chunk": { requirements: ["OVF-7.1-22"], strict: "error" },
  "package/chunk-size": { requirements: ["OVF-7.1-20"], strict: "error" },
  "package/duplicate-name": { requirements: ["OVF-5.3-9"], strict: "error" },
  "package/unsafe-name": { requirements: ["OVF-5.3-8"], strict: "error" },
  "tar/unsupported-member": { requirements: ["OVF-5.3-18?"], strict: "error" },
  "manifest/odd-spelling": {
    requirements: ["OVF-5.1-13", "OVF-5.1-14", "OVF-5.1-15", "OVF-5.1-17"],
    strict: ({ data }) => SPELLINGS[String(data?.oddity)] ?? "error",
  },
  "manifest/bad-line": { requirements: ["OVF-5.1-13"], strict: "error" },
  "manifest/unknown-algorithm": { requirements: ["OVF-5.1-13"], strict: "error" },
  "manifest/bad-digest": { requirements: ["OVF-5.1-16"], strict: "error" },
  "manifest/digest-mismatch": { requirements: ["OVF-5.1-18", "OVF-5.1-24?"], strict: "error" },
  "manifest/missing-file": { requirements: ["OVF-5.1-18", "OVF-5.1-23?"], strict: "error" },
  "manifest/not-covered": {
    requirements: ["OVF-5.1-19", "OVF-5.1-20"],
    // That the descriptor is listed too is what everybody does, and what no sentence asks for.
    strict: ({ data }) => (data?.role === "descriptor" ? "warning" : "error"),
  },
  "manifest/duplicate-entry": {
    requirements: ["OVF-5.1-22?"],
    strict: ({ severity }) => severity,
  },
  "signature/mismatch": { requirements: ["OVF-5.1-32", "OVF-5.1-34"], strict: "error" },
  "signature/other-content": { requirements: ["OVF-5.1-32", "OVF-5.1-34"], strict: "error" },
  "signer/expired": { requirements: ["OVF-5.1-35"], strict: "warning" },
  "signer/not-yet-valid": { requirements: ["OVF-5.1-35"], strict: "warning" },
  "signer/wrong-usage": { requirements: ["OVF-5.1-35"], strict: "warning" },
  "signer/bad-signature": { requirements: ["OVF-5.1-35"], strict: "error" },
  "manifest/lists-itself": { requirements: ["OVF-5.1-21?"], strict: "error" },
};

/** A finding that is no rule's, as the standard to the letter sees it. */
export function strictly(finding: Diagnostic): Diagnostic {
  const entry = reported[finding.code];
  if (entry === undefined || finding.severity === "error") return finding;
  const { strict } = entry;
  return { ...finding, severity: typeof strict === "function" ? strict(finding) : strict };
}
