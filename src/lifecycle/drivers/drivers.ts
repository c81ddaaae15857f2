/** The platforms that are deployed to. */
import { FerryError } from "../../base/errors.js";
import type { Access, Driver, DriverKind, DriverScope } from "../driver.js";
import { hyperv } from "./hyperv/driver.js";
import { libvirt } from "./libvirt/driver.js";
import { proxmox } from "./proxmox/driver.js";
import { virtualbox } from "./virtualbox/driver.js";
import { vsphere } from "./vsphere/driver.js";
import { xenserver } from "./xenserver/driver.js";

/** All of them. */
export const driverKinds: readonly DriverKind[] = [hyperv, libvirt, proxmox, virtualbox, vsphere, xenserver];

/**
 * The driver that a target is meant for. It speaks to nobody yet.
 * @throws `deploy/bad-target`
 */
export function openDriver(access: Access, scope: DriverScope): Driver {
  const kind = driverKinds.find((known) => known.owns(access.target));
  if (kind !== undefined) return kind.open(access, scope);
  // What was written may hold a password: it is not shown.
  const shown = /[@?#]/.test(access.target) ? "the target" : JSON.stringify(access.target.slice(0, 200));
  throw new FerryError("deploy/bad-target", `${shown} is no address of a platform that is deployed to`, {
    hint: `Write one of ${driverKinds.flatMap(({ targets }) => targets).join(", ")}.`,
  });
}
