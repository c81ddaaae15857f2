import { spawn, spawnSync } from "node:child_process";
import { BANNER } from "./boot-sector.js";

/** The longest that one boot may take, under emulation on a busy machine. */
const LIMIT_MS = 20_000;

/** What a boot came to. */
export type BootResult = { readonly said: string } | { readonly failed: string };

/** Whether QEMU is here. */
export function hasQemu(): boolean {
  return spawnSync("qemu-system-x86_64", ["--version"], { timeout: 10_000 }).status === 0;
}

/**
 * Boots a disk image of any format in QEMU and waits for the machine's line on its serial port. The machine ends itself by its debug exit
 * port.
 */
export function bootDisk(file: string, driver: string): Promise<BootResult> {
  const args = [
    // Emulation: KVM may be there and still not run a guest, and this one is done in a blink.
    ...["-accel", "tcg", "-m", "64", "-display", "none", "-nodefaults", "-no-reboot"],
    ...["-serial", "stdio", "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-snapshot"],
    ...["-drive", `file=${file.replaceAll(",", ",,")},format=${driver}`],
  ];
  return new Promise((resolve) => {
    const child = spawn("qemu-system-x86_64", args, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    let errors = "";
    const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString("latin1");
    });
    child.stderr.on("data", (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-400);
    });
    child.on("error", (cause) => {
      clearTimeout(timer);
      resolve({ failed: cause.message });
    });
    child.on("close", () => {
      clearTimeout(timer);
      const at = output.indexOf(BANNER);
      const said = at < 0 ? "" : output.slice(at).split("\n")[0]?.trim();
      resolve(said ? { said } : { failed: errors.trim() || "the machine said nothing" });
    });
  });
}
