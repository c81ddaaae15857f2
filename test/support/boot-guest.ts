/** Disks with a Linux that boots anywhere and says what it finds: Debian's kernel, busybox, GRUB. Made without root, from unpacked packages. */
import { createHash } from "node:crypto";
import { access, mkdir, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { peerPath } from "../interop/peers.js";
import { run } from "../interop/run.js";
import { CHARACTER_DEVICE, type CpioEntry, cpio, FILE, FOLDER, LINK } from "./boot-guest/cpio.js";
import {
  DATA,
  DISK_DRIVERS,
  ENVIRONMENT_INIT,
  ENVIRONMENT_MODULES,
  GUEST_MODULES,
  INIT,
  LABEL,
} from "./boot-guest/init.js";
import { modulesInOrder } from "./boot-guest/modules.js";
import { type Tree, writeTree } from "./guest-tree.js";

/** Where `parts.sh` puts what guests are made of. */
const PARTS = process.env.VMFERRY_GUEST_PARTS ?? "/opt/peers/guest";
const SECTOR = 512;
const MIB = 2 ** 20;
/** Of the whole disk, and of the EFI system partition, which is the first. */
const DISK_BYTES = 64 * MIB;
const ESP_BYTES = 12 * MIB;
/** Bytes of the file whose digest the guest says. */
const CARGO_BYTES = 3 * MIB + 123;

/** A disk that boots. */
export interface BootGuest {
  readonly firmware: "bios" | "efi";
  /** The raw image. */
  readonly disk: string;
  /** SHA-256 of the data file, which the guest is to say. */
  readonly sha256: string;
}

/** For `skip` of a test: whether the parts are there. Programs are asked for with `lacking`. */
export async function lackingParts(): Promise<string | false> {
  return access(join(PARTS, "complete")).then(
    () => false,
    () => `parts of guests are not in ${PARTS}: run test/support/boot-guest/parts.sh`,
  );
}

/**
 * Makes a disk that boots by one firmware.
 * @param drivers of disks, the only ones that its initial RAM disk has, as initramfs-tools is told to; left out: all
 * @param says what it does once it has booted: tells how it arrived and powers off, or tells its OVF environment and waits for the power button
 */
export async function makeBootGuest(
  folder: string,
  firmware: BootGuest["firmware"],
  drivers: readonly string[] | null = null,
  says: "arrival" | "environment" = "arrival",
): Promise<BootGuest> {
  await mkdir(folder, { recursive: true });
  const [version = ""] = await readdir(join(PARTS, "lib/modules"));
  const cargo = noise(CARGO_BYTES);
  const tree: Tree = {
    [DATA]: cargo,
    "etc/os-release": 'ID=vmferry-guest\nVERSION_ID="1"\nPRETTY_NAME="A guest of the tests"\n',
    "etc/fstab": `LABEL=${LABEL} / ext4 ro 0 1\n`,
    [`boot/vmlinuz-${version}`]: await readFile(join(PARTS, "boot", `vmlinuz-${version}`)),
    [`boot/initrd.img-${version}`]: await initialRamDisk(version, drivers, says),
    ...(drivers === null ? {} : await installed(version, drivers)),
  };
  await writeTree(join(folder, "root"), tree);
  const start = firmware === "efi" ? MIB + ESP_BYTES : MIB;
  const disk = join(folder, `guest-${firmware}.raw`);
  await put(disk, 0, new Uint8Array(0), DISK_BYTES);
  // Room for the copy of a GPT at the end.
  const kib = (DISK_BYTES - MIB - start) / 1024;
  const options = ["-t", "ext4", "-L", LABEL, "-m", "0", "-O", "^has_journal", "-E", `offset=${start}`];
  const fill = ["-d", join(folder, "root"), disk, `${kib}k`];
  await run(await peerPath("mke2fs"), ["-q", "-F", ...options, ...fill], { timeout: 60_000 });
  await rm(join(folder, "root"), { recursive: true });
  await (firmware === "efi" ? efiLoader : biosLoader)(folder, disk, version);
  return { firmware, disk, sha256: createHash("sha256").update(cargo).digest("hex") };
}

/** Bytes that no compression makes smaller, always the same. */
function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = 20_071_127;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** What stands on the root of a system whose initial RAM disk has some drivers alone: all of the kernel's, and the settings. */
async function installed(version: string, drivers: readonly string[]): Promise<Tree> {
  const folder = join(PARTS, "lib/modules", version);
  const modules: Record<string, Uint8Array> = {};
  for (const file of await readdir(join(folder, "kernel/drivers"), { recursive: true })) {
    if (!DISK_MODULES.test(file)) continue;
    modules[`lib/modules/${version}/kernel/drivers/${file}`] = await readFile(join(folder, "kernel/drivers", file));
  }
  return {
    ...modules,
    [`lib/modules/${version}/modules.builtin`]: await readFile(join(folder, "modules.builtin")),
    [`lib/modules/${version}/modules.dep`]: Object.keys(modules)
      .map((file) => `${file.slice(file.indexOf("kernel/"))}:\n`)
      .join(""),
    "etc/initramfs-tools/initramfs.conf": "MODULES=list\n",
    "etc/initramfs-tools/modules": `${drivers.join("\n")}\n`,
  };
}

/** Modules of disks that a guest has on its root. */
const DISK_MODULES =
  /\/(?:ata_piix|ahci|nvme|mptspi|mptsas|sym53c8xx|vmw_pvscsi|virtio_(?:blk|scsi|pci)|hv_storvsc|hv_vmbus|xen-blkfront)\.ko$/;

async function initialRamDisk(
  version: string,
  drivers: readonly string[] | null,
  says: "arrival" | "environment",
): Promise<Uint8Array> {
  const wanted = [...GUEST_MODULES, ...(says === "environment" ? ENVIRONMENT_MODULES : [])].filter(
    (name) => drivers === null || !DISK_DRIVERS.includes(name) || drivers.includes(name),
  );
  const modules = await modulesInOrder(join(PARTS, "lib/modules", version), wanted);
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  const folders = ["bin", "dev", "proc", "sys", "mnt", "tmp", "modules"].map((name) => ({ name, mode: FOLDER }));
  const entries: CpioEntry[] = [
    ...folders,
    { name: "dev/console", mode: CHARACTER_DEVICE, device: [5, 1] },
    { name: "bin/busybox", mode: FILE, bytes: await readFile(join(PARTS, "bin/busybox")) },
    { name: "bin/sh", mode: LINK, bytes: text("busybox") },
    { name: "init", mode: FILE, bytes: text(says === "environment" ? ENVIRONMENT_INIT : INIT) },
    ...(says === "environment"
      ? [{ name: "ovf-env.sh", mode: FILE, bytes: await readFile("examples/guest/ovf-env.sh") }]
      : []),
    { name: "modules/order", mode: FILE, bytes: text(modules.map(({ name }) => name).join("\n")) },
    ...modules.map(({ name, bytes }) => ({ name: `modules/${name}.ko`, mode: FILE, bytes })),
  ];
  return gzipSync(cpio(entries), { level: 6 });
}

/** GRUB as one file, which looks for the volume by its label and starts the kernel. */
async function grub(folder: string, version: string, format: string, modules: readonly string[]): Promise<string> {
  const config = join(folder, "grub.cfg");
  const kernel = `/boot/vmlinuz-${version} console=ttyS0 quiet panic=-1 mitigations=off nokaslr`;
  const lines = [
    `search --no-floppy --set=root --label ${LABEL}`,
    `linux ${kernel}`,
    `initrd /boot/initrd.img-${version}`,
    "boot",
  ];
  await writeFile(config, `${lines.join("\n")}\n`);
  const image = join(folder, `grub.${format}`);
  const from = join(PARTS, "usr/lib/grub", format);
  const options = ["-d", from, "-O", format, "-p", "/boot/grub", "-c", config, "-o", image];
  const all = [...modules, "ext2", "search", "search_label", "linux", "boot"];
  await run(await peerPath("grub-mkimage"), [...options, ...all], { timeout: 60_000 });
  return image;
}

/** An MBR with GRUB's code, and GRUB itself behind it, where its code looks for it by default. */
async function biosLoader(folder: string, disk: string, version: string): Promise<void> {
  const core = await readFile(await grub(folder, version, "i386-pc", ["biosdisk", "part_msdos"]));
  if (core.length > MIB - SECTOR) throw new Error("GRUB has no room in front of the partition");
  const mbr = Buffer.alloc(SECTOR);
  const code = await readFile(join(PARTS, "usr/lib/grub/i386-pc/boot.img"));
  code.copy(mbr, 0, 0, 440);
  mbr[446] = 0x80;
  mbr[446 + 4] = 0x83;
  mbr.writeUInt32LE(MIB / SECTOR, 446 + 8);
  mbr.writeUInt32LE(DISK_BYTES / SECTOR - (2 * MIB) / SECTOR, 446 + 12);
  mbr.set([0x55, 0xaa], 510);
  await put(disk, 0, mbr);
  await put(disk, SECTOR, core);
}

/** A GPT with an EFI system partition, and GRUB in it under the name that every firmware looks for. */
async function efiLoader(folder: string, disk: string, version: string): Promise<void> {
  const limit = { timeout: 60_000 };
  const image = await grub(folder, version, "x86_64-efi", ["part_gpt", "fat"]);
  const first = MIB / SECTOR;
  const second = (MIB + ESP_BYTES) / SECTOR;
  const last = (DISK_BYTES - MIB) / SECTOR - 1;
  const table = ["-n", `1:${first}:${second - 1}`, "-t", "1:ef00", "-n", `2:${second}:${last}`, "-t", "2:8300"];
  await run(await peerPath("sgdisk"), [...table, disk], limit);
  await run(await peerPath("mkfs.vfat"), ["-F", "16", "--offset", `${first}`, disk, `${ESP_BYTES / 1024}`], limit);
  const esp = ["-i", `${disk}@@${MIB}`];
  await run(await peerPath("mmd"), [...esp, "::EFI", "::EFI/BOOT"], limit);
  await run(await peerPath("mcopy"), [...esp, image, "::EFI/BOOT/BOOTX64.EFI"], limit);
}

/** Writes bytes into a file at a place. `size`: makes the file, all holes. */
async function put(file: string, at: number, bytes: Uint8Array, size?: number): Promise<void> {
  const handle = await open(file, size === undefined ? "r+" : "w");
  try {
    if (size !== undefined) await handle.truncate(size);
    await handle.write(bytes, 0, bytes.length, at);
  } finally {
    await handle.close();
  }
}
