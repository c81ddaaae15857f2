import { DEPLOY_BRIDGES } from "../../lifecycle/bridges.js";
import { executeDeployment } from "../../lifecycle/deployment/deploy.js";
import { planDeployment } from "../../lifecycle/deployment/plan.js";
import { checkDeploymentName } from "../../lifecycle/deployment/state.js";
import { deploymentsFolder, openDeploymentStore } from "../../lifecycle/deployment/store.js";
import type { Driver } from "../../lifecycle/driver.js";
import { driverKinds } from "../../lifecycle/drivers/drivers.js";
import { safeStem } from "../../platforms/names.js";
import { accessOptions, sourceAccessOptions } from "../access-options.js";
import { type Cli, type CommandDefinition, defineCommand, type OptionValues } from "../command.js";
import { demandOptions, demandsOf } from "../demands.js";
import { accessOf, answersOf, deployAnswers, deployPlaces, placeOf } from "../deploy-options.js";
import {
  agreed,
  deployResult,
  hearing,
  refuseEulas,
  refuseProblems,
  showDeploy,
  waitAsTold,
  waitOptions,
} from "../deploying.js";
import { platformAt } from "../deployments.js";
import { exitCodes } from "../exit-codes.js";
import { choices, flag, json, text, workOptions } from "../options.js";
import { openNamedSource } from "../packages.js";
import { allowRemote, remoteOptions } from "../remote.js";
import { type Session, withSession } from "../session.js";
import { placeOptions, placesOfFiles } from "../wishes.js";

const deployOptions = {
  name: text("--name NAME", "what the deployment is called (default: as the package); its machines begin with it"),
  ...deployPlaces,
  ...deployAnswers,
  ...accessOptions,
  ...sourceAccessOptions,
  bridge: choices(
    "--bridge WAY",
    "tell the guests their properties by another way as well: a CD for cloud-init (NoCloud), on XenServer xenstore (can be repeated)",
    DEPLOY_BRIDGES,
  ),
  acceptEulas: flag("--accept-eulas", "accept the licence terms of the package"),
  start: flag("--start", "start the machines, in the order of the package"),
  ...waitOptions,
  emulate: flag("--emulate", "emulate the processor, on hosts that have KVM, too"),
  autostart: flag("--autostart", "let the machines start with the host"),
  yes: flag("--yes", "do not ask"),
  dryRun: flag("--dry-run", "show the plan and change nothing"),
  ...placeOptions,
  ...demandOptions,
  json,
  allowRemote,
  ...remoteOptions,
  ...workOptions,
};

type DeployOptions = OptionValues<typeof deployOptions>;

/** `vmferry deploy SRC TARGET-URL`. */
export const deploy: CommandDefinition = defineCommand({
  arguments: [
    {
      name: "SRC",
      what: "an .ova, an .ovf, a machine's configuration, a folder with one, or a disk; an http(s) or s3 URL of an .ova or .ovf; a machine on a platform, such as libvirt:///system/NAME",
      complete: "file",
    },
    {
      name: "TARGET-URL",
      what: `where to: ${driverKinds.flatMap(({ targets }) => targets).join(", ")}`,
      complete: driverKinds.flatMap(({ targets }) => targets.filter((target) => !/[[A-Z]/.test(target))),
    },
  ],
  options: deployOptions,
  details: [
    "Looks at the platform first: what is taken, missing or full there is said before a byte moves. Then shows the plan and asks.",
    "All or nothing: where a step fails, or Ctrl-C ends the run, what was made is removed. After a kill the same command goes on where that one stopped; `vmferry deployment destroy NAME` removes what there is.",
    "Disks are converted to QCOW2 in a folder beside the deployment's state (XDG_STATE_HOME, else ~/.local/state), which needs room for them, and uploaded from there.",
  ],
  examples: [
    "deploy appliance.ova libvirt:///system --dry-run",
    "deploy appliance.ova libvirt:///system --name web --map-network '*=default' --start --yes",
    "deploy appliance.ova libvirt+ssh://root@host/system --storage images",
  ],
  async run([source = "", target = ""], options, cli) {
    if (options.name !== null) checkDeploymentName(options.name);
    const driver = platformAt(accessOf(target, options), cli.signal);
    try {
      const { sourceUser: user, sourcePassword: password, sourceThumbprint: thumbprint } = options;
      return await withSession({ ...options, access: { user, password, thumbprint } }, cli, (session) =>
        deploySource(source, target, options, driver, session, cli),
      );
    } finally {
      await driver.close();
    }
  },
});

async function deploySource(
  source: string,
  target: string,
  options: DeployOptions,
  driver: Driver,
  session: Session,
  cli: Cli,
): Promise<number> {
  const store = openDeploymentStore(deploymentsFolder(process.env));
  const named = await openNamedSource(source, { disks: "taken", ...placesOfFiles(options, session) }, session);
  try {
    const { ctx, runtime } = session;
    const demands = await demandsOf(named, options, ctx);
    const { choice, answers, environment } = await answersOf(named.opened, options, driver.facts, session, cli);
    const { name: own, eulas } = named.opened.appliance(choice, { ...ctx, report: () => {} });
    const name = options.name ?? deploymentName(own ?? "");
    // A dry run takes no lock, and makes no folder for one.
    const held = options.dryRun ? null : await store.hold(name);
    try {
      const request = {
        name,
        access: accessOf(target, options),
        // Without what is secret in an address.
        source: named.name,
        place: placeOf(options, name),
        choice,
        answers,
        environment,
        start: options.start,
        autostart: options.autostart,
        emulate: options.emulate,
        bridges: DEPLOY_BRIDGES.filter((one) => options.bridge.includes(one)),
        known: held === null ? await store.find(name) : held.state,
      };
      const planned = await planDeployment(named.opened, request, driver, ctx);
      try {
        if (held === null) {
          await showDeploy(deployResult(planned, "planned", session), options.json, cli);
          return planned.problems.some(({ severity }) => severity === "error") ? exitCodes.failed : exitCodes.done;
        }
        refuseProblems(planned);
        if (held.state?.status !== "deployed") {
          if (!options.acceptEulas) refuseEulas(eulas, cli);
          const plan = deployResult(planned, "planned", session);
          if (!options.yes && !(await agreed("Deploy this?", plan, cli))) return exitCodes.done;
        }
        const work = {
          plan: planned.plan,
          options: { integrity: options.integrity, demands },
          native: runtime.native,
          work: planned.state.work,
          environment,
        };
        const scope = { held, driver, hear: hearing(cli) };
        const state = await executeDeployment(planned.state, work, scope, ctx);
        await waitAsTold(options, state.machines, driver, cli, session);
        return await showDeploy(deployResult({ ...planned, state }, "deployed", session), options.json, cli);
      } finally {
        await planned.close();
      }
    } finally {
      await held?.release();
    }
  } finally {
    await named.close();
  }
}

/** A name that deployments can have, of any text. */
function deploymentName(text: string): string {
  const stem = safeStem(text)
    .normalize("NFKD")
    .replace(/[^A-Za-z0-9._-]+/g, "")
    .replace(/^[^A-Za-z0-9]+/, "")
    .slice(0, 64);
  return stem === "" ? "machines" : stem;
}
