import { oneLine, wrap } from "./layout.js";
import type { Palette } from "./palette.js";
import type { ExplainedCode, ExplainedMessage, ExplainResult } from "./results.js";

/** Columns of a paragraph: more are hard to read. */
const WIDTH = 96;

/** Names of programs for people. */
const PROGRAMS: Readonly<Record<string, string>> = {
  vmware: "VMware (ovftool, vSphere, ESXi, Workstation, Fusion)",
  virtualbox: "VirtualBox",
  "virt-v2v": "virt-v2v",
  proxmox: "Proxmox VE",
};

/** What codes and messages mean: for each what is the matter, why it matters, what to do, and on what it rests. */
export function renderExplain(result: ExplainResult, palette: Palette): string {
  const blocks = [
    ...result.messages.map((message) => messageLines(message, palette)),
    ...result.codes.map((code) => codeLines(code, palette)),
  ];
  return `${blocks.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function codeLines(code: ExplainedCode, palette: Palette): string[] {
  const lines = [`${palette.title(code.code)}  ${palette.dim(roleOf(code))}`, "", ...wrap(code.what, WIDTH, "  ")];
  lines.push("", `  ${palette.dim("why")}`, ...wrap(code.why, WIDTH, "  "));
  lines.push("", `  ${palette.dim("what to do")}`, ...wrap(code.fix, WIDTH, "  "));
  if (code.mends) lines.push(...wrap("`vmferry fix` mends it where there is one right answer.", WIDTH, "  "));
  const rests: string[] = [];
  if (code.spec !== null) rests.push(`${code.spec.spec} ${code.spec.version}, section ${code.spec.section}`);
  if (code.requirements.length > 0) rests.push(code.requirements.join(", "));
  if (rests.length > 0) lines.push("", `  ${palette.dim("rests on")}`, ...wrap(rests.join(": "), WIDTH, "  "));
  if (code.targets !== null) lines.push("", `  ${palette.dim("for")}`, ...wrap(code.targets.join(", "), WIDTH, "  "));
  if (code.example !== null) {
    const { invalid, valid } = code.example;
    const part = (mark: string, xml: string): string[] =>
      xml === ""
        ? [`  ${mark} ${palette.dim("(nothing)")}`]
        : xml.split("\n").map((line) => `  ${mark} ${oneLine(line)}`);
    lines.push("", `  ${palette.dim("wrong")}`, ...part(palette.error("-"), invalid));
    lines.push("", `  ${palette.dim("right")}`, ...part(palette.good("+"), valid));
  }
  return lines;
}

/** What kind of thing a code is, and how bad. */
function roleOf({ kind, severity, strict }: ExplainedCode): string {
  if (kind !== null) return `an error that ends a run (${kind})`;
  if (severity === null && strict === null) return "a finding";
  if (severity === null) return `a finding, under --strict of severity ${strict}`;
  const words = { error: "an error", warning: "a warning", info: "a remark", off: "not looked for" };
  if (severity === strict) return `${words[severity]}, also under --strict`;
  return `${words[severity]} by default, ${words[strict ?? "off"]} under --strict`;
}

function messageLines(message: ExplainedMessage, palette: Palette): string[] {
  const lines = [
    palette.title(oneLine(message.says)),
    `  ${palette.dim(`says ${PROGRAMS[message.program] ?? message.program}`)}`,
  ];
  lines.push("", ...wrap(oneLine(message.means), WIDTH, "  "));
  lines.push("", `  ${palette.dim("what to do")}`, ...wrap(oneLine(message.fix), WIDTH, "  "));
  for (const command of message.commands) lines.push(`    $ ${command}`);
  const more: string[] = [];
  if (message.codes.length > 0) more.push(`explain ${message.codes.join(", ")} says more`);
  if (message.seen.length > 0) more.push(`reported in ${message.seen.join(", ")}`);
  if (more.length > 0) lines.push("", ...wrap(more.join("; "), WIDTH, "  ").map((line) => palette.dim(line)));
  return lines;
}
