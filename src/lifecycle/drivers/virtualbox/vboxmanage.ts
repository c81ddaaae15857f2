/** VirtualBox by its own program, `VBoxManage`: that of this user on this machine, in the settings folder of `VBOX_USER_HOME`. */
import { isIP } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { FerryError } from "../../../base/errors.js";
import { printable } from "../../../base/text.js";
import { runCommand } from "../../../runtime/node/run-command.js";

/** Bytes of an answer: lists of all machines and media, all that is known of one machine. */
const MOST_BYTES = 16 * 1024 * 1024;
/** Its service VBoxSVC starts with the first call, and looks at every machine and medium that it knows. */
const PATIENCE_MS = 180_000;

/**
 * Its service could not be reached: nothing was done. Seen where the machine is busy, and where a service is just about to end, some seconds after
 * the last call (VirtualBox 7.2.22).
 */
const NO_SERVICE = /failed to create the VirtualBox object.*COM server is not running or failed to start/i;
const SERVICE_TRIES = 4;
const SERVICE_PAUSE_MS = 2000;

/** What a call came to. */
export type Answer =
  | { readonly ok: true; readonly text: string }
  /** `why` in VBoxManage's words. */
  | { readonly ok: false; readonly why: string };

/** A VirtualBox. */
export interface VBoxManage {
  /** Runs a command, and says how it ended. Words are a command's own, UUIDs and absolute paths: none of them can become an option. */
  try(words: readonly string[], signal: AbortSignal): Promise<Answer>;
  /** The same, where failing is the end. @throws `deploy/refused`, `deploy/no-tool` */
  run(words: readonly string[], signal: AbortSignal): Promise<string>;
}

/** What some of its words mean for a user, where they do not say it themselves. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [
    /failed to (?:create the VirtualBox object|initialize COM)|VBoxXPCOMIPCD|NS_ERROR_SOCKET_FAIL|server process|took longer than/i,
    "Its service VBoxSVC does not start or does not answer. Try `VBoxManage list vms` by hand, as the same user and with the same VBOX_USER_HOME.",
  ],
  [
    /terminated unexpectedly during startup|kernel (?:driver|module)|VERR_(?:VM_DRIVER|SUPDRV|SVM|VMX)|vboxdrv/i,
    "VirtualBox's kernel module may be missing or not loaded (on Linux: /dev/vboxdrv), or another hypervisor may have the processor. See what `VBoxManage startvm` says by hand.",
  ],
  [
    /already locked|is locked|being (?:locked|unlocked)|session is (?:locked|open)/i,
    "Another program has the machine open: close its window or its settings, and run again.",
  ],
  [/VERR_DISK_FULL|no space left/i, "Free space there, and run again."],
];

/** @param program another one than `VBoxManage`, and other patience, for tests */
export function openVBoxManage(program = "VBoxManage", patienceMs: number = PATIENCE_MS): VBoxManage {
  const once = async (words: readonly string[], signal: AbortSignal): Promise<Answer> => {
    const ran = await runCommand([program, "-q", ...words], {
      input: new Uint8Array(),
      // Messages are told apart by their words. Paths are UTF-8 to the service too, which this call may start.
      env: { LC_ALL: "C.UTF-8", LANGUAGE: "C" },
      timeoutMs: patienceMs,
      mostBytes: MOST_BYTES,
      signal,
    });
    if (ran.end === "done") return { ok: true, text: new TextDecoder().decode(ran.stdout) };
    if (ran.why.includes("ENOENT")) {
      throw new FerryError("deploy/no-tool", `${program} is not installed here`, {
        hint: "VirtualBox is spoken to through it. Install VirtualBox, or add the folder of VBoxManage to PATH.",
      });
    }
    // What it said before its time was up is no reason.
    return { ok: false, why: (/longer than/.test(ran.why) ? null : reasonOf(ran.said)) ?? ran.why };
  };
  const attempt = async (words: readonly string[], signal: AbortSignal): Promise<Answer> => {
    for (let left = SERVICE_TRIES; ; left--) {
      const answer = await once(words, signal);
      if (answer.ok || left === 1 || !NO_SERVICE.test(answer.why)) return answer;
      await sleep(SERVICE_PAUSE_MS, undefined, { signal });
    }
  };
  return {
    try: attempt,
    async run(words, signal) {
      const answer = await attempt(words, signal);
      if (answer.ok) return answer.text;
      throw refusal(words[0] ?? "", answer.why);
    },
  };
}

