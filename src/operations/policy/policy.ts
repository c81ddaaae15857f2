/** Policies: what a package has to be before it is used here. */
import type { Diagnostic, DiagnosticCode, Severity } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import { printable } from "../../base/text.js";
import { fingerprintOf } from "../../package/trust/trust.js";
import { toDiagnosticResult, type VerifyResult } from "../../report/results.js";
import { severitiesIn } from "../config.js";
import { readYaml, type YamlReader } from "../yaml.js";
import type { PolicyFacts } from "./facts.js";
import type { FieldKind, FieldValues, NamedSigner, PolicyField, Violation } from "./field.js";
import { machineFields } from "./fields-machine.js";
import { packageFields } from "./fields-package.js";
import { trustFields } from "./fields-trust.js";

/** Every setting, in the order of the documentation. */
export const policyFields: readonly PolicyField[] = [...trustFields, ...packageFields, ...machineFields];

/** A policy that was read. */
export interface Policy {
  /** For people; the file's name where it has none. */
  readonly name: string;
  readonly file: string;
  /** Values by `group.key`. */
  readonly values: ReadonlyMap<string, FieldValues[FieldKind]>;
  /** How bad findings are, other than the program says: `off` and `warning` let something pass, `error` does not. */
  readonly findings: ReadonlyMap<DiagnosticCode, Severity | "off">;
}

/** What a package came to under a policy. */
export interface PolicyVerdict {
  readonly verdict: "accepted" | "refused";
  readonly findings: readonly Diagnostic[];
}

/** The one version of policies that there is. */
const VERSION = "1";
/** Violations of one setting that are told one by one. */
const MOST_TOLD = 20;

/**
 * Reads a policy. Nothing is guessed: what is not understood is refused with its place.
 * @param file how places call the file
 * @throws `config/bad-yaml`, `config/unknown-key`, `config/bad-value`, `config/unknown-code`
 */
export function parsePolicy(text: string, file: string): Policy {
  const yaml = readYaml(text, file, "policy: 1");
  const groups = new Map<string, PolicyField[]>();
  for (const field of policyFields) {
    const [group = ""] = field.key.split(".");
    groups.set(group, [...(groups.get(group) ?? []), field]);
  }
  const values = new Map<string, FieldValues[FieldKind]>();
  const known = ["policy", "name", ...groups.keys(), "findings"];
  const entries = yaml.contents === null ? [] : yaml.entries(yaml.contents, "the policy");
  let name = file;
  let version: string | null = null;
  let findings: Policy["findings"] = new Map();
  for (const [key, keyNode, node] of entries) {
    const fields = groups.get(key);
    if (key === "policy") version = yaml.oneOf(node, [VERSION]);
    else if (key === "name") name = textOf(yaml, node, key);
    else if (key === "findings") findings = severitiesIn(yaml, node, key);
    else if (fields === undefined) yaml.unknownKey(key, keyNode, known);
    else {
      const keys = fields.map((field) => field.key.slice(key.length + 1));
      for (const [inner, innerNode, value] of yaml.entries(node, key)) {
        const field = fields.find((one) => one.key === `${key}.${inner}`);
        if (field === undefined) yaml.unknownKey(inner, innerNode, keys);
        else values.set(field.key, fieldValue(yaml, field, value));
      }
    }
  }
  if (version === null)
    yaml.refuse("config/bad-value", "it does not begin as a policy", yaml.contents, "Its first line is `policy: 1`.");
  return { name, file, values, findings };
}

/**
 * Holds a package against a policy. Every finding says which setting it is about, in `data.key`.
 */
export async function judgePolicy(policy: Policy, facts: PolicyFacts): Promise<PolicyVerdict> {
  const findings: Diagnostic[] = [];
  for (const field of policyFields) {
    const value = policy.values.get(field.key);
    if (value === undefined || field.check === undefined) continue;
    // What the policy lets pass is not counted.
    const own: Diagnostic[] = [];
    for await (const violation of field.check(value as never, facts)) {
      own.push(...severed(diagnosticOf(violation, field, policy), policy.findings));
    }
    // The worst first, so that none of them is among those that are only counted.
    own.sort((a, b) => Number(b.severity === "error") - Number(a.severity === "error"));
    findings.push(...own.slice(0, MOST_TOLD));
    const [next] = own.slice(MOST_TOLD);
    if (next !== undefined) findings.push({ ...next, message: `${own.length - MOST_TOLD} more of this setting` });
  }
  return { verdict: findings.some(({ severity }) => severity === "error") ? "refused" : "accepted", findings };
}

