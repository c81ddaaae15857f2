import { codes } from "../base/codes/all.js";
import { describeLocation } from "../base/diagnostics.js";
import { canceled, FerryError } from "../base/errors.js";
import { renderFindings } from "../report/findings.js";
import { renderJsonError } from "../report/json.js";
import { oneLine } from "../report/layout.js";
import type { Palette } from "../report/palette.js";
import { toDiagnosticResult } from "../report/results.js";
import { exitCodeOf } from "./exit-codes.js";
import type { Terminal } from "./terminal.js";

/** Any thrown value as the one error class. What is none of ours is a bug, except an abort. */
export function toFerryError(thrown: unknown, signal: AbortSignal): FerryError {
  if (thrown instanceof FerryError) return thrown;
  if (signal.aborted) return canceled(signal.reason);
  const message = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return new FerryError("internal/bug", message, {
    cause: thrown,
    hint: "This is a bug in vmferry. Report it with the command line; VMFERRY_DEBUG=1 shows where it happened.",
  });
}

/** The error with something to do about it: what its code says in general, where nothing better was said. An interruption needs nothing. */
function withHint(error: FerryError): FerryError {
  const hint = codes[error.code]?.fix;
  if (error.hint !== undefined || hint === undefined || error.kind === "canceled") return error;
  const { code, message, location, cause, diagnostics } = error;
  return new FerryError(code, message, { hint, cause, diagnostics, ...(location === undefined ? {} : { location }) });
}

/** An error in lines: what happened (where), each cause, the findings that led to it, and what to do. */
export function describeError(error: FerryError, palette: Palette): string[] {
  const where = error.location === undefined ? "" : ` (${oneLine(describeLocation(error.location))})`;
  const lines = [`${palette.error(`error[${error.code}]`)}: ${oneLine(error.message)}${where}`];
  if (error.code !== "internal/bug")
    lines.push(...causes(error).map((cause) => `  ${palette.dim("because:")} ${cause}`));
  lines.push(...renderFindings(error.diagnostics.map(toDiagnosticResult), palette, "  "));
  if (error.hint !== undefined) lines.push(`${palette.dim("hint:")} ${oneLine(error.hint)}`);
  return lines;
}

/** The messages of the causes, outermost first. A cause that says the same again is left out. */
function causes(error: FerryError): string[] {
  const messages: string[] = [];
  const seen = new Set<unknown>([error]);
  for (let cause = error.cause; cause instanceof Error && !seen.has(cause); cause = cause.cause) {
    seen.add(cause);
    const message = oneLine(cause.message);
    if (message !== "" && !messages.includes(message) && message !== error.message) messages.push(message);
  }
  return messages;
}

/** Prints an error the way that was asked for. Returns the exit code. */
export async function reportError(
  thrown: unknown,
  how: { readonly json: boolean; readonly debug: boolean; readonly signal: AbortSignal },
  terminal: Terminal,
): Promise<number> {
  const error = withHint(toFerryError(thrown, how.signal));
  if (how.json) await terminal.data(renderJsonError(error.toJSON()));
  for (const line of describeError(error, terminal.notePalette)) terminal.error(line);
  if (how.debug && thrown instanceof Error) terminal.error(thrown.stack ?? "");
  return exitCodeOf(error.kind);
}
