/** Results for people: plain lines, aligned, in the words of the JSON contract. Names from input are made printable. */
import { formatBytes, plural } from "../base/text.js";
import { renderAudit } from "./audit-text.js";
import { countFindings, renderFindings } from "./findings.js";
import { hashLabel } from "./inspect-text.js";
import { columns, facts, oneLine } from "./layout.js";
import type { Palette } from "./palette.js";
import type {
  CompareResult,
  ConvertResult,
  DiskResult,
  HashResult,
  PlanResult,
  PlanStep,
  VerifiedFile,
  VerifyResult,
} from "./results.js";

export { renderFindings } from "./findings.js";
export { renderInspect } from "./inspect-text.js";

/** Whether a package is what its manifest says. `name`: the package. */
export function renderVerify(name: string, result: VerifyResult, palette: Palette): string {
  const rows = result.files.map((file) => {
    const word = file.ok ? palette.good("ok") : palette.error(file.actual === null ? "missing" : "altered");
    return [word, hashLabel(file.algorithm), oneLine(file.name)];
  });
  const lines = [palette.title(oneLine(name))];
  for (const [i, line] of columns(rows, "  ").entries()) {
    lines.push(line, ...differing(result.files[i], palette));
  }
  lines.push(...signerLines(result, palette), ...renderFindings(result.diagnostics, palette, "  "));
  const paint = { intact: palette.good, altered: palette.error, unverifiable: palette.warning }[result.verdict];
  const parts = [paint(result.verdict), describeSignature(result)];
  const { policy, audit } = result;
  if (audit !== null) lines.push(...renderAudit(audit, palette));
  if (policy !== null) {
    const word = policy.verdict === "accepted" ? palette.good("accepted") : palette.error("refused");
    lines.push(`${word} by ${oneLine(policy.name)}`);
  }
  lines.push(`${parts.join(", ")}: ${countFiles(result.files)}`);
  return `${lines.join("\n")}\n`;
}

function differing(file: VerifiedFile | undefined, palette: Palette): string[] {
  if (file === undefined || file.ok || file.actual === null) return [];
  return facts(
    [
      ["expected", file.expected],
      ["actual", file.actual],
    ],
    "    ",
    palette,
  );
}

function signerLines({ signer }: VerifyResult, palette: Palette): string[] {
  if (signer === null) return [];
  return facts(
    [
      ["signer", oneLine(signer.subject)],
      ["issuer", oneLine(signer.issuer)],
      ["valid until", signer.notAfter],
      ["SHA-256", signer.fingerprint],
    ],
    "  ",
    palette,
  );
}

function describeSignature(result: VerifyResult): string {
  if (result.signer === null) return result.signed;
  return `${result.signed} signature of ${oneLine(result.signer.subject)}`;
}

function countFiles(files: readonly VerifiedFile[]): string {
  if (files.length === 0) return "nothing to compare with";
  const wrong = files.filter((file) => !file.ok).length;
  const checked = `${plural(files.length, "file")} checked`;
  return wrong === 0 ? checked : `${checked}, ${wrong} wrong`;
}

/** One disk. `name`: its file. */
export function renderDisk(name: string, result: DiskResult, palette: Palette): string {
  const share = result.capacityBytes === 0 ? 0 : Math.round((100 * result.allocatedBytes) / result.capacityBytes);
  const { parent } = result;
  const pairs: [string, string | null][] = [
    ["format", `${result.format} ${oneLine(result.variant)}`],
    ["capacity", exactBytes(result.capacityBytes)],
    ["allocated", `${formatBytes(result.allocatedBytes)} (${share} %)`],
    ["file", exactBytes(result.fileBytes)],
    ["block", result.blockBytes === 0 ? null : formatBytes(result.blockBytes)],
    ["parent", parent === null ? null : oneLine(parent.name ?? parent.identity ?? "(unnamed)")],
    ["identity", result.identity === null ? null : oneLine(result.identity)],
  ];
  const own = Object.entries(result.properties).map(([key, value]): [string, string] => [
    oneLine(key),
    oneLine(typeof value === "string" ? value : JSON.stringify(value)),
  ]);
  const shown = own.filter(([, value]) => value !== "");
  const lines = [palette.title(oneLine(name)), ...facts([...pairs, ...shown], "  ", palette)];
  lines.push(...renderFindings(result.diagnostics, palette, "  "));
  return `${lines.join("\n")}\n`;
}

