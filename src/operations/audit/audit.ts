/** What a package of a stranger asks for, would do, and brings along: in words, for people and for policies. */
import type { Diagnostic } from "../../base/diagnostics.js";
import type { Context } from "../../io/context.js";
import { type Trust, trustNobody } from "../../package/trust/trust.js";
import type { AuditResult } from "../../report/results.js";
import { toDiagnosticResult } from "../../report/results.js";
import { packageFiles } from "../../rules/files.js";
import type { OpenedPackage } from "../open.js";
import { checkSignature } from "../sign/signature.js";
import { type AuditCheck, type AuditFacts, findingsOf } from "./check.js";
import { configurationChecks } from "./configuration.js";
import { deviceChecks } from "./devices.js";
import { packageChecks } from "./package.js";
import { outlooksOf, type PlatformOutlook } from "./platforms.js";
import { propertyChecks } from "./properties.js";

/** Every check. */
export const auditChecks: readonly AuditCheck[] = [
  ...propertyChecks,
  ...deviceChecks,
  ...configurationChecks,
  ...packageChecks,
];

/** What an audit came to. */
export interface Audit {
  readonly asks: AuditResult["asks"];
  /** `null`: not tried. */
  readonly platforms: readonly PlatformOutlook[] | null;
  /** What deserves a look. Never errors: an audit describes. */
  readonly findings: readonly Diagnostic[];
}

/**
 * Looks at a package: at its descriptor, the names of its files and its certificate. No disk is opened.
 * @throws where the descriptor cannot be understood at all, and what reading throws
 */
export async function auditPackage(opened: OpenedPackage, ctx: Context, trust: Trust = trustNobody): Promise<Audit> {
  const { reader, document } = opened;
  const silent: Context = { ...ctx, report: () => {} };
  const appliance = opened.appliance({}, silent);
  const signature = await checkSignature(reader, trust, ctx);
  const findings = auditFindings({ reader, document, appliance, signature });
  const networks = new Set(appliance.machines.flatMap(({ nics }) => nics.flatMap(({ network }) => network ?? [])));
  const subject = { package: reader, files: packageFiles(reader, ctx), document, appliance: () => appliance };
  return {
    asks: {
      machines: appliance.machines.length,
      cpus: appliance.machines.reduce((sum, { cpu }) => sum + cpu.count, 0),
      memoryBytes: appliance.machines.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
      disks: appliance.disks.length,
      capacityBytes: appliance.disks.reduce((sum, { capacityBytes }) => sum + capacityBytes, 0),
      networks: [...networks],
      firmware: [...new Set(appliance.machines.map(({ firmware }) => firmware))],
    },
    platforms: await outlooksOf(subject, appliance, ctx),
    findings,
  };
}

/** What deserves a look, alone. */
export function auditFindings(known: Omit<AuditFacts, "contents" | "products" | "properties">): readonly Diagnostic[] {
  const { document } = known;
  const contents = [...document.envelope.descendants()];
  const products = [...document.products, ...contents.flatMap((content) => content.products)];
  const facts = { ...known, contents, products, properties: products.flatMap(({ properties }) => properties) };
  return auditChecks.flatMap((check) => [...findingsOf(check, facts)]);
}

/** An audit as results show it. */
export function toAuditResult({ asks, platforms, findings }: Audit): AuditResult {
  return { asks, platforms, findings: findings.map(toDiagnosticResult) };
}
