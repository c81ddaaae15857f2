import type { DiagnosticCode } from "../diagnostics.js";

/** A dozen stable kinds, for control flow. The exact reason is the `code`. */
export type ErrorKind =
  | "usage"
  | "not-found"
  | "io"
  | "remote"
  | "invalid-format"
  | "unsupported-feature"
  | "corrupt"
  | "out-of-bounds"
  | "limit-exceeded"
  | "integrity"
  | "untrusted"
  | "canceled"
  | "internal";

/**
 * What a code means. `kind` is set for codes that are thrown; findings have none.
 * `what`, `why` and `fix` feed `docs/reference/codes.md` (and later `vmferry explain`).
 */
export interface CodeEntry {
  readonly kind?: ErrorKind;
  readonly what: string;
  readonly why: string;
  readonly fix: string;
}

/** Codes of one area, by `area/what`. */
export type CodeTable = { readonly [code: DiagnosticCode]: CodeEntry };

/** What to do about a damaged image, in the words of every format. */
export const DAMAGED = "Verify the package; fetch the file again and compare its size with the manifest.";
