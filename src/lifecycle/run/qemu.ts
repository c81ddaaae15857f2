/** QEMU for one machine of a run: its command line, its firmware, its start. */
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:fs";
import { access, chmod, copyFile } from "node:fs/promises";
import * as path from "node:path";
import type { Machine } from "../../appliance/appliance.js";
import { FerryError, throwIfAborted } from "../../base/errors.js";
import { machineArguments, optionValue, type QemuBackends } from "../../platforms/qemu/arguments.js";
import { EFI_IMAGES, SECURE_IMAGES } from "../../platforms/qemu/firmware.js";
import { vgaOf } from "../../platforms/qemu/hardware.js";
import type { MachineShape } from "../../targets/profile.js";
import { FW_CFG_NAME } from "../bridges.js";
import type { Accelerator } from "./accelerator.js";
import { connectMonitor, type Monitor } from "./qmp.js";

/** EFI firmware: code that is shared, and variables that belong to the machine. */
export interface EfiImages {
  readonly code: string;
  readonly variables: string;
}

/** What the command line of a machine is made of. */
export interface QemuCommand {
  readonly accelerator: Accelerator;
  readonly machine: Machine;
  readonly shape: MachineShape;
  /** `null`: BIOS. */
  readonly efi: EfiImages | null;
  readonly behind: QemuBackends;
  /** Whether there is a file for the firmware configuration, as the first of those that `startQemu` passes. */
  readonly firmwareFile: boolean;
  /** Paths of sockets and files. */
  readonly monitor: string;
  readonly console: string;
  readonly log: string;
}

/** Number of the file that QEMU is passed beside its three usual ones. */
const PASSED = 3;

/** The arguments of QEMU. */
export function qemuArguments(command: QemuCommand): readonly string[] {
  const { accelerator, machine, shape, efi, behind, firmwareFile, monitor, console, log } = command;
  const pflash = (unit: number, file: string, more: string): string[] => [
    "-drive",
    `if=pflash,unit=${unit},format=raw,file=${optionValue(file)}${more}`,
  ];
  const secure = machine.firmware === "efi-secure";
  return [
    ...[
      "-nodefaults",
      "-no-user-config",
      "-accel",
      accelerator,
      "-vga",
      vgaOf(machine.video) ?? "std",
      "-display",
      "none",
    ],
    ...(efi === null ? [] : [...pflash(0, efi.code, ",readonly=on"), ...pflash(1, efi.variables, "")]),
    ...(efi !== null && secure
      ? ["-global", "driver=cfi.pflash01,property=secure,value=on", "-global", "ICH9-LPC.disable_s3=1"]
      : []),
    ...machineArguments(machine, shape, behind).flat(),
    ...(firmwareFile ? ["-fw_cfg", `name=${FW_CFG_NAME},file=/dev/fd/${PASSED}`] : []),
    "-chardev",
    `socket,id=console,path=${optionValue(console)},server=on,wait=off,logfile=${optionValue(log)},logappend=on`,
    ...["-serial", "chardev:console", "-qmp", `unix:${optionValue(monitor)},server=on,wait=off`],
    // Nothing of the guest is executed until somebody says so: `resume`.
    "-S",
  ];
}

/** The QEMU that is used: the variable QEMU, or the one on the path. @throws `vm/no-qemu` */
export async function findQemu(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const wanted = env.QEMU ?? "qemu-system-x86_64";
  const candidates = wanted.includes("/")
    ? [path.resolve(wanted)]
    : (env.PATH ?? "").split(path.delimiter).map((folder) => path.join(folder, wanted));
  for (const candidate of candidates) {
    if (await mayRun(candidate)) return candidate;
  }
  throw new FerryError("vm/no-qemu", `${wanted} was not found`, {
    hint: "Install QEMU (Debian: qemu-system-x86, Fedora: qemu-kvm), or set QEMU to where it is.",
  });
}