/** A result of `verify` under a policy: its findings get the severities that the policy gives them, and the policy's own come after. */
export function underPolicy(result: VerifyResult, policy: Policy, verdict: PolicyVerdict | null): VerifyResult {
  const own = result.diagnostics.flatMap((finding) => severed(finding, policy.findings));
  const diagnostics = [...own, ...(verdict?.findings ?? []).map(toDiagnosticResult)];
  const accepted = verdict !== null && !diagnostics.some(({ severity }) => severity === "error");
  const { name, file } = policy;
  return { ...result, policy: { name, file, verdict: accepted ? "accepted" : "refused" }, diagnostics };
}

/** A finding with the severity that a policy gives its code, or that of the finding which led to it. */
function severed<T extends Pick<Diagnostic, "code" | "severity"> & { readonly data?: Diagnostic["data"] | null }>(
  finding: T,
  findings: Policy["findings"],
): readonly T[] {
  const of = finding.data?.finding;
  const severity =
    findings.get(finding.code) ?? (typeof of === "string" ? findings.get(of as DiagnosticCode) : undefined);
  if (severity === "off") return [];
  return [severity === undefined ? finding : { ...finding, severity }];
}

/** The error for a package that a policy keeps out. */
export function policyError(name: string, policy: Policy, findings: readonly Diagnostic[]): FerryError {
  const first = findings.find(({ severity }) => severity === "error");
  return new FerryError("policy/refused", `${name} is not used: ${first?.message ?? `${policy.name} refuses it`}`, {
    hint: `Look at it with vmferry verify --policy ${policy.file}.`,
    diagnostics: findings,
  });
}

function diagnosticOf({ code, message, data }: Violation, { key, what }: PolicyField, policy: Policy): Diagnostic {
  return {
    code,
    severity: "error",
    message: printable(message),
    hint: `${policy.file} says ${key}. ${what}`,
    data: { ...data, key },
  };
}

function textOf(yaml: YamlReader, node: unknown, key: string): string {
  return yaml.scalar(node) ?? yaml.refuse("config/bad-value", `${key} is no text`, node);
}

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

function fieldValue(yaml: YamlReader, field: PolicyField, node: unknown): FieldValues[FieldKind] {
  const { kind, choices, key, example } = field;
  const hint = `As in \`${key.replace(".", ": ")}: ${example.trim()}\`.`;
  switch (kind) {
    case "count": {
      const text = yaml.scalar(node) ?? "";
      if (/^\d{1,9}$/.test(text)) return Number(text);
      return yaml.refuse("config/bad-value", `${key} is no whole number`, node, hint);
    }
    case "size": {
      const [, digits = "", unit = ""] = /^(\d{1,12})\s*(?:([KMGT])(?:iB)?|B)?$/i.exec(yaml.scalar(node) ?? "") ?? [];
      const size = digits === "" ? Number.NaN : Number(digits) * (UNITS[unit.toUpperCase()] ?? 1);
      if (Number.isSafeInteger(size)) return size;
      return yaml.refuse("config/bad-value", `${key} is no size`, node, hint);
    }
    case "choice":
      return yaml.oneOf(node, choices ?? []);
    case "words":
      return yaml
        .list(node, key)
        .map((item) => (choices === undefined ? textOf(yaml, item, key) : yaml.oneOf(item, choices)));
    case "files":
      return yaml.list(node, key).map((item) => textOf(yaml, item, key));
    case "signers":
      return yaml.list(node, key).map((item) => signerOf(yaml, item, key));
    case "severities":
      return severitiesIn(yaml, node, key);
  }
}

function signerOf(yaml: YamlReader, node: unknown, key: string): NamedSigner {
  const alone = yaml.scalar(node);
  let name: string | null = null;
  let text = alone ?? "";
  if (alone === null) {
    for (const [inner, innerNode, value] of yaml.entries(node, `an entry of ${key}`)) {
      if (inner === "name") name = textOf(yaml, value, inner);
      else if (inner === "sha256") text = textOf(yaml, value, inner);
      else yaml.unknownKey(inner, innerNode, ["name", "sha256"]);
    }
  }
  const fingerprint = fingerprintOf(text);
  if (fingerprint !== null) return { name, fingerprint };
  return yaml.refuse(
    "config/bad-value",
    "a signer is known by the SHA-256 of the certificate",
    node,
    "It has 64 hexadecimal digits, colons between them or not.",
  );
}
