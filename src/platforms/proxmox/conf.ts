/*
 * The configuration of a machine of Proxmox VE: `/etc/pve/qemu-server/100.conf`. Source: qm.conf(5), "File Format" and "Snapshots": lines of
 * `key: value`; lines with a number sign are the description, percent-encoded; sections in brackets hold snapshots, changes that wait for the
 * next start (`[PENDING]`), and what belongs to cloud-init (`[special:cloudinit]`).
 */

/** One setting. */
export interface ConfSetting {
  readonly value: string;
  /** From 1. */
  readonly line: number;
}

/** A configuration that was read. Only what stands before the first section is the machine as it is. */
export interface Conf {
  /** By key, in the order of the file; of several lines with one key the last counts, as for Proxmox VE. */
  readonly settings: ReadonlyMap<string, ConfSetting>;
  readonly description: string | null;
  /** Names of snapshots, each once. */
  readonly snapshots: ReadonlySet<string>;
  /** Keys that change at the next start. */
  readonly pending: ReadonlySet<string>;
  /** In a backup: the device that each drive was saved as. */
  readonly dumped: ReadonlyMap<string, string>;
  /** Lines that mean nothing: no settings, and headers of sections that are not known. */
  readonly strange: readonly number[];
}

const SECTION = /^\[([^\]]*)\]\s*$/;
const SNAPSHOT = /^[a-z][a-z0-9_-]+$/i;
const SETTING = /^([a-z][a-z_-]*[0-9]*):\s*(.*\S)\s*$/;
/** Where vzdump says which file of a backup belongs to which drive: `#qmdump#map:scsi0:drive-scsi0:local:raw:`. */
const DUMP_MAP = /^#qmdump#map:([a-z]+[0-9]+):([^:\s]+):/;

/** Reads a configuration. Nothing in it makes it fail. */
export function parseConf(bytes: Uint8Array): Conf {
  const settings = new Map<string, ConfSetting>();
  const snapshots = new Set<string>();
  const pending = new Set<string>();
  const strange: number[] = [];
  const dumped = new Map<string, string>();
  const description: string[] = [];
  let section: "current" | "pending" | "other" = "current";
  const lines = decode(bytes).split(/\r\n|\n|\r/);
  for (const [index, text] of lines.entries()) {
    if (/^\s*$/.test(text)) continue;
    const [, drive, device] = DUMP_MAP.exec(text) ?? [];
    if (drive !== undefined && device !== undefined) {
      dumped.set(drive, device);
      continue;
    }
    const header = SECTION.exec(text)?.[1];
    if (header !== undefined) {
      section = /^pending$/i.test(header) ? "pending" : "other";
      if (section === "other" && !/^special:cloudinit$/i.test(header)) {
        if (SNAPSHOT.test(header)) snapshots.add(header);
        else strange.push(index + 1);
      }
      continue;
    }
    if (text.startsWith("#")) {
      if (section === "current") description.push(decodeText(text.slice(1)));
      continue;
    }
    const [, key, value] = SETTING.exec(text) ?? [];
    if (key === undefined || value === undefined) {
      if (section === "current") strange.push(index + 1);
    } else if (section === "pending") pending.add(key);
    else if (section === "current") {
      if (key === "description") description.push(decodeText(value));
      else settings.set(key, { value, line: index + 1 });
    }
  }
  const text = description.join("\n").replace(/\s+$/, "");
  return { settings, description: text === "" ? null : text, snapshots, pending, dumped, strange };
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("latin1").decode(bytes);
  }
}

/** A line of a description: bytes of UTF-8 as `%C3%A9`. What is no such escape stands for itself. */
function decodeText(text: string): string {
  return text.replace(/(?:%[0-9a-fA-F]{2})+/g, (escapes) => {
    const bytes = Uint8Array.from(escapes.slice(1).split("%"), (digits) => Number.parseInt(digits, 16));
    return new TextDecoder().decode(bytes);
  });
}

/** A line of a description as Proxmox VE writes it: percent signs, colons, control characters and all that is not ASCII are escaped. */
export function encodeText(text: string): string {
  return text.replace(/[^ -$&-9;-~]/gu, (character) =>
    Array.from(
      new TextEncoder().encode(character),
      (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`,
    ).join(""),
  );
}
