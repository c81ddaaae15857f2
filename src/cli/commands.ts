import type { CommandEntry } from "./command.js";

/** A word that groups commands. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
}

/** Words in front of other commands. */
export const groups: readonly CommandGroup[] = [
  { name: "disk", summary: "one disk image: info, convert, compare, hash" },
];

/** Every command, in the order of the help. A new command is its file and one line here. */
export const commands: readonly CommandEntry[] = [
  {
    name: "completion",
    summary: "print the completion script of a shell",
    load: async () => (await import("./commands/completion.js")).completion,
  },
];
