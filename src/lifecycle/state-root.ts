import { homedir } from "node:os";
import * as path from "node:path";

/** The folder of all state of vmferry: XDG_STATE_HOME, or where that is by default (XDG Base Directory Specification). */
export function stateRoot(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const { XDG_STATE_HOME: home } = env;
  // The specification has relative paths ignored.
  const base = home !== undefined && path.isAbsolute(home) ? home : path.join(homedir(), ".local", "state");
  return path.join(base, "vmferry");
}
