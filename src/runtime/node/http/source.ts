import type { ByteRange } from "../../../base/bytes.js";
import { FerryError } from "../../../base/errors.js";
import type { ByteSource } from "../../../io/source.js";
import { cachedSource } from "../../../io/sources/cached.js";
import { checkRange, memorySource } from "../../../io/sources/memory.js";
import { parseHttpUrl } from "./address.js";
import { createHttpClient, type HttpClient } from "./client.js";
import type { HttpOptions } from "./options.js";
import { type HttpResource, openResource } from "./resource.js";

/** Bytes that the first request fetches: headers, descriptor, manifest and the head of the first disk of most archives. */
const HEAD_BYTES = 128 * 1024;

/**
 * Opens a file on a server for random access, by range requests: small reads are served from a cache that reads ahead, large ones are a
 * request each, and a stream is one request. Breaks are mended at the byte, a bounded number of times. All answers have to be of one
 * state of the file.
 * @param url http, https or s3; a user and password in it are sent to its own origin alone
 * @throws `http/bad-url`, `s3/...`, `io/not-found`, `http/no-ranges` and other `http/...`; reading throws the same, and `io/changed`
 */
export async function openHttpSource(
  url: string | URL,
  options: HttpOptions = {},
  signal?: AbortSignal,
): Promise<ByteSource> {
  const { client, place } = await connectTo(String(url), options);
  try {
    const source = await openWithClient(client, place, signal);
    return {
      ...source,
      async close(): Promise<void> {
        await source.close();
        client.close();
      },
    };
  } catch (cause) {
    client.close();
    throw cause;
  }
}

/** A client for an address, which nothing was asked yet. @throws `http/bad-url`, `s3/bad-address`, `s3/no-credentials` */
export async function connectTo(
  url: string,
  options: HttpOptions,
): Promise<{ readonly client: HttpClient; readonly place: URL }> {
  if (!/^s3:/i.test(url)) return { place: parseHttpUrl(url), client: createHttpClient(options) };
  // Loaded where it is needed: few addresses are of this kind.
  const { createS3Client, parseS3Url } = await import("../s3/client.js");
  if (options.s3 === undefined) {
    throw new FerryError("s3/no-credentials", "nothing says who reads the object", {
      hint: "Give the option s3: with credentials, or with none for a bucket that everybody may read.",
    });
  }
  return { place: parseS3Url(url), client: createS3Client(options, options.s3) };
}

/**
 * The same over connections that are shared; closing the source leaves them open.
 * @param named the address that the user named, where a package names this one; `null`: the package is on this machine
 */
export async function openWithClient(
  client: HttpClient,
  url: URL,
  signal?: AbortSignal,
  named: URL | null = url,
): Promise<ByteSource> {
  const resource = await openResource(client, url, HEAD_BYTES, named, signal);
  const { head, label, size } = resource;
  // A file that was taken whole is read no more: its server may know no ranges.
  if (head.length === size) return memorySource(head, label);
  return cachedSource(rawSource(resource), { held: head });
}

function rawSource(resource: HttpResource): ByteSource {
  const { label, size } = resource;
  return {
    label,
    size,
    async read(offset, length, signal): Promise<Uint8Array> {
      checkRange(label, size, offset, length);
      const bytes = new Uint8Array(length);
      let done = 0;
      for await (const chunk of resource.chunks({ offset, length }, signal)) {
        bytes.set(chunk, done);
        done += chunk.length;
      }
      if (done !== length) throw new FerryError("internal/bug", `${label}: ${done} of ${length} bytes came`);
      return bytes;
    },
    async *stream(range: ByteRange = { offset: 0, length: size }, signal?: AbortSignal): AsyncIterable<Uint8Array> {
      checkRange(label, size, range.offset, range.length);
      yield* resource.chunks(range, signal);
    },
    ref: () => null,
    async checkUnchanged(): Promise<void> {
      for await (const _ of resource.chunks({ offset: 0, length: 1 }));
    },
    async close(): Promise<void> {},
  };
}
