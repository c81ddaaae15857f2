/** Files on storages of Proxmox VE: put there, looked for, removed. */
import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { FerryError, throwIfAborted } from "../../../base/errors.js";
import { systemError } from "../../../runtime/node/errors.js";
import type { HttpsBody } from "../../../runtime/node/pinned-https.js";
import type { Pve } from "./api.js";
import { finish } from "./tasks.js";
import { listOf, textOf } from "./values.js";

/** Bytes that are read at once. */
const CHUNK = 1024 * 1024;
/** The host writes the file twice before it answers: time for that, in bytes a second. */
const SLOWEST = 8 * 1024 * 1024;
const PATIENCE_MS = 120_000;

/** What a storage keeps a file as: `import` for disks that machines are made of. */
export type UploadKind = "import" | "iso";

/** A file's id: `local:import/disk.qcow2`. */
export function volumeOf(storage: string, kind: UploadKind, name: string): string {
  return `${storage}:${kind}/${name}`;
}

/** Whether a storage has a file. */
export async function hasVolume(pve: Pve, node: string, volume: string, signal: AbortSignal): Promise<boolean> {
  const [storage = "", rest = ""] = volume.split(":");
  const content = rest.slice(0, rest.indexOf("/"));
  const found = await pve.get(`/nodes/${node}/storage/${storage}/content`, signal, { content });
  return listOf(found).some(({ volid }) => volid === volume);
}

/**
 * Puts a file on a storage, with its SHA-256, which the host compares.
 * The form has the order and the shape that pveproxy insists on: content, checksum, and the file last, with a length known beforehand
 * (AnyEvent.pm, file_upload_multipart).
 * @param file absolute
 * @throws `deploy/refused` where the host does not take it, `io/...` where it cannot be read
 */
export async function upload(
  pve: Pve,
  node: string,
  storage: string,
  kind: UploadKind,
  name: string,
  file: string,
  signal: AbortSignal,
): Promise<void> {
  const { size } = await stat(file);
  const sum = await sha256(file, signal);
  const boundary = `vmferry-${randomBytes(16).toString("hex")}`;
  const field = (key: string, value: string): string =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${key}"\r\n\r\n${value}\r\n`;
  const head = Buffer.from(
    `${field("content", kind)}${field("checksum-algorithm", "sha256")}${field("checksum", sum)}` +
      `--${boundary}\r\nContent-Disposition: form-data; name="filename"; filename="${name}"\r\nContent-Type: application/octet-stream\r\n\r\n`,
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  const body = (): HttpsBody => ({
    length: head.length + size + tail.length,
    chunks: (async function* () {
      yield head;
      yield* bytesOf(file, signal);
      yield tail;
    })(),
  });
  const path = `/nodes/${node}/storage/${storage}/upload`;
  const patience = PATIENCE_MS + Math.ceil((size / SLOWEST) * 1000);
  const task = await pve.send(path, `multipart/form-data; boundary=${boundary}`, body, patience, signal);
  await finish(pve, task, `upload ${name}`, signal);
}

/** Removes a file, if it is there. */
export async function removeVolume(pve: Pve, node: string, volume: string, signal: AbortSignal): Promise<void> {
  if (!(await hasVolume(pve, node, volume, signal))) return;
  const [storage = ""] = volume.split(":");
  const path = `/nodes/${node}/storage/${storage}/content/${encodeURIComponent(volume)}`;
  await finish(pve, textOf(await pve.call("DELETE", path, {}, signal)), `remove ${volume}`, signal);
}

async function* bytesOf(file: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: CHUNK })) {
      throwIfAborted(signal);
      yield chunk as Uint8Array;
    }
  } catch (cause) {
    if (cause instanceof FerryError) throw cause;
    throw systemError("read", file, cause);
  }
}

async function sha256(file: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of bytesOf(file, signal)) hash.update(chunk);
  return hash.digest("hex");
}
