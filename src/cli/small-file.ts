import { open } from "node:fs/promises";
import { systemError } from "../runtime/node/errors.js";

/** Bytes that are read at a time. */
const PIECE = 64 * 1024;

/**
 * A file of the user's that is small by its nature: a pipe, too (`<(command)`). `null` where it has more than `most` bytes.
 * @throws `io/not-found` and what else keeps it from being read
 */
export async function readSmallFile(name: string, most: number): Promise<Uint8Array | null> {
  try {
    const file = await open(name, "r");
    try {
      const pieces: Uint8Array[] = [];
      let length = 0;
      for (;;) {
        const piece = new Uint8Array(PIECE);
        const { bytesRead } = await file.read(piece, 0, PIECE, null);
        if (bytesRead === 0) return new Uint8Array(Buffer.concat(pieces));
        length += bytesRead;
        if (length > most) return null;
        pieces.push(piece.subarray(0, bytesRead));
      }
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw systemError("read", name, cause);
  }
}
