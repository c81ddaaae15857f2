import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, dirname, join, resolve } from "node:path";
import { attempt } from "./run.js";
import { temporaryFolder } from "./scratch.js";

/** How a program is asked for its version. */
interface Probe {
  readonly args: readonly string[];
  /** Finds the version in what it says; `null`: it knows none, running is enough. */
  readonly version: RegExp | null;
  /** Package that carries the version of a program that knows none. */
  readonly package?: string;
  /** Programs that answer a question for help with a failure. */
  readonly failsWith?: readonly number[];
}

const OPEN_VMDK = { version: null, package: "open-vmdk", failsWith: [1, 2] } as const;

/** Every program that tests compare vmferry with. */
export type PeerName =
  | "VBoxManage"
  | "vmdk-convert"
  | "ova-compose"
  | "mkova"
  | "govc"
  | "vcsim"
  | "vcsim-export"
  | "vmdkinfo"
  | "vhdiinfo"
  | "qcowinfo"
  | "qemu-img"
  | "qemu-io"
  | "qemu-system-x86_64"
  | "virsh"
  | "libvirtd"
  | "virtlogd"
  | "virt-xml-validate"
  | "virt-v2v"
  | "xmllint"
  | "openssl"
  | "tar"
  | "mkfs.vfat"
  | "mmd"
  | "mcopy"
  | "sgdisk"
  | "mke2fs"
  | "e2fsck"
  | "debugfs"
  | "mkfs.xfs"
  | "mkfs.btrfs"
  | "mkfs.ntfs"
  | "mkswap"
  | "pvck"
  | "grub-mkimage"
  | "unshare"
  | "xl-cfg-check"
  | "tinyproxy"
  | "xorriso"
  | "isoinfo";

const PROBES: Readonly<Record<PeerName, Probe>> = {
  VBoxManage: { args: ["--version"], version: /^(\d+\.\d+\.\d+)/m },
  "vmdk-convert": { ...OPEN_VMDK, args: ["-h"] },
  "ova-compose": { ...OPEN_VMDK, args: ["--help"] },
  mkova: { ...OPEN_VMDK, args: [] },
  govc: { args: ["version"], version: /(\d\S*)/ },
  vcsim: { args: ["-h"], version: null },
  "vcsim-export": { args: ["-h"], version: null },
  vmdkinfo: { args: ["-V"], version: /vmdkinfo (\d+)/ },
  vhdiinfo: { args: ["-V"], version: /vhdiinfo (\d+)/ },
  qcowinfo: { args: ["-V"], version: /qcowinfo (\d+)/ },
  "qemu-img": { args: ["--version"], version: /version (\S+)/ },
  "qemu-io": { args: ["--version"], version: /version (\S+)/ },
  "qemu-system-x86_64": { args: ["--version"], version: /version (\S+)/ },
  virsh: { args: ["--version"], version: /(\d\S*)/ },
  libvirtd: { args: ["--version"], version: /(\d[\d.]*)/ },
  virtlogd: { args: ["--version"], version: /(\d[\d.]*)/ },
  "virt-xml-validate": { args: ["--version"], version: /(\d[\d.]*)/ },
  "virt-v2v": { args: ["--version"], version: /virt-v2v (\S+)/ },
  xmllint: { args: ["--version"], version: /version (\d+)/ },
  openssl: { args: ["version"], version: /OpenSSL (\S+)/ },
  tar: { args: ["--version"], version: /(\d[\d.]*)/ },
  "mkfs.vfat": { args: ["--help"], version: /mkfs\.fat (\S+)/ },
  mmd: { args: ["--version"], version: /(\d[\d.]*)/ },
  mcopy: { args: ["--version"], version: /(\d[\d.]*)/ },
  sgdisk: { args: ["--version"], version: /version (\S+)/ },
  mke2fs: { args: ["-V"], version: /mke2fs (\S+)/ },
  e2fsck: { args: ["-V"], version: /e2fsck (\S+)/ },
  debugfs: { args: ["-V"], version: /debugfs (\S+)/ },
  "mkfs.xfs": { args: ["-V"], version: /version (\S+)/ },
  "mkfs.btrfs": { args: ["--version"], version: /v(\d\S*)/ },
  "mkfs.ntfs": { args: ["--version"], version: /v(\d\S*)/ },
  mkswap: { args: ["--version"], version: /(\d[\d.]*)/ },
  pvck: { args: ["--version"], version: /(\d[\d.]*)/ },
  "grub-mkimage": { args: ["--version"], version: /GRUB\) (\S+)/ },
  unshare: { args: ["--version"], version: /(\d[\d.]*)/ },
  "xl-cfg-check": { args: ["/dev/null"], version: null },
  tinyproxy: { args: ["-v"], version: /(\d[\d.]*)/ },
  xorriso: { args: ["-version"], version: /xorriso version\s*:\s*(\d\S*)/ },
  isoinfo: { args: ["-version"], version: /isoinfo (\d[\d.]*)/ },
};