/** What VBoxManage says, without where in its source it says so; `null`: nothing. */
function reasonOf(said: string): string | null {
  const lines = said
    .split("\n")
    .map((line) => line.replace(/^VBoxManage: error: /, "").trim())
    .filter((line) => line !== "" && !/^(?:Details|Context): |^\S+\.cpp\[|^\d+%/.test(line));
  return lines.length === 0 ? null : printable(lines.slice(0, 3).join(": "));
}

/** The error for what VBoxManage refused. @param command its first word */
export function refusal(command: string, why: string): FerryError {
  const hint = HINTS.find(([pattern]) => pattern.test(why))?.[1];
  return new FerryError("deploy/refused", `VBoxManage ${command}: ${why}`, {
    hint: hint ?? "These are VirtualBox's words. Mend what they say, and run again.",
  });
}

/** Names of all machines by their UUIDs. Machines whose settings cannot be read are called `<inaccessible>`. */
export async function machinesThere(box: VBoxManage, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const text = await box.run(["list", "vms"], signal);
  return new Map(
    text.split("\n").flatMap((line) => {
      const [, quoted, name, uuid] = /^("?)(.*)\1 \{([0-9a-f-]{36})\}\s*$/.exec(line) ?? [];
      return quoted === undefined || name === undefined || uuid === undefined ? [] : [[uuid, name] as const];
    }),
  );
}

/** What is known of a machine. */
export interface MachineFacts {
  /** `poweroff`, `running`, `saved`, `aborted` ... */
  readonly state: string;
  /** Path of its settings. */
  readonly settings: string;
  readonly autostart: boolean;
  /** Whether it has snapshots. */
  readonly snapshots: boolean;
}

/** Addresses that a guest with VirtualBox's additions tells are looked for under these names. */
const ADDRESSES = "/VirtualBox/GuestInfo/Net/*/V4/IP";
/** Addresses of one machine. */
const MOST_ADDRESSES = 64;

/** The addresses that the guest of a machine tells by VirtualBox's additions. */
export async function guestAddresses(box: VBoxManage, uuid: string, signal: AbortSignal): Promise<readonly string[]> {
  const text = await box.run(["guestproperty", "enumerate", uuid, "--no-timestamp", "--no-flags", ADDRESSES], signal);
  // A guest writes what it likes.
  const values = [...text.matchAll(/^\/VirtualBox\/GuestInfo\/Net\/\d+\/V4\/IP\s*= '([^'\n]*)'\s*$/gm)];
  const addresses = values.flatMap(([, value = ""]) => (isIP(value) === 0 || value === "0.0.0.0" ? [] : [value]));
  return [...new Set(addresses)].slice(0, MOST_ADDRESSES);
}

/** @returns `null`: there is no such machine */
export async function machineFacts(box: VBoxManage, uuid: string, signal: AbortSignal): Promise<MachineFacts | null> {
  const answer = await box.try(["showvminfo", uuid, "--machinereadable"], signal);
  if (!answer.ok) {
    if (/could not find a registered machine/i.test(answer.why)) return null;
    throw refusal("showvminfo", answer.why);
  }
  // A description may hold lines that look alike: it is the last of all.
  const value = (key: string): string => new RegExp(`^${key}="(.*)"\\s*$`, "m").exec(answer.text)?.[1] ?? "";
  const state = value("VMState");
  // What cannot be read says so in place of a state.
  return {
    state: state === "" ? "inaccessible" : state,
    settings: value("CfgFile"),
    autostart: value("autostart-enabled") === "on",
    snapshots: value("CurrentSnapshotUUID") !== "",
  };
}
