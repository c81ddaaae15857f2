import type { CodeTable } from "./codes.js";

/** Disks that are served to other programs. */
export const serveCodes: CodeTable = {
  "serve/no-address": {
    kind: "io",
    what: "A server cannot listen where it was told to.",
    why: "The port or the socket is in use, its folder is not there or may not be written, or the path is longer than a socket's may be.",
    fix: "Choose another port or path, or leave it to vmferry: without --socket and --port a socket is made in a folder of its own.",
  },
};
