import type { JsonValue } from "../base/ids.js";
import { formatBytes, plural } from "../base/text.js";
import { oneLine } from "./layout.js";
import { shortened } from "./markup.js";
import type { DiffChange } from "./results.js";
import { wordChanges } from "./word-diff.js";

/** Places of a licence that are shown. */
const SHOWN_PLACES = 3;
/** Characters of a text that are shown. */
const SHOWN_TEXT = 60;

/** Digits of a digest that are shown. */
const SHOWN_DIGITS = 12;

/** What facts are called, where that is not their own name. */
const LABELS: Readonly<Record<string, string>> = {
  annotation: "note",
  uuid: "UUID",
  guestOs: "guest system",
  hardwareTypes: "hardware type",
  tpm: "TPM",
  nvram: "NVRAM",
  chipset: "chip set",
  directBoot: "direct boot",
  "cpu.count": "processors",
  "cpu.coresPerSocket": "cores per socket",
  "cpu.threadsPerCore": "threads per core",
  "cpu.max": "processors at most",
  "cpu.nested": "nested virtualization",
  memoryBytes: "memory",
  dynamicMemory: "dynamic memory",
  serialPorts: "serial ports",
  boot: "boot order",
  bounds: "limits",
  install: "installation boot",
  capacityBytes: "capacity",
  chunkBytes: "chunk size",
  readOnly: "read-only",
  portProfile: "port profile",
  vlan: "VLAN",
  mac: "MAC address",
  fullVersion: "full version",
  userConfigurable: "asked of users",
  startDelaySeconds: "delay in seconds",
  order: "place",
};

/** Facts in bytes. */
const BYTES: ReadonlySet<string> = new Set([
  "memoryBytes",
  "capacityBytes",
  "chunkBytes",
  "size",
  "minBytes",
  "maxBytes",
]);

/** Facts in words of our own: no quotes are needed to see where they end. */
const PLAIN: ReadonlySet<string> = new Set(["place", "places", "position", "format", "controller", "boot", "manifest"]);

/** What something is called that is not there. */
const NOTHING: Readonly<Record<string, string>> = {
  tpm: "none",
  nvram: "none",
  sound: "none",
  video: "none",
  serialPorts: "none",
  directBoot: "none",
  dynamicMemory: "none",
  annotation: "none",
  image: "empty",
  file: "none",
  parent: "none",
  manifest: "none",
  signature: "none",
  compression: "none",
  readOnly: "no",
  shared: "no",
  connected: "yes",
  vlan: "none",
  transports: "none",
  bounds: "none",
};

type ChangeFacts = Omit<DiffChange, "text">;

/** A change in one line: `web01: memory 2 GiB -> 4 GiB`. What packages say is made harmless. */
export function describeChange(change: ChangeFacts): string {
  const { option, machine, area, subject, kind, fact, from, to, hidden } = change;
  const where = [
    option === null ? null : `with option ${oneLine(option)}`,
    // A machine that came or went is the thing itself.
    machine === null || (area === "machine" && fact === null) ? null : oneLine(machine),
  ].filter((word) => word !== null);
  const prefix = where.length === 0 ? "" : `${where.join(", ")}: `;
  const thing = thingWords(area, subject, machine, fact);
  if (fact === null) {
    const details = wholeWords(kind === "added" ? to : from);
    return `${prefix}${thing} ${kind}${details === "" ? "" : `: ${details}`}`;
  }
  if (area === "licence" && typeof from === "string" && typeof to === "string") {
    return `${prefix}${thing}: ${licenceWords(from, to)}`;
  }
  const label = [thing, LABELS[fact] ?? fact].filter((word) => word !== "").join(" ");
  if (hidden) return `${prefix}${label} changed (not shown)`;
  const [before, after] = valueWords(fact, from, to);
  return `${prefix}${label} ${before} -> ${after}`;
}

