import { FerryError } from "../../../base/errors.js";
import { PATIENCE_SECONDS } from "../../../lifecycle/deployment/engine-steps.js";
import type { DeployedDisk, DeploymentState, KeptWish, UpgradeRecord } from "../../../lifecycle/deployment/state.js";
import type { HeldDeployment } from "../../../lifecycle/deployment/store.js";
import { executeUpgrade, settleUpgrade, undoUpgrade } from "../../../lifecycle/deployment/turn.js";
import { planUpgrade } from "../../../lifecycle/deployment/upgrade.js";
import type { Driver } from "../../../lifecycle/driver.js";
import { type Cli, type CommandDefinition, defineCommand, type OptionValues } from "../../command.js";
import { demandOptions, demandsOf } from "../../demands.js";
import { answersOf, deployAnswers, deployPlaces } from "../../deploy-options.js";
import {
  agreed,
  deployResult,
  hearing,
  refuseEulas,
  refuseProblems,
  showDeploy,
  waitAsTold,
  waitOptions,
} from "../../deploying.js";
import { deploymentArgument, showStatus, withDeployment, withPlatform } from "../../deployments.js";
import { exitCodes } from "../../exit-codes.js";
import { flag, json, list, wholeNumber, workOptions } from "../../options.js";
import { openNamedSource } from "../../packages.js";
import { allowRemote, remoteOptions } from "../../remote.js";
import { type Session, withSession } from "../../session.js";
import { placeOptions, placesOfFiles } from "../../wishes.js";

const { mapNetwork, storage } = deployPlaces;

const upgradeOptions = {
  keepDisk: list("--keep-disk ID", "a disk that stays as it is, beside those that the package brought empty"),
  undo: flag("--undo", "go back to the machines and disks from before the upgrade"),
  settle: flag("--settle", "keep the upgrade: remove the former disks, and with them the way back"),
  timeout: wholeNumber(
    "--timeout SECONDS",
    `how long a guest may take to shut down before its power is taken away (default: ${PATIENCE_SECONDS})`,
    1,
    86_400,
  ),
  mapNetwork,
  storage,
  ...deployAnswers,
  acceptEulas: flag("--accept-eulas", "accept the licence terms of the package"),
  yes: flag("--yes", "do not ask"),
  dryRun: flag("--dry-run", "show the plan and change nothing"),
  ...waitOptions,
  ...placeOptions,
  ...demandOptions,
  json,
  allowRemote,
  ...remoteOptions,
  ...workOptions,
};

type Options = OptionValues<typeof upgradeOptions>;

/** `vmferry deployment upgrade NAME SRC`. */
export const deploymentUpgrade: CommandDefinition = defineCommand({
  arguments: [
    deploymentArgument,
    { name: "SRC", what: "the new package; left out with --undo and --settle", complete: "file", optional: true },
  ],
  options: upgradeOptions,
  details: [
    "Gives the machines of a deployment the disks and settings of a newer package. Disks that the package brought empty hold data and stay, and so do those of --keep-disk; the values of properties stay where --set and --values say nothing else. Disks are found by their ids in the package.",
    "New disks are uploaded while the machines run. Then these are shut down, turned to them, and started where they ran. What fails is taken back; after a kill the same command goes on.",
    "The former disks stay until --settle, and --undo goes back to them. What guests wrote to data disks in between is not taken back.",
  ],
  examples: [
    "deployment upgrade web appliance-2.ova --dry-run",
    "deployment upgrade web appliance-2.ova --yes --wait 443",
    "deployment upgrade web --undo",
    "deployment upgrade web --settle",
  ],
  async run([name = "", source], options, cli) {
    refuseMixed(source, options);
    return withSession(options, cli, (session) =>
      withDeployment(name, (state, held) =>
        withPlatform(state, cli, async (driver) => {
          if (source !== undefined) return upgradeTo(source, state, held, options, driver, session, cli);
          const upgrade = upgradeOf(state, options.undo);
          const scope = { held, driver, hear: hearing(cli) };
          const now = await (options.undo ? undoUpgrade : settleUpgrade)(state, upgrade, scope, session.ctx);
          await showStatus(now, driver, { json: options.json, detail: "machines" }, cli, session.ctx);
          return exitCodes.done;
        }),
      ),
    );
  },
});

