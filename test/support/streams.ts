import { PassThrough, Readable } from "node:stream";
import type { OutputStream, TerminalStreams } from "../../src/cli/terminal.js";

/** Streams that keep what is written, in place of those of the process. For tests. */
export interface CapturedStreams extends TerminalStreams {
  readonly stdin: Readable;
  out(): string;
  err(): string;
}

/** @param how `columns`: standard error is a terminal of that width */
export function captureStreams(
  how: { readonly columns?: number; readonly env?: Record<string, string> } = {},
): CapturedStreams {
  const [stdout, out] = capture();
  const [stderr, err] = capture(how.columns);
  return { stdout, stderr, stdin: Readable.from([]), env: how.env ?? {}, out, err };
}

function capture(columns?: number): [OutputStream, () => string] {
  const chunks: Buffer[] = [];
  const stream = new PassThrough();
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  const terminal = columns === undefined ? {} : { isTTY: true, columns };
  return [Object.assign(stream, terminal), () => Buffer.concat(chunks).toString()];
}