/** All of them, for the list of versions. */
export const PEER_NAMES: readonly PeerName[] = Object.keys(PROBES) as PeerName[];

/** A program that runs here. */
export interface Peer {
  readonly path: string;
  readonly version: string;
}

const found = new Map<PeerName, Promise<Peer | string>>();

/** A program, or the reason why it cannot be used here. Looked for in PATH, then where the shared peers are set up. */
export function findPeer(name: PeerName): Promise<Peer | string> {
  const known = found.get(name) ?? look(name);
  found.set(name, known);
  return known;
}

/** For `skip` of a test: `false` when all these programs run, else a reason that names the first that does not. */
export async function lacking(...names: readonly PeerName[]): Promise<string | false> {
  for (const name of names) {
    const peer = await findPeer(name);
    if (typeof peer === "string") return peer;
  }
  return false;
}

/** Where a program is. Throws where it does not run: guard the test with `lacking`. */
export async function peerPath(name: PeerName): Promise<string> {
  const peer = await findPeer(name);
  if (typeof peer === "string") throw new Error(peer);
  return peer.path;
}

/** The folders in which programs are looked for, best first. */
export function peerFolders(): readonly string[] {
  const shared = [resolve("../shared/peers/bin"), resolve("../../shared/peers/bin")];
  return [...(process.env.PATH ?? "").split(delimiter), "/opt/peers/bin", "/usr/sbin", "/sbin", ...shared];
}

/** PATH for a script that starts peers itself. */
export function peerSearchPath(): string {
  return peerFolders().join(delimiter);
}

async function look(name: PeerName): Promise<Peer | string> {
  const path = await onDisk(name);
  if (path === null) return `${name} is not installed`;
  const probe = PROBES[name];
  const home = await temporaryFolder("probe");
  try {
    const ran = await attempt(path, probe.args, {
      timeout: 60_000,
      cwd: home.path,
      env: { VBOX_USER_HOME: home.path },
    });
    const said = `${ran.stdout}${ran.stderr}`;
    if (ran.status !== 0 && !(probe.failsWith ?? []).includes(ran.status ?? -1)) {
      return `${name} does not run: ${said.trim().split("\n")[0] ?? ""}`;
    }
    const version = probe.version === null ? await packageVersion(path, probe.package) : probe.version.exec(said)?.[1];
    return { path, version: version ?? "says no version" };
  } finally {
    await home.remove();
  }
}

async function onDisk(name: string): Promise<string | null> {
  for (const folder of peerFolders()) {
    const path = join(folder, name);
    const usable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (folder !== "" && usable) return path;
  }
  return null;
}

/** The version of a Debian package, asked where the program lives: in the peers' own root, or here. */
async function packageVersion(path: string, name: string | undefined): Promise<string | undefined> {
  if (name === undefined) return undefined;
  const query = ["-W", "-f", "$" + "{Version}", name];
  const inside = join(dirname(path), "peer-run");
  const ran = await attempt(inside, ["dpkg-query", ...query], { timeout: 30_000 }).catch(() =>
    attempt("dpkg-query", query, { timeout: 30_000 }).catch(() => null),
  );
  return ran?.status === 0 ? ran.stdout.trim() : undefined;
}
