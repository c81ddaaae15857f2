/** Downloads files from the addresses of a lease: in one pass, or into temporary files. */
import { createHash } from "node:crypto";
import { FerryError, throwIfAborted } from "../../../base/errors.js";
import { printable } from "../../../base/text.js";
import type { ByteStream } from "../../../io/source.js";
import { iterableStream } from "../../../io/streams.js";
import { openHttps } from "../../../runtime/node/pinned-https.js";
import type { VsphereLogin } from "./client.js";
import type { LeaseDigest, LeaseFile } from "./lease.js";
import { trustFor } from "./upload.js";

/** How long a host may be silent: it packs grains of disks, and passes over empty ones without a word. */
const SILENCE_MS = 10 * 60_000;

/** What came of a file. */
export interface Received {
  readonly bytes: number;
  readonly sha1: string;
  readonly sha256: string;
}

/** A file that comes. */
export interface Download {
  /** Bytes; `null`: the host does not say. */
  readonly size: number | null;
  readonly stream: ByteStream;
}

/**
 * Begins a download. The connection ends with the stream, or when that is cancelled.
 * @param hear told the bytes that came since the last time, and when all of it came; what it throws then is thrown at the end of the stream
 * @throws `deploy/refused`, `deploy/unreachable`, `deploy/untrusted`, `run/canceled`
 */
export async function download(
  file: LeaseFile,
  label: string,
  login: VsphereLogin,
  hear: { advance(bytes: number): void; complete(received: Received): Promise<void> },
  signal: AbortSignal,
): Promise<Download> {
  const { url } = file;
  const https = openHttps({
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || 443),
    trust: trustFor(file, login),
    timeoutMs: SILENCE_MS,
  });
  try {
    const { status, headers, body } = await https.open({ method: "GET", path: `${url.pathname}${url.search}` }, signal);
    if (status !== 200) {
      body.destroy();
      throw new FerryError("deploy/refused", `${url.host} refuses the download of ${printable(label)} (${status})`, {
        hint: "Another export of the machine may be under way, or its lease may have ended. Run again.",
      });
    }
    const said = Number(/^\d{1,16}$/.exec(headers["content-length"] ?? "")?.[0] ?? Number.NaN);
    const size = Number.isSafeInteger(said) ? said : null;
    async function* chunks(): AsyncGenerator<Uint8Array> {
      const [sha1, sha256] = [createHash("sha1"), createHash("sha256")];
      let bytes = 0;
      try {
        for await (const chunk of body as AsyncIterable<Buffer>) {
          throwIfAborted(signal);
          sha1.update(chunk);
          sha256.update(chunk);
          bytes += chunk.length;
          hear.advance(chunk.length);
          yield chunk;
        }
        if (!body.complete || (size !== null && bytes !== size)) throw cutOff(label, bytes);
        await hear.complete({ bytes, sha1: sha1.digest("hex"), sha256: sha256.digest("hex") });
      } catch (cause) {
        throwIfAborted(signal);
        if (cause instanceof FerryError) throw cause;
        throw cutOff(label, bytes, cause);
      } finally {
        body.destroy();
        https.close();
      }
    }
    const stream = iterableStream(label, chunks(), size ?? undefined);
    return {
      size,
      stream: {
        ...stream,
        async cancel(reason) {
          body.destroy();
          https.close();
          await stream.cancel(reason);
        },
      },
    };
  } catch (cause) {
    https.close();
    throw cause;
  }
}

function cutOff(label: string, bytes: number, cause?: unknown): FerryError {
  return new FerryError("deploy/unreachable", `the download of ${printable(label)} broke off after ${bytes} bytes`, {
    cause,
    hint: "Run again. Where it stays, look at what stands between here and the host.",
  });
}

/** Compares what came with what the host says that it sent. @throws `deploy/damaged` */
export function compareReceived(label: string, received: Received, said: LeaseDigest | undefined): void {
  if (said === undefined || received[said.algorithm] === said.digest) return;
  throw new FerryError("deploy/damaged", `other bytes of ${printable(label)} came than the host says it sent`, {
    hint: "Run again. Where it stays, look at what stands between here and the host.",
  });
}
