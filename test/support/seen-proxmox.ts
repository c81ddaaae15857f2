import { MIB } from "../../src/base/bytes.js";
import type { Seen } from "./seen.js";

/** A configuration of Proxmox VE, by qm.conf(5): `key: value` lines, drives and cards as lists of options. Names and texts are left to others. */
export function seenProxmox(text: string): Omit<Seen, "name" | "annotation"> {
  const map = new Map<string, string>();
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const match = /^([a-z]+[0-9]*): (.*)$/.exec(line);
    if (match === null) throw new Error(`no line of a configuration: ${JSON.stringify(line)}`);
    const [, key = "", value = ""] = match;
    if (map.has(key)) throw new Error(`${key} twice`);
    map.set(key, value);
  }
  const scsi = map.get("scsihw")?.startsWith("virtio") === true ? "virtio-scsi" : "scsi";
  const drives: string[] = [];
  const nics: [number, string][] = [];
  for (const [key, value] of map) {
    const [, kind = "", number = ""] = /^(ide|sata|scsi|virtio|net)([0-9]+)$/.exec(key) ?? [];
    if (kind === "") continue;
    const [first = "", ...options] = value.split(",");
    if (kind === "net") {
      const [, model = "", mac] = /^(?:model=)?([a-z0-9]+)(?:=(.*))?$/i.exec(first) ?? [];
      const connected = options.includes("link_down=1") ? "not" : "connected";
      nics.push([Number(number), `${model} ${mac?.toLowerCase() ?? "-"} ${connected}`]);
      continue;
    }
    const bus = kind === "virtio" ? "virtio-blk" : kind === "scsi" ? scsi : kind;
    const file = first === "none" ? "-" : first.slice(Math.max(first.lastIndexOf("/"), first.lastIndexOf(":")) + 1);
    drives.push(`${options.includes("media=cdrom") ? "cdrom" : "disk"} ${bus} ${file}`);
  }
  const [cores, sockets] = [Number(map.get("cores")), Number(map.get("sockets"))];
  const efi = map.get("efidisk0")?.includes("pre-enrolled-keys=1") === true ? "efi-secure" : "efi";
  return {
    memoryBytes: Number(map.get("memory")) * MIB,
    cpus: map.has("vcpus") ? Number(map.get("vcpus")) : cores * sockets,
    coresPerSocket: cores,
    firmware: map.get("bios") === "ovmf" ? efi : "bios",
    drives: drives.sort(),
    nics: nics.sort(([a], [b]) => a - b).map(([, nic]) => nic),
  };
}
