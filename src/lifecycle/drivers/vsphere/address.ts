import { FerryError } from "../../../base/errors.js";

/** A vCenter or ESXi to deploy to. */
export interface VsphereAddress {
  /** A name or an address, that of IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** As the server takes it; `null`: not said. */
  readonly user: string | null;
  /** Name or path of the data center; `null`: the only one. */
  readonly datacenter: string | null;
}

const HINT =
  "Write vsphere://[USER@]HOST[:PORT]/[DATACENTER]. The password is given by --password, and characters with a meaning of their own are written as %XX.";

const PATTERN =
  /^vsphere:\/\/(?:([^\s/?#:]{1,256})@)?([A-Za-z0-9][A-Za-z0-9.-]{0,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::(\d{1,5}))?(?:\/([^?#]{0,1024}))?$/;

/**
 * The server that an address means. A password has no place in it.
 * @throws `deploy/bad-target`
 */
export function vsphereAddress(target: string): VsphereAddress {
  const found = PATTERN.exec(target);
  const port = Number(found?.[3] ?? 443);
  if (found === null || port < 1 || port > 65535) throw badTarget(target);
  const [, user, host = "", , datacenter = ""] = found;
  const path = plain(datacenter, target).replace(/^\/+|\/+$/g, "");
  return {
    host: host.replace(/^\[|\]$/g, ""),
    port,
    user: user === undefined ? null : plain(user, target),
    datacenter: path === "" ? null : path,
  };
}

function plain(text: string, target: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badTarget(target);
  }
}

function badTarget(target: string): FerryError {
  // What was written may hold a password: it is not shown.
  const shown = /[@?#]/.test(target) ? "the target" : JSON.stringify(target.slice(0, 200));
  return new FerryError("deploy/bad-target", `${shown} is no address of a vSphere`, { hint: HINT });
}
