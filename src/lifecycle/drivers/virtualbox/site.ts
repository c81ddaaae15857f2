/** A VirtualBox that was looked at: how a source is converted for it, and which steps lead there. */
import * as path from "node:path";
import type { Appliance, Nic } from "../../../appliance/appliance.js";
import { noWishes } from "../../../appliance/wish.js";
import { type DiskWish, noDiskWish } from "../../../appliance/wished-disks.js";
import { FerryError } from "../../../base/errors.js";
import { printable } from "../../../base/text.js";
import type { ConversionPlan } from "../../../operations/convert/conversion.js";
import { planConversion } from "../../../operations/convert/convert.js";
import { createFileNames } from "../../../platforms/names.js";
import { plugName } from "../../../platforms/virtualbox/plugs.js";
import type { DeployedMachine, StepRecord } from "../../deployment/state.js";
import type { DeployWish, Place, Site, UpgradeSteps } from "../../driver.js";
import { preflight, type VirtualboxHost } from "./look.js";
import { plugMeant } from "./place.js";
import type { VirtualboxAction } from "./steps.js";
import { unturnable } from "./turn.js";
import type { VBoxManage } from "./vboxmanage.js";

/** @param host as it was just seen */
export function siteOf(host: VirtualboxHost, box: VBoxManage): Site {
  // As VirtualBox lays them out: a folder for each group, and one for each machine in it.
  const folder = path.join(host.base, ...(host.group ?? "").split("/"));
  return {
    plan(source, wish, ctx) {
      const own = source.appliance(wish.choice, { ...ctx, report: () => {} });
      return planConversion(
        source,
        {
          platform: "virtualbox",
          choice: wish.choice,
          wishes: { ...noWishes, networks: networksFor(own, wish.place, host), disks: namesOfDisks(own, wish) },
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
    steps: (plan, machines, { autostart }) => [
      ...placeSteps(plan, { base: host.base, folder }),
      ...machineSteps(plan, machines, folder, autostart),
    ],
    upgrade: (plan, machines, wish, former) => upgradeSteps(plan, machines, wish, former, folder),
    async preflight({ wish, plan, machines, steps, bytes }, { signal }) {
      const needs = {
        machines,
        networks: plan.appliance.machines.flatMap(({ nics }) => nics.flatMap(plugWanted)),
        steps,
        bytes,
        starts: wish.start,
        autostarts: wish.autostart,
      };
      const found = await preflight(host, needs);
      const begun = steps.some(({ action, status }) => action.kind === "turn" && status !== "open");
      return (wish.generation ?? 1) === 1 || begun ? found : [...found, ...(await unturnable(machines, box, signal))];
    },
  };
}

/** What a card wants of the host. Without a name NAT is meant; an interface of the host has to be named. */
function plugWanted({ network, kind, connected }: Nic): readonly string[] {
  if (network !== null) return [network];
  return connected && (kind === "bridged" || kind === "hostonly") ? [`${kind}:`] : [];
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
  { networks: mapped, made = new Set() }: Place,
  host: VirtualboxHost,
): ReadonlyMap<string, string> {
  const meant = (text: string): string => {
    if (made.has(text)) return plugName({ mode: "intnet", name: text });
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

/** Names of disks where those of the first generation are taken: the kept ones' own, new ones for the rest. */
function namesOfDisks(
  { disks }: Appliance,
  { name, generation = 1, kept = new Map() }: DeployWish,
): ReadonlyMap<string, DiskWish> {
  if (generation === 1) return new Map();
  const names = createFileNames();
  return new Map(
    disks.map(({ id }) => {
      const file = kept.get(id);
      const own = file === undefined ? names.take(`${name}-${id}`, `.g${generation}.vdi`) : path.posix.basename(file);
      return [id, { ...noDiskWish, name: own }];
    }),
  );
}

function stepOf(key: string, text: string, action: VirtualboxAction): StepRecord {
  return { key, text, status: "open", action };
}

/** Each lies in the folder of a machine, but for what is said about the conversion. */
function filesOf({ files }: ConversionPlan): readonly string[] {
  return files.map(({ name }) => name).filter((name) => name.includes("/"));
}

function fileStep(file: string, folder: string): StepRecord {
  const name = path.posix.basename(file);
  return stepOf(`file:${name}`, `put ${name} into it`, { kind: "file", folder, file });
}

function placeSteps(
  plan: ConversionPlan,
  { base, folder }: { readonly base: string; readonly folder: string },
): readonly StepRecord[] {
  const files = filesOf(plan);
  const homes = [...new Set(files.map((file) => path.posix.dirname(file)))];
  return homes.flatMap((home) => {
    const own = path.join(folder, home);
    const held = files.filter((file) => path.posix.dirname(file) === home);
    return [
      stepOf(`folder:${home}`, `make the folder ${own}`, { kind: "folder", base, folder: own }),
      ...held.map((file) => fileStep(file, own)),
    ];
  });
}

/** One file of settings for each machine, in the same order. */
function settingsOf(plan: ConversionPlan): ReadonlyMap<string, string> {
  const settings = filesOf(plan).filter((file) => file.endsWith(".vbox"));
  return new Map(plan.appliance.machines.map(({ id }, i) => [id, settings[i] ?? ""]));
}

function machineSteps(
  plan: ConversionPlan,
  machines: readonly DeployedMachine[],
  folder: string,
  autostart: boolean,
): readonly StepRecord[] {
  const settings = settingsOf(plan);
  return [
    ...machines.map(({ id, name, uuid }) => {
      const file = settings.get(id) ?? "";
      return stepOf(`machine:${name}`, `register the machine ${name}`, {
        kind: "machine",
        name,
        uuid,
        folder: path.join(folder, path.posix.dirname(file)),
        file: path.posix.basename(file),
      });
    }),
    ...(autostart
      ? machines.map(({ name, uuid }) =>
          stepOf(`autostart:${name}`, `let ${name} start with the host`, { kind: "autostart", uuid }),
        )
      : []),
  ];
}

/** Files that belong to a machine as long as it is there, whatever its disks are. */
const STAYS = /\.(?:vbox|nvram)$/;

function upgradeSteps(
  plan: ConversionPlan,
  machines: readonly DeployedMachine[],
  { kept = new Map(), generation = 1 }: DeployWish,
  former: readonly StepRecord[],
  folder: string,
): UpgradeSteps {
  refuseElsewhere(plan, kept, former, folder);
  const stays = new Set(kept.values());
  const settings = settingsOf(plan);
  return {
    makes: filesOf(plan)
      .filter((file) => !STAYS.test(file) && !stays.has(file))
      .map((file) => fileStep(file, path.join(folder, path.posix.dirname(file)))),
    swaps: machines.map(({ id, name, uuid }) => {
      const file = settings.get(id) ?? "";
      return stepOf(`turn.g${generation}:${name}`, `turn ${name} to its new disks`, {
        kind: "turn",
        name,
        uuid,
        folder: path.join(folder, path.posix.dirname(file)),
        file,
      });
    }),
    replaces: former.flatMap(({ key, action }) => {
      const file = String(action.file);
      return action.kind === "file" && !STAYS.test(file) && !stays.has(file) ? [key] : [];
    }),
  };
}

/** The folders of the machines, and what is kept in them, have to be where they were. @throws `deploy/cannot-upgrade` */
function refuseElsewhere(
  plan: ConversionPlan,
  kept: ReadonlyMap<string, string>,
  former: readonly StepRecord[],
  folder: string,
): void {
  const homes = new Set(former.flatMap(({ action }) => (action.kind === "folder" ? [String(action.folder)] : [])));
  for (const file of filesOf(plan)) {
    const home = path.join(folder, path.posix.dirname(file));
    if (homes.has(home)) continue;
    throw new FerryError("deploy/cannot-upgrade", `the deployment has no machine in ${printable(home)}`, {
      hint: `Its folders: ${printable([...homes].slice(0, 5).join(", "))}. Where VirtualBox's machine folder was changed, name the former one with --storage.`,
    });
  }
  for (const [disk, file] of kept) {
    if (plan.diskFiles?.get(disk) === file) continue;
    throw new FerryError(
      "deploy/cannot-upgrade",
      `the new package gives disk ${JSON.stringify(disk)} to another machine`,
      {
        hint: "A disk that is kept lies in the folder of the first machine that uses it. Leave the order of machines as it was.",
      },
    );
  }
}
