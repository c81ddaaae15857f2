/** Errors of the XenAPI (`ocaml/idl/api_errors.ml`), in words and with what to do. */
import { FerryError } from "../../../base/errors.js";
import { printable } from "../../../base/text.js";

/** An error as xapi gives it: a code and texts, whose number and meaning follow from the code. */
export interface XapiFailure {
  readonly code: string;
  readonly params: readonly string[];
}

const RUN_AGAIN = "Mend what it says, and run again: what was done is not done twice.";

const SPACE = "Free space in the storage repository, or name another one with --storage.";
const SUMS = "The archive was damaged on its way. Run again.";
const SHAPE = "The archive is not taken by this version. Please report it with the version of the server.";

/** What to do about the errors that a deployment meets. */
const HINTS: ReadonlyMap<string, string> = new Map([
  ["SESSION_AUTHENTICATION_FAILED", "User or password are wrong: check --user and what --password names."],
  ["HOST_IS_SLAVE", "It is a member of a pool whose coordinator was not found. Name the coordinator as the target."],
  ["RBAC_PERMISSION_DENIED", "The user needs the role VM admin, or a higher one, to import and start machines."],
  ["SR_FULL", SPACE],
  // What storage managers say when there is no space left.
  ["SR_BACKEND_FAILURE_44", SPACE],
  ["VM_BAD_POWER_STATE", "Somebody started or stopped the machine in between. Look at it, and run again."],
  ["OTHER_OPERATION_IN_PROGRESS", "The server is busy with the machine. Run again when it has finished."],
  ["VDI_IN_USE", "Something else uses the disk. Detach it, and run again."],
  ["HOST_NOT_ENOUGH_FREE_MEMORY", "Stop another machine, or give this one less memory."],
  [
    "NO_HOSTS_AVAILABLE",
    "No host of the pool can run it: look at its memory, its storage, and the hosts in maintenance.",
  ],
  ["VM_HVM_REQUIRED", "The hosts' processors lack virtualization, or it is switched off in their firmware."],
  ["VM_LACKS_FEATURE", "The guest has no drivers for Xen, and cannot be asked: switch it off with --force."],
  ["VM_LACKS_FEATURE_SHUTDOWN", "The guest has no drivers for Xen, and cannot be asked: switch it off with --force."],
  ["DUPLICATE_VM", "A machine of the pool is a copy of this one. Remove it, or deploy under another --name."],
  [
    "VM_TO_IMPORT_IS_NOT_NEWER_VERSION",
    "A machine with this UUID is there already. Remove it, or deploy under another --name.",
  ],
  ["IMPORT_ERROR_PREMATURE_EOF", "The connection broke during the upload. Run again."],
  ["IMPORT_ERROR_SOME_CHECKSUMS_FAILED", SUMS],
  ["IMPORT_ERROR_FAILED_TO_FIND_OBJECT", SHAPE],
  ["IMPORT_ERROR_UNEXPECTED_FILE", SHAPE],
  ["IMPORT_ERROR_GENERIC", "Look into /var/log/xensource.log on the host for more."],
  ["IMPORT_INCOMPATIBLE_VERSION", SHAPE],
  ["NOT_SUPPORTED_DURING_UPGRADE", "The pool is being updated. Run again when all of its hosts are."],
  ["LICENCE_RESTRICTION", "The licence of the pool does not cover it."],
]);

/** Errors whose texts name sessions. */
const SILENT = /^SESSION_INVALID$/;

/** The error for what xapi refused. @param doing the method, or other words for what was asked */
export function refusal(doing: string, { code, params }: XapiFailure): FerryError {
  const said = SILENT.test(code) ? [] : params.map(plain).filter((text) => text !== "");
  const words = [code === "" ? "an error without a code" : code, ...said].join(": ");
  return new FerryError("deploy/refused", `XenServer, ${doing}: ${printable(words).slice(0, 500)}`, {
    hint: HINTS.get(code) ?? RUN_AGAIN,
  });
}

/** References say nothing to people, and one to a session is as good as a password. */
function plain(text: string): string {
  return text.replace(/OpaqueRef:[A-Za-z0-9-]+/g, "").trim();
}
