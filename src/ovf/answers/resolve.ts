/**
 * Answers to the questions of a package: what it asks, what of the answers fits, and what each machine gets. Pure. All that deploys or starts a
 * package goes through here: `vmferry properties` today.
 */
import type { Diagnostic, DiagnosticCode } from "../../base/diagnostics.js";
import type { SecretRef } from "../../base/ids.js";
import { nearest } from "../../base/text.js";
import { type DeploymentChoice, type OvfDeployment, type ResolvedProperty, resolveOvf } from "../deployment.js";
import type { OvfDocument } from "../document.js";
import { environmentOf, type PlatformFacts } from "../environment-write.js";
import type { MessageFiles } from "../messages.js";
import { checkValue } from "../values/check.js";
import type { OvfContent, OvfContents } from "../views/content.js";
import type { AnsweredMachine, GivenAnswer, GivenAnswers, Question, ResolvedAnswers } from "./answers.js";

/** A reference to a secret, as text. */
const REFERENCE = /^(?:env:[^=\s]+|(?:file|cmd):.*\S.*)$/s;

/** What answers are resolved with. */
export interface ResolveOptions {
  /** Texts in files of the package. */
  readonly files?: MessageFiles | null;
  /** What the machines run on, for their environments. */
  readonly platform?: PlatformFacts;
}

/** A place at which questions are asked, by the id that answers call it. */
interface Asked {
  readonly owner: string | null;
  readonly key: string;
  readonly ownKey: string | null;
  readonly property: ResolvedProperty["property"];
}

/**
 * Resolves answers. What does not fit is a finding of severity error and does not count: keys and machines that the package does not have, values
 * against types and qualifiers, passwords that are no references, questions that need an answer and have none. Values of passwords are in no
 * finding; whoever reads the references goes on with `checkSecret`.
 * @throws `ovf/unknown-configuration`, `ovf/not-a-bundle`
 */
export function resolveAnswers(
  document: OvfDocument,
  given: GivenAnswers,
  report: (finding: Diagnostic) => void,
  options: ResolveOptions = {},
): ResolvedAnswers {
  const { configuration, locale } = given;
  const choice: DeploymentChoice = {
    ...(configuration === null ? {} : { configuration }),
    ...(locale === null ? {} : { locale }),
  };
  const files = options.files ?? null;
  // Which configuration it comes to decides what is asked.
  const plain = resolveOvf(document, choice, () => {}, files);
  const index = new AskedIndex(document.envelope);
  const open = new Map<number, GivenAnswer>();
  const chosen = new Map<number, string | SecretRef>();
  const tried = new Set<number>();
  // What is said of one machine counts more than what is said of all.
  for (const answer of [...given.values].sort((a, b) => Number(a.owner !== null) - Number(b.owner !== null))) {
    const meant = index.meant(answer, report);
    // Where some of several take an answer, the others are not meant.
    const taking = meant.filter(({ property }) => property.userConfigurable && property.appliesTo(plain.configuration));
    for (const { property } of taking.length > 0 ? taking : meant.slice(0, 1)) {
      const { id } = property.element;
      if (answer.value === null) {
        open.set(id, answer);
        continue;
      }
      tried.add(id);
      const value = fitting(answer, property, plain, report);
      if (value !== null) chosen.set(id, value);
    }
  }
  const deployment = resolveOvf(
    document,
    { ...choice, chosen },
    (finding) => {
      // Answers were judged where they stand.
      if (finding.severity !== "error" || !finding.code.startsWith("ovf/value-breaks-")) report(finding);
    },
    files,
  );
  const questions = questionsOf(deployment, index);
  for (const question of questions) {
    const { property } = question.resolved;
    const value = deployment.answerTo(property);
    if (!question.required || (value !== null && value !== "")) continue;
    // A value that does not fit was told.
    if (tried.has(property.element.id)) continue;
    report(missing(question, open.get(property.element.id)));
  }
  return { deployment, questions, machines: machinesOf(deployment, options.platform) };
}

/** Whether the secret behind a reference fits its question. What it is, is in no finding. */
export function checkSecret({ key, type, qualifiers }: Question, secret: string): readonly Diagnostic[] {
  return checkValue(type, qualifiers, secret).map((problem) => ({
    code: problem.problem === "type" ? "answers/breaks-type" : "answers/breaks-qualifier",
    severity: "error",
    message: `the secret for ${key} does not fit its ${problem.problem === "type" ? `type ${type}` : `qualifier ${problem.qualifier}`}`,
    hint: "Choose another one.",
    data: { property: key },
  }));
}

