/** Files of a libvirt's host by their paths: read where they lie, or fetched as volumes of its pools. */
import { constants } from "node:fs";
import { access, mkdtemp, rm, stat } from "node:fs/promises";
import * as path from "node:path";
import { FerryError } from "../../../base/errors.js";
import { defaultLimits } from "../../../base/limits.js";
import { printable } from "../../../base/text.js";
import type { Context } from "../../../io/context.js";
import type { FolderAccess } from "../../../io/folder.js";
import type { ByteSource } from "../../../io/source.js";
import { systemError } from "../../../runtime/node/errors.js";
import { openFileSource } from "../../../runtime/node/file-source.js";
import { parseXml } from "../../../xml/parse.js";
import type { LiveScope } from "../../live.js";
import type { LibvirtPlace } from "./place.js";
import type { Virsh } from "./virsh.js";

/** What libvirt says where a path is that of no volume. */
const NO_VOLUME = /no storage vol|volume not found|failed to get vol/i;

/** The files of a host, from its root. */
export interface HostFiles extends FolderAccess {
  /** Whether a file is read where it lies; else opening it fetches it. */
  isHere(name: string): Promise<boolean>;
  /** Removes what was fetched. */
  close(): Promise<void>;
}

/**
 * Files under the root of the host; names have no `/` in front. What this user cannot read on this machine, and everything of another one, is fetched
 * from the pool that it is a volume of, once, when it is opened.
 */
export function hostFiles(virsh: Virsh, { local, uri }: LibvirtPlace, scope: LiveScope, ctx: Context): HostFiles {
  const fetched = new Map<string, Promise<string>>();
  let folder: Promise<string> | null = null;
  const scratchFolder = (): Promise<string> => {
    folder ??= mkdtemp(path.join(scope.scratch, ".vmferry.partial-")).catch((cause) => {
      throw systemError("write", scope.scratch, cause);
    });
    return folder;
  };
  const fetchVolume = async (file: string, size: number): Promise<string> => {
    const to = path.join(await scratchFolder(), String(fetched.size));
    const progress = ctx.progress.child("fetch", path.basename(file), size);
    await download(virsh, file, to, size, ctx.signal);
    progress.advance(size);
    progress.done();
    return to;
  };
  const isReadable = async (file: string): Promise<boolean> =>
    local &&
    (await stat(file).catch(() => null))?.isFile() === true &&
    (await access(file, constants.R_OK).then(
      () => true,
      () => false,
    ));
  return {
    label: uri,
    list: async () => [],
    isHere: (name) => isReadable(`/${name}`),
    async size(name) {
      const file = `/${name}`;
      if (await isReadable(file)) return (await stat(file)).size;
      return volumeBytes(virsh, file, ctx.signal);
    },
    async open(name): Promise<ByteSource> {
      const file = `/${name}`;
      if (await isReadable(file)) return openFileSource(file, scope.native);
      const size = await volumeBytes(virsh, file, ctx.signal);
      if (size === null) throw outOfReach(file, null);
      const known = fetched.get(file) ?? fetchVolume(file, size);
      fetched.set(file, known);
      return openFileSource(await known, scope.native, file);
    },
    async close() {
      await Promise.allSettled(fetched.values());
      if (folder !== null) await rm(await folder, { recursive: true, force: true });
    },
  };
}

/** The error for a file that is read neither here nor through a pool. @param id of a disk, by which a user may say where it is */
export function outOfReach(file: string, id: string | null): FerryError {
  const copied = id === null ? "" : ` Or copy it here, and name it: --map-disk ${printable(id)}=PATH.`;
  return new FerryError("io/not-found", `${printable(file)} cannot be read here, and is no volume of a storage pool`, {
    hint: `On its host, virsh pool-create-as NAME dir --target FOLDER makes a pool of a folder, and virsh pool-refresh lists it anew.${copied}`,
  });
}

/** Bytes of a volume as it is stored; `null`: the path is that of none. @throws `deploy/refused` */
async function volumeBytes(virsh: Virsh, file: string, signal: AbortSignal): Promise<number | null> {
  const answer = await virsh.try(["vol-dumpxml", `--vol=${file}`], signal);
  if (!answer.ok) {
    if (NO_VOLUME.test(answer.why)) return null;
    throw new FerryError("deploy/refused", `virsh vol-dumpxml: ${answer.why}`, { hint: "These are libvirt's words." });
  }
  const { root } = parseXml(new TextEncoder().encode(answer.text), `the volume ${file}`, defaultLimits);
  const said = root.element("", "physical") ?? root.element("", "capacity");
  const bytes = Number(/^\s*(\d{1,16})\s*$/.exec(said?.text ?? "")?.[1] ?? Number.NaN);
  if (Number.isSafeInteger(bytes)) return bytes;
  throw new FerryError("deploy/refused", `virsh vol-dumpxml says no size of ${printable(file)}`, {
    hint: "Refresh its pool: virsh pool-refresh.",
  });
}

async function download(virsh: Virsh, file: string, to: string, size: number, signal: AbortSignal): Promise<void> {
  const words = ["vol-download", `--vol=${file}`, `--file=${to}`];
  const answer = await virsh.try([...words, "--sparse"], signal, size);
  // Old daemons, and pools of some kinds, know no holes.
  if (!answer.ok) {
    if (!/sparse/i.test(answer.why)) {
      throw new FerryError("deploy/refused", `virsh vol-download: ${answer.why}`, {
        hint: "These are libvirt's words. Mend what they say, and run again.",
      });
    }
    await virsh.run(words, signal, size);
  }
  const got = await stat(to).catch((cause) => {
    throw systemError("read", to, cause);
  });
  if (got.size !== size) {
    throw new FerryError("io/changed", `${printable(file)} has ${size} bytes, and ${got.size} came`, {
      hint: "It was changed meanwhile, or its pool is out of date (virsh pool-refresh). Run again.",
    });
  }
}

/** Where the volume of a pool lies on the host. @throws `deploy/refused` */
export async function pathOfVolume(virsh: Virsh, pool: string, volume: string, signal: AbortSignal): Promise<string> {
  return (await virsh.run(["vol-path", `--pool=${pool}`, `--vol=${volume}`], signal)).trim();
}
