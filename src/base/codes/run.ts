import type { CodeTable } from "./codes.js";

/** What can go wrong with a run as a whole. */
export const runCodes: CodeTable = {
  "run/canceled": {
    kind: "canceled",
    what: "The run was interrupted.",
    why: "Ctrl-C or an abort signal stopped it. All partial output was removed.",
    fix: "Start it again; nothing has to be cleaned up first.",
  },
  "run/worker-failed": {
    kind: "internal",
    what: "A worker thread ended unexpectedly.",
    why: "The thread crashed or ran out of memory, so its part of the work is lost.",
    fix: "Run again with fewer workers (`--workers 1`); if it stays, report it with the command line.",
  },
  "internal/unreachable": {
    kind: "internal",
    what: "The program reached a place that its types rule out.",
    why: "This is a bug in vmferry.",
    fix: "Report it with the command line and, if you can, the input.",
  },
  "internal/rule-failed": {
    what: "A rule of the validator failed.",
    why: "This is a bug in vmferry: the package was not held against that rule.",
    fix: "Report it with the descriptor.",
  },
  "internal/bug": {
    kind: "internal",
    what: "An internal assumption did not hold.",
    why: "This is a bug in vmferry.",
    fix: "Report it with the command line and, if you can, the input.",
  },
  "run/no-system-trust": {
    kind: "not-found",
    what: "The authorities that this system trusts were not found.",
    why: "`--system-trust` looks at `SSL_CERT_FILE`, at the system's store where Node.js can ask it, and at the places where Linux distributions keep it.",
    fix: "Install the package `ca-certificates`, or name a file with `SSL_CERT_FILE` or `--trust`.",
  },
};