/** The questions that users are asked in a deployment. */
function questionsOf(deployment: OvfDeployment, index: AskedIndex): readonly Question[] {
  const { configuration, document } = deployment;
  const others = document.configurations.flatMap(({ id }) => (id === null || id === configuration ? [] : [id]));
  return deployment.properties
    .filter(({ property }) => property.userConfigurable && property.key !== null)
    .map((resolved) => {
      const { property, owner } = resolved;
      const { product, password, type, qualifiers } = property;
      const own = property.valueFor(configuration);
      return {
        key: property.qualifiedKey,
        name: index.nameOf(property.qualifiedKey, property.key),
        owner: owner?.id ?? null,
        product: deployment.text(product.product),
        category: deployment.text(property.category),
        label: deployment.text(property.label),
        description: deployment.text(property.description),
        type,
        qualifiers,
        password,
        required: (own === null || own === "") && checkValue(type, qualifiers, "").length > 0,
        default: password ? null : own,
        otherDefaults: password
          ? []
          : others.flatMap((other) => {
              const value = property.valueFor(other);
              return value === null || value === own || !property.appliesTo(other)
                ? []
                : [{ configuration: other, value }];
            }),
        resolved,
      };
    });
}

/** All properties with the ids of what they belong to, whether they apply or not. */
function askedIn(contents: OvfContents, owner: string | null): readonly Asked[] {
  const own = contents.products.flatMap((product) =>
    product.properties.map((property) => ({ owner, key: property.qualifiedKey, ownKey: property.key, property })),
  );
  return [...own, ...contents.children.flatMap((child) => askedIn(child, child.id))];
}

/** The properties of a package, found by what answers call them. */
class AskedIndex {
  readonly #all: readonly Asked[];
  readonly #owners: readonly string[];
  readonly #ownerSet: ReadonlySet<string>;
  readonly #byKey = new Map<string, Asked[]>();
  readonly #byOwnKey = new Map<string, Asked[]>();
  #hints = MOST_HINTS;

