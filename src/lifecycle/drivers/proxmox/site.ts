/** A node of Proxmox VE that was looked at: how a source is converted for it, and which steps lead there. */
import { noWishes } from "../../../appliance/wish.js";
import { FerryError } from "../../../base/errors.js";
import type { ConversionPlan } from "../../../operations/convert/conversion.js";
import { planConversion } from "../../../operations/convert/convert.js";
import { type DescribedMachine, describeProxmox, proxmoxDefaults } from "../../../platforms/proxmox/export.js";
import type { DriveSetting } from "../../../platforms/proxmox/settings.js";
import type { DeployedMachine, StepRecord } from "../../deployment/state.js";
import type { DeployWish, Place, Site } from "../../driver.js";
import type { Pve } from "./api.js";
import { freeNumbers, type PveHost, type PveStorages, storagesFor } from "./look.js";
import { preflight } from "./preflight.js";
import { mayOrder, rightsOn } from "./rights.js";
import type { ProxmoxAction } from "./steps.js";

/** @param host as it was just seen */
export async function siteOf(host: PveHost, place: Place, pve: Pve, signal: AbortSignal): Promise<Site> {
  refusePlaces(place);
  const storages = storagesFor(host, place.storage);
  const ordered = mayOrder(await rightsOn(pve, ["/"], signal));
  /** Chosen once the machines are known. */
  let numbers: readonly number[] = [];
  const describe = (plan: ConversionPlan): readonly DescribedMachine[] =>
    describeProxmox(plan.appliance, { ...proxmoxDefaults, ...optionsOf(storages) }).machines;
  return {
    async plan(source, { choice }, ctx) {
      const options = {
        platform: "proxmox",
        choice,
        wishes: { ...noWishes, networks: place.networks },
        exportOptions: optionsOf(storages),
      } as const;
      const opened = await planConversion(source, options, ctx);
      try {
        numbers = await freeNumbers(pve, host, opened.plan.appliance.machines.length, ctx.signal);
        return opened;
      } catch (cause) {
        await opened.close();
        throw cause;
      }
    },
    steps: (plan, machines, wish) => stepsOf(describe(plan), machines, numbers, { host, storages, ordered, wish }),
    preflight: (need, ctx) =>
      preflight({ host, storages, ordered, described: describe(need.plan), need }, pve, ctx.signal),
  };
}

function refusePlaces({ folder }: Place): void {
  if (folder === null) return;
  throw new FerryError("deploy/bad-place", "Proxmox VE has no folders of machines", {
    hint: "Leave out --folder. Pools of machines are named with --pool.",
  });
}

function optionsOf({ images, iso }: PveStorages): Partial<typeof proxmoxDefaults> {
  return {
    // A name of its own where there is none: preflight says what is missing.
    storage: images?.name ?? proxmoxDefaults.storage,
    isoStorage: iso?.name ?? proxmoxDefaults.isoStorage,
    cards: "own",
  };
}

interface Circumstances {
  readonly host: PveHost;
  readonly storages: PveStorages;
  readonly ordered: boolean;
  readonly wish: DeployWish;
}

function stepsOf(
  described: readonly DescribedMachine[],
  machines: readonly DeployedMachine[],
  numbers: readonly number[],
  { host, storages, ordered, wish }: Circumstances,
): readonly StepRecord[] {
  const step = (key: string, text: string, action: ProxmoxAction): StepRecord => ({
    key,
    text,
    status: "open",
    action,
  });
  const storage = storages.images?.name ?? "none";
  const names = new Set<string>();
  return machines.flatMap(({ id, name, uuid }, at): readonly StepRecord[] => {
    const made = described.find(({ machine }) => machine.id === id);
    if (made === undefined) throw new FerryError("internal/bug", `the plan has no machine ${id}`);
    const own = { node: host.node, vmid: numbers[at] ?? 0, uuid };
    const { settings, conf } = made;
    const drives = settings.drives.flatMap((drive): readonly StepRecord[] => {
      const { file, kind, key } = drive;
      if (file === null || (kind !== "disk" && kind !== "iso")) return [];
      const how = kind === "iso" ? "iso" : "import";
      const from = (how === "iso" ? storages.iso : storages.import)?.name ?? "none";
      const upload = uploadName(wish, file, names);
      const text = `upload ${file} to ${from}${how === "iso" ? "" : `, and make it a disk on ${storage}`}`;
      const options = optionsText(drive);
      return [
        step(`drive:${name}:${key}`, text, { kind: "drive", ...own, key, file, how, from, upload, storage, options }),
      ];
    });
    return [
      step(`machine:${name}`, `make the machine ${name} (${own.vmid})`, {
        kind: "machine",
        ...own,
        file: conf,
        pool: wish.place.pool,
        storage,
        startup: ordered ? 1 : 0,
        emulate: wish.emulate || !host.kvm ? 1 : 0,
      }),
      ...drives,
      step(`finish:${name}`, `set what ${name} boots from`, {
        kind: "finish",
        ...own,
        order: settings.order,
        onboot: wish.autostart ? 1 : 0,
      }),
    ];
  });
}

function optionsText({ options }: DriveSetting): string {
  return options.join(",");
}

/** A name on the storage that is nobody else's: the deployment's id is in it, and nothing that Proxmox VE would write otherwise. */
function uploadName({ id, name }: DeployWish, file: string, taken: Set<string>): string {
  const dot = file.lastIndexOf(".");
  const stem = file
    .slice(0, dot)
    .replace(/[^A-Za-z0-9_-]+/g, "_")
    .slice(0, 80);
  const prefix = `vmferry-${id.replace(/[^0-9a-f]/g, "").slice(0, 8)}`;
  for (let number = 0; ; number++) {
    const wanted = `${prefix}-${number === 0 ? "" : `${number}-`}${stem === "" ? name : stem}${file.slice(dot).toLowerCase()}`;
    if (taken.has(wanted)) continue;
    taken.add(wanted);
    return wanted;
  }
}
