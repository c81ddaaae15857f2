import { access, copyFile } from "node:fs/promises";
import { join } from "node:path";
import { SAYS } from "../support/boot-guest/init.js";
import { peerPath } from "./peers.js";
import { qemuDriver } from "./qemu.js";
import { attempt } from "./run.js";

/** What a guest of the tests said. */
export interface Said {
  readonly sha256: string;
  /** Drivers, as Linux names them. */
  readonly disk: string;
  readonly nic: string;
  readonly firmware: string;
}

/** How a disk is attached: QEMU's machine, and the devices with the drive `boot`. `biosOnly`: distributions build OVMF without a driver for it. */
export const BUSES: Readonly<
  Record<
    string,
    {
      readonly machine: "pc" | "q35";
      readonly devices: readonly string[];
      readonly driver: string;
      readonly biosOnly?: true;
    }
  >
> = {
  ide: { machine: "pc", devices: ["ide-hd,drive=boot"], driver: "ata_piix" },
  sata: { machine: "q35", devices: ["ide-hd,drive=boot"], driver: "ahci" },
  "scsi mptsas": {
    machine: "pc",
    devices: ["mptsas1068,id=scsi", "scsi-hd,bus=scsi.0,drive=boot,wwn=0x3000000000000001"],
    driver: "mptsas",
    biosOnly: true,
  },
  "scsi lsi": {
    machine: "pc",
    devices: ["lsi53c895a,id=scsi", "scsi-hd,bus=scsi.0,drive=boot"],
    driver: "sym53c8xx",
    biosOnly: true,
  },
  "scsi pvscsi": {
    machine: "q35",
    devices: ["pvscsi,id=scsi", "scsi-hd,bus=scsi.0,drive=boot"],
    driver: "vmw_pvscsi",
    biosOnly: true,
  },
  nvme: { machine: "q35", devices: ["nvme,drive=boot,serial=1"], driver: "nvme" },
  virtio: { machine: "q35", devices: ["virtio-blk-pci,drive=boot"], driver: "virtio_blk" },
  "virtio scsi": {
    machine: "q35",
    devices: ["virtio-scsi-pci,id=scsi", "scsi-hd,bus=scsi.0,drive=boot"],
    driver: "virtio_scsi",
  },
};
export type BusName = keyof typeof BUSES;

/** OVMF, as Debian installs it. */
const EFI_CODE = "/usr/share/OVMF/OVMF_CODE_4M.fd";
const EFI_VARIABLES = "/usr/share/OVMF/OVMF_VARS_4M.fd";
/** QEMU without hardware's help, beside other tests: half a minute is usual. */
const BOOT_MS = 150_000;

/** For `skip` of a test: whether OVMF is installed. */
export async function lackingEfi(): Promise<string | false> {
  return access(EFI_CODE).then(
    () => false,
    () => "OVMF is not installed",
  );
}

/** Boots a disk in a machine of QEMU's, and hears what it says. Nothing is written to the disk. */
export async function bootDisk(
  disk: string,
  how: { readonly bus: BusName; readonly firmware: "bios" | "efi"; readonly nic?: string; readonly folder: string },
): Promise<Said> {
  const bus = BUSES[how.bus];
  if (bus === undefined) throw new Error(`there is no bus ${how.bus}`);
  const firmware: string[] = [];
  if (how.firmware === "efi") {
    const variables = join(how.folder, "variables.fd");
    await copyFile(EFI_VARIABLES, variables);
    firmware.push("-drive", `if=pflash,format=raw,unit=0,readonly=on,file=${EFI_CODE}`);
    firmware.push("-drive", `if=pflash,format=raw,unit=1,file=${variables}`);
  }
  return bootWith([
    ...["-machine", bus.machine, "-m", "384", ...firmware],
    ...["-drive", `if=none,id=boot,snapshot=on,format=${qemuDriver(disk)},file=${disk}`],
    ...bus.devices.flatMap((device) => ["-device", device]),
    ...["-nic", `user,restrict=on,model=${how.nic ?? "e1000"}`],
  ]);
}

/** Boots a machine of QEMU's by its options, and hears what its guest says. */
export async function bootWith(options: readonly string[]): Promise<Said> {
  const own = ["-accel", "tcg", "-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot"];
  return hear(await attempt(await peerPath("qemu-system-x86_64"), [...own, ...options], { timeout: BOOT_MS }));
}

/** What a guest said, in all that a machine put out. */
export function hear(ran: { readonly stdout: string; readonly stderr: string }): Said {
  const line = new RegExp(`${SAYS} ([^\\r\\n]*)`).exec(ran.stdout)?.[1];
  if (line === undefined)
    throw new Error(`the guest said nothing:\n${ran.stdout.slice(-3000)}\n${ran.stderr.slice(-3000)}`);
  const said = new Map(
    line.split(" ").map((word) => [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)]),
  );
  const get = (name: string): string => said.get(name) ?? "nothing";
  return { sha256: get("sha256"), disk: get("disk"), nic: get("nic"), firmware: get("firmware") };
}
