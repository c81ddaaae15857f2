import { SECTOR, viewOf, writeU64 } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { UnitKernel } from "../model.js";

/** Bytes of a grain marker before the data: LBA (u64), size of the data (u32). */
export const GRAIN_MARKER_BYTES = 12;

/** A compressed grain of a stream: grain marker, zlib stream, zeros up to a sector. */
export const grainKernel: UnitKernel = Object.freeze({
  id: "vmdk/grain",
  packing: "zlib",
  payload(stored: Uint8Array): Uint8Array {
    const size = stored.length < GRAIN_MARKER_BYTES ? 0 : viewOf(stored).getUint32(8, true);
    if (size === 0 || size > stored.length - GRAIN_MARKER_BYTES) {
      throw new FerryError(
        "vmdk/bad-grain",
        `a grain marker announces ${size} bytes where ${stored.length} are stored`,
        {
          hint: "The image is damaged: fetch it again, or compare it with its manifest.",
        },
      );
    }
    return stored.subarray(GRAIN_MARKER_BYTES, GRAIN_MARKER_BYTES + size);
  },
  frame: Object.freeze({
    headerBytes: GRAIN_MARKER_BYTES,
    alignment: SECTOR,
    header(into: Uint8Array, guestOffset: number, payloadBytes: number): void {
      const view = viewOf(into);
      writeU64(view, 0, guestOffset / SECTOR, true);
      view.setUint32(8, payloadBytes, true);
    },
  }),
});