function refuseMixed(source: string | undefined, { undo, settle }: Options): void {
  if ((source === undefined ? 0 : 1) + (undo ? 1 : 0) + (settle ? 1 : 0) === 1) return;
  throw new FerryError("cli/usage", "an upgrade is to a package, or --undo, or --settle", {
    hint: "Give one of the three: vmferry help deployment upgrade.",
  });
}

function upgradeOf({ upgrade, name }: DeploymentState, undo: boolean): UpgradeRecord {
  const status = upgrade?.status ?? null;
  const right = undo ? status !== "settling" : status === "upgraded" || status === "settling";
  if (upgrade !== null && right) return upgrade;
  const why = {
    none: "has no upgrade",
    upgrading: "has an upgrade that is not complete",
    upgraded: "has an upgrade",
    undoing: "is on its way back",
    settling: "has lost some of its former disks already",
  };
  throw new FerryError("deploy/unsettled", `the deployment ${name} ${why[status ?? "none"]}`, {
    hint: status === null ? "Nothing is to do." : `vmferry deployment upgrade ${name} ${undo ? "--settle" : "--undo"}.`,
  });
}

async function upgradeTo(
  source: string,
  state: DeploymentState,
  held: HeldDeployment,
  options: Options,
  driver: Driver,
  session: Session,
  cli: Cli,
): Promise<number> {
  const { ctx, runtime } = session;
  const named = await openNamedSource(source, { disks: "taken", ...placesOfFiles(options, session) }, session);
  try {
    const demands = await demandsOf(named, options, ctx);
    const former = formerWish(state);
    const answered = await answersOf(named.opened, options, driver.facts, session, cli, former);
    const { eulas } = named.opened.appliance(answered.choice, { ...ctx, report: () => {} });
    const networks = new Map([...former.networks, ...options.mapNetwork]);
    const { folder, pool, autostart, emulate, bridges } = former;
    const request = {
      source: named.name,
      state,
      place: { storage: options.storage ?? former.storage, folder, pool, networks },
      ...answered,
      ...{ autostart, emulate, bridges },
      keepDisks: options.keepDisk,
      patienceSeconds: options.timeout ?? PATIENCE_SECONDS,
    };
    const planned = await planUpgrade(named.opened, request, driver, ctx);
    try {
      const { upgrade } = planned;
      const kept = planned.kept.map((disk: DeployedDisk) => disk.id);
      const result = deployResult(planned, "planned", session, { steps: upgrade.steps, kept });
      if (options.dryRun) {
        await showDeploy(result, options.json, cli);
        return planned.problems.some(({ severity }) => severity === "error") ? exitCodes.failed : exitCodes.done;
      }
      refuseProblems(planned);
      if (state.upgrade === null) {
        if (!options.acceptEulas) refuseEulas(eulas, cli);
        if (!options.yes && !(await agreed("Upgrade to this?", result, cli))) return exitCodes.done;
      }
      const work = {
        plan: planned.plan,
        options: { integrity: options.integrity, demands },
        native: runtime.native,
        work: upgrade.work,
        environment: answered.environment,
      };
      const scope = { held, driver, hear: hearing(cli) };
      const now = await executeUpgrade(planned.state, upgrade, work, scope, ctx);
      await waitAsTold(options, state.machines, driver, cli, session);
      const steps = now.upgrade?.steps ?? [];
      return await showDeploy(deployResult(planned, "upgraded", session, { steps, kept }), options.json, cli);
    } finally {
      await planned.close();
    }
  } finally {
    await named.close();
  }
}

/** What the deployment was asked for with. */
function formerWish({ wish, name }: DeploymentState): KeptWish {
  if (wish !== null) return wish;
  throw new FerryError("deploy/cannot-upgrade", `the deployment ${name} was made by a version that knew no upgrades`, {
    hint: "Deploy the new package under another --name, carry the data over, and destroy the old one.",
  });
}
