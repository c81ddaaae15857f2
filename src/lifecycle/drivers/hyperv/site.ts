/** A host of Hyper-V that was looked at: how a source is converted for it, and which steps lead there. */
import type { Appliance } from "../../../appliance/appliance.js";
import { noWishes } from "../../../appliance/wish.js";
import type { Diagnostic } from "../../../base/diagnostics.js";
import { FerryError } from "../../../base/errors.js";
import { formatBytes, printable } from "../../../base/text.js";
import type { ConversionPlan } from "../../../operations/convert/conversion.js";
import { planConversion } from "../../../operations/convert/convert.js";
import type { OpenedSource } from "../../../operations/opened.js";
import { waitAfter } from "../../deployment/start-order.js";
import type { DeployedMachine, StepRecord } from "../../deployment/state.js";
import type { DeployWish, Need, Place, Site } from "../../driver.js";
import { markOf } from "./statements.js";
import type { HypervAction } from "./steps.js";

/** What was seen of a host. */
export interface SeenHost {
  /** Where folders of deployments are made. */
  readonly root: string;
  readonly there: boolean;
  /** Bytes; `null`: it cannot be told. */
  readonly free: number | null;
  readonly names: readonly string[];
  readonly switches: readonly string[];
}

/** An answer of a host, which is not trusted to give what it promises. */
export function seenHost(answer: unknown): SeenHost {
  const { root, there, free, names, switches } = Object(answer) as Readonly<Record<string, unknown>>;
  // PowerShell writes a list of one as its item in some versions.
  const words = (value: unknown): readonly string[] =>
    (Array.isArray(value) ? value : [value]).filter((word): word is string => typeof word === "string");
  if (typeof root !== "string" || typeof there !== "boolean") {
    throw new FerryError("deploy/bad-answer", "the host does not say where its machines lie", {
      hint: "Name a folder with --storage.",
    });
  }
  const room = typeof free === "number" && Number.isFinite(free) && free >= 0 ? free : null;
  return { root: root.replace(/\\+$/, ""), there, free: room, names: words(names), switches: words(switches) };
}

/** Files of the conversion that stay here. */
const OWN_FILES = /\.hyperv\.json$|^REPORT\.md$/;

/** @param host as it was just seen */
export function siteOf(host: SeenHost, place: Place): Site {
  refusePlaces(place);
  return {
    plan(source, { choice, emulate }, ctx) {
      if (emulate) {
        throw new FerryError("deploy/bad-place", "Hyper-V emulates no processors", { hint: "Leave out --emulate." });
      }
      const wishes = { ...noWishes, networks: place.networks };
      return planConversion(marked(source), { platform: "hyperv", choice, wishes }, ctx);
    },
    steps: (plan, machines, wish) => stepsOf(plan, machines, wish, host),
    preflight: async (need) => preflight(host, need),
  };
}

function refusePlaces({ folder, pool }: Place): void {
  if (folder === null && pool === null) return;
  throw new FerryError("deploy/bad-place", "Hyper-V has neither folders of machines nor resource pools", {
    hint: "Leave out --folder and --pool. The folder for configurations and disks is --storage.",
  });
}

/** Hyper-V chooses the ids of its machines: ours are told by a mark in their notes. */
function marked(source: OpenedSource): OpenedSource {
  return {
    ...source,
    appliance(choice, ctx): Appliance {
      const appliance = source.appliance(choice, ctx);
      const machines = appliance.machines.map((machine) => {
        const before = (machine.annotation ?? "").trimEnd();
        const mark = markOf(machine.uuid ?? "");
        return { ...machine, annotation: before === "" ? mark : `${before}\n\n${mark}` };
      });
      return { ...appliance, machines };
    },
  };
}

function stepsOf(
  plan: ConversionPlan,
  machines: readonly DeployedMachine[],
  wish: DeployWish,
  host: SeenHost,
): readonly StepRecord[] {
  const step = (key: string, text: string, action: HypervAction): StepRecord => ({ key, text, status: "open", action });
  const folder = folderOf(host, wish);
  const files = plan.files.map(({ name }) => name).filter((name) => !OWN_FILES.test(name));
  // One script for each machine, in the same order.
  const scripts = files.filter((file) => file.endsWith(".ps1"));
  const scriptOf = new Map(plan.appliance.machines.map(({ id }, at) => [id, scripts[at] ?? ""]));
  let delay = 0;
  return [
    step("copy", `copy ${files.length} files to ${folder}`, { kind: "copy", folder, files: files.join("|") }),
    ...machines.map(({ id, name, uuid, order }, at) => {
      const own = wish.autostart ? delay : null;
      const next = machines[at + 1];
      // The host knows delays alone: a second keeps the order.
      if (next !== undefined && next.order !== order) delay += Math.max(1, waitAfter(machines, at));
      const file = scriptOf.get(id) ?? "";
      const action = { kind: "machine", folder, file, name, uuid, delay: own } as const;
      return step(`machine:${name}`, `make the machine ${name}`, action);
    }),
  ];
}

/** A folder that is nobody else's. */
function folderOf({ root }: SeenHost, { id, name }: DeployWish): string {
  return `${root}\\vmferry-${id.replace(/[^0-9a-f]/g, "").slice(0, 8)}-${name}`;
}

function preflight(host: SeenHost, { wish, plan, machines, steps, bytes }: Need): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  const error = (code: Diagnostic["code"], message: string, hint: string): void => {
    found.push({ code, severity: "error", message, hint });
  };
  const listed = (words: readonly string[]): string => printable(words.slice(0, 20).join(", "));
  const begun = (kind: string): boolean =>
    steps.some(({ action, status }) => action.kind === kind && status !== "open");
  for (const { name } of machines) {
    const own = steps.some(
      ({ action, status }) => action.kind === "machine" && action.name === name && status !== "open",
    );
    if (own || !host.names.some((known) => known.toLowerCase() === name.toLowerCase())) continue;
    error(
      "deploy/taken",
      `the host has a machine called ${JSON.stringify(name)} already`,
      "It is not of this deployment. Choose another --name, or remove it.",
    );
  }
  const cards = plan.appliance.machines.flatMap(({ nics }) => nics.filter(({ connected }) => connected));
  for (const network of new Set(cards.flatMap(({ network: name }) => name ?? []))) {
    if (host.switches.some((known) => known.toLowerCase() === network.toLowerCase())) continue;
    error(
      "deploy/no-network",
      `the host has no virtual switch ${JSON.stringify(network)}`,
      host.switches.length === 0
        ? "It has none. On the host: New-VMSwitch."
        : `It has: ${listed(host.switches)}. Map the machine's network to one of them with --map-network FROM=TO.`,
    );
  }
  if (!host.there) {
    error(
      "deploy/no-storage",
      `the host has no folder ${printable(host.root)}`,
      "Make it there, or name another with --storage.",
    );
  } else if (host.free !== null && bytes > host.free && !begun("copy")) {
    error(
      "deploy/no-space",
      `the drive of ${printable(host.root)} has ${formatBytes(host.free)} free, and the disks need ${formatBytes(bytes)}`,
      "Free space there, or name a folder of another drive with --storage.",
    );
  }
  if (folderOf(host, wish).length > 150) {
    error(
      "deploy/bad-place",
      "the path of the deployment's folder is too long for Windows",
      "Choose a shorter --storage or --name.",
    );
  }
  return found;
}
