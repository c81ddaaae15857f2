import { formatBytes, plural } from "../base/text.js";
import { renderFindings } from "./findings.js";
import { columns, oneLine } from "./layout.js";
import type { Palette } from "./palette.js";
import type {
  DeployedMachineResult,
  DeploymentsResult,
  DeployResult,
  DeployStepResult,
  DriftResult,
} from "./results.js";

/** What is going to be deployed, or was. */
export function renderDeploy(result: DeployResult, palette: Palette): string {
  const lines = [palette.title(`${result.name} on ${oneLine(result.target)}`), ...machineLines(result.machines)];
  if (result.status === "planned") {
    lines.push("", palette.title("steps"), ...stepLines(result.steps));
    if (result.kept.length > 0) lines.push("", `kept as they are: ${oneLine(result.kept.join(", "))}`);
    lines.push("", `${formatBytes(result.bytes)} to upload`);
  }
  const findings = [...result.losses, ...result.diagnostics];
  if (findings.length > 0) lines.push("", ...renderFindings(findings, palette, "  "));
  if (result.status !== "planned") lines.push(palette.good(result.status));
  return `${lines.join("\n")}\n`;
}

/** Deployments. @param detail `steps`: with what each is made of */
export function renderDeployments(
  { deployments }: DeploymentsResult,
  detail: "steps" | "machines",
  palette: Palette,
): string {
  if (deployments.length === 0) return "no deployments\n";
  const lines = deployments.flatMap(({ name, target, source, status, machines, steps, upgrade }) => [
    palette.title(`${name}: ${status}`),
    `  ${oneLine(source)} on ${oneLine(target)}`,
    ...(upgrade === null ? [] : [`  upgrade to ${oneLine(upgrade.source)}: ${upgrade.status}`]),
    ...machineLines(machines),
    ...(detail === "steps" ? stepLines(steps) : []),
  ]);
  return `${lines.join("\n")}\n`;
}

/** What differs from what was deployed. */
export function renderDrift({ name, target, verdict, changes, gone, accepted }: DriftResult, palette: Palette): string {
  const lines = [
    palette.title(`${name} on ${oneLine(target)}`),
    ...changes.map(({ text }) => `  ${text}`),
    ...gone.map(({ text }) => `  gone: ${oneLine(text)}`),
  ];
  if (verdict === "same") lines.push(palette.good("as it was deployed"));
  else lines.push(`${plural(changes.length + gone.length, "difference")}${accepted ? ", accepted" : ""}`);
  return `${lines.join("\n")}\n`;
}

function machineLines(machines: readonly DeployedMachineResult[]): readonly string[] {
  const rows = machines.map(({ name, uuid, order, state, addresses }) => [
    oneLine(name),
    uuid,
    order === null ? "" : `order ${order}`,
    state ?? "",
    oneLine(addresses.join(", ")),
  ]);
  return columns(rows, "  ");
}

function stepLines(steps: readonly DeployStepResult[]): readonly string[] {
  return columns(
    steps.map(({ status, text }) => [status, oneLine(text)]),
    "  ",
  );
}
