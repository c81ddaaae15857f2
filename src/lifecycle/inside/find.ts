/** Where a guest finds its OVF environment: on CDs and other volumes, from QEMU, VMware's tools and Xen, beside the seeds of cloud-init. */
import { constants } from "node:fs";
import { type FileHandle, open, readdir } from "node:fs/promises";
import * as path from "node:path";
import { openIso } from "../../package/iso/read.js";
import { runCommand } from "../../runtime/node/run-command.js";

/** A document that may be an environment, and where it was. */
export interface EnvironmentCandidate {
  readonly kind: "volume" | "fw-cfg" | "guestinfo" | "xenstore" | "seed";
  /** A path, or the program that said it. */
  readonly place: string;
  readonly bytes: Uint8Array;
}

/** Where is looked. */
export interface InsideOptions {
  /** The guest's root; programs are asked where it is `/` alone: those of another root would be run here. */
  readonly root: string;
  readonly signal: AbortSignal;
}

/** Bytes of a document: properties, not files. */
export const MOST_ENVIRONMENT_BYTES: number = 1024 * 1024;
/** Volumes that are looked at. */
const MOST_VOLUMES = 256;
/** How long a program may take. */
const PROGRAM_MS = 5000;

/** Files of `-fw_cfg name=NAME,file=...` (QEMU, docs/specs/fw_cfg: names of users begin with `opt/`). */
const FW_CFG = ["opt/vmferry/ovf-env", "opt/ovf-env", "opt/ovf-env.xml"];
/** Where cloud-init's data sources have files that were put there beforehand. */
const SEEDS = ["ovf", "nocloud", "nocloud-net"];
/** Names that cloud-init's own source for OVF looks for. */
const NAMES = ["ovf-env.xml", "OVF_ENV.XML", "OVF-ENV.XML"];

/** Every document there is, one after the other: the caller takes the first that is an environment. */
export async function* environmentCandidates(options: InsideOptions): AsyncGenerator<EnvironmentCandidate> {
  const { root, signal } = options;
  yield* onVolumes(root);
  for (const name of FW_CFG) {
    yield* inFile("fw-cfg", path.join(root, "sys/firmware/qemu_fw_cfg/by_name", name, "raw"));
  }
  if (path.resolve(root) === "/") {
    const info = "info-get guestinfo.ovfEnv";
    yield* saidBy("guestinfo", ["vmtoolsd", "--cmd", info], signal);
    yield* saidBy("guestinfo", ["vmware-rpctool", info], signal);
    yield* saidBy("xenstore", ["xenstore-read", "vm-data/ovf-env"], signal);
  }
  for (const seed of SEEDS) {
    for (const name of NAMES) yield* inFile("seed", path.join(root, "var/lib/cloud/seed", seed, name));
  }
}

async function* onVolumes(root: string): AsyncGenerator<EnvironmentCandidate> {
  const found = await readdir(path.join(root, "sys/class/block")).catch(() => []);
  const names = found.filter((name) => /^[A-Za-z0-9!-]{1,64}$/.test(name) && !/^(?:loop|ram|zram|dm-)/.test(name));
  // CD drives first.
  const cd = (name: string): number => (name.startsWith("sr") ? 0 : 1);
  names.sort((a, b) => cd(a) - cd(b) || (a < b ? -1 : 1));
  for (const name of names.slice(0, MOST_VOLUMES)) {
    const place = path.join(root, "dev", name);
    const bytes = await fromVolume(place);
    if (bytes !== null) yield { kind: "volume", place, bytes };
  }
}

async function fromVolume(place: string): Promise<Uint8Array | null> {
  let handle: FileHandle;
  try {
    // A drive without a disc must not be waited for, and no link is a drive.
    handle = await open(place, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch {
    return null;
  }
  try {
    const volume = await openIso((offset, length) => readExactly(handle, offset, length));
    return volume === null ? null : await volume.file("ovf-env.xml", MOST_ENVIRONMENT_BYTES);
  } finally {
    await handle.close();
  }
}

async function readExactly(handle: FileHandle, offset: number, length: number): Promise<Uint8Array | null> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(bytes, done, length - done, offset + done).catch(() => ({ bytesRead: 0 }));
    if (bytesRead === 0) return null;
    done += bytesRead;
  }
  return bytes;
}

async function* inFile(kind: "fw-cfg" | "seed", place: string): AsyncGenerator<EnvironmentCandidate> {
  let handle: FileHandle;
  try {
    handle = await open(place, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return;
  }
  try {
    // Files of the system say no size that could be relied on.
    const buffer = new Uint8Array(MOST_ENVIRONMENT_BYTES + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle
        .read(buffer, length, buffer.length - length, null)
        .catch(() => ({ bytesRead: 0 }));
      length += bytesRead;
      if (bytesRead === 0 || length === buffer.length) break;
    }
    if (length > 0 && length <= MOST_ENVIRONMENT_BYTES) yield { kind, place, bytes: buffer.slice(0, length) };
  } finally {
    await handle.close();
  }
}

async function* saidBy(
  kind: "guestinfo" | "xenstore",
  words: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<EnvironmentCandidate> {
  const options = {
    input: new Uint8Array(),
    env: {},
    timeoutMs: PROGRAM_MS,
    mostBytes: MOST_ENVIRONMENT_BYTES,
    signal,
  };
  const ended = await runCommand(words, options);
  if (ended.end === "done" && ended.stdout.length > 0) {
    yield { kind, place: words.join(" "), bytes: ended.stdout };
  }
}
