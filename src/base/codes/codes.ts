import type { DiagnosticCode } from "../diagnostics.js";
import type { ErrorKind } from "../errors.js";
import { cliCodes } from "./cli.js";
import { diskCodes } from "./disk.js";
import { ioCodes } from "./io.js";
import { ovfCodes } from "./ovf.js";
import { packageCodes } from "./package.js";
import { platformCodes } from "./platforms.js";
import { runCodes } from "./run.js";
import { xmlCodes } from "./xml.js";

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

/** Every code that vmferry can report. A test compares it with the source and with the docs, both ways. */
export const codes: CodeTable = {
  ...cliCodes,
  ...runCodes,
  ...ioCodes,
  ...xmlCodes,
  ...diskCodes,
  ...packageCodes,
  ...ovfCodes,
  ...platformCodes,
};

/** The kind of a code that is thrown. Codes that are only findings, thrown by a strict parser, are `invalid-format`. */
export function errorKindOf(code: DiagnosticCode): ErrorKind {
  return codes[code]?.kind ?? "invalid-format";
}
