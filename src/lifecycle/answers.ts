import type { Diagnostic } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";
import type { SecretRef } from "../base/ids.js";
import type { Context } from "../io/context.js";
import { revealSecrets } from "../operations/answers.js";
import type { OpenedPackage } from "../operations/open.js";
import { answerPackage } from "../operations/properties.js";
import type { Question, ResolvedAnswers } from "../ovf/answers/answers.js";
import { type PlatformFacts, renderEnvironment } from "../ovf/environment-write.js";
import { writeIso } from "../package/iso/write.js";

/** An answer to a question of the package. Secrets are references, here as everywhere that is written. */
export interface KeptAnswer {
  readonly key: string;
  /** Id of the machine or collection whose question is meant; `null`: every one that has it. */
  readonly owner: string | null;
  /** `null`: left open. */
  readonly value: string | SecretRef | null;
}

/** Reads a secret. @param name of the property, for messages */
export type Reveal = (secret: SecretRef, name: string) => Promise<string>;

/** What is answered for a run. Passwords are references, as text. */
export interface RunAnswers {
  /** The deployment option; `null`: the package's own. */
  readonly configuration: string | null;
  readonly answers: readonly KeptAnswer[];
}

/** A package with answers to its questions. */
export interface AnsweredPackage {
  /** The OVF environment of a machine as XML (DSP0243 11), by its id; `null`: the package asks it nothing. */
  environment(machine: string): string | null;
}

/** How the environment calls the platform that machines run on here. */
export const qemuFacts: PlatformFacts = {
  kind: "QEMU",
  version: null,
  vendor: "QEMU",
  locale: null,
  timezone: null,
};

/**
 * Answers the questions of a package. Secrets are read here, and are in the environments alone.
 * @param platform that the machines are going to run on
 * @throws `vm/bad-answer`, `ovf/unknown-configuration`
 */
export async function answerRun(
  opened: OpenedPackage,
  given: RunAnswers,
  reveal: Reveal,
  platform: PlatformFacts,
  ctx: Context,
): Promise<AnsweredPackage> {
  const findings: Diagnostic[] = [];
  const report = (finding: Diagnostic): void => {
    findings.push(finding);
  };
  const resolved = await resolve(opened, given, report, ctx);
  refuse(findings);
  const secrets = await revealSecrets(resolved, reveal, report);
  refuse(findings);
  return {
    environment(id) {
      const machine = resolved.machines.find((known) => known.id === id);
      if (machine === undefined || resolved.deployment.properties.length === 0) return null;
      const model = { ...machine.environment(), platform };
      return renderEnvironment(model, ({ secret }) => secrets.get(secret) ?? "");
    },
  };
}

/** The CD that a guest finds its environment on. Name and label are those that VMware gives its own: guests look for them. */
export function environmentCd(environment: string, modified: Date): Uint8Array {
  const file = { name: "ovf-env.xml", bytes: new TextEncoder().encode(environment) };
  return writeIso([file], { label: "OVF ENV", modified });
}

/**
 * The questions that have to be answered and are not.
 * @throws `ovf/unknown-configuration`
 */
export async function openQuestions(
  opened: OpenedPackage,
  given: RunAnswers,
  ctx: Context,
): Promise<readonly Question[]> {
  const { questions, deployment } = await resolve(opened, given, () => {}, ctx);
  return questions.filter((question) => {
    const value = deployment.answerTo(question.resolved.property);
    return question.required && (value === null || value === "");
  });
}

function resolve(
  opened: OpenedPackage,
  { configuration, answers }: RunAnswers,
  report: (finding: Diagnostic) => void,
  ctx: Context,
): Promise<ResolvedAnswers> {
  return answerPackage(opened, { configuration, locale: null, values: answers }, report, ctx);
}

function refuse(findings: readonly Diagnostic[]): void {
  const wrong = findings.filter(({ severity }) => severity === "error");
  const [first] = wrong;
  if (first === undefined) return;
  throw new FerryError("vm/bad-answer", first.message, {
    hint: first.hint ?? "Look at the questions with vmferry properties, and give another value with --set KEY=VALUE.",
    ...(first.location === undefined ? {} : { location: first.location }),
    diagnostics: wrong,
  });
}
