/** An entry of an initial RAM disk. */
export interface CpioEntry {
  /** Without a slash in front. */
  readonly name: string;
  /** Type and permissions, as `stat` gives them. */
  readonly mode: number;
  readonly bytes?: Uint8Array;
  /** Major and minor number of a device. */
  readonly device?: readonly [number, number];
}

/** Types of entries in `mode`, with the permissions that they get. */
export const FOLDER: number = 0o040755;
export const FILE: number = 0o100755;
export const LINK: number = 0o120777;
export const CHARACTER_DEVICE: number = 0o020600;

/** An archive as the kernel unpacks it: Documentation/driver-api/early-userspace/buffer-format, `newc`. */
export function cpio(entries: readonly CpioEntry[]): Uint8Array {
  const parts: Buffer[] = [];
  let total = 0;
  const put = (bytes: Uint8Array): void => {
    const padding = (4 - (bytes.length % 4)) % 4;
    parts.push(Buffer.from(bytes), Buffer.alloc(padding));
    total += bytes.length + padding;
  };
  for (const [i, { name, mode, bytes = new Uint8Array(0), device = [0, 0] }] of [
    ...entries,
    { name: "TRAILER!!!", mode: 0 },
  ].entries()) {
    const fields = [i + 1, mode, 0, 0, 1, 0, bytes.length, 0, 0, ...device, name.length + 1, 0];
    const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`;
    put(Buffer.from(`${header}${name}\0`, "latin1"));
    put(bytes);
  }
  return Buffer.concat(parts, total);
}
