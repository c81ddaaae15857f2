import type { Diagnostic } from "../base/diagnostics.js";
import { printable } from "../base/text.js";

/** That a link leads out of the folder of a package or a machine. `error`: it was not followed. */
export function linkOutside(folder: string, name: string, outside: string, severity: "warning" | "error"): Diagnostic {
  return {
    code: "package/link-outside",
    severity,
    message: `'${printable(name)}' is a link to ${printable(outside)}, outside of the folder${severity === "error" ? ", and not followed" : ""}`,
    hint:
      severity === "error"
        ? "Put the file itself into the folder, or allow it: --allow-external."
        : "Look at where it leads if somebody else made the folder: the file becomes part of what is written.",
    location: { at: "member", file: folder, member: name },
    data: { outside },
  };
}
