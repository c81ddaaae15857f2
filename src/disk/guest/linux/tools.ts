import type { GuestFiles } from "../files.js";
import type { GuestTool } from "../model.js";

/** Programs by which each is told. Packages of distributions and of vendors put them into these places. */
const PROGRAMS: readonly (readonly [id: GuestTool["id"], names: readonly string[]])[] = [
  ["open-vm-tools", ["vmtoolsd", "vmware-guestd"]],
  ["virtualbox-guest", ["VBoxService"]],
  ["qemu-guest-agent", ["qemu-ga"]],
  ["xen-guest", ["xe-daemon", "xe-linux-distribution", "xen-guest-agent"]],
  ["hyperv-daemons", ["hv_kvp_daemon", "hypervkvpd"]],
  ["spice-vdagent", ["spice-vdagentd"]],
  ["cloud-init", ["cloud-init"]],
];
const FOLDERS = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/usr/libexec/hypervkvpd"] as const;
/** Where VirtualBox's own installer puts its files, with a version behind the name. */
const ADDITIONS = /^VBoxGuestAdditions-/;

/** Guest tools that are installed: their programs are there. */
export async function guestTools(files: GuestFiles): Promise<readonly GuestTool[]> {
  const folders: (readonly [folder: string, names: ReadonlySet<string>])[] = [];
  for (const folder of FOLDERS) folders.push([folder, new Set(await files.list(folder))]);
  const found: GuestTool[] = [];
  for (const [id, programs] of PROGRAMS) {
    const paths = folders.flatMap(([folder, names]) =>
      programs.filter((name) => names.has(name)).map((name) => `${folder}/${name}`),
    );
    if (paths[0] !== undefined) found.push({ id, path: paths[0] });
  }
  if (!found.some(({ id }) => id === "virtualbox-guest")) {
    const own = (await files.list("/opt")).find((name) => ADDITIONS.test(name));
    if (own !== undefined) found.push({ id: "virtualbox-guest", path: `/opt/${own.slice(0, 100)}` });
  }
  return found;
}
