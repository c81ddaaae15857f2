import type { JsonValue } from "./ids.js";

/** How bad a finding is. `error`: the input falls short, exit code 1. */
export type Severity = "error" | "warning" | "info";

/** A section of a published specification. */
export interface SpecRef {
  readonly spec: string;
  readonly version: string;
  readonly section: string;
}

/** Where a finding is. Lines and columns count from 1, offsets are bytes from 0. */
export type Location =
  | {
      readonly at: "text";
      readonly file: string;
      readonly line: number;
      readonly column: number;
      readonly path?: string;
    }
  | {
      readonly at: "bytes";
      readonly file: string;
      readonly offset: number;
      readonly length?: number;
      readonly field?: string;
    }
  | { readonly at: "member"; readonly file: string; readonly member: string }
  | { readonly at: "remote"; readonly endpoint: string; readonly object?: string };

/** Codes are `area/what`. Every code in use is listed in `base/codes`. */
export type DiagnosticCode = `${string}/${string}`;

/**
 * A finding about the input. Findings accumulate; they are never thrown.
 * `message` says what happened with the values, `hint` what to do next.
 */
export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly severity: Severity;
  readonly message: string;
  readonly hint?: string;
  readonly spec?: SpecRef;
  readonly location?: Location;
  readonly related?: readonly { readonly message: string; readonly location: Location }[];
  /** The values in the message, for machines. */
  readonly data?: { readonly [key: string]: JsonValue };
}

/** A place in words: `app.ovf:12:5`, `disk.vmdk at byte 512 (gdOffset)`, `app.ova!disk.vmdk`. */
export function describeLocation(location: Location): string {
  switch (location.at) {
    case "text":
      return `${location.file}:${location.line}:${location.column}`;
    case "bytes":
      return `${location.file} at byte ${location.offset}${location.field === undefined ? "" : ` (${location.field})`}`;
    case "member":
      return `${location.file}!${location.member}`;
    case "remote":
      return location.object === undefined ? location.endpoint : `${location.endpoint} ${location.object}`;
  }
}
