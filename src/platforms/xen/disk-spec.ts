import { guestDiskName } from "../xen-names.js";

/** One disk as a configuration of Xen names it. Source: xl-disk-configuration(5). */
export interface XlDisk {
  /** Path or device on the host; empty: an empty CD drive. */
  readonly target: string;
  /** `raw`, `qcow2`, `vhd` and the like. */
  readonly format: string;
  /** What the guest calls it: `xvda`, `hdc`. */
  readonly vdev: string;
  readonly readOnly: boolean;
  readonly cdrom: boolean;
  /** The target is a device of the host, and no file. */
  readonly device: boolean;
  /** Parameters that say something else. */
  readonly rest: readonly string[];
}

/** Words that stand before a target in configurations of old: what opens it, and what format it has. */
const PREFIX = /^(?:(tap2?|aio|ioemu|file|phy|raw|qcow2?|vhd|qed|iscsi|nbd|drbd|npiv|enbd|tapdisk)):/;

/** Parameters that are how the host goes about it. */
const HOUSEKEEPING = /^(?:backendtype=|backend=|discard$|no-discard$|direct-io-safe$|specification=)/;

/** Takes a disk specification apart; `null`: it names no device of the guest. */
export function parseDiskSpec(text: string): XlDisk | null {
  let rest = text.trim();
  let format = "";
  let device = false;
  let old = false;
  for (let match = PREFIX.exec(rest); match !== null; match = PREFIX.exec(rest)) {
    const word = match[1] ?? "";
    if (/^(?:raw|qcow2?|vhd|qed)$/.test(word)) format = word;
    if (/^(?:phy|iscsi|nbd|drbd|npiv|enbd)$/.test(word)) device = true;
    old = true;
    rest = rest.slice(match[0].length);
  }
  const named = new Map<string, string>();
  const positions: string[] = [];
  const others: string[] = [];
  let cdrom = false;
  let at = 0;
  while (at <= rest.length) {
    const begin = at + (/^\s*/.exec(rest.slice(at))?.[0].length ?? 0);
    if (rest.startsWith("target=", begin)) {
      // It takes all that is behind it, commas and all.
      named.set("target", rest.slice(begin + "target=".length));
      break;
    }
    const comma = rest.indexOf(",", begin);
    const word = rest.slice(begin, comma < 0 ? rest.length : comma);
    const pair = /^(format|vdev|access|devtype)=(.*)$/s.exec(word);
    if (pair !== null) named.set(pair[1] ?? "", pair[2] ?? "");
    else if (word === "cdrom") cdrom = true;
    else if (/^(?:[a-z][a-z-]*=|(?:no-)?discard$|direct-io-safe$)/.test(word) && positions.length > 0)
      others.push(word);
    else positions.push(word);
    if (comma < 0) break;
    at = comma + 1;
  }
  // Before xl there was no format: the device of the guest came second.
  const [, second = ""] = positions;
  if (old || guestDiskName(second.replace(/:[a-z]+$/, "")) !== null) positions.splice(1, 0, "");
  const of = (name: string, index: number): string => named.get(name) || (positions[index] ?? "").trim();
  const vdev = of("vdev", 2);
  if (vdev === "") return null;
  const [name = "", type = ""] = vdev.split(":");
  cdrom ||= type === "cdrom" || named.get("devtype") === "cdrom";
  const access = of("access", 3);
  const target = named.get("target") ?? positions[0] ?? "";
  return {
    target,
    format: of("format", 1) || format || "raw",
    vdev: name,
    readOnly: cdrom || access === "r" || access === "ro",
    cdrom,
    device: device || target.startsWith("/dev/"),
    rest: [
      ...others.filter((word) => !HOUSEKEEPING.test(word)),
      // Xen lets several guests write with an exclamation mark.
      ...positions.slice(4).filter((word) => word.trim() !== ""),
      ...(/^w!$/.test(access) ? ["w!"] : []),
    ],
  };
}
