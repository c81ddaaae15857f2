/** Options of deployments: the way to a platform, the place on it, answers. */
import * as path from "node:path";
import { FerryError } from "../base/errors.js";
import type { SecretRef } from "../base/ids.js";
import { answerRun, openQuestions } from "../lifecycle/answers.js";
import type { DeployRequest } from "../lifecycle/deployment/plan.js";
import type { Access, Place } from "../lifecycle/driver.js";
import type { OpenedSource } from "../operations/opened.js";
import type { PlatformFacts } from "../ovf/environment-write.js";
import { createFileNames } from "../platforms/names.js";
import { readSecret } from "../runtime/node/secrets.js";
import type { Cli, OptionSpec } from "./command.js";
import { askOpen, type SaidAnswers, saidAnswers } from "./given-answers.js";
import { list, pairs, text } from "./options.js";
import type { Session } from "./session.js";

/** Where machines go on the platform. */
export const deployPlaces: {
  readonly mapNetwork: OptionSpec<readonly (readonly [string, string])[]>;
  readonly makeNetwork: OptionSpec<readonly string[]>;
  readonly storage: OptionSpec<string | null>;
  readonly folder: OptionSpec<string | null>;
  readonly pool: OptionSpec<string | null>;
} = {
  mapNetwork: pairs(
    "--map-network FROM=TO",
    "the platform's network for one of the package; '*=TO' for all others (can be repeated)",
  ),
  makeNetwork: list(
    "--make-network NAME",
    "make a private network on the platform for this one of the package, where the platform can (can be repeated)",
  ),
  storage: text("--storage NAME", "where disks go: storage pool, datastore, storage repository"),
  folder: text("--folder PATH", "the folder or group of machines, on platforms that have them"),
  pool: text("--pool PATH", "the resource pool, cluster or host, on platforms that have them"),
};

/** What the package's questions are answered with. */
export const deployAnswers: {
  readonly configuration: OptionSpec<string | null>;
  readonly set: OptionSpec<readonly (readonly [string, string])[]>;
  readonly values: OptionSpec<string | null>;
} = {
  configuration: text("--configuration ID", "the deployment option (default: the package's own)"),
  set: pairs(
    "--set KEY=VALUE",
    "the value of a property; of a password env:NAME, file:PATH or cmd:COMMAND (can be repeated)",
  ),
  values: text("--values FILE", "a file of answers, as `vmferry properties --write` makes it; --set counts more"),
};

/** The way to a platform as options say it. */
export function accessOf(
  target: string,
  options: {
    readonly user: string | null;
    readonly password: string | null;
    readonly thumbprint: string | null;
    readonly caFile: string | null;
  },
): Access {
  const { user, password, thumbprint, caFile } = options;
  // The state outlives the folder in which this is called.
  return { target, user, password, thumbprint, authorities: caFile === null ? null : path.resolve(caFile) };
}

/** The place on it. @param name of the deployment: networks that it makes begin with it */
export function placeOf(
  options: {
    readonly mapNetwork: readonly (readonly [string, string])[];
    readonly makeNetwork: readonly string[];
    readonly storage: string | null;
    readonly folder: string | null;
    readonly pool: string | null;
  },
  name: string,
): Place {
  const { storage, folder, pool, mapNetwork, makeNetwork } = options;
  const names = createFileNames();
  const made = makeNetwork.map((network) => [network, names.take(`${name}-${network}`, "")] as const);
  const networks = new Map([...mapNetwork, ...made]);
  return { storage, folder, pool, networks, made: new Set(made.map(([, own]) => own)) };
}

/**
 * What the user chose and answered, and what guests are told of it. What has to be answered and is not is asked for on a terminal.
 * @param former what was said when the deployment was made: it counts where nothing is said now
 * @throws `cli/usage`, `vm/bad-answer`, `answers/...`
 */
export async function answersOf(
  opened: OpenedSource,
  options: {
    readonly configuration: string | null;
    readonly set: readonly (readonly [string, string])[];
    readonly values: string | null;
  },
  platform: PlatformFacts,
  { ctx }: Session,
  cli: Cli,
  former: SaidAnswers = { configuration: null, answers: [] },
): Promise<Pick<DeployRequest, "choice" | "answers" | "environment">> {
  const { set, values } = options;
  const now = await saidAnswers(values, set, options.configuration);
  const said: SaidAnswers = {
    configuration: now.configuration ?? former.configuration,
    answers: [...former.answers.filter(({ key }) => !now.answers.some((one) => one.key === key)), ...now.answers],
  };
  const choice = said.configuration === null ? {} : { configuration: said.configuration };
  if (opened.ovf === null) {
    if (said.answers.length === 0) return { choice, answers: [], environment: () => null };
    throw new FerryError("cli/usage", "--set and --values answer the questions of OVF packages, and this is none", {
      hint: "Leave them out.",
    });
  }
  const open = await openQuestions(opened.ovf, said, { ...ctx, report: () => {} });
  const answers = [...said.answers, ...(open.length === 0 ? [] : await askOpen(open, cli))];
  const reveal = (secret: SecretRef, key: string): Promise<string> =>
    readSecret(secret, `the property ${key}`, ctx.signal);
  const { environment } = await answerRun(opened.ovf, { ...said, answers }, reveal, platform, ctx);
  return { choice, answers, environment };
}
