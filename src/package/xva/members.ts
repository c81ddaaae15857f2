import { FerryError } from "../../base/errors.js";
import { printable } from "../../base/text.js";
import type { Context } from "../../io/context.js";
import type { TarEvent } from "../tar/scan.js";
import type { SumKind } from "./sums.js";

/** A member of a tar, as a scan tells it. */
export type TarMember = Extract<TarEvent, { event: "member" }>;

/** What a member of an XVA is. Others, such as folders, are nothing. */
export type XvaMember =
  /** `ova.xml`, which describes machines and disks. */
  | { readonly what: "config" }
  /** A chunk of a disk, perhaps empty. `opens`: the first one of its disk. `start`: where it lies in the guest's disk. */
  | { readonly what: "chunk"; readonly name: string; readonly opens: boolean; readonly start: number }
  /** The sum of the chunk before it. */
  | { readonly what: "sum"; readonly name: string; readonly kind: SumKind };

const CHUNK = /^(.+)\/([0-9]{8,12})(\.xxhash|\.checksum)?$/;

/** The name of the first member of every XVA. */
export const XVA_CONFIG = "ova.xml";

/**
 * Tells what the members of an archive are, asked for all of them in their order. Gaps in the numbers are zeros: as many bytes each as the
 * first chunk of the archive has, which sets the unit. A member without bytes keeps a connection alive and stands for nothing.
 * @throws `xva/bad-chunk` for numbers that do not rise and disks that do not stand together, `io/limit`; from what it returns
 */
export function xvaMembers(label: string, ctx: Context): (member: TarMember) => XvaMember | null {
  const names = new Set<string>();
  let unit = 0;
  let hasConfig = false;
  let open: { readonly name: string; last: number; end: number } | null = null;

  function openDisk(member: TarMember, name: string): { readonly name: string; last: number; end: number } {
    if (names.has(name)) throw badChunk(label, member, `the chunks of ${printable(name)} do not stand together`);
    names.add(name);
    if (names.size > ctx.limits.members) {
      throw new FerryError("io/limit", `${label} has more than ${ctx.limits.members} disks`, {
        hint: "Raise the limit 'members' if you trust the package.",
      });
    }
    return { name, last: -1, end: 0 };
  }

  return (member) => {
    const text = new TextDecoder("latin1").decode(member.name);
    if (text === XVA_CONFIG && !hasConfig) {
      hasConfig = true;
      return { what: "config" };
    }
    const match = CHUNK.exec(text);
    if (match === null) return null;
    const [, name = "", digits = "", suffix] = match;
    const opens = open === null || open.name !== name;
    const disk = open === null || open.name !== name ? openDisk(member, name) : open;
    open = disk;
    const number = Number(digits);
    if (suffix !== undefined) {
      if (number !== disk.last) {
        throw badChunk(label, member, `the sum of chunk ${number} of ${printable(name)} does not follow it`);
      }
      return { what: "sum", name, kind: suffix === ".xxhash" ? "xxh64" : "sha1" };
    }
    if (number <= disk.last) {
      throw badChunk(label, member, `chunk ${number} of ${printable(name)} follows chunk ${disk.last}`);
    }
    if (member.present < member.size) throw badChunk(label, member, `chunk ${number} of ${printable(name)} is cut off`);
    if (unit === 0) unit = member.size;
    const start = disk.end + (number - disk.last - 1) * unit;
    if (!Number.isSafeInteger(start + member.size)) {
      throw badChunk(label, member, `chunk ${number} lies past every disk`);
    }
    disk.last = number;
    disk.end = start + member.size;
    return { what: "chunk", name, opens, start };
  };
}

function badChunk(label: string, member: TarMember, message: string): FerryError {
  return new FerryError("xva/bad-chunk", message, {
    location: { at: "bytes", file: label, offset: member.headerAt },
    hint: "The archive is damaged: export the machine again.",
  });
}
