import { MIB } from "../../src/base/bytes.js";
import type { Seen } from "./seen.js";

/** A configuration of xl, line by line: what vmferry writes, and no more of the grammar. Annotations are comments. */
export function seenXl(text: string): Omit<Seen, "coresPerSocket"> {
  const settings = new Map<string, string | readonly string[]>();
  const comments: string[] = [];
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    if (line === "") continue;
    if (line.startsWith("#")) {
      comments.push(line.replace(/^# ?/, ""));
      continue;
    }
    const [, name = "", value = ""] = /^([a-z_]+) = (.*)$/.exec(line) ?? [];
    if (name === "" || settings.has(name)) throw new Error(`no line of xl: ${JSON.stringify(line)}`);
    if (value !== "[") {
      settings.set(name, value.startsWith('"') ? plain(value) : value === "[ ]" ? [] : value);
      continue;
    }
    const items: string[] = [];
    for (at++; lines[at] !== "]"; at++) items.push(plain(/^ {2}(".*"),$/.exec(lines[at] ?? "")?.[1] ?? ""));
    settings.set(name, items);
  }
  const list = (name: string): readonly string[] => {
    const value = settings.get(name) ?? [];
    return typeof value === "string" ? [value] : value;
  };
  const hvm = settings.get("type") === "hvm";
  const ahci = settings.get("hdtype") === "ahci";
  return {
    name: String(settings.get("name")),
    annotation: comments.length === 0 ? null : comments.join("\n"),
    memoryBytes: Number(settings.get("memory")) * MIB,
    cpus: Number(settings.get("vcpus")),
    firmware: settings.get("firmware") === "ovmf" ? "efi" : "bios",
    drives: list("disk")
      .map((spec) => {
        const vdev = /vdev=([a-z]+)/.exec(spec)?.[1] ?? "";
        const target = /target=(.*)$/.exec(spec)?.[1];
        const bus = vdev.startsWith("hd") ? (ahci ? "sata" : "ide") : "scsi";
        const device = spec.includes("devtype=cdrom") ? "cdrom" : "disk";
        return `${device} ${bus} ${target === undefined ? "-" : target.slice(target.lastIndexOf("/") + 1)}`;
      })
      .sort(),
    nics: list("vif").map((spec) => {
      const model = /model=([^,]+)/.exec(spec)?.[1] ?? "xen";
      return `${hvm ? model : "xen"} ${/mac=([0-9a-f:]+)/.exec(spec)?.[1] ?? "-"} connected`;
    }),
  };
}

/** A string with its escapes, which are of letters alone. */
function plain(text: string): string {
  const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };
  return text.slice(1, -1).replace(/\\(.)/g, (_, letter: string) => escapes[letter] ?? letter);
}
