/** An XVA as it comes from a pipe: its members in their order, each read or passed over. */
import { FerryError } from "../../base/errors.js";
import { formatBytes } from "../../base/text.js";
import { byteReader } from "../../io/byte-reader.js";
import type { Context } from "../../io/context.js";
import type { ByteStream } from "../../io/source.js";
import { scanTarBytes } from "../tar/scan.js";
import { xvaMembers } from "./members.js";

/** What comes. */
export type XvaArrival =
  /** The bytes of `ova.xml`. */
  | { readonly what: "config"; readonly bytes: Uint8Array }
  /** A chunk of a disk, whose bytes are read before the next arrival is asked for, or not at all. */
  | {
      readonly what: "chunk";
      readonly name: string;
      /** Where it lies in the guest's disk. */
      readonly start: number;
      readonly length: number;
      /** The next bytes of it: `length` of them, which are there. */
      read(length: number): Promise<Uint8Array>;
    };

/** Zeros behind the end that are passed over. */
const MOST_PADDING = 64 * 1024 * 1024;

/**
 * Reads an archive from front to back. What follows its end is passed over, so that the program before it in the pipe can say whether it failed.
 * @throws `disk/stream-cut-off` where it ends before its end marker, `xva/bad-chunk`, `tar/...`, `io/limit`
 */
export async function* streamXva(input: ByteStream, ctx: Context): AsyncGenerator<XvaArrival> {
  const { label } = input;
  const reader = byteReader(input, ctx.signal);
  const cutOff = (): FerryError =>
    new FerryError("disk/stream-cut-off", `${label} ends after ${reader.position} bytes, before the archive does`, {
      location: { at: "bytes", file: label, offset: reader.position },
      hint: "The result was not kept. Look at what fills the stream: it may have failed.",
    });
  const take = async (length: number): Promise<Uint8Array> => {
    const bytes = await reader.read(length);
    if (bytes.length < length) throw cutOff();
    return bytes;
  };
  const bytes = {
    label,
    size: Number.MAX_SAFE_INTEGER,
    async read(offset: number, length: number): Promise<Uint8Array> {
      const over = offset - reader.position;
      if ((await reader.skip(over)) < over) throw cutOff();
      return take(length);
    },
    findTrailing: async () => null,
  };
  const tell = xvaMembers(label, ctx);
  for await (const event of scanTarBytes(bytes, ctx, "chunks")) {
    if (event.event === "damage") throw event.error;
    if (event.event === "end") break;
    if (event.event === "odd") continue;
    const member = tell(event);
    if (member?.what === "config") {
      if (event.size > ctx.limits.descriptorBytes) {
        throw new FerryError("io/limit", `ova.xml has ${formatBytes(event.size)}`, {
          location: { at: "bytes", file: label, offset: event.dataAt },
          hint: "Raise the limit descriptorBytes if you trust the archive.",
        });
      }
      yield { what: "config", bytes: await take(event.size) };
    } else if (member?.what === "chunk") {
      yield { what: "chunk", name: member.name, start: member.start, length: event.size, read: take };
    }
  }
  await reader.skip(MOST_PADDING);
}
