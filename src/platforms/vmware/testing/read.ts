import type { Appliance, Machine } from "../../../appliance/appliance.js";
import { testContext } from "../../../io/testing/context.js";
import type { ConfigFiles } from "../../platform.js";
import { readVmx } from "../import.js";

/** What a VMX file was read to be. */
export interface Read {
  readonly machine: Machine;
  readonly appliance: Appliance;
  readonly codes: readonly string[];
  readonly foreign: Readonly<Record<string, string>>;
  /** Files that have to be there: their paths as the configuration has them. */
  readonly needed: readonly string[];
}

const IDENTITY = 'config.version = "8"\nvirtualHW.version = "19"\nguestOS = "debian12-64"\nfloppy0.present = "FALSE"\n';

/** Reads settings after the lines that every file has. Files are there unless their name says that they are gone. */
export function read(settings: string | Uint8Array, sizes: Readonly<Record<string, number>> = {}): Read {
  const ctx = testContext();
  const files: ConfigFiles = {
    find: (path) =>
      /gone|\.vmsd$/.test(path) && sizes[path] === undefined ? undefined : { name: path, size: sizes[path] ?? 1 },
  };
  const bytes = typeof settings === "string" ? new TextEncoder().encode(IDENTITY + settings) : settings;
  const config = readVmx({ name: "web", label: "web.vmx", bytes });
  const appliance = config.appliance(files, (found) => ctx.report(found));
  const [machine] = appliance.machines;
  if (machine === undefined) throw new Error("a VMX file is one machine");
  const foreign = Object.fromEntries(machine.foreign.map(({ name, payload }) => [name, payload]));
  const needed = config.files.filter(({ optional }) => optional !== true).map(({ path }) => path);
  return { machine, appliance, codes: ctx.codes(), foreign, needed };
}
