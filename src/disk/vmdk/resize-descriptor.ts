import { SECTOR } from "../../base/bytes.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import type { Patch } from "../../io/target.js";
import { cannotResize } from "../resize.js";
import type { SparseHeader } from "./header.js";

/** Cylinders of an IDE disk at most: what its BIOS can say. */
const MOST_IDE_CYLINDERS = 16_383;

/**
 * The embedded descriptor with another size: in the only extent's line, and in the number of cylinders. All else in it stays byte for byte,
 * whatever its encoding.
 * @throws `disk/cannot-amend` where it has no room
 */
export async function resizeDescriptorText(
  source: ByteSource,
  header: SparseHeader,
  sectors: number,
  ctx: Context,
): Promise<Patch> {
  const at = header.descriptorSector * SECTOR;
  const room = Math.min(header.descriptorSectors * SECTOR, source.size - at);
  const old = await source.read(at, room, ctx.signal);
  const end = old.indexOf(0);
  // One character for each byte, and back.
  let text = "";
  for (const byte of end < 0 ? old : old.subarray(0, end)) text += String.fromCharCode(byte);
  const extent = text.replace(/^([ \t]*(?:RW|RDONLY|NOACCESS)[ \t]+)\d+/im, `$1${sectors}`);
  const number = (key: string): number =>
    Number(new RegExp(`^ddb\\.geometry\\.${key}\\s*=\\s*"?(\\d+)`, "im").exec(text)?.[1] ?? 0);
  const track = number("heads") * number("sectors");
  const isIde = /^ddb\.adapterType\s*=\s*"?ide/im.test(text);
  const cylinders = track === 0 ? 0 : Math.floor(sectors / track);
  const changed =
    track === 0
      ? extent
      : extent.replace(
          /^(ddb\.geometry\.cylinders\s*=\s*"?)\d+/im,
          `$1${isIde ? Math.min(MOST_IDE_CYLINDERS, cylinders) : cylinders}`,
        );
  if (changed.length > room) {
    throw cannotResize(
      source.label,
      "its descriptor has no room for the new size",
      "Convert it with vmferry disk convert.",
    );
  }
  const bytes = new Uint8Array(Math.max(changed.length, text.length));
  for (let i = 0; i < changed.length; i++) bytes[i] = changed.charCodeAt(i);
  return { at, bytes };
}
