import { FerryError } from "../../../base/errors.js";
import type { Access } from "../../driver.js";

/** A libvirt to deploy to. */
export interface LibvirtPlace {
  /** As virsh takes it. */
  readonly uri: string;
  /** Whether its files are those of this machine. */
  readonly local: boolean;
}

const HINT = "Write libvirt:///system, libvirt:///session, or libvirt+ssh://[USER@]HOST[:PORT]/system.";

/**
 * The libvirt that an address means.
 * Nothing of it can become an option of ssh or of libvirt: users, hosts and ports are held to their letters, and parameters are refused.
 * @throws `deploy/bad-target`
 */
export function libvirtPlace(target: string): LibvirtPlace {
  const local = /^libvirt:\/\/\/(system|session)$/.exec(target);
  if (local !== null) return { uri: `qemu:///${local[1]}`, local: true };
  const remote =
    /^libvirt\+ssh:\/\/(?:([A-Za-z0-9_][A-Za-z0-9_.-]{0,63})@)?([A-Za-z0-9][A-Za-z0-9.-]{0,253}|\[[0-9A-Fa-f:]{2,45}\])(?::(\d{1,5}))?\/(system|session)$/.exec(
      target,
    );
  if (remote === null || Number(remote[3] ?? 22) > 65535) {
    // What was written may hold a password: it is not shown.
    const shown = /[@?#]/.test(target) ? "the target" : JSON.stringify(target.slice(0, 200));
    throw new FerryError("deploy/bad-target", `${shown} is no address of a platform that is deployed to`, {
      hint: HINT,
    });
  }
  const [, user, host = "", port, instance] = remote;
  const authority = `${user === undefined ? "" : `${user}@`}${host}${port === undefined ? "" : `:${port}`}`;
  // Nobody is there to answer: ssh has to fail in place of asking.
  return { uri: `qemu+ssh://${authority}/${instance}?no_tty=1`, local: false };
}

/** libvirt and ssh know who speaks to them by their own means. @throws `deploy/bad-target` */
export function refuseElsewhere({ user, password, thumbprint }: Access): void {
  if (user === null && password === null && thumbprint === null) return;
  throw new FerryError("deploy/bad-target", "libvirt is not told users, passwords and thumbprints here", {
    hint: "The user of ssh is a part of the address; keys and known hosts belong into ssh's own configuration.",
  });
}
