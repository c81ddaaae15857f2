/** What puts drivers into the initial RAM disk: initramfs-tools(7), dracut.conf(5), mkinitcpio.conf(5), mkinitfs.conf(5). */
import type { GuestFiles } from "../files.js";
import type { InitramfsFacts } from "../model.js";
import { assignment, readAll, readFolder, readLines, type TextFile } from "../text-files.js";

/** Drivers that settings name, at most. */
const MOST_NAMED = 200;
/** Drivers in the features of Alpine's mkinitfs, as far as virtual machines use them. */
const MKINITFS_FEATURES: ReadonlyMap<string, readonly string[]> = new Map([
  ["ata", ["ata_piix", "ahci"]],
  ["scsi", ["mptspi", "mptsas", "vmw_pvscsi", "sym53c8xx", "hv_storvsc", "virtio_scsi"]],
  ["virtio", ["virtio_blk", "virtio_scsi"]],
  ["nvme", ["nvme"]],
]);
/** Values of MODULES of initramfs-tools. */
const MODULES: ReadonlyMap<string, InitramfsFacts["scope"]> = new Map([
  ["most", "generic"],
  ["netboot", "generic"],
  ["dep", "host-only"],
  ["list", "listed"],
]);

/** Finds out who makes the initial RAM disks of a system, and what goes into them. */
export async function initramfsFacts(files: GuestFiles): Promise<InitramfsFacts> {
  return (
    (await initramfsTools(files)) ??
    (await dracut(files)) ??
    (await mkinitcpio(files)) ??
    (await mkinitfs(files)) ?? {
      maker: null,
      scope: "unknown",
      named: [],
      sure: "unknown",
      reason: "nothing tells how the initial RAM disk is made",
    }
  );
}

/** Names of modules, as settings write them: with `-` or `_`, with a folder or an ending. */
function moduleNames(texts: readonly string[]): readonly string[] {
  const names = texts
    .flatMap((text) => text.split(/[\s,"'()]+/))
    .filter((name) => /^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(name));
  return [...new Set(names.map((name) => name.replaceAll("-", "_")))].slice(0, MOST_NAMED);
}

/** The last value that files give a name, and where. */
function lastValue(files: readonly TextFile[], name: string): { readonly value: string; readonly path: string } | null {
  let found: { value: string; path: string } | null = null;
  for (const { path, lines } of files) {
    for (const line of lines) {
      const set = assignment(line);
      if (set?.name === name) found = { value: set.value, path };
    }
  }
  return found;
}

/** Values that files add to lists. */
function listed(files: readonly TextFile[], names: readonly string[]): readonly string[] {
  return files.flatMap(({ lines }) =>
    lines.flatMap((line) => {
      const set = assignment(line);
      return set !== null && names.includes(set.name) ? [set.value] : [];
    }),
  );
}

async function initramfsTools(files: GuestFiles): Promise<InitramfsFacts | null> {
  const main = await readLines(files, "/etc/initramfs-tools/initramfs.conf");
  if (main === null) return null;
  const more = await readFolder(files, "/etc/initramfs-tools/conf.d", /^[A-Za-z0-9_.-]+$/);
  const modules = lastValue([main, ...more], "MODULES");
  const asked = await readLines(files, "/etc/initramfs-tools/modules");
  const named = moduleNames((asked?.lines ?? []).map((line) => /^\s*([^#\s]+)/.exec(line)?.[1] ?? ""));
  const value = modules?.value ?? "most";
  const scope = MODULES.get(value);
  return {
    maker: "initramfs-tools",
    scope: scope ?? "unknown",
    named,
    sure: scope === undefined ? "unknown" : modules === null ? "likely" : "read",
    reason:
      modules === null
        ? "initramfs-tools takes most drivers where nothing else is said"
        : `MODULES=${value.slice(0, 40)} in ${modules.path}`,
  };
}

async function dracut(files: GuestFiles): Promise<InitramfsFacts | null> {
  const main = await readLines(files, "/etc/dracut.conf");
  const shipped = await readFolder(files, "/usr/lib/dracut/dracut.conf.d", /\.conf$/);
  const own = await readFolder(files, "/etc/dracut.conf.d", /\.conf$/);
  const isThere = main !== null || shipped.length > 0 || (await files.find("/usr/lib/dracut")) !== null;
  if (!isThere) return null;
  const nameOf = ({ path }: TextFile): string => path.slice(path.lastIndexOf("/") + 1);
  const replaced = new Set(own.map(nameOf));
  // All by their names, of whichever folder; one of the same name in /etc counts alone.
  const rest = [...shipped.filter((file) => !replaced.has(nameOf(file))), ...own].sort((a, b) =>
    nameOf(a) < nameOf(b) ? -1 : 1,
  );
  const all = main === null ? rest : [main, ...rest];
  const hostOnly = lastValue(all, "hostonly");
  const isHostOnly = hostOnly !== null && /^(?:yes|1|true|on)$/i.test(hostOnly.value);
  return {
    maker: "dracut",
    scope: isHostOnly ? "host-only" : "generic",
    named: moduleNames(listed(all, ["add_drivers", "force_drivers", "drivers"])),
    sure: hostOnly === null ? "likely" : "read",
    reason:
      hostOnly === null
        ? "dracut takes drivers of any machine where nothing else is said"
        : `hostonly=${hostOnly.value.slice(0, 40)} in ${hostOnly.path}`,
  };
}

async function mkinitcpio(files: GuestFiles): Promise<InitramfsFacts | null> {
  const main = await readLines(files, "/etc/mkinitcpio.conf");
  if (main === null) return null;
  const all = [main, ...(await readFolder(files, "/etc/mkinitcpio.conf.d", /\.conf$/))];
  // Lists of bash in brackets, which no other maker has.
  const list = (name: string): string | null =>
    all
      .flatMap(({ lines }) => lines.flatMap((line) => new RegExp(`^\\s*${name}=\\(?([^)]*)\\)?`).exec(line)?.[1] ?? []))
      .at(-1) ?? null;
  const hooks = list("HOOKS");
  const isAuto = hooks !== null && /\bautodetect\b/.test(hooks);
  return {
    maker: "mkinitcpio",
    scope: hooks === null ? "unknown" : isAuto ? "host-only" : "generic",
    named: moduleNames([list("MODULES") ?? ""]),
    sure: hooks === null ? "unknown" : "read",
    reason:
      hooks === null
        ? "mkinitcpio.conf names no hooks"
        : `${isAuto ? "the hook autodetect" : "no hook autodetect"} in ${main.path}`,
  };
}

async function mkinitfs(files: GuestFiles): Promise<InitramfsFacts | null> {
  const [main] = await readAll(files, ["/etc/mkinitfs/mkinitfs.conf"]);
  if (main === undefined) return null;
  const features = lastValue([main], "features")?.value ?? "";
  const named = features.split(/\s+/).flatMap((feature) => MKINITFS_FEATURES.get(feature) ?? []);
  return {
    maker: "mkinitfs",
    scope: "listed",
    named: [...new Set(named)],
    sure: "read",
    reason: `features in ${main.path}`,
  };
}
