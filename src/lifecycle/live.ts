/** Machines that are on a platform, as sources of conversions and as texts that can be compared. */
import type { Appliance } from "../appliance/appliance.js";
import { FerryError } from "../base/errors.js";
import { printable } from "../base/text.js";
import type { Context } from "../io/context.js";
import type { OpenedSource, OpenSourceOptions } from "../operations/opened.js";
import type { Native } from "../runtime/node/native.js";

/** A machine on a platform. */
export interface LiveMachine {
  /** As the platform names it; where it has folders, with the path to it. */
  readonly name: string;
  /** What it is found by, where that is known; `null`: by its name. */
  readonly uuid: string | null;
}

/** The address of a machine, taken apart. */
export interface MachineAddress {
  /** The platform, as a target. */
  readonly target: string;
  readonly machine: string;
}

/** What opening machines is lent. */
export interface LiveScope {
  readonly native: Native;
  /** A folder for temporary files. */
  readonly scratch: string;
  /** How the source is opened: places of files that a user named. */
  readonly options: OpenSourceOptions;
}

/** What a platform offers of the machines that are on it. */
export interface LiveMachines {
  /**
   * Opens machines that are off: several are one source. What was begun on the platform for it ends when it is closed.
   * @throws `deploy/no-machine`, `deploy/running`, and what opening their files throws
   */
  open(machines: readonly LiveMachine[], scope: LiveScope, ctx: Context): Promise<OpenedSource>;
  /** A machine's configuration as the platform keeps it, on or off, with no secret in it; `null`: it is not there. */
  describe(machine: LiveMachine, ctx: Context): Promise<string | null>;
  /** What such a text says. Pure. @param machine what it is called in messages */
  read(text: string, machine: string, ctx: Context): Appliance;
}

/** @param known what is there, to choose from */
export function noMachine(name: string, platform: string, known: Iterable<string>): FerryError {
  const all = [...known].slice(0, 20).map((one) => printable(one));
  return new FerryError("deploy/no-machine", `${platform} has no machine ${JSON.stringify(name.slice(0, 200))}`, {
    hint: all.length === 0 ? "It has none that this user sees." : `It has: ${all.join(", ")}.`,
  });
}

/** @param how switches it off, as a sentence */
export function notOff(name: string, state: string, how: string): FerryError {
  return new FerryError("deploy/running", `the machine ${JSON.stringify(name.slice(0, 200))} is ${printable(state)}`, {
    hint: `A machine that works changes its disks while they are read. ${how}`,
  });
}

/** The error for a platform whose machines are not read. */
export function notRead(platform: string): FerryError {
  return new FerryError("deploy/not-read", `machines of ${platform} are not read by vmferry`, {
    hint: "Export them there, and give the files.",
  });
}
