/** A pool that was looked at: how a source is converted for it, and which steps lead there. */
import type { Appliance } from "../../../appliance/appliance.js";
import { noWishes } from "../../../appliance/wish.js";
import type { Diagnostic } from "../../../base/diagnostics.js";
import { FerryError } from "../../../base/errors.js";
import type { ConversionPlan } from "../../../operations/convert/conversion.js";
import { planConversion } from "../../../operations/convert/convert.js";
import { DEFAULT_NETWORK } from "../../../platforms/xenserver/export.js";
import type { DeployedMachine, StepRecord } from "../../deployment/state.js";
import type { DeployWish, Need, Place, Site } from "../../driver.js";
import { stepRecord } from "./actions.js";
import { preflight, type XenPool } from "./look.js";
import { machineAt } from "./machines.js";
import type { Xapi } from "./xapi.js";

/** @param pool as it was just seen */
export function siteOf(pool: XenPool, place: Place, xapi: Xapi): Site {
  refusePlaces(place);
  return {
    bringsEnvironments: true,
    plan(source, { name, id, choice, emulate, place: { networks } }, ctx) {
      if (emulate) {
        throw new FerryError("deploy/bad-place", "XenServer emulates no processors", { hint: "Leave out --emulate." });
      }
      return planConversion(
        source,
        {
          platform: "xenserver",
          target: pool.brand === "XCP-ng" ? "xcp-ng-8.3" : "xenserver-8",
          archive: `${name}.xva`,
          choice,
          wishes: { ...noWishes, networks },
          exportOptions: { mark: id, sum: knowsXxh64(pool.version) ? "xxh64" : "sha1" },
        },
        ctx,
      );
    },
    steps: (plan, machines, wish) => stepsOf(plan, machines, wish, pool),
    async preflight(need, { signal }) {
      return [
        ...(await taken(need, xapi, signal)),
        ...(await preflight(pool, { ...needsOf(need), autostart: need.wish.autostart }, xapi, signal)),
      ];
    },
  };
}

function refusePlaces({ folder }: Place): void {
  if (folder === null) return;
  throw new FerryError("deploy/bad-place", "XenServer has no folders of machines", {
    hint: "Leave out --folder. Folders and tags of XenCenter are given there.",
  });
}

/** Sums of chunks by XXH64 came with 8.3; SHA-1 all know. */
function knowsXxh64(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 8 || (major === 8 && minor >= 3);
}

function stepsOf(
  plan: ConversionPlan,
  machines: readonly DeployedMachine[],
  { name, id: mark, told, asked, bridges, autostart, place: { made } }: DeployWish,
  { storage: place, home }: XenPool,
): readonly StepRecord[] {
  // Without a place nothing is carried out: preflight says so.
  const storage = place?.uuid ?? "";
  const file = plan.files[0]?.name ?? "";
  const uuids = machines.map(({ uuid }) => uuid).join(" ");
  return [
    ...[...(made ?? [])].map((network) =>
      stepRecord(`network:${network}`, `make the network ${network}`, { kind: "network", name: network, mark }),
    ),
    stepRecord(`import:${file}`, `import ${file} into ${place?.name ?? "the storage"}`, {
      ...{ kind: "import", file, storage, uuids, mark },
    }),
    ...machines.flatMap(({ id, name: label, uuid }) =>
      told.has(id)
        ? stepRecord(`environment:${label}`, `give ${label} a disk with its OVF environment`, {
            ...{ kind: "environment", machine: id, name: label, uuid, storage, mark },
          })
        : [],
    ),
    ...machines.flatMap(({ id, name: label, uuid }) =>
      bridges.includes("xenstore") && asked.has(id)
        ? stepRecord(`xenstore:${label}`, `put the OVF environment of ${label} into its xenstore`, {
            ...{ kind: "xenstore", machine: id, name: label, uuid },
          })
        : [],
    ),
    ...(machines.length > 1
      ? [stepRecord(`group:${name}`, `make the vApp ${name}`, { kind: "group", name, uuids, mark })]
      : []),
    ...(home === null
      ? []
      : machines.map(({ name: label, uuid }) =>
          stepRecord(`home:${label}`, `let ${label} prefer the host ${home.name}`, {
            ...{ kind: "home", uuid, host: home.uuid },
          }),
        )),
    ...(autostart
      ? machines.map(({ name: label, uuid }) =>
          stepRecord(`autostart:${label}`, `let ${label} start with the host`, { kind: "autostart", uuid }),
        )
      : []),
  ];
}

function needsOf({ plan, steps, wish }: Need): {
  readonly networks: readonly string[];
  readonly made: readonly string[];
  readonly bytes: number;
  readonly memory: number | null;
} {
  const { machines } = plan.appliance;
  const open = importStep(steps)?.status === "open";
  const made = steps.filter(({ action }) => action.kind === "network");
  const isMade = (name: string): boolean => made.some(({ action }) => action.name === name);
  const networks = machines.flatMap(({ nics }) => nics.map(({ network }) => network ?? DEFAULT_NETWORK));
  return {
    networks: networks.filter((name) => !isMade(name)),
    made: made.filter(({ status }) => status === "open").map(({ action }) => String(action.name)),
    // What is uploaded already takes its place no second time.
    bytes: open ? sizeOf(plan.appliance) : 0,
    memory: wish.start ? Math.max(0, ...machines.map(({ memoryBytes }) => memoryBytes)) : null,
  };
}

/** Bytes that guests see of all disks. */
function sizeOf({ machines, disks }: Appliance): number {
  const used = new Set(machines.flatMap(({ attachments }) => attachments.map(({ disk }) => disk)));
  return disks.filter(({ id }) => used.has(id)).reduce((sum, { capacityBytes }) => sum + capacityBytes, 0);
}

function importStep(steps: readonly StepRecord[]): StepRecord | undefined {
  return steps.find(({ action }) => action.kind === "import");
}

/** Machines that are there already. Their names need not be free: XenServer lets several have one. */
async function taken({ machines, steps }: Need, xapi: Xapi, signal: AbortSignal): Promise<readonly Diagnostic[]> {
  if (importStep(steps)?.status !== "open") return [];
  const found: Diagnostic[] = [];
  for (const { name, uuid } of machines) {
    const byName = await xapi.call("VM.get_by_name_label", [name], signal);
    const hint = "It is not of this deployment. Choose another --name, or remove it.";
    if ((await machineAt(xapi, uuid, signal)) !== null) {
      const message = `the pool has a machine with the UUID of ${JSON.stringify(name)} already`;
      found.push({ code: "deploy/taken", severity: "error", message, hint });
    } else if (Array.isArray(byName) && byName.length > 0) {
      const message = `the pool has a machine called ${JSON.stringify(name)} already`;
      found.push({ code: "deploy/taken", severity: "error", message, hint });
    }
  }
  return found;
}
