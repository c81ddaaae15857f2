/** What a user or token may do. Source: pveum(1), "Permission Management"; `GET /access/permissions`. */
import { FerryError } from "../../../base/errors.js";
import type { Pve } from "./api.js";
import { isOn, objectOf } from "./values.js";

/** Privileges by path; `null`: everything is allowed. */
export type Rights = ReadonlyMap<string, ReadonlySet<string>> | null;

/** Who is never asked for rights. */
const ROOT = "root@pam";

/** The rights on some paths. */
export async function rightsOn(pve: Pve, paths: readonly string[], signal: AbortSignal): Promise<Rights> {
  if (pve.user === ROOT) return null;
  const found = new Map<string, ReadonlySet<string>>();
  for (const path of new Set(paths)) {
    const answer = await pve.try("GET", "/access/permissions", { path }, signal);
    if (!answer.ok) {
      throw new FerryError("deploy/denied", `${pve.user} may not ask for its own rights: ${answer.why}`, {
        hint: "Is the token enabled, and not expired?",
      });
    }
    const held = Object.entries(objectOf(objectOf(answer.data)[path]));
    found.set(path, new Set(held.flatMap(([privilege, value]) => (isOn(value) ? [privilege] : []))));
  }
  return found;
}

/** Which of some privileges are missing on a path. */
export function missingOn(rights: Rights, path: string, privileges: readonly string[]): readonly string[] {
  if (rights === null) return [];
  const held = rights.get(path) ?? new Set<string>();
  return privileges.filter((privilege) => !held.has(privilege));
}

/** Whether machines may be put into the order in which the host starts them (Qemu.pm: `startup` changes what the host does). */
export function mayOrder(rights: Rights): boolean {
  return missingOn(rights, "/", ["Sys.Modify"]).length === 0;
}
