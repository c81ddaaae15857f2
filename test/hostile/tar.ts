/** Tar archives put together field by field: IEEE 1003.1 "ustar Interchange Format", and GNU's additions by the manual of GNU tar. */

/** What a header says. Text fields take bytes as Latin-1, so that a name can be anything. */
export interface TarFields {
  readonly name: string;
  readonly size?: number;
  /** Twelve bytes in place of the size. */
  readonly rawSize?: string;
  readonly type?: string;
  readonly link?: string;
  readonly prefix?: string;
  readonly magic?: string;
  readonly mtime?: string;
  /** Added to the right sum. */
  readonly checksumOff?: number;
}

/** A member: its header, its bytes, the padding. */
export interface TarPart extends TarFields {
  readonly bytes?: Uint8Array | string;
}

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

/** The 512 bytes of a header, its sum right unless told otherwise. */
export function tarHeader(fields: TarFields): Uint8Array {
  const block = new Uint8Array(512);
  const put = (at: number, text: string): void => block.set(latin1(text), at);
  put(0, fields.name.slice(0, 100));
  put(100, "0000644\0");
  put(108, "0000000\0");
  put(116, "0000000\0");
  put(124, fields.rawSize ?? `${(fields.size ?? 0).toString(8).padStart(11, "0")}\0`);
  put(136, fields.mtime ?? "00000000000\0");
  put(156, fields.type ?? "0");
  put(157, fields.link ?? "");
  put(257, fields.magic ?? "ustar\x0000");
  put(345, fields.prefix ?? "");
  put(148, "        ");
  const sum = block.reduce((total, byte) => total + byte, 0) + (fields.checksumOff ?? 0);
  put(148, `${sum.toString(8).padStart(6, "0")}\0 `);
  return block;
}

/** A member with its padding. Its size is that of its bytes unless told otherwise. */
export function tarMember(part: TarPart): Uint8Array {
  const bytes = typeof part.bytes === "string" ? latin1(part.bytes) : (part.bytes ?? new Uint8Array());
  const padding = new Uint8Array((512 - (bytes.length % 512)) % 512);
  return Buffer.concat([tarHeader({ size: bytes.length, ...part }), bytes, padding]);
}

/** An archive with its end. */
export function tarOf(...parts: readonly (TarPart | Uint8Array)[]): Uint8Array {
  const members = parts.map((part) => (part instanceof Uint8Array ? part : tarMember(part)));
  return Buffer.concat([...members, new Uint8Array(1024)]);
}

/** A record of a pax header, its length right unless told otherwise. */
export function paxRecord(key: string, value: string, length?: number): string {
  const rest = ` ${key}=${value}\n`;
  let total = rest.length + 1;
  while (String(total).length + rest.length > total) total++;
  return `${length ?? total}${rest}`;
}
