import { isIP } from "node:net";
import { FerryError } from "../../../base/errors.js";
import type { Access } from "../../driver.js";

/** A XenServer, or the coordinator of a pool of them. */
export interface XenPlace {
  /** A name or an address, that of IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Reference to the password. */
  readonly password: string;
}

/** The user that every XenServer has. */
const DEFAULT_USER = "root";
const TARGET =
  /^xenserver:\/\/(?:([A-Za-z0-9_][A-Za-z0-9_.-]{0,63})@)?([A-Za-z0-9][A-Za-z0-9.-]{0,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::(\d{1,5}))?\/?$/;

/**
 * The server that a target means, and who speaks to it.
 * @throws `deploy/bad-target`
 */
export function xenPlace({ target, user, password }: Access): XenPlace {
  const [all, ownUser, written = "", port] = TARGET.exec(target) ?? [];
  const host = written.replace(/^\[|\]$/g, "");
  const number = Number(port ?? 443);
  if (all === undefined || number < 1 || number > 65535 || (written.startsWith("[") && isIP(host) !== 6)) {
    // What was written may hold a password: it is not shown.
    const shown = /[@?#]/.test(target) ? "the target" : JSON.stringify(target.slice(0, 200));
    throw new FerryError("deploy/bad-target", `${shown} is no address of a platform that is deployed to`, {
      hint: "Write xenserver://[USER@]HOST[:PORT]. Another user's name, and where the password is, are said with --user and --password.",
    });
  }
  if (password === null) {
    throw new FerryError("deploy/bad-target", "XenServer wants to know a password, and none was named", {
      hint: "Say where it is: --password env:NAME, file:PATH or cmd:COMMAND.",
    });
  }
  return { host, port: number, user: user ?? ownUser ?? DEFAULT_USER, password };
}

/** An address that a server names, as a host; `null` where it is none. */
export function hostNamed(address: string): string | null {
  const host = address.replace(/^\[|\]$/g, "");
  return isIP(host) !== 0 || /^[A-Za-z0-9][A-Za-z0-9.-]{0,253}$/.test(host) ? host : null;
}
