import { FerryError } from "../base/errors.js";
import type { ByteSource, SourceRef } from "../io/source.js";

/** A file of a chain, for telling one that stands in it twice. */
export interface SeenFile {
  readonly label: string;
  /** `null`: nobody can tell; then the depth ends a circle. */
  readonly place: string | null;
}

/** Where a file of a chain lies. @throws `disk/chain-loop` where it stands in the chain already */
export function seenFile(source: ByteSource, above: readonly SeenFile[]): SeenFile {
  const place = placeOf(source.ref());
  if (place !== null && above.some((file) => file.place === place)) {
    const names = [...above.map(({ label }) => label), source.label];
    throw new FerryError("disk/chain-loop", `the disk chain comes back to itself: ${names.join(" over ")}`, {
      location: { at: "bytes", file: source.label, offset: 0 },
      hint: "One of the images names the wrong parent: look for the chain as it was, such as in a backup.",
    });
  }
  return { label: source.label, place };
}

/** Where bytes lie on disk: file, inode and range. Bytes in memory have no place. */
function placeOf(ref: SourceRef | null): string | null {
  switch (ref?.kind) {
    case "file":
      return `${ref.stamp.device}:${ref.stamp.inode} ${ref.stamp.inode === 0 ? ref.path : ""}`;
    case "slice": {
      const place = placeOf(ref.of);
      return place === null ? null : `${place} ${ref.offset}+${ref.length}`;
    }
    case "concat": {
      const places = ref.of.map(placeOf);
      return places.includes(null) ? null : places.join(", ");
    }
    default:
      return null;
  }
}