async function mayRun(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function mayRead(file: string): Promise<boolean> {
  return access(file, constants.R_OK).then(
    () => true,
    () => false,
  );
}

/**
 * The firmware of a machine, with variables of its own, which are made at the first start.
 * @param variables the file that keeps them
 * @returns `null` where the machine boots by BIOS
 * @throws `vm/no-firmware`
 */
export async function prepareFirmware(
  { firmware, name }: Machine,
  variables: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<EfiImages | null> {
  if (firmware === "bios" || firmware === "unknown") return null;
  const { OVMF_CODE: code = "", OVMF_VARS: vars = "" } = env;
  const known = firmware === "efi-secure" ? SECURE_IMAGES : EFI_IMAGES;
  for (const [image, template] of code === "" ? known : [[code, vars] as const]) {
    if (!(await mayRead(image)) || !(await mayRead(template))) continue;
    if (!(await mayRead(variables))) {
      await copyFile(template, variables, constants.COPYFILE_EXCL);
      await chmod(variables, 0o600);
    }
    return { code: image, variables };
  }
  const keys = firmware === "efi-secure" ? " with keys for secure boot" : "";
  throw new FerryError("vm/no-firmware", `${name} boots by EFI, and no EFI firmware${keys} was found`, {
    hint: "Install OVMF (Debian: ovmf, Fedora: edk2-ovmf), or set OVMF_CODE and OVMF_VARS.",
  });
}

/** A QEMU that runs. */
export interface RunningQemu {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly monitor: Monitor;
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
}

/** How long QEMU may take until its machine runs. */
const START_MS = 30_000;
/** Bytes of what QEMU says that are kept: the end. */
const MOST_SAID = 4096;

/**
 * Starts QEMU and waits until its monitor answers. `passed`: a file that it reads when it starts. The machine is complete and stands still before its first instruction.
 * @throws `vm/qemu-failed`, `run/canceled`
 */
export async function startQemu(
  qemu: string,
  args: readonly string[],
  {
    name,
    monitor: socket,
    passed,
  }: { readonly name: string; readonly monitor: string; readonly passed: number | null },
  signal: AbortSignal,
): Promise<RunningQemu> {
  // A session of its own: Ctrl-C is for the supervisor, which shuts the machine down.
  const child = spawn(qemu, args, {
    stdio: ["ignore", "ignore", "pipe", ...(passed === null ? [] : [passed])],
    detached: true,
  });
  let said = "";
  child.stderr?.on("data", (chunk: Uint8Array) => {
    said = (said + new TextDecoder().decode(chunk)).slice(-MOST_SAID);
  });
  let over: Error | null = null;
  const ended = new Promise<void>((resolve) => {
    child.once("error", (cause) => {
      over ??= cause;
      resolve();
    });
    child.once("close", (status, killed) => {
      over ??= new Error(`it ended with ${killed ?? `status ${status}`}`);
      resolve();
    });
  });
  const until = Date.now() + START_MS;
  try {
    for (;;) {
      throwIfAborted(signal);
      const monitor = await readyMonitor(socket);
      if (monitor !== null && over === null) return { child, pid: child.pid ?? 0, monitor, ended };
      monitor?.close();
      if (over !== null) throw failed(name, said, over);
      if (Date.now() > until) throw failed(name, said, new Error(`nothing ran after ${START_MS / 1000} seconds`));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  } catch (cause) {
    child.kill("SIGKILL");
    await ended;
    throw cause;
  }
}

function failed(name: string, said: string, cause: Error): FerryError {
  // The first lines: what follows is a consequence.
  const words = said
    .trim()
    .split("\n")
    .slice(0, 3)
    .join("; ")
    .replace(/^\S*qemu-system-\S+: /, "");
  return new FerryError("vm/qemu-failed", `QEMU did not start ${name}: ${words === "" ? cause.message : words}`, {
    hint: "A port that is in use, too little memory, or a device that this QEMU does not have.",
  });
}

/**
 * Lets a machine that stands still run, and waits until its monitor says that it does.
 * @throws `vm/qemu-failed`
 */
export async function resume({ monitor }: RunningQemu, name: string): Promise<void> {
  try {
    await monitor.execute("cont");
    const { status } = (await monitor.execute("query-status")) as { status?: unknown };
    if (status !== "running") throw new Error(`its machine is ${String(status).slice(0, 40)}`);
  } catch (cause) {
    throw failed(name, "", cause instanceof Error ? cause : new Error("its monitor does not answer"));
  }
}

/** The monitor, once it answers. */
async function readyMonitor(socket: string): Promise<Monitor | null> {
  let monitor: Monitor;
  try {
    monitor = await connectMonitor(socket);
  } catch {
    return null;
  }
  try {
    const { status } = (await monitor.execute("query-status")) as { status?: unknown };
    // Before that it still makes the machine.
    if (status === "prelaunch" || status === "paused") return monitor;
  } catch {
    // It has ended: the caller sees why.
  }
  monitor.close();
  return null;
}
