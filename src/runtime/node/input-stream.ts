import { fstatSync } from "node:fs";
import { Readable } from "node:stream";
import type { ByteStream } from "../../io/source.js";
import { systemError } from "./errors.js";

/**
 * A stream of Node's, such as standard input, as bytes that come once.
 * @param label how messages name it
 * @throws while reading: `io/read-failed`
 */
export function openInputStream(input: NodeJS.ReadableStream, label: string): ByteStream {
  const size = sizeOf("fd" in input && typeof input.fd === "number" ? input.fd : undefined);
  async function* chunks(): AsyncIterable<Uint8Array> {
    try {
      for await (const chunk of input) yield chunk as Uint8Array;
    } catch (cause) {
      throw systemError("read", label, cause);
    }
  }
  const iterator = chunks()[Symbol.asyncIterator]();
  return {
    label,
    ...(size === null ? {} : { size }),
    [Symbol.asyncIterator]: () => iterator,
    async cancel(): Promise<void> {
      if (input instanceof Readable) input.destroy();
    },
  };
}

/** Bytes of a regular file behind a descriptor; `null`: a pipe, or a file that does not tell, as those of /proc. */
function sizeOf(fd: number | undefined): number | null {
  if (fd === undefined) return null;
  const stat = fstatSync(fd);
  return stat.isFile() && stat.size > 0 ? stat.size : null;
}
