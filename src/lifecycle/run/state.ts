import { FerryError } from "../../base/errors.js";
import type { KeptAnswer } from "../answers.js";
import { BRIDGES, type Bridge } from "../bridges.js";
import type { Forward } from "./networks.js";
import type { ProcessId } from "./processes.js";

/** One machine of a run. */
export interface RunMachine {
  readonly id: string;
  readonly name: string;
  /** Of its cards, in order. */
  readonly macs: readonly string[];
  /** Its QEMU, while it runs. */
  readonly process: ProcessId | null;
}

/** Where a run stands. `lost`: its supervisor was killed. */
export type Phase = "starting" | "running" | "stopped";

/** What is known of a run: the file `vm.json` in its folder. No secret is in it. */
export interface RunState {
  readonly schema: "vmferry/vm@1";
  readonly name: string;
  /** Absolute path of the package. */
  readonly package: string;
  /** Sizes, times and inodes of its files: other ones are another package, and the overlays do not fit it. */
  readonly fingerprint: string;
  /** ISO 8601. */
  readonly created: string;
  readonly configuration: string | null;
  readonly answers: readonly KeptAnswer[];
  readonly forwards: readonly Forward[];
  readonly macs: "keep" | "new";
  /** Other ways by which the guests are told their environment; left out: none. */
  readonly bridges?: readonly Bridge[];
  readonly phase: Phase;
  /** What made it stop, where that was no wish of the user. */
  readonly failure: string | null;
  /** Who serves the disks and watches the machines. */
  readonly supervisor: ProcessId | null;
  /** Folder of the sockets, while it runs. */
  readonly sockets: string | null;
  readonly machines: readonly RunMachine[];
}

/** Bytes of a state file. */
export const MOST_STATE_BYTES: number = 4 * 1024 * 1024;

type Fields = { readonly [key: string]: unknown };

/**
 * A state from its file.
 * @param label the file, for the message
 * @throws `vm/bad-state`
 */
export function parseState(text: string, label: string): RunState {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw bad(label, "it is no JSON");
  }
  if (!isState(value)) throw bad(label, "it is no state of this version");
  return value;
}

function bad(label: string, why: string): FerryError {
  return new FerryError("vm/bad-state", `${label} does not say what runs: ${why}`, {
    hint: "Remove it with vmferry vm rm --force, and run the package again.",
  });
}

function isState(value: unknown): value is RunState {
  return (
    isRecord(value) &&
    value.schema === "vmferry/vm@1" &&
    [value.name, value.package, value.fingerprint, value.created].every(isText) &&
    [value.configuration, value.failure, value.sockets].every((one) => one === null || isText(one)) &&
    (value.bridges === undefined || isListOf(value.bridges, isBridge)) &&
    (value.macs === "keep" || value.macs === "new") &&
    (value.phase === "starting" || value.phase === "running" || value.phase === "stopped") &&
    isProcess(value.supervisor) &&
    isListOf(value.answers, isAnswer) &&
    isListOf(value.forwards, isForward) &&
    isListOf(value.machines, isMachine)
  );
}

function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isListOf(value: unknown, is: (one: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(is);
}

function isProcess(value: unknown): boolean {
  if (value === null) return true;
  if (!isRecord(value)) return false;
  const { pid, started } = value;
  // Smaller ones would be the system's own, or a group.
  return Number.isSafeInteger(pid) && (pid as number) > 1 && (started === null || isText(started));
}

function isAnswer(value: unknown): boolean {
  if (!isRecord(value) || !isText(value.key) || !(value.owner === null || isText(value.owner))) return false;
  return value.value === null || isText(value.value) || (isRecord(value.value) && isText(value.value.secret));
}

function isBridge(value: unknown): boolean {
  return BRIDGES.some((known) => known === value);
}

function isForward(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const isPort = (one: unknown): boolean => Number.isInteger(one) && (one as number) > 0 && (one as number) < 65_536;
  const { protocol, host, guest, machine } = value;
  return (
    (protocol === "tcp" || protocol === "udp") && isPort(host) && isPort(guest) && (machine === null || isText(machine))
  );
}

function isMachine(value: unknown): boolean {
  if (!isRecord(value) || !isText(value.id) || !isText(value.name)) return false;
  const isMac = (one: unknown): boolean => isText(one) && /^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(one);
  return isProcess(value.process) && isListOf(value.macs, isMac);
}
