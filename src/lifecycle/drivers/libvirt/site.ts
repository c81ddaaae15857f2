/** A libvirt that was looked at: how a source is converted for it, and which steps lead there. */
import { noWishes } from "../../../appliance/wish.js";
import { FerryError } from "../../../base/errors.js";
import type { ConversionPlan } from "../../../operations/conversion.js";
import { planConversion } from "../../../operations/convert.js";
import type { DeployedMachine, StepRecord } from "../../deployment/state.js";
import type { Place, Site } from "../../driver.js";
import { type LibvirtHost, preflight } from "./look.js";
import type { LibvirtAction } from "./steps.js";
import type { Virsh } from "./virsh.js";

/** Files of the conversion that are no part of a machine. */
const OWN_FILES = /\.xml$|^REPORT\.md$/;

/** @param host as it was just seen */
export function siteOf(host: LibvirtHost, virsh: Virsh): Site {
  return {
    plan(source, { choice, place, emulate }, ctx) {
      refusePlaces(place);
      return planConversion(
        source,
        {
          platform: "libvirt",
          choice,
          wishes: { ...noWishes, networks: place.networks },
          exportOptions: {
            folder: host.pool?.folder ?? "/",
            type: emulate ? "qemu" : host.virtualization,
            cards: "own",
          },
        },
        ctx,
      );
    },
    steps: (plan, machines, { autostart }) => stepsOf(plan, machines, host, autostart),
    preflight({ wish, plan, machines, steps, bytes }, { signal }) {
      const volumes = steps.filter(({ action }) => action.kind === "volume");
      const own = new Set(volumes.filter(({ status }) => status !== "open").map(({ action }) => String(action.name)));
      const needs = {
        domains: machines,
        volumes: volumes.map(({ action }) => String(action.name)),
        networks: plan.appliance.machines.flatMap(({ nics }) => nics.map(({ network }) => network ?? "default")),
        starts: wish.start,
        // What is uploaded already takes its place no second time.
        bytes: own.size > 0 ? 0 : bytes,
        own,
      };
      return preflight(host, needs, virsh, signal);
    },
  };
}

function refusePlaces({ folder, pool }: Place): void {
  if (folder === null && pool === null) return;
  throw new FerryError("deploy/bad-place", "libvirt has neither folders of machines nor resource pools", {
    hint: "Leave out --folder and --pool. The storage pool for the disks is --storage.",
  });
}

function stepsOf(
  plan: ConversionPlan,
  machines: readonly DeployedMachine[],
  host: LibvirtHost,
  autostart: boolean,
): readonly StepRecord[] {
  const step = (key: string, text: string, action: LibvirtAction): StepRecord => ({
    key,
    text,
    status: "open",
    action,
  });
  const files = plan.files.map(({ name }) => name);
  // One configuration for each machine, in the same order.
  const configs = files.filter((file) => file.endsWith(".xml"));
  const configOf = new Map(plan.appliance.machines.map(({ id }, i) => [id, configs[i] ?? ""]));
  const pool = host.pool?.name ?? "";
  return [
    ...files
      .filter((file) => !OWN_FILES.test(file))
      .map((file) =>
        step(`volume:${file}`, `upload ${file} to the pool ${pool}`, { kind: "volume", pool, name: file, file }),
      ),
    ...machines.map(({ id, name, uuid }) =>
      step(`domain:${name}`, `define the machine ${name}`, {
        kind: "domain",
        name,
        uuid,
        file: configOf.get(id) ?? "",
      }),
    ),
    ...(autostart
      ? machines.map(({ name, uuid }) =>
          step(`autostart:${name}`, `let ${name} start with the host`, { kind: "autostart", uuid }),
        )
      : []),
  ];
}
