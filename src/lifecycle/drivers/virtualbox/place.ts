/** Where in VirtualBox machines go, and what its networks are called. */
import * as path from "node:path";
import { FerryError } from "../../../base/errors.js";
import { type Plug, plugOf } from "../../../platforms/virtualbox/plugs.js";
import type { Access, Place } from "../../driver.js";

/** @throws `deploy/bad-target` */
export function refuseTarget({ target, user, password, thumbprint, authorities }: Access): void {
  if (target !== "virtualbox:") {
    throw new FerryError("deploy/bad-target", "VirtualBox is deployed to on this machine only", {
      hint: "Write virtualbox: with nothing behind it. Settings of another folder are those of VBOX_USER_HOME.",
    });
  }
  if (user === null && password === null && thumbprint === null && authorities === null) return;
  throw new FerryError("deploy/bad-target", "VirtualBox is not told users, passwords and certificates", {
    hint: "It is that of the user who runs the command. Leave them out.",
  });
}

/** A place as VirtualBox has it. */
export interface VirtualboxPlace {
  /** Absolute path of the folder of machines; `null`: VirtualBox's own. */
  readonly base: string | null;
  /** `/lab/web`; `null`: none but that of all. */
  readonly group: string | null;
}

/** @throws `deploy/bad-place` */
export function virtualboxPlace({ storage, folder, pool }: Place): VirtualboxPlace {
  const bad = (what: string, hint: string): FerryError => new FerryError("deploy/bad-place", what, { hint });
  if (pool !== null) throw bad("VirtualBox has no resource pools", "Leave out --pool.");
  if (storage !== null && (!path.isAbsolute(storage) || hasControls(storage))) {
    throw bad(
      "storage of VirtualBox is a folder of this machine, named by its absolute path",
      "Write --storage /vms, or leave it out for VirtualBox's own machine folder.",
    );
  }
  return { base: storage === null ? null : path.resolve(storage), group: folder === null ? null : groupOf(folder) };
}

/** Groups become folders: each part is a plain name. */
function groupOf(folder: string): string | null {
  const parts = folder.replace(/^\/|\/$/g, "").split("/");
  if (parts.length === 1 && parts[0] === "") return null;
  const fine = parts.every((part) => /^[\p{L}\p{N}_][\p{L}\p{M}\p{N} ._-]{0,99}$/u.test(part) && !/[ .]$/.test(part));
  if (fine && parts.length <= 16) return `/${parts.join("/")}`;
  throw new FerryError(
    "deploy/bad-place",
    `VirtualBox's groups are not called ${JSON.stringify(folder.slice(0, 100))}`,
    {
      hint: "Write --folder /GROUP or /GROUP/GROUP: letters, digits, spaces, dots, hyphens and underscores.",
    },
  );
}

function hasControls(text: string): boolean {
  return /\p{Cc}/u.test(text);
}

/** The networks of a host, by their names. */
export interface HostNetworks {
  readonly natnetwork: ReadonlySet<string>;
  readonly bridged: ReadonlySet<string>;
  readonly hostonly: ReadonlySet<string>;
  readonly intnet: ReadonlySet<string>;
}

/**
 * The plug that a user means by a name: `nat`, `natnetwork:NAME`, `bridged:INTERFACE`, `hostonly:INTERFACE`, `intnet:NAME`, or a plain name, looked for
 * among the host's networks in this order.
 * @returns `null`: a plain name that the host does not have
 */
export function plugMeant(text: string, host: HostNetworks): Plug | null {
  const said = plugOf(text);
  if (said !== null) return said;
  for (const mode of ["natnetwork", "bridged", "hostonly", "intnet"] as const) {
    if (host[mode].has(text)) return { mode, name: text };
  }
  return null;
}

/** Whether a host has what a plug needs. An internal network is there as soon as somebody is plugged into it. */
export function hasPlug({ mode, name }: Plug, host: HostNetworks): boolean {
  return mode === "nat" || mode === "intnet" || host[mode].has(name ?? "");
}
