/** What faults of a vSphere mean, and what to do about them. */
import { FerryError } from "../../../base/errors.js";
import type { Fault } from "./soap.js";

/** A fault that was thrown by a call, for those who know what to make of it. */
export class VsphereFault extends Error {
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(`${fault.name}: ${fault.words}`);
    this.name = "VsphereFault";
    this.fault = fault;
  }
}

/** Whether what was thrown is a fault of one of these names. */
export function isFault(cause: unknown, ...names: readonly string[]): cause is VsphereFault {
  return cause instanceof VsphereFault && (names.length === 0 || names.includes(cause.fault.name));
}

/** Hints by the name of a fault (vSphere Web Services API Reference, Fault Types). */
const HINTS: Readonly<Record<string, string>> = {
  NoPermission: "Ask for the right, or deploy as another user: --user.",
  DuplicateName: "Something of this name is there. Choose another --name, or remove it.",
  AlreadyExists: "Something of this name is there. Choose another --name, or remove it.",
  FileAlreadyExists: "Files of an earlier machine are in the datastore. Choose another --name, or remove them there.",
  FileNotFound: "Look at the datastore: a file is missing there.",
  FileLocked: "Another host or an unfinished upload holds a file. Wait some minutes, and run again.",
  NoDiskSpace: "Free space in the datastore, or name another one with --storage.",
  DatacenterMismatch: "Pool, storage and folder have to be of one data center: --pool, --storage, --folder.",
  InvalidDatastore: "The hosts of the pool do not reach this datastore. Name another one with --storage.",
  InaccessibleDatastore: "The datastore is out of reach of its hosts. Name another one with --storage.",
  InsufficientResourcesFault: "Free resources on the hosts, or name another resource pool with --pool.",
  InsufficientCpuResourcesFault: "Free processors on the hosts, or name another resource pool with --pool.",
  InsufficientMemoryResourcesFault: "Free memory on the hosts, or name another resource pool with --pool.",
  NotEnoughCpus: "The host has fewer processors than the machine wants: --cpus, or another --pool.",
  NotEnoughLicenses: "The server has no licence left for this. Ask who runs it.",
  RestrictedVersion:
    "The licence of this host does not allow changes by the API, as the free one of ESXi. It needs another licence.",
  InvalidLicense: "The licence of the server does not allow this. Ask who runs it.",
  NotSupported: "The server, its licence, or this kind of host does not offer this.",
  VirtualHardwareVersionNotSupported: "The host is too old for the machine's hardware version. Choose a newer host.",
  VmConfigFault: "The host cannot run a machine with this hardware. Look at its words.",
  InvalidHostState: "The host is disconnected or in maintenance. Choose another --pool.",
  InvalidState: "It is busy with something else. Wait, and run again.",
  TaskInProgress: "Another task has the object. Wait, and run again.",
  ConcurrentAccess: "Somebody else changed the object at the same time. Run again.",
  ToolsUnavailable:
    "The guest runs no VMware Tools (open-vm-tools), which are what is asked. Switch it off with --force.",
  Timedout: "The server gave up waiting, on a slow link or a busy host. Run again.",
  HostCommunication: "The server does not reach its host. Look at the host in its client.",
  HostNotConnected: "The server does not reach its host. Look at the host in its client.",
  HostNotReachable: "The server does not reach its host. Look at the host in its client.",
  ManagedObjectNotFound: "Somebody removed it meanwhile. Run again, or vmferry deployment destroy NAME.",
  VmValidateMaxDevice: "The host takes fewer devices of this kind.",
  InvalidArgument: "This kind of server does not take the value that it names.",
};

/** The error for a fault. @param doing what was asked, in words: `start web` */
export function faultError({ name, words, fields }: Fault, doing: string): FerryError {
  if (name === "InvalidLogin") {
    return new FerryError("deploy/denied", "the server does not know this user with this password", {
      hint: "Check --user, with its domain as in administrator@vsphere.local, and the secret of --password. Too many attempts lock accounts.",
    });
  }
  const right = fields.get("privilegeId");
  const more = name === "NoPermission" && right !== undefined ? ` (the right ${right} is missing)` : "";
  const said = words === "" ? name || "no reason is said" : name === "" ? words : `${words} (${name})`;
  return new FerryError(name === "NoPermission" ? "deploy/denied" : "deploy/refused", `${doing}: ${said}${more}`, {
    hint: HINTS[name] ?? "Look at the tasks and events in the client of the server.",
  });
}

/** Makes errors for people of faults. Everything else stays what it is. */
export function told(cause: unknown, doing: string): unknown {
  return cause instanceof VsphereFault ? faultError(cause.fault, doing) : cause;
}
