import type { DiagnosticResult, SignerResult } from "./result-parts.js";

/** `vmferry edit --json`. */
export interface EditResult {
  readonly schema: "vmferry/edit@1";
  readonly name: string;
  /** Whether something was written: not by `--dry-run`. */
  readonly applied: boolean;
  /**
   * `copied`: to DEST in one pass. Where the package lies: `patched`, bytes of the archive through an undo journal; `replaced`, files of a
   * folder; `rewritten`, a new archive in the place of the old one, which takes as much space again for the time.
   */
  readonly way: "copied" | "patched" | "replaced" | "rewritten";
  /** What was edited, by the words of the options. */
  readonly changes: readonly { readonly edit: string; readonly subject: string; readonly detail: string }[];
  /** Files of the package that are others than before. Bytes; `null` where they are not known before they are written. */
  readonly files: readonly {
    readonly change: "edit" | "add" | "rewrite" | "drop";
    readonly name: string;
    readonly size: number | null;
  }[];
  readonly manifest: {
    readonly name: string;
    readonly action: "updated" | "made";
    /** Files whose old digests were taken over. */
    readonly kept: number;
    /** Whether those files were read and compared with their digests. */
    readonly checked: boolean;
  } | null;
  readonly signature: "made" | "dropped" | "none";
  readonly signer: SignerResult | null;
  /** The descriptor's changes as a unified diff, secrets hidden. */
  readonly diff: string;
  readonly diagnostics: readonly DiagnosticResult[];
}
