import { FerryError } from "../base/errors.js";
import { copyDisk } from "../disk/copy.js";
import { shapeOf } from "../disk/extents.js";
import { diskFormats } from "../disk/formats.js";
import type { VirtualDisk } from "../disk/model.js";
import type { Context } from "../io/context.js";
import type { FileSet } from "../io/file-set.js";
import type { RandomTarget } from "../io/target.js";

/** Bytes of an empty image at most: its tables. A directory of 2 TiB takes 256 KiB. */
const MOST_BYTES = 16 * 2 ** 20;

/**
 * The bytes of a stream-optimized VMDK in which nothing is.
 * @param size bytes that the guest sees, whole sectors
 * @throws `io/limit` where its tables alone are larger than 16 MiB, and what planning throws
 */
export async function emptyStream(name: string, size: number, ctx: Context): Promise<Uint8Array> {
  const format = diskFormats.get("vmdk");
  const nothing: VirtualDisk = {
    info: {
      format: "raw",
      variant: "raw",
      size,
      logicalSectorSize: 512,
      blockSize: 0,
      parent: null,
      identity: null,
      properties: {},
    },
    async *extents(range = { offset: 0, length: size }) {
      yield { ...range, kind: "zero" };
    },
    reads: async () => [],
    units: () => null,
    close: async () => {},
  };
  const plan = await format.plan?.(shapeOf(nothing), { name, variant: "streamOptimized" }, ctx);
  if (plan === undefined) throw new FerryError("internal/bug", "stream-optimized VMDK is written");
  const file = memoryTarget(name);
  const files: FileSet = {
    label: name,
    create: async () => file.target,
    createRandom: async () => file.target,
    room: async () => null,
    commit: async () => {},
    abort: async () => {},
  };
  await copyDisk(nothing, [{ plan, files }], ctx);
  return file.bytes();
}

function memoryTarget(label: string): { readonly target: RandomTarget; bytes(): Uint8Array } {
  let buffer = new Uint8Array(64 * 1024);
  let end = 0;
  let position = 0;
  const reach = (length: number): void => {
    if (length > MOST_BYTES) {
      throw new FerryError("io/limit", `an empty image of ${label} would have more than ${MOST_BYTES} bytes`, {
        hint: "Make the disk smaller, or leave it out.",
      });
    }
    if (length > buffer.length) {
      const larger = new Uint8Array(Math.max(length, 2 * buffer.length));
      larger.set(buffer);
      buffer = larger;
    }
    end = Math.max(end, length);
  };
  const target: RandomTarget = {
    label,
    get position(): number {
      return position;
    },
    async write(chunk): Promise<void> {
      reach(position + chunk.length);
      buffer.set(chunk, position);
      position += chunk.length;
    },
    async zeros(length): Promise<void> {
      reach(position + length);
      position += length;
    },
    async writeAt(offset, chunk): Promise<void> {
      reach(offset + chunk.length);
      buffer.set(chunk, offset);
    },
    async truncate(length): Promise<void> {
      reach(length);
      buffer.fill(0, length, end);
      end = length;
    },
    ref: () => null,
    close: async () => {},
    abort: async () => {},
  };
  return { target, bytes: () => buffer.slice(0, end) };
}