/** What a conversion would do. */
export function renderPlan(result: PlanResult, palette: Palette): string {
  const lines = [palette.title("plan"), ...stepLines(result.steps)];
  if (result.losses.length > 0) {
    lines.push("", palette.title("what changes on the way"), ...renderFindings(result.losses, palette, "  "));
  }
  lines.push("", palette.title("files"), ...fileLines(result.files));
  const sizes = result.files.map((file) => file.size);
  const known = sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
  lines.push(
    "",
    `${plural(result.files.length, "file")}, ${sizes.includes(null) ? "at least " : ""}${formatBytes(known)}`,
  );
  return `${lines.join("\n")}\n`;
}

/** What a conversion did. `dest`: where its files are. */
export function renderConvert(dest: string, result: ConvertResult, palette: Palette): string {
  const lines = [palette.title(oneLine(dest)), ...fileLines(result.files)];
  lines.push(...renderFindings([...result.losses, ...result.diagnostics], palette, "  "));
  const integrity = {
    intact: palette.good("source intact"),
    unverifiable: palette.warning("source has no manifest"),
    unchecked: palette.warning("source not checked"),
  };
  const parts = ["done"];
  if (result.integrity !== null) parts.push(integrity[result.integrity]);
  if (result.proof !== null) {
    const equal = result.proof.every((disk) => disk.equal);
    const disks = plural(result.proof.length, "disk");
    parts.push(equal ? palette.good(`${disks} proven equal`) : palette.error("a disk differs from its source"));
  }
  const counts = countFindings([...result.losses, ...result.diagnostics]);
  if (counts !== null) parts.push(counts);
  if (result.codec !== null) parts.push(`codec ${result.codec}`);
  if (result.threads !== null) parts.push(plural(result.threads, "thread"));
  lines.push(parts.join(", "));
  return `${lines.join("\n")}\n`;
}

/** Whether two disks read the same. */
export function renderCompare(result: CompareResult, palette: Palette): string {
  const sides = [result.a, result.b].map((side) => [
    oneLine(side.name),
    `${side.format} ${oneLine(side.variant)}`,
    exactBytes(side.capacityBytes),
  ]);
  const lines = [...columns(sides, "  "), ...renderFindings(result.diagnostics, palette, "  ")];
  if (result.verdict === "equal") {
    const tail = result.a.capacityBytes === result.b.capacityBytes ? "" : ", and the longer one ends in zeros";
    lines.push(`${palette.good("equal")}: the guest reads the same${tail}`);
  } else {
    const at = result.firstDifference;
    const where =
      at === null ? "the capacities differ" : `the first difference is at byte ${at} (sector ${Math.floor(at / 512)})`;
    lines.push(`${palette.error("different")}: ${where}`);
  }
  return `${lines.join("\n")}\n`;
}

/** Like `sha256sum`: digest, two spaces, name. */
export function renderHash(result: HashResult): string {
  return `${result.digest}  ${oneLine(result.name)}\n`;
}

function stepLines(steps: readonly PlanStep[]): string[] {
  return columns(
    steps.map((step) => [step.action, oneLine(step.subject), oneLine(step.detail)]),
    "  ",
  );
}

function fileLines(files: PlanResult["files"]): string[] {
  return columns(
    files.map((file) => [
      oneLine(file.name),
      file.size === null ? "size unknown until written" : formatBytes(file.size),
    ]),
    "  ",
  );
}

function exactBytes(bytes: number): string {
  return bytes < 1024 ? `${bytes} B` : `${formatBytes(bytes)} (${bytes} bytes)`;
}
