import type { Diagnostic } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";
import type { SecretRef } from "../base/ids.js";
import type { Context } from "../io/context.js";
import type { OpenedPackage } from "../operations/open.js";
import { type OvfDeployment, type ResolvedProperty, resolveOvf } from "../ovf/deployment.js";
import { environmentOf, renderEnvironment } from "../ovf/environment-write.js";
import { checkValue } from "../ovf/values/check.js";
import type { OvfContent } from "../ovf/views/content.js";
import { writeIso } from "../package/iso/write.js";
import { readMessageFiles } from "../platforms/ovf/message-files.js";
import type { KeptAnswer } from "./state.js";

/** Reads a secret. @param name of the property, for messages */
export type Reveal = (secret: SecretRef, name: string) => Promise<string>;

/** A package with answers to its questions. */
export interface AnsweredPackage {
  readonly deployment: OvfDeployment;
  /** The CD with the OVF environment of a machine, by its id; `null`: the package asks nothing. */
  environment(machine: string): Uint8Array | null;
}

/** How the descriptor calls the platform that the machines run on. */
const PLATFORM = { kind: "QEMU", version: null, vendor: "QEMU", locale: null, timezone: null } as const;
/** Where a secret may be. */
const REFERENCE = /^(?:env:[^=\s]+|(?:file|cmd):.*\S.*)$/s;

/**
 * Answers the questions of a package. Secrets are read here, and are in the environments alone.
 * @throws `vm/bad-answer`, `ovf/unknown-property`, `ovf/unknown-configuration`, and what reading secrets throws
 */
export async function answerPackage(
  { document, reader }: OpenedPackage,
  given: { readonly configuration: string | null; readonly answers: readonly KeptAnswer[] },
  reveal: Reveal,
  ctx: Context,
): Promise<AnsweredPackage> {
  const findings: Diagnostic[] = [];
  const messages = await readMessageFiles(document, reader, ctx, () => {});
  const deployment = resolveOvf(
    document,
    {
      ...(given.configuration === null ? {} : { configuration: given.configuration }),
      values: Object.fromEntries(given.answers.map(({ key, value }) => [key, value])),
    },
    (finding) => findings.push(finding),
    messages,
  );
  const secrets = new Map<string, string>();
  for (const resolved of deployment.properties) findings.push(...(await faultsOf(resolved, secrets, reveal)));
  const wrong = findings.filter(({ severity }) => severity === "error");
  const [first] = wrong;
  if (first !== undefined) {
    throw new FerryError("vm/bad-answer", first.message, {
      hint: first.hint ?? "Give another value with --set KEY=VALUE.",
      diagnostics: wrong,
    });
  }
  const systems = new Map<string, OvfContent>();
  for (const content of document.envelope.descendants()) if (content.id !== null) systems.set(content.id, content);
  return {
    deployment,
    environment(machine) {
      const system = systems.get(machine);
      if (system === undefined || deployment.properties.length === 0) return null;
      const model = environmentOf(deployment, system, { platform: PLATFORM });
      const text = renderEnvironment(model, ({ secret }) => secrets.get(secret) ?? "");
      // Name and label are those that VMware gives its CD: guests look for them.
      const file = { name: "ovf-env.xml", bytes: new TextEncoder().encode(text) };
      return writeIso([file], { label: "OVF ENV", modified: ctx.runtime.now() });
    },
  };
}

/** What is wrong with the value of a property beside its type: that a password is written down, or that there is none. */
async function faultsOf(
  { property, value, from }: ResolvedProperty,
  secrets: Map<string, string>,
  reveal: Reveal,
): Promise<readonly Diagnostic[]> {
  const { qualifiedKey: key, type, qualifiers, password, userConfigurable } = property;
  const fault = (message: string, hint: string): readonly Diagnostic[] => [
    { code: "vm/bad-answer", severity: "error", message, hint, data: { property: key } },
  ];
  if (from === "choice" && !userConfigurable) {
    return fault(`${key} is not for users to set`, "Leave it out: the package sets it by itself.");
  }
  if (value !== null && typeof value === "object") {
    const secret = secrets.get(value.secret) ?? (await reveal(value, key));
    secrets.set(value.secret, secret);
    const [problem] = checkValue(type, qualifiers, secret);
    if (problem === undefined) return [];
    const rule = problem.problem === "type" ? `its type ${type}` : `its qualifier ${problem.qualifier}`;
    return fault(`the secret for ${key} does not fit ${rule}`, "Choose another one.");
  }
  if (password && from === "choice") {
    return fault(
      `${key} is a password, which is given by reference`,
      `Write --set ${key}=env:NAME, file:PATH or cmd:COMMAND.`,
    );
  }
  if ((value === null || value === "") && userConfigurable && checkValue(type, qualifiers, "").length > 0) {
    return fault(`${key} has to be answered`, `Add --set ${key}=${password ? "env:NAME" : "VALUE"}.`);
  }
  return [];
}

/**
 * Answers as somebody gave them, with those to passwords taken as references.
 * @param passwords the keys, qualified and their own, of properties that are passwords
 */
export function keptAnswers(
  given: readonly (readonly [key: string, value: string])[],
  passwords: ReadonlySet<string>,
): readonly KeptAnswer[] {
  return given.map(([key, value]) => ({
    key,
    value: passwords.has(key) && REFERENCE.test(value) ? { secret: value } : value,
  }));
}