  constructor(envelope: OvfContents) {
    this.#all = askedIn(envelope, null);
    this.#ownerSet = new Set(ownersIn(envelope));
    this.#owners = [...this.#ownerSet];
    for (const one of this.#all) {
      add(this.#byKey, one.key, one);
      if (one.ownKey !== null) add(this.#byOwnKey, one.ownKey, one);
    }
  }

  /** Those that an answer is for. */
  meant({ key, owner, keyLocation }: GivenAnswer, report: (finding: Diagnostic) => void): readonly Asked[] {
    const place = keyLocation === undefined ? {} : { location: keyLocation };
    if (owner !== null && !this.#ownerSet.has(owner)) {
      const message = `the package has no machine ${owner}`;
      report({ ...fault("answers/unknown-machine", message), ...this.#hint(owner, () => this.#owners), ...place });
      return [];
    }
    const of = (found: readonly Asked[] = []): readonly Asked[] =>
      owner === null ? found : found.filter((one) => one.owner === owner);
    const exact = of(this.#byKey.get(key));
    const found = exact.length > 0 ? exact : of(this.#byOwnKey.get(key));
    if (found.length > 0) return found;
    const known = (): readonly string[] => [
      ...new Set(
        of(this.#all).flatMap((one) =>
          one.property.userConfigurable ? [this.nameOf(one.key, one.ownKey), one.key] : [],
        ),
      ),
    ];
    const message = `${owner === null ? "the package" : owner} does not ask for ${key}`;
    report({ ...fault("answers/unknown-property", message), ...this.#hint(key, known), ...place });
    return [];
  }

  /** The shortest that answers may call a property by. */
  nameOf(key: string, ownKey: string | null): string {
    return shortName({ key, ownKey }, this.#byOwnKey, this.#byKey);
  }

  /** What is spelled like it. That takes its time: for the first ones only. */
  #hint(word: string, known: () => readonly string[]): { readonly hint: string } {
    if (this.#hints-- <= 0) return { hint: "Look at the keys with vmferry properties." };
    const words = known().slice(0, MOST_COMPARED);
    const [like] = nearest(word, words);
    if (like !== undefined) return { hint: `Did you mean ${like}?` };
    return { hint: words.length === 0 ? "It asks for nothing." : `There are: ${words.slice(0, 20).join(", ")}.` };
  }
}

/** Findings that are told what is spelled like a word, and the words that are compared for it. */
const MOST_HINTS = 20;
const MOST_COMPARED = 2000;

/** The property's own key, where that means no other one; else the whole. */
function shortName(
  { key, ownKey }: Pick<Asked, "key" | "ownKey">,
  byOwnKey: ReadonlyMap<string, readonly Asked[]>,
  byKey: ReadonlyMap<string, readonly Asked[]>,
): string {
  if (ownKey === null || (ownKey !== key && byKey.has(ownKey))) return key;
  return byOwnKey.get(ownKey)?.every((one) => one.key === key) === true ? ownKey : key;
}

function add(index: Map<string, Asked[]>, key: string, one: Asked): void {
  const known = index.get(key);
  if (known === undefined) index.set(key, [one]);
  else known.push(one);
}

function* ownersIn(envelope: OvfContents): Iterable<string> {
  for (const { id } of envelope.descendants()) if (id !== null) yield id;
}

/** The value of an answer, where it fits; else `null`, and a finding. */
function fitting(
  answer: GivenAnswer,
  property: Asked["property"],
  deployment: OvfDeployment,
  report: (finding: Diagnostic) => void,
): string | SecretRef | null {
  const { value, location } = answer;
  const place = location === undefined ? {} : { location };
  const { qualifiedKey: key, type, qualifiers } = property;
  const refuse = (code: DiagnosticCode, message: string, hint: string): null => {
    report({ ...fault(code, message), hint, data: { property: key }, ...place });
    return null;
  };
  if (value === null) return null;
  if (!property.appliesTo(deployment.configuration)) {
    const message = `${key} is not asked with the deployment option ${deployment.configuration}`;
    report({ ...fault("answers/not-asked", message), severity: "warning", hint: "The answer is left out.", ...place });
    return null;
  }
  if (!property.userConfigurable) {
    return refuse(
      "answers/not-configurable",
      `${key} is not for users to set`,
      "Take it out: the package sets it by itself.",
    );
  }
  if (typeof value !== "string") return value;
  if (property.password) {
    if (REFERENCE.test(value)) return { secret: value };
    return refuse(
      "answers/plain-secret",
      `the answer to ${key} is the secret itself, or nothing`,
      "Say where it is: env:NAME, file:PATH or cmd:COMMAND. Whoever reads the file would know it otherwise.",
    );
  }
  const [problem] = checkValue(type, qualifiers, value);
  if (problem === undefined) return value;
  const shown = JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}...` : value);
  const rule = problem.problem === "type" ? `its type ${type}` : `its qualifier ${problem.qualifier}`;
  return refuse(
    problem.problem === "type" ? "answers/breaks-type" : "answers/breaks-qualifier",
    `${key}: ${shown} does not fit ${rule}: ${problem.why}`,
    "Choose another value.",
  );
}

function missing({ key, owner, label }: Question, open: GivenAnswer | undefined): Diagnostic {
  const who = owner === null ? "" : ` of ${owner}`;
  return {
    ...fault("answers/missing", `${key}${who}${label === null ? "" : ` (${label})`} has no answer`),
    hint: "It has no default, and nothing does not fit it.",
    data: { property: key },
    ...(open?.keyLocation === undefined ? {} : { location: open.keyLocation }),
  };
}

function fault(code: DiagnosticCode, message: string): Diagnostic {
  return { code, severity: "error", message };
}

function machinesOf(deployment: OvfDeployment, platform: PlatformFacts | undefined): readonly AnsweredMachine[] {
  const systems: OvfContent[] = [...deployment.document.envelope.descendants()].filter(({ kind }) => kind === "system");
  const facts = platform === undefined ? {} : { platform };
  return systems.map((system) => ({
    id: system.id ?? "",
    values: () => environmentOf(deployment, system, facts).values,
    environment: (copy) => environmentOf(deployment, system, { ...facts, ...(copy === undefined ? {} : { copy }) }),
  }));
}
