import { FerryError } from "../../../base/errors.js";
import type { Access } from "../../access.js";

/** A host of Hyper-V to deploy to. */
export type HypervPlace =
  | { readonly kind: "local" }
  | {
      readonly kind: "ssh";
      /** `null`: the one that ssh is configured for. */
      readonly user: string | null;
      /** Without brackets. */
      readonly host: string;
      /** `null`: the one that ssh is configured for. */
      readonly port: number | null;
    };

/** How targets are written. */
export const HYPERV_TARGETS: readonly string[] = ["hyperv:", "hyperv+ssh://[USER@]HOST[:PORT]"];

const REMOTE =
  /^hyperv\+ssh:\/\/(?:([A-Za-z0-9_][A-Za-z0-9_.\\-]{0,63})@)?([A-Za-z0-9][A-Za-z0-9.-]{0,253}|\[[0-9A-Fa-f:]{2,45}\])(?::(\d{1,5}))?\/?$/;

/**
 * The host that an address means. Nothing of it can become an option of ssh.
 * @throws `deploy/bad-target`
 */
export function hypervPlace({ target, user, password, thumbprint }: Access): HypervPlace {
  if (user !== null || password !== null || thumbprint !== null) {
    throw new FerryError("deploy/bad-target", "Hyper-V is not told users, passwords and thumbprints here", {
      hint: "The user of ssh is a part of the address; keys and known hosts belong into ssh's own configuration.",
    });
  }
  if (target === "hyperv:") return { kind: "local" };
  const [all, name, host = "", port] = REMOTE.exec(target) ?? [];
  const number = port === undefined ? null : Number(port);
  if (all !== undefined && (number === null || (number > 0 && number <= 65535))) {
    return { kind: "ssh", user: name ?? null, host: host.replace(/^\[|\]$/g, ""), port: number };
  }
  // What was written may hold a password: it is not shown.
  const shown = /[@?#]/.test(target) ? "the target" : JSON.stringify(target.slice(0, 200));
  throw new FerryError("deploy/bad-target", `${shown} is no host of Hyper-V`, {
    hint: `Write ${HYPERV_TARGETS.join(" or ")}.`,
  });
}

/** A folder on a host: a drive, or a share. No wildcards, nothing that goes up. */
const FOLDER = /^(?:[A-Za-z]:|\\\\[A-Za-z0-9._-]+\\[A-Za-z0-9._$-]+)(?:\\[^\\/:*?"<>|\r\n[\]]+)*\\?$/;

/** A folder of the host as `--storage` names it. @throws `deploy/bad-place` */
export function hypervFolder(given: string): string {
  const folder = given.replaceAll("/", "\\").replace(/\\+$/, "");
  if (isHypervFolder(folder)) return folder;
  throw new FerryError("deploy/bad-place", "--storage takes a folder of the host, as an absolute path", {
    hint: "Such as 'D:\\Machines'. Brackets, asterisks and question marks cannot be in it.",
  });
}

/** Whether a text is a folder of a host. */
export function isHypervFolder(folder: string): boolean {
  const parts = folder.split("\\");
  return folder.length <= 160 && FOLDER.test(folder) && !parts.some((part) => part === "." || part === "..");
}
