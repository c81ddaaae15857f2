/** A VirtualBox that was looked at: how a source is converted for it, and which steps lead there. */
import * as path from "node:path";
import type { Appliance } from "../../../appliance/appliance.js";
import { noWishes } from "../../../appliance/wish.js";
import type { ConversionPlan } from "../../../operations/conversion.js";
import { planConversion } from "../../../operations/convert.js";
import { plugName } from "../../../platforms/virtualbox/plugs.js";
import type { DeployedMachine, StepRecord } from "../../deployment/state.js";
import type { Site } from "../../driver.js";
import { preflight, type VirtualboxHost } from "./look.js";
import { plugMeant } from "./place.js";
import type { VirtualboxAction } from "./steps.js";

/** @param host as it was just seen */
export function siteOf(host: VirtualboxHost): Site {
  // As VirtualBox lays them out: a folder for each group, and one for each machine in it.
  const folder = path.join(host.base, ...(host.group ?? "").split("/"));
  return {
    plan(source, { choice, place }, ctx) {
      const own = source.appliance(choice, { ...ctx, report: () => {} });
      return planConversion(
        source,
        {
          platform: "virtualbox",
          choice,
          wishes: { ...noWishes, networks: networksFor(own, place.networks, host) },
          exportOptions: {
            folder,
            cards: "own",
            ids: "own",
            ...(host.group === null ? {} : { group: host.group }),
          },
        },
        ctx,
      );
    },
    steps: (plan, machines, { autostart }) => stepsOf(plan, machines, { base: host.base, folder }, autostart),
    preflight: ({ wish, plan, machines, steps, bytes }) =>
      preflight(host, {
        machines,
        networks: plan.appliance.machines.flatMap(({ nics }) =>
          nics.flatMap(({ network, kind, connected }) =>
            // Without a name, NAT is meant; where an interface of the host is, it has to be named.
            network !== null ? [network] : connected && (kind === "bridged" || kind === "hostonly") ? [`${kind}:`] : [],
          ),
        ),
        steps,
        bytes,
        starts: wish.start,
        autostarts: wish.autostart,
      }),
  };
}

/** Networks in VirtualBox's packages that say how a card is plugged in and nothing else. */
const WORDS: Readonly<Record<string, string>> = {
  nat: "nat",
  internal: "intnet:intnet",
  internalnetwork: "intnet:intnet",
};

/** The host's networks by those of a source: as the user maps them, else those that are called the same. */
function networksFor(
  { machines }: Appliance,
  mapped: ReadonlyMap<string, string>,
  host: VirtualboxHost,
): ReadonlyMap<string, string> {
  const meant = (text: string): string => {
    const plug = plugMeant(text, host.networks);
    // One that is not there keeps its name, and preflight says so.
    return plug === null ? text : plugName(plug);
  };
  const networks = new Map([...mapped].map(([from, to]) => [from, meant(to)] as const));
  if (mapped.has("*")) return networks;
  for (const { network, kind } of machines.flatMap(({ nics }) => nics)) {
    if (network === null || networks.has(network)) continue;
    const word = WORDS[network.toLowerCase().replace(/[^a-z]/g, "")];
    networks.set(network, kind === "internal" && word === undefined ? `intnet:${network}` : (word ?? meant(network)));
  }
  return networks;
}

function stepsOf(
  plan: ConversionPlan,
  machines: readonly DeployedMachine[],
  { base, folder }: { readonly base: string; readonly folder: string },
  autostart: boolean,
): readonly StepRecord[] {
  const step = (key: string, text: string, action: VirtualboxAction): StepRecord => ({
    key,
    text,
    status: "open",
    action,
  });
  // Each lies in the folder of a machine, but for what is said about the conversion.
  const files = plan.files.map(({ name }) => name).filter((name) => name.includes("/"));
  const homes = [...new Set(files.map((file) => path.posix.dirname(file)))];
  // One file of settings for each machine, in the same order.
  const settings = files.filter((file) => file.endsWith(".vbox"));
  const settingsOf = new Map(plan.appliance.machines.map(({ id }, i) => [id, settings[i] ?? ""]));
  return [
    ...homes.flatMap((home) => {
      const own = path.join(folder, home);
      const held = files.filter((file) => path.posix.dirname(file) === home);
      return [
        step(`folder:${home}`, `make the folder ${own}`, { kind: "folder", base, folder: own }),
        ...held.map((file) => {
          const name = path.posix.basename(file);
          return step(`file:${name}`, `put ${name} into it`, { kind: "file", folder: own, file });
        }),
      ];
    }),
    ...machines.map(({ id, name, uuid }) => {
      const file = settingsOf.get(id) ?? "";
      return step(`machine:${name}`, `register the machine ${name}`, {
        kind: "machine",
        name,
        uuid,
        folder: path.join(folder, path.posix.dirname(file)),
        file: path.posix.basename(file),
      });
    }),
    ...(autostart
      ? machines.map(({ name, uuid }) =>
          step(`autostart:${name}`, `let ${name} start with the host`, { kind: "autostart", uuid }),
        )
      : []),
  ];
}
