/** Uploads files to the addresses of a lease, and compares what the hosts say of them. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { FerryError, throwIfAborted } from "../../../base/errors.js";
import { printable } from "../../../base/text.js";
import type { HttpsTrust } from "../../../runtime/node/pinned-agent.js";
import { openHttps } from "../../../runtime/node/pinned-https.js";
import type { VsphereLogin } from "./client.js";
import type { LeaseDigest, LeaseFile } from "./lease.js";

/** Digests of what was sent, in lower hexadecimal digits. */
export interface Sent {
  readonly bytes: number;
  readonly sha1: string;
  readonly sha256: string;
}

/** How long a host may take over what it was sent: it writes grains, and zeros for thick disks. */
const SILENCE_MS = 10 * 60_000;
const CHUNK = 2 ** 18;
const MOST_WORDS = 64 * 1024;

/** Whom to trust at the address of a lease. The server is known already, and what it says of its hosts counts. */
export function trustFor({ url, thumbprint }: Pick<LeaseFile, "url" | "thumbprint">, login: VsphereLogin): HttpsTrust {
  const { trust } = login;
  const own = url.hostname.replace(/^\[|\]$/g, "") === login.host && Number(url.port || 443) === login.port;
  if (own) return trust;
  return { thumbprint, authorities: trust.authorities };
}

/**
 * Sends a file.
 * @param create whether it becomes a file of the datastore; else a disk, whose grains the host unpacks
 * @param advance told the bytes that went out since the last time
 * @throws `deploy/refused`, `deploy/unreachable`, `deploy/untrusted`, `run/canceled`
 */
export async function upload(
  path: string,
  to: LeaseFile,
  create: boolean,
  login: VsphereLogin,
  advance: (bytes: number) => void,
  signal: AbortSignal,
): Promise<Sent> {
  const { size } = await stat(path);
  const [sha1, sha256] = [createHash("sha1"), createHash("sha256")];
  async function* chunks(): AsyncGenerator<Uint8Array> {
    if (size === 0) return;
    for await (const chunk of createReadStream(path, {
      end: size - 1,
      highWaterMark: CHUNK,
    }) as AsyncIterable<Buffer>) {
      sha1.update(chunk);
      sha256.update(chunk);
      yield chunk;
      advance(chunk.length);
    }
  }
  const { url } = to;
  const https = openHttps({
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || 443),
    trust: trustFor(to, login),
    timeoutMs: SILENCE_MS,
  });
  try {
    const { status, bytes } = await https.ask(
      {
        method: create ? "PUT" : "POST",
        path: `${url.pathname}${url.search}`,
        headers: create
          ? { overwrite: "t", "content-type": "application/octet-stream" }
          : { "content-type": "application/x-vnd.vmware-streamVmdk" },
        body: { length: size, chunks: chunks() },
      },
      MOST_WORDS,
      signal,
    );
    if (status < 200 || status > 299) {
      const words = printable(
        new TextDecoder()
          .decode(bytes)
          .replace(/<[^>]{0,200}>/g, " ")
          .replace(/\s+/g, " ")
          .trim(),
      ).slice(0, 200);
      throw new FerryError(
        "deploy/refused",
        `${url.host} refuses the upload (${status})${words === "" ? "" : `: ${words}`}`,
        {
          hint: "Look at the datastore of the host: its space, and whether it can be written.",
        },
      );
    }
    return { bytes: size, sha1: sha1.digest("hex"), sha256: sha256.digest("hex") };
  } finally {
    https.close();
  }
}

const SECTOR = 512;
/** The most zeros that programs put behind the end of a stream: a grain. */
const MOST_TAIL = 2 ** 16 + SECTOR;

/**
 * Compares what a host says of a file with what was sent. Of a disk a host reads up to the end marker of its stream, a sector of zeros (seen with ESXi 8.0.1);
 * QEMU puts more zeros behind that.
 * @throws `deploy/damaged`
 */
export async function compareSent(path: string, sent: Sent, said: LeaseDigest, signal: AbortSignal): Promise<void> {
  if (sent[said.algorithm] === said.digest) return;
  const tail = await zerosAtEnd(path, sent.bytes);
  if (tail >= 2 * SECTOR) {
    const end = Math.ceil((sent.bytes - tail) / SECTOR) * SECTOR + SECTOR;
    const hash = createHash(said.algorithm);
    for await (const chunk of createReadStream(path, { end: end - 1 }) as AsyncIterable<Buffer>) {
      throwIfAborted(signal);
      hash.update(chunk);
    }
    if (hash.digest("hex") === said.digest) return;
  }
  throw new FerryError(
    "deploy/damaged",
    `the host has other bytes of ${printable(path.replace(/^.*[/\\]/, ""))} than were sent`,
    {
      hint: "Run again. Where it stays, look at what stands between here and the host.",
    },
  );
}

/** Zeros at the end of a file, as far as anybody puts some there. */
async function zerosAtEnd(path: string, size: number): Promise<number> {
  const length = Math.min(size, MOST_TAIL);
  const file = await open(path, "r");
  try {
    const bytes = new Uint8Array(length);
    const { bytesRead } = await file.read(bytes, 0, length, size - length);
    let zeros = 0;
    while (zeros < bytesRead && bytes[bytesRead - 1 - zeros] === 0) zeros++;
    return zeros;
  } finally {
    await file.close();
  }
}
