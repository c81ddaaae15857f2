import { readFile, rm } from "node:fs/promises";
import { extname } from "node:path";
import { diskFormats } from "../../src/disk/formats.js";
import { peerPath } from "./peers.js";
import { attempt, type Ran, run } from "./run.js";

/** QEMU's driver for a disk, by the extension of its file: nothing is guessed from content that a guest may have written. */
const DRIVERS: Readonly<Record<string, string>> = {
  ".raw": "raw",
  ".vmdk": "vmdk",
  ".vhd": "vpc",
  ".vhdx": "vhdx",
  ".vdi": "vdi",
  ".qcow2": "qcow2",
};

/** QEMU's driver for a disk, by the extension of its file. */
export function qemuDriver(disk: string): string {
  const driver = DRIVERS[extname(disk)];
  if (driver === undefined) throw new Error(`${disk} has no extension of a disk`);
  return driver;
}

/** The options of qemu-img that make a variant, by format. */
export const QEMU_WRITES: Readonly<
  Record<string, readonly (readonly [variant: string, options: readonly string[]])[]>
> = {
  vmdk: diskFormats.get("vmdk").writes.map((variant) => [variant, ["-o", `subformat=${variant}`]] as const),
  vhd: ["dynamic", "fixed"].map((variant) => [variant, ["-o", `subformat=${variant},force_size=on`]] as const),
  vhdx: ["dynamic", "fixed"].map((variant) => [variant, ["-o", `subformat=${variant}`]] as const),
  vdi: [
    ["dynamic", []],
    ["static", ["-o", "static=on"]],
  ],
  qcow2: [
    ["uncompressed", []],
    ["compressed", ["-c"]],
  ],
};

/** Formats that `qemu-img check` knows nothing of. */
const UNCHECKED: readonly string[] = [".raw", ".vhd"];

/** Whether a file is a disk, by its name. */
export function isDisk(name: string): boolean {
  return extname(name) in DRIVERS;
}

/** A disk as QEMU's programs are told of it with `--image-opts`. Of a VHD they believe its size with this, and not its geometry. */
export function imageOptions(disk: string): string {
  const driver = qemuDriver(disk);
  const size = driver === "vpc" ? ",force_size_calc=current_size" : "";
  return `driver=${driver}${size},file.driver=file,file.filename=${disk.replaceAll(",", ",,")}`;
}

/** What qemu-img says of disks. Each call has a time limit. */
export interface QemuImg {
  /** Bytes that a guest would see. */
  capacity(disk: string): Promise<number>;
  /** Throws where qemu-img finds fault with the format's own structures. */
  check(disk: string): Promise<void>;
  /** Throws where the guest's bytes differ; what one disk is longer has to be zeros. */
  same(a: string, b: string): Promise<void>;
  /** Writes what a guest would read. */
  toRaw(disk: string, raw: string): Promise<void>;
  /** All that a guest would read. For small disks. */
  guestBytes(disk: string): Promise<Uint8Array>;
}

/** qemu-img, which the test was guarded with `lacking` for. */
export async function startQemuImg(): Promise<QemuImg> {
  const program = await peerPath("qemu-img");
  const limit = { timeout: 120_000 };
  const toRaw = (disk: string, raw: string): Promise<Ran> =>
    run(program, ["convert", "-O", "raw", "--image-opts", imageOptions(disk), raw], limit);
  return {
    async capacity(disk): Promise<number> {
      const { stdout } = await run(program, ["info", "--output=json", "--image-opts", imageOptions(disk)], limit);
      const told: { readonly "virtual-size": number } = JSON.parse(stdout);
      return told["virtual-size"];
    },
    async check(disk): Promise<void> {
      if (UNCHECKED.includes(extname(disk))) return;
      await run(program, ["check", "--image-opts", imageOptions(disk)], limit);
    },
    async same(a, b): Promise<void> {
      const ran = await attempt(program, ["compare", "--image-opts", imageOptions(a), imageOptions(b)], limit);
      if (ran.status !== 0) throw new Error(`${a} and ${b}: ${ran.stdout}${ran.stderr}`);
    },
    async toRaw(disk, raw): Promise<void> {
      await toRaw(disk, raw);
    },
    async guestBytes(disk): Promise<Uint8Array> {
      const raw = `${disk}.guest`;
      try {
        await toRaw(disk, raw);
        return await readFile(raw);
      } finally {
        await rm(raw, { force: true });
      }
    },
  };
}
