import * as path from "node:path";
import { FerryError, throwIfAborted } from "../../base/errors.js";
import { BRIDGES } from "../../lifecycle/bridges.js";
import { createRun } from "../../lifecycle/run/create.js";
import { knownVerdict } from "../../lifecycle/run/intact.js";
import { startRun } from "../../lifecycle/run/start.js";
import { openStore, type Store } from "../../lifecycle/run/store.js";
import type { Watcher } from "../../lifecycle/run/supervise.js";
import { stateRoot } from "../../lifecycle/state-root.js";
import type { Question } from "../../ovf/answers/answers.js";
import { type Cli, type CommandDefinition, defineCommand } from "../command.js";
import { followLogs, logTails } from "../console-logs.js";
import { exitCodes } from "../exit-codes.js";
import { askOpen, saidAnswers } from "../given-answers.js";
import { readable } from "../inputs.js";
import { choice, choices, flag, pairs, text, workOptions } from "../options.js";
import {
  acceptLicences,
  forwardOption,
  openRunPackage,
  revealer,
  startDetached,
  stopRun,
  tellChecked,
  tellingWatcher,
} from "../runs.js";
import { withSession } from "../session.js";

/** `vmferry run SRC`. */
export const run: CommandDefinition = defineCommand({
  arguments: [
    {
      name: "SRC",
      what: "a package, a machine's configuration beside its files, or a folder with one",
      complete: "file",
    },
  ],
  options: {
    name: text("--name NAME", "what the run is called (default: as the package)"),
    set: pairs(
      "--set KEY=VALUE",
      "the value of a property; of a password env:NAME, file:PATH or cmd:COMMAND (can be repeated)",
    ),
    values: text("--values FILE", "a file of answers, as `vmferry properties --write` makes it; --set counts more"),
    config: text("--config ID", "the deployment option (default: the package's own)"),
    acceptEulas: flag("--accept-eulas", "accept the licences of the package"),
    forward: forwardOption,
    mac: choice("--mac WHICH", "the addresses of network cards: keep those of the package (the default), or new ones", [
      "keep",
      "new",
    ]),
    bridge: choices(
      "--bridge WAY",
      "tell the guests their properties by another way as well: a CD for cloud-init (NoCloud), or QEMU's fw_cfg (can be repeated)",
      BRIDGES,
    ),
    detach: flag("--detach", "come back once the machines run; vmferry vm goes on from there"),
    rm: flag("--rm", "remove the run when it has ended, with all that its machines wrote"),
    ...workOptions,
  },
  details: [
    "Boots the machines of a package with QEMU, in their order, without unpacking or converting anything: what they write goes to files beside the package's disks, in a folder of the run's own. The package is compared with its manifest, once for each state of its files, while the machines are made; no guest executes anything before that is done.",
    "Without --detach the consoles are printed until the machines end, or until Ctrl-C, which shuts them down. The run stays, and starts again with `vmferry vm start NAME`.",
    "Each machine gets the properties of the package as an OVF environment on a CD. Networks of one machine are QEMU's NAT, where --forward leads ports in; networks of several machines are private between them.",
  ],
  examples: [
    "run appliance.ova",
    "run appliance.ova --set hostname=web01 --set password=env:PASSWORD --forward 8080:80",
    "run appliance.ova --config large --accept-eulas --detach --name web",
  ],
  async run([name = ""], options, cli) {
    if (options.detach && options.rm) {
      throw new FerryError("cli/usage", "--rm is for runs that this command waits for", {
        hint: "Leave --detach out, or remove the run later: vmferry vm rm.",
      });
    }
    return withSession(options, cli, async (session) => {
      const named = await openRunPackage(name, session);
      try {
        const root = stateRoot();
        const store = openStore(root);
        const wish = {
          name: options.name,
          ...(await saidAnswers(options.values, options.set, options.config)),
          forwards: options.forward,
          macs: options.mac ?? "keep",
          bridges: BRIDGES.filter((one) => options.bridge.includes(one)),
        };
        const reveal = revealer(cli);
        const how = {
          file: path.resolve(readable(name)),
          store,
          root,
          reveal,
          ask: (questions: readonly Question[]) => askOpen(questions, cli),
          accept: (eulas: Parameters<typeof acceptLicences>[0]) => acceptLicences(eulas, options.acceptEulas, cli),
        };
        const { state, known } = await createRun(named.opened, wish, how, session.ctx);
        if (options.detach) {
          if (known === null)
            cli.terminal.note("the package is compared with its manifest while its machines are made");
          try {
            await startDetached(state.name, store, cli);
            const { package: file, fingerprint } = state;
            const verdict = known ?? (await knownVerdict({ file, fingerprint, root }));
            if (verdict !== null) tellChecked({ verdict, from: known === null ? "check" : "memory" }, cli);
          } catch (cause) {
            await discard(state.name, store);
            throw cause;
          }
          await cli.terminal.data(`${state.name}\n`);
          return exitCodes.done;
        }
        let ran = false;
        const told = tellingWatcher(cli);
        const watcher: Watcher = {
          ...told,
          running(machine, seconds) {
            ran = true;
            told.running(machine, seconds);
          },
        };
        const start = { store, root, reveal, watcher };
        try {
          await attended(store.folder(state.name), state.machines, cli, async () => {
            const lock = await store.lock(state.name);
            try {
              await startRun(named.opened, state, start, session.ctx);
            } finally {
              await lock.release();
            }
          });
          // Nothing has ended that never ran.
          if (!ran) throwIfAborted(session.ctx.signal);
        } finally {
          if (options.rm || !ran) await store.remove(state.name);
        }
        if (!options.rm) cli.terminal.note(`${state.name} has ended; vmferry vm start ${state.name} starts it again`);
        return exitCodes.done;
      } finally {
        await named.close();
      }
    });
  },
});

/** A run that never ran: nothing is lost with it, and the same command may be given again. */
async function discard(name: string, store: Store): Promise<void> {
  await stopRun(await store.read(name), 0, store);
  await store.remove(name);
}

/** Does work while consoles are printed as they grow. */
async function attended(
  folder: string,
  machines: Parameters<typeof logTails>[1],
  cli: Cli,
  work: () => Promise<void>,
): Promise<void> {
  const done = new AbortController();
  const printing = followLogs(logTails(folder, machines), done.signal, cli);
  try {
    await work();
  } finally {
    done.abort();
    await printing;
  }
}
