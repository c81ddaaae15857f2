/** A source as it is deployed: with names and ids of its own on the platform. */
import { createHash } from "node:crypto";
import type { Appliance } from "../../appliance/appliance.js";
import { printable } from "../../base/text.js";
import type { Context } from "../../io/context.js";
import type { OpenedSource } from "../../operations/opened.js";
import { createFileNames } from "../../platforms/names.js";
import { withEnvironments, withoutTransport, withPrefix } from "./environment.js";

/** What names and ids follow from. */
export interface DeployedAs {
  readonly name: string;
  /** Of the deployment. */
  readonly id: string;
  /** From 1. */
  readonly generation: number;
  /** Ids of disks that are on the platform already: they are read as empty. */
  readonly kept: ReadonlySet<string>;
  /** What guests are told, and whether the platform itself brings it to them. */
  readonly told: {
    /** The OVF environment of a machine as XML; `null`: it gets none. */
    readonly environment: (machine: string) => string | null;
    /** Ids of machines that look for it on a disc. */
    readonly ids: ReadonlySet<string>;
    readonly brought: boolean;
    /** Whether each gets a CD for cloud-init. */
    readonly seeded: boolean;
  };
  /** Of the files on the CDs with environments. */
  readonly modified: Date;
}

/** The source, its machines with the names and UUIDs that they get on the platform, its files with names that are nobody else's. */
export function deployedSource(source: OpenedSource, as: DeployedAs): OpenedSource {
  const { name, id, generation, kept, told, modified } = as;
  const prefix = generation === 1 ? name : `${name}.g${generation}`;
  // With new disks cloud-init is to start over.
  const instance = (machine: string): string => uuidFor(id, `${machine}/${generation}`);
  const answered = withPrefix(
    told.brought
      ? withoutTransport(source, told.ids)
      : withEnvironments(source, told.environment, modified, told.seeded ? instance : null),
    prefix,
  );
  return {
    ...answered,
    appliance(choice, ctx) {
      const appliance = unplugged(answered.appliance(choice, ctx), ctx);
      return named(withoutKept(appliance, kept), name, id);
    },
  };
}

function named(source: Appliance, name: string, id: string): Appliance {
  const names = createFileNames();
  const single = source.machines.length === 1;
  const machines = source.machines.map((machine) => ({
    ...machine,
    name: single ? name : names.take(`${name}-${machine.name}`, ""),
    uuid: uuidFor(id, machine.id),
  }));
  return { ...source, machines };
}

/** Without what a package says of the host that it is deployed to: its guests would write to files, pipes and devices of its choice there. */
function unplugged(source: Appliance, ctx: Context): Appliance {
  const machines = source.machines.map((machine) => ({
    ...machine,
    serialPorts: machine.serialPorts.map((port) => {
      const { index, backing, target } = port;
      if (backing === null || backing === "pty") return port;
      ctx.report({
        code: "deploy/serial-unplugged",
        severity: "warning",
        message: `${machine.name}: serial port ${index} is connected to nothing: the source connects it to the ${backing} ${JSON.stringify(printable((target ?? "").slice(0, 200)))} of the host`,
        hint: "Connect it on the platform, where that is what you want.",
      });
      return { ...port, backing: null, target: null };
    }),
  }));
  return { ...source, machines };
}

function withoutKept(source: Appliance, kept: ReadonlySet<string>): Appliance {
  if (kept.size === 0) return source;
  const disks = source.disks.map((disk) =>
    kept.has(disk.id)
      ? { ...disk, file: null, format: null, variant: null, parent: null, compression: null, chunkBytes: null }
      : disk,
  );
  return { ...source, disks };
}

/** A UUID that follows from the deployment: the same in every run. Version 8 (RFC 9562, 5.8). */
export function uuidFor(id: string, thing: string): string {
  const hex = createHash("sha256").update(`${id}/${thing}`).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
