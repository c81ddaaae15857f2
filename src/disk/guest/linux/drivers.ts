import type { GuestFiles } from "../files.js";
import type { DriverFact, InitramfsFacts } from "../model.js";

/** A driver of a device that a platform gives its machines. */
interface Driver {
  readonly name: string;
  readonly carries: DriverFact["carries"];
  /** Where the kernel's tree has it, without the ending. */
  readonly path: string;
  /** Drivers of the bus that it hangs on, by the same rule. */
  readonly needs?: readonly string[];
}

/** By `drivers/...` of the Linux source, whose folders the modules keep. */
export const DRIVERS: readonly Driver[] = [
  { name: "ata_piix", carries: "disk", path: "ata/ata_piix" },
  { name: "ahci", carries: "disk", path: "ata/ahci" },
  { name: "nvme", carries: "disk", path: "nvme/host/nvme" },
  { name: "mptspi", carries: "disk", path: "message/fusion/mptspi" },
  { name: "mptsas", carries: "disk", path: "message/fusion/mptsas" },
  { name: "sym53c8xx", carries: "disk", path: "scsi/sym53c8xx_2/sym53c8xx" },
  { name: "vmw_pvscsi", carries: "disk", path: "scsi/vmw_pvscsi" },
  { name: "virtio_blk", carries: "disk", path: "block/virtio_blk", needs: ["virtio/virtio_pci"] },
  { name: "virtio_scsi", carries: "disk", path: "scsi/virtio_scsi", needs: ["virtio/virtio_pci"] },
  { name: "hv_storvsc", carries: "disk", path: "scsi/hv_storvsc", needs: ["hv/hv_vmbus"] },
  { name: "xen_blkfront", carries: "disk", path: "block/xen-blkfront" },
  { name: "e1000", carries: "network", path: "net/ethernet/intel/e1000/e1000" },
  { name: "e1000e", carries: "network", path: "net/ethernet/intel/e1000e/e1000e" },
  { name: "pcnet32", carries: "network", path: "net/ethernet/amd/pcnet32" },
  { name: "8139cp", carries: "network", path: "net/ethernet/realtek/8139cp" },
  { name: "tulip", carries: "network", path: "net/ethernet/dec/tulip/tulip" },
  { name: "vmxnet3", carries: "network", path: "net/vmxnet3/vmxnet3" },
  { name: "virtio_net", carries: "network", path: "net/virtio_net", needs: ["virtio/virtio_pci"] },
  { name: "hv_netvsc", carries: "network", path: "net/hyperv/hv_netvsc", needs: ["hv/hv_vmbus"] },
  { name: "xen_netfront", carries: "network", path: "net/xen-netfront" },
];

/** As distributions pack modules. */
const ENDINGS = [".ko", ".ko.xz", ".ko.zst", ".ko.gz"] as const;
/** Bytes of the list of what is built into a kernel. Debian's has 10 KiB. */
const MOST_BUILTIN = 256 * 1024;

/** What counts of a driver and of those that it needs. */
const WEAKEST_FIRST: readonly DriverFact["kernel"][] = ["absent", "unknown", "module"];

/** Modules of one kernel: which are built in, and which lie in its folder. */
export interface KernelModules {
  where(path: string): DriverFact["kernel"];
}

/** Looks at the modules of a kernel. `null` where its folder is not there. */
export async function kernelModules(files: GuestFiles, version: string): Promise<KernelModules | null> {
  const folder = `/lib/modules/${version}`;
  if ((await files.find(folder))?.type !== "directory") return null;
  const bytes = await files.read(`${folder}/modules.builtin`, MOST_BUILTIN);
  const listed = bytes === null ? [] : new TextDecoder().decode(bytes).split("\n");
  const builtIn = new Set(listed.map((line) => line.trim()).filter((line) => line !== ""));
  const hasList = bytes !== null;
  const folders = new Map<string, ReadonlySet<string>>();
  const wanted = DRIVERS.flatMap(({ path, needs = [] }) => [path, ...needs]);
  for (const parent of new Set(wanted.map((path) => path.slice(0, path.lastIndexOf("/"))))) {
    folders.set(parent, new Set(await files.list(`${folder}/kernel/drivers/${parent}`)));
  }
  const isIndexed = (await files.find(`${folder}/modules.dep`)) !== null;
  return {
    where(path) {
      if (builtIn.has(`kernel/drivers/${path}.ko`)) return "built-in";
      const at = path.lastIndexOf("/");
      const names = folders.get(path.slice(0, at));
      if (ENDINGS.some((ending) => names?.has(path.slice(at + 1) + ending) === true)) return "module";
      return hasList && isIndexed ? "absent" : "unknown";
    },
  };
}

/** What is to be said of each driver, for one kernel. */
export function driverFacts(
  modules: KernelModules | null,
  initramfs: InitramfsFacts,
  hasImage: boolean,
): readonly DriverFact[] {
  return DRIVERS.map((driver) => {
    const places = [driver.path, ...(driver.needs ?? [])].map((path) => modules?.where(path) ?? "unknown");
    const kernel = WEAKEST_FIRST.find((place) => places.includes(place)) ?? "built-in";
    return { driver: driver.name, carries: driver.carries, kernel, ...available(driver, kernel, initramfs, hasImage) };
  });
}

type Available = Pick<DriverFact, "available" | "sure" | "reason">;

function available(
  driver: Driver,
  kernel: DriverFact["kernel"],
  initramfs: InitramfsFacts,
  hasImage: boolean,
): Available {
  if (kernel === "unknown")
    return { available: "unknown", sure: "unknown", reason: "the kernel's modules were not found" };
  if (kernel === "built-in") return { available: "yes", sure: "read", reason: "it is built into the kernel" };
  if (kernel === "absent") return { available: "no", sure: "read", reason: "the kernel has no such module" };
  if (driver.carries === "network") return { available: "yes", sure: "read", reason: "its module lies on the root" };
  if (!hasImage)
    return { available: "no", sure: "likely", reason: "it is a module, and the kernel has no initial RAM disk" };
  const { scope, named, sure, reason } = initramfs;
  if (named.includes(driver.name))
    return { available: "yes", sure: "likely", reason: "settings of the initial RAM disk name it" };
  if (scope === "unknown") return { available: "unknown", sure: "unknown", reason };
  const told = sure === "unknown" ? "unknown" : "likely";
  if (scope === "generic") return { available: "yes", sure: told, reason };
  return { available: scope === "host-only" ? "source-only" : "no", sure: told, reason };
}
