import { FerryError } from "../../../base/errors.js";

/** A node of Proxmox VE to deploy to. */
export interface ProxmoxPlace {
  /** `root@pam`, or a token: `root@pam!deploy`; `null`: it is in none of the address. */
  readonly user: string | null;
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  readonly node: string;
}

/** How targets are written. */
export const PROXMOX_TARGET = "proxmox://[USER@]HOST[:PORT]/NODE";
/** Where pveproxy listens. */
const PORT = 8006;

/** A user with its realm, and the name of a token: `user@realm!token` (pveum(1), "User Management"). */
const USER = "[A-Za-z0-9][A-Za-z0-9._+@-]{0,62}@[A-Za-z][A-Za-z0-9._-]{0,31}(?:![A-Za-z][A-Za-z0-9._-]{0,63})?";
const TARGET = new RegExp(
  `^proxmox://(?:(${USER})@)?([A-Za-z0-9][A-Za-z0-9.-]{0,253}|\\[[0-9A-Fa-f:]{2,45}\\])(?::(\\d{1,5}))?/([A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)/?$`,
);

/** The node that an address means. @throws `deploy/bad-target` */
export function proxmoxPlace(target: string): ProxmoxPlace {
  const [all, user, host = "", port, node = ""] = TARGET.exec(target) ?? [];
  const number = port === undefined ? PORT : Number(port);
  if (all === undefined || number === 0 || number > 65535) {
    // What was written may hold a password: it is not shown.
    const shown = /[@?#]/.test(target) ? "the target" : JSON.stringify(target.slice(0, 200));
    throw new FerryError("deploy/bad-target", `${shown} is no node of Proxmox VE`, {
      hint: `Write ${PROXMOX_TARGET}, such as proxmox://root@pam!deploy@pve.example/pve. The secret is given by --password.`,
    });
  }
  return { user: user ?? null, host: host.replace(/^\[|\]$/g, ""), port: number, node };
}

/** A user as `--user` gives it. @throws `deploy/bad-target` */
export function proxmoxUser(given: string): string {
  if (new RegExp(`^${USER}$`).test(given)) return given;
  throw new FerryError("deploy/bad-target", "the user of Proxmox VE is not understood", {
    hint: "Users have a realm: root@pam. A token follows behind an exclamation mark: root@pam!deploy.",
  });
}