function thingWords(
  area: DiffChange["area"],
  subject: string | null,
  machine: string | null,
  fact: string | null,
): string {
  const name = subject === null ? "" : oneLine(subject);
  switch (area) {
    case "machine":
      return fact === null ? `machine ${oneLine(machine ?? "")}` : "";
    case "nic":
      return `network card ${name}`;
    case "option":
      return `deployment option ${name}`;
    case "startup":
      return "start";
    case "extra":
      return `extra ${name}`;
    case "trust":
    case "descriptor":
      return area === "trust" ? "" : "descriptor";
    case "drive":
      return /^(?:cdrom|floppy) \d+$/.test(name) ? name : `drive of disk ${name}`;
    default:
      return `${area} ${name}`.trim();
  }
}

/** What is told of a thing that came or went. */
function wholeWords(value: JsonValue): string {
  if (value === null || typeof value !== "object") return "";
  return Object.entries(value)
    .filter(([, part]) => part !== null && !(Array.isArray(part) && part.length === 0))
    .map(([name, part]) => {
      if (name === "cpus" && typeof part === "number") return plural(part, "processor");
      if (name === "capacityBytes" || name === "size") return valueText(name, part);
      if (name === "places" && Array.isArray(part))
        return `on ${part.map((place) => valueText(name, place)).join(", ")}`;
      return `${LABELS[name] ?? name} ${valueText(name, part)}`;
    })
    .join(", ");
}

/** A licence's changes: the words of a few places. */
function licenceWords(from: string, to: string): string {
  const changes = wordChanges(from, to);
  if (changes.length === 0) return "white space differs";
  const shown = changes.slice(0, SHOWN_PLACES).map((change) => {
    const [before, after] = [change.from, change.to].map((words) => quoted(words.join(" ")));
    if (change.from.length === 0) return `${after} added`;
    return change.to.length === 0 ? `${before} removed` : `${before} -> ${after}`;
  });
  const more = changes.length - shown.length;
  return `${shown.join("; ")}${more === 0 ? "" : `; and ${plural(more, "other place")}`}`;
}

/** Both values in words. Of values with several parts only those that differ. */
function valueWords(fact: string, from: JsonValue, to: JsonValue): readonly [string, string] {
  if (isObject(from) && isObject(to)) {
    const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])];
    const differing = keys.filter((key) => JSON.stringify(from[key] ?? null) !== JSON.stringify(to[key] ?? null));
    const side = (value: Readonly<Record<string, JsonValue>>): string =>
      differing.map((key) => partText(fact, key, value[key] ?? null)).join(", ");
    return [side(from), side(to)];
  }
  return [valueText(fact, from), valueText(fact, to)];
}

function isObject(value: JsonValue): value is { readonly [key: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function valueText(fact: string, value: JsonValue): string {
  if (value === null) return NOTHING[fact] ?? "not said";
  if (typeof value === "number") return BYTES.has(fact) || fact === "video" ? formatBytes(value) : String(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") {
    // Digests tell as much by their beginnings.
    if (fact === "content" || fact === "fingerprint") return value.slice(0, SHOWN_DIGITS);
    return PLAIN.has(fact) || /^[^\s"]{1,60}$/.test(value) ? oneLine(shortened(value, SHOWN_TEXT)) : quoted(value);
  }
  if (Array.isArray(value)) {
    return value.length === 0
      ? "none"
      : shortened(value.map((item) => valueText(fact, item)).join(", "), 2 * SHOWN_TEXT);
  }
  const parts = Object.entries(value).filter(([, part]) => part !== null);
  return parts.map(([name, part]) => partText(fact, name, part)).join(", ");
}

/** One part of a value. What is called as the whole needs no name. */
function partText(fact: string, name: string, value: JsonValue): string {
  return name === fact ? valueText(name, value) : `${LABELS[name] ?? name} ${valueText(name, value)}`;
}

function quoted(text: string): string {
  return JSON.stringify(oneLine(shortened(text, SHOWN_TEXT)));
}
