import { FerryError } from "../base/errors.js";
import type { DiskFormatId } from "../base/ids.js";
import type { Registry } from "../base/registry.js";
import type { ByteSource, ProbeWindow } from "../io/source.js";
import type { DiskFormat } from "./model.js";

const HEAD = 64 * 1024;
const TAIL = 4 * 1024;

/** The first and last bytes of a source, for telling what it is. */
export async function probeWindow(source: ByteSource, signal?: AbortSignal): Promise<ProbeWindow> {
  const headBytes = Math.min(HEAD, source.size);
  const tailBytes = Math.min(TAIL, source.size);
  const head = await source.read(0, headBytes, signal);
  // One request for small files: the tail lies in the head.
  const tail =
    source.size <= HEAD
      ? head.subarray(headBytes - tailBytes)
      : await source.read(source.size - tailBytes, tailBytes, signal);
  return { name: source.label, size: source.size, head, tail };
}

/** The format that a file's extension names, or `null`. */
export function formatByName(name: string, formats: Registry<DiskFormatId, DiskFormat>): DiskFormat | null {
  const lower = name.toLowerCase();
  return formats.all.find((format) => format.extensions.some((extension) => lower.endsWith(extension))) ?? null;
}

/** The format whose signature a window shows; `null` where there is none. Raw has no signature and is never told this way. */
export function formatByContent(window: ProbeWindow, formats: Registry<DiskFormatId, DiskFormat>): DiskFormat | null {
  return formats.all.find((format) => format.probe(window)?.match === "yes") ?? null;
}

/**
 * The format of a bare disk, by content; raw only where the name says so and no signature is found.
 * @throws `disk/unknown-format`, `disk/name-disagrees`
 */
export function tellFormat(window: ProbeWindow, formats: Registry<DiskFormatId, DiskFormat>): DiskFormat {
  const byContent = formatByContent(window, formats);
  const byName = formatByName(window.name, formats);
  if (byContent !== null) {
    if (byName !== null && byName !== byContent) {
      throw new FerryError(
        "disk/name-disagrees",
        `${window.name} is called a ${byName.id} disk and holds a ${byContent.id} signature`,
        {
          hint: `Say which it is: --from ${byContent.id}, or --from ${byName.id}. A guest can write any signature into a raw disk.`,
        },
      );
    }
    return byContent;
  }
  const maybe = formats.all.find((format) => format.probe(window)?.match === "maybe");
  if (maybe !== undefined) return maybe;
  throw new FerryError("disk/unknown-format", `${window.name} holds no signature of a disk format`, {
    hint: "If it is a raw disk, say so: --from raw.",
  });
}
