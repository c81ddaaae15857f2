/** What others see of the processes that a process starts: their arguments, as in /proc. */
import { readdirSync, readFileSync } from "node:fs";

/** Arguments of every process below one, while it was watched. */
export interface ChildWatch {
  /** Ends the watch. Each command line is there once, its words separated by blanks. */
  end(): readonly string[];
}

/** Milliseconds between looks: programs that tests start take longer. */
const EACH_MS = 5;

/** Watches the processes below this one. Linux alone has /proc; elsewhere there is nothing to see. */
export function watchChildren(root: number = process.pid): ChildWatch {
  const seen = new Set<string>();
  const look = (): void => {
    for (const command of commandsBelow(root)) seen.add(command);
  };
  const timer = setInterval(look, EACH_MS);
  return {
    end(): readonly string[] {
      look();
      clearInterval(timer);
      return [...seen];
    },
  };
}

function commandsBelow(root: number): string[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    const stat = read(`/proc/${name}/stat`);
    // The program's name stands in brackets and may hold anything.
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    if (parent > 0) parents.set(Number(name), parent);
  }
  const below = (pid: number): boolean => {
    for (let at = parents.get(pid); at !== undefined; at = parents.get(at)) if (at === root) return true;
    return false;
  };
  return [...parents.keys()].filter(below).map((pid) => read(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim());
}

/** Empty where the process has ended. */
function read(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch (error) {
    if (error instanceof Error && "code" in error) return "";
    throw error;
  }
}
