import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import type { ByteSource, SourceResolver } from "../../src/io/source.js";
import { memorySource } from "../../src/io/sources/memory.js";

/** A QCOW2 image that qemu-img made, and what it reads in it: `test/fixtures/qcow2/make.sh`. */
export interface Qcow2Fixture {
  readonly name: string;
  readonly capacityBytes: number;
  readonly guestSha256: string;
}

const FOLDER = "test/fixtures/qcow2";

/** All of them. */
export async function qcow2Fixtures(): Promise<readonly Qcow2Fixture[]> {
  return JSON.parse(await readFile(`${FOLDER}/facts.json`, "utf8"));
}

/** The bytes of one of them, or of a file that one of them names. */
export async function qcow2Bytes(name: string): Promise<Uint8Array> {
  return new Uint8Array(gunzipSync(await readFile(`${FOLDER}/${name}.gz`)));
}

/** One of them as a source. */
export async function qcow2Source(name: string): Promise<ByteSource> {
  return memorySource(await qcow2Bytes(name), name);
}

/** Opens every file that an image of the folder names. */
export const qcow2Neighbours: SourceResolver = {
  open: async ({ name }) => (name === null ? null : qcow2Source(name)),
};
