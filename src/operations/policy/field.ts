import type { DiagnosticCode, Severity } from "../../base/diagnostics.js";
import type { JsonValue } from "../../base/ids.js";
import type { PolicyFacts } from "./facts.js";

/** A signer whom a policy names. */
export interface NamedSigner {
  readonly name: string | null;
  /** SHA-256 of the certificate, lower-case hexadecimal. */
  readonly fingerprint: string;
}

/** What each kind of setting holds. Sizes are bytes. */
export interface FieldValues {
  readonly count: number;
  readonly size: number;
  readonly choice: string;
  readonly words: readonly string[];
  readonly files: readonly string[];
  readonly signers: readonly NamedSigner[];
  readonly severities: ReadonlyMap<DiagnosticCode, Severity | "off">;
}

/** The kinds of settings. */
export type FieldKind = keyof FieldValues;

/** Where a package falls short of one setting. */
export interface Violation {
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly data?: { readonly [key: string]: JsonValue };
}

/** One setting of a policy: its words, its reader and its check are this value. */
export interface PolicyField<K extends FieldKind = FieldKind> {
  /** `hardware.cpus`: group and key in the file. */
  readonly key: `${string}.${string}`;
  readonly kind: K;
  /** Words that are possible, for `choice` and `words`; left out: any. */
  readonly choices?: readonly string[];
  /** What it asks for, as a sentence. */
  readonly what: string;
  /** A value as it stands in a file. */
  readonly example: string;
  /** Left out for settings that others read: whom to trust. */
  check?(value: FieldValues[K], facts: PolicyFacts): Iterable<Violation> | AsyncIterable<Violation>;
}

/** Any setting, its kind forgotten. */
export type AnyPolicyField = PolicyField<never> | PolicyField;

/** Says what a setting is. */
export function defineField<K extends FieldKind>(field: PolicyField<K>): PolicyField {
  return field as unknown as PolicyField;
}

/** What is larger than it may be. @param what with its article: `the machine web` */
export function* atMost(
  actual: number,
  limit: number,
  what: string,
  unit: (value: number) => string,
): Iterable<Violation> {
  if (actual <= limit) return;
  yield {
    code: "policy/limit",
    message: `${what} ${unit(actual)}; at most ${unit(limit)} is allowed`,
    data: { limit, actual },
  };
}
