import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { access, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";

/** How QEMU runs the guest's processor: the host's own, or emulated. */
export type Accelerator = "kvm" | "tcg";

/** What the probe's guest tells by its exit: isa-debug-exit makes 2n+1 of n (QEMU, hw/misc/debugexit.c). */
const SAID = 0x10;
const EXPECTED = 2 * SAID + 1;
const PROBE_MS = 5000;

/** A firmware of 64 KiB whose first instructions, at the reset vector, say that they ran: `mov al, 0x10; out 0xf4, al; hlt`. */
export function probeFirmware(): Uint8Array {
  const bytes = new Uint8Array(65_536).fill(0xf4);
  bytes.set([0xb0, SAID, 0xe6, 0xf4, 0xf4], 0xfff0);
  return bytes;
}

/** KVM where a guest really ran with it, else emulation. A device file that is there says little: in containers and clouds it may refuse. */
export async function chooseAccelerator(qemu: string): Promise<Accelerator> {
  if (process.platform !== "linux") return "tcg";
  try {
    await access("/dev/kvm", constants.R_OK | constants.W_OK);
  } catch {
    return "tcg";
  }
  return (await guestRuns(qemu, "kvm")) ? "kvm" : "tcg";
}

/**
 * Whether a guest runs with an accelerator: it ends QEMU by its own instructions. With the processor that machines get: some hosts run simple ones
 * and refuse the registers of others.
 */
export async function guestRuns(qemu: string, accelerator: Accelerator): Promise<boolean> {
  const folder = await mkdtemp(path.join(tmpdir(), "vmferry-"));
  try {
    const firmware = path.join(folder, "probe.bin");
    await writeFile(firmware, probeFirmware());
    const args = [
      "-nodefaults",
      "-no-user-config",
      "-display",
      "none",
      "-machine",
      "pc",
      "-accel",
      accelerator,
      "-cpu",
      "max",
    ];
    const devices = ["-bios", firmware, "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"];
    return (await statusOf(qemu, [...args, "-m", "2M", ...devices])) === EXPECTED;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function statusOf(program: string, args: readonly string[]): Promise<number | null> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: "ignore", timeout: PROBE_MS, killSignal: "SIGKILL" });
    child.once("error", () => resolve(null));
    child.once("exit", (status) => resolve(status));
  });
}
