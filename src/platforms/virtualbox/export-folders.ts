import type { Attachment, Machine } from "../../appliance/appliance.js";
import type { ResultFiles } from "../files.js";

/** Which folder of a result each file lies in. */
export interface Folders {
  /** Starts with a machine. @param config the name of its settings, after which its folder is called */
  begin(machine: Machine, config: string): void;
  /** Puts a file that only this machine has into its folder. */
  own(machine: Machine, name: string): void;
  /** Where a drive's file lies, as the machine's settings have it; `null`: the drive is empty. */
  of(machine: Machine, attachment: Attachment): string | null;
  /** A file's path in the result. */
  path(name: string): string;
}

/** @param base absolute path in which each machine gets a folder; `null`: all files lie in one */
export function createFolders(files: ResultFiles, base: string | null): Folders {
  const stems = new Map<string, string>();
  const homes = new Map<string, string>();
  /** The first machine that has a file keeps it. */
  const homeOf = (machine: Machine, name: string): string => {
    const home = homes.get(name) ?? stems.get(machine.id) ?? "";
    homes.set(name, home);
    return home;
  };
  return {
    begin(machine, config) {
      const stem = config.replace(/\.vbox$/, "");
      stems.set(machine.id, stem);
      homes.set(config, stem);
    },
    own: homeOf,
    of(machine, attachment) {
      const name = files.of(machine, attachment);
      if (name === null || base === null) return name;
      const home = homeOf(machine, name);
      // VirtualBox knows a medium by one path: two ways to write it are two media.
      return home === stems.get(machine.id) ? name : `${base.replace(/\/+$/, "")}/${home}/${name}`;
    },
    path: (name) => (base === null ? name : `${homes.get(name) ?? ""}/${name}`),
  };
}
