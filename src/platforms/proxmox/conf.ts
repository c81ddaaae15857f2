/*
 * The configuration of a machine of Proxmox VE: `/etc/pve/qemu-server/100.conf`. Source: qm.conf(5), "File Format" and "Snapshots": lines of
 * `key: value`; lines with a number sign are the description, percent-encoded; sections in brackets hold snapshots, changes that wait for the
 * next start (`[PENDING]`), and what belongs to cloud-init (`[special:cloudinit]`).
 */
import { FerryError } from "../../base/errors.js";
import { linesOf } from "../../base/text.js";

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
const KEY = /^([a-z][a-z_-]*[0-9]*):/;
/** Far more than a machine with hundreds of snapshots has. */
const MOST_LINES = 200_000;
/** Where vzdump says which file of a backup belongs to which drive: `#qmdump#map:scsi0:drive-scsi0:local:raw:`. */
const DUMP_MAP = /^#qmdump#map:([a-z]+[0-9]+):([^:\s]+):/;

/**
 * Reads a configuration. Nothing that it says makes it fail.
 * @throws `config/unreadable` above 200,000 lines
 */
export function parseConf(bytes: Uint8Array): Conf {
  const settings = new Map<string, ConfSetting>();
  const snapshots = new Set<string>();
  const pending = new Set<string>();
  const strange: number[] = [];
  const dumped = new Map<string, string>();
  const description: string[] = [];
  let section: "current" | "pending" | "other" = "current";
  let said = 0;
  for (const { text, line } of linesOf(decode(bytes))) {
    if (/^\s*$/.test(text)) continue;
    if (++said > MOST_LINES) {
      throw new FerryError("config/unreadable", `the configuration has more than ${MOST_LINES} lines`, {
        hint: "Look at where the file comes from: Proxmox VE writes no such file.",
      });
    }
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
        else strange.push(line);
      }
      continue;
    }
    if (text.startsWith("#")) {
      if (section === "current") description.push(decodeText(text.slice(1)));
      continue;
    }
    const key = KEY.exec(text)?.[1];
    const value = text.slice((key?.length ?? 0) + 1).trim();
    if (key === undefined || value === "") {
      if (section === "current") strange.push(line);
    } else if (section === "pending") pending.add(key);
    else if (section === "current") {
      if (key === "description") description.push(decodeText(value));
      else settings.set(key, { value, line });
    }
  }
  const text = description.join("\n").trimEnd();
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
