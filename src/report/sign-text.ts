import { plural } from "../base/text.js";
import { renderFindings } from "./findings.js";
import { oneLine } from "./layout.js";
import type { Palette } from "./palette.js";
import type { SignResult } from "./results.js";

/** What was signed, or would be, and by whom. */
export function renderSign(result: SignResult, palette: Palette): string {
  const { applied, manifest, certificate, signer, files, diagnostics } = result;
  const how = manifest.reason === null ? "kept as it is" : `made anew: ${manifest.reason}`;
  const lines = [
    palette.title(oneLine(result.name)),
    `  manifest     ${oneLine(manifest.name)}: ${plural(files.length, "line")}, ${manifest.algorithms.join(", ")}, ${how}`,
    `  certificate  ${oneLine(certificate.name)}: ${certificate.algorithm}${certificate.replaced ? ", in place of the one that was there" : ""}`,
    `  signer       ${oneLine(signer.subject)}, until ${signer.notAfter}`,
    `  fingerprint  ${signer.fingerprint}`,
  ];
  if (diagnostics.length > 0) lines.push(...renderFindings(diagnostics, palette, "  "));
  lines.push(applied ? palette.good("signed") : "would be signed, nothing was written");
  return `${lines.join("\n")}\n`;
}
