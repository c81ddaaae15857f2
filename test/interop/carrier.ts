import { basename, dirname } from "node:path";
import type { TestContext } from "node:test";
import { toHex } from "../../src/base/bytes.js";
import type { DiskFormatId } from "../../src/base/ids.js";
import { compareDisks } from "../../src/disk/compare.js";
import { copyDisk } from "../../src/disk/copy.js";
import { shapeOf } from "../../src/disk/extents.js";
import { diskFormats } from "../../src/disk/formats.js";
import { hashDisk } from "../../src/disk/hash.js";
import type { VirtualDisk } from "../../src/disk/model.js";
import { openChain } from "../../src/disk/open.js";
import { folderResolver } from "../../src/io/resolver.js";
import { openSingleFileSet } from "../../src/runtime/node/file-set.js";
import { openFileSource } from "../../src/runtime/node/file-source.js";
import { openFolderAccess } from "../../src/runtime/node/folder.js";
import { createContext, createNodeRuntime } from "../../src/runtime/node/runtime.js";

/** vmferry's own disk engine on threads, for comparing it with other programs. */
export interface Carrier {
  /** Converts a disk file to a new one. `variant`: the format's default where it is left out. */
  convert(from: string, to: string, format: DiskFormatId, variant?: string): Promise<void>;
  /** SHA-256 of the guest content. Files that an image names are opened beside it. */
  sum(file: string): Promise<string>;
  /** The first guest byte in which two disks differ, `null` where there is none. Sizes are not compared. */
  firstDifference(a: string, b: string): Promise<number | null>;
  /** Facts of a disk. */
  info(file: string): Promise<VirtualDisk["info"]>;
}

/** An engine for one test. */
export function startCarrier(t: TestContext): Carrier {
  const worker = new URL("../../src/worker-node.js", import.meta.url);
  const runtime = createNodeRuntime({ worker, workers: 2 });
  t.after(() => runtime.close());
  const ctx = createContext(runtime);

  async function withDisk<T>(file: string, use: (disk: VirtualDisk) => Promise<T>): Promise<T> {
    const source = await openFileSource(file, runtime.native);
    const resolver = folderResolver(openFolderAccess(dirname(file), runtime.native), { external: "allowed" });
    const format = /\.(raw|img)$/.test(file) ? "raw" : null;
    try {
      const disk = await openChain({ bytes: source }, { formats: diskFormats, resolver, format }, ctx);
      const result = await use(disk);
      await disk.close();
      return result;
    } finally {
      await source.close();
    }
  }

  return {
    convert: (from, to, format, variant) =>
      withDisk(from, async (disk) => {
        const { plan } = diskFormats.get(format);
        if (plan === undefined) throw new Error(`${format} is not written`);
        const options = { name: basename(to), ...(variant === undefined ? {} : { variant }) };
        const files = await openSingleFileSet(to, { force: true });
        await copyDisk(disk, [{ plan: await plan(shapeOf(disk), options, ctx), files }], ctx);
        await files.commit();
      }),
    sum: (file) => withDisk(file, async (disk) => toHex(await hashDisk(disk, "sha256", ctx))),
    firstDifference: (a, b) =>
      withDisk(a, (one) => withDisk(b, async (other) => (await compareDisks(one, other, ctx)).firstDifference)),
    info: (file) => withDisk(file, async (disk) => disk.info),
  };
}
