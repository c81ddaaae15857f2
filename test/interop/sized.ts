import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { peerPath } from "./peers.js";
import { imageOptions } from "./qemu.js";
import { run } from "./run.js";

const LIMIT = { timeout: 60_000 };
/** From this on a disk is looked at where it holds something, and not read whole. */
export const LARGE: number = 2 ** 31;
const PIECE = 4096;
/** The least that pattern.mjs makes. */
const PATTERN_LEAST = 131_072;

/** The pieces of a large disk that hold something: at both ends, and behind what 32 bits of sectors can say. */
export function pieces(size: number): readonly (readonly [offset: number, length: number])[] {
  if (size < LARGE) return [[0, size]];
  return [
    [0, PIECE],
    [Math.floor(size / 2 / PIECE) * PIECE, PIECE],
    [size - PIECE, PIECE],
  ];
}

/** A raw disk with a pattern in its pieces, or all over; the rest are holes. */
export async function makeRaw(folder: string, size: number): Promise<string> {
  const raw = join(folder, "guest.raw");
  if (size >= LARGE || size < PATTERN_LEAST) {
    const file = await open(raw, "w");
    await file.truncate(size);
    for (const [offset, length] of size === 0 ? [] : pieces(size)) {
      await file.write(Buffer.alloc(length, `piece at ${offset} `), 0, length, offset);
    }
    await file.close();
  } else await run(process.execPath, ["test/fixtures/pattern.mjs", raw, String(size), "477"], LIMIT);
  return raw;
}

/** SHA-256 of each piece, hexadecimal. */
export async function sumsOf(raw: string, size: number): Promise<readonly string[]> {
  const file = await open(raw);
  const sums: string[] = [];
  for (const [offset, length] of pieces(size)) {
    const bytes = Buffer.alloc(length);
    if (length > 0) await file.read(bytes, 0, length, offset);
    sums.push(createHash("sha256").update(bytes).digest("hex"));
  }
  await file.close();
  return sums;
}

/** Proves that QEMU reads the same in the pieces of two large disks. Throws where it does not. */
export async function samePieces(raw: string, image: string, size: number): Promise<void> {
  const reads = pieces(size).flatMap(([offset, length]) => ["-c", `read -v ${offset} ${length}`]);
  const said: string[][] = [];
  for (const disk of [raw, image]) {
    const { stdout } = await run(
      await peerPath("qemu-io"),
      ["-r", ...reads, "--image-opts", imageOptions(disk)],
      LIMIT,
    );
    said.push(stdout.split("\n").filter((line) => /^[0-9a-f]{8,}: /.test(line)));
  }
  const [wanted = [], got = []] = said;
  if (wanted.length !== (3 * PIECE) / 16) throw new Error(`${raw}: ${wanted.length} lines were read`);
  const at = wanted.findIndex((line, i) => line !== got[i]);
  if (at >= 0 || got.length !== wanted.length) throw new Error(`${image}: ${got[at]} in place of ${wanted[at]}`);
}
