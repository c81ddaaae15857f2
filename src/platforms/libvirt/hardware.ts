/** What a machine has beyond its drives and cards, in libvirt's words, as far as libvirt has any. */
import type { Machine, SerialPort } from "../../appliance/appliance.js";
import { el, type XmlNode } from "../../xml/build.js";

/** Sound cards by what others call them. */
const SOUNDS: Readonly<Record<string, string>> = {
  ac97: "ac97",
  es1370: "es1370",
  es1371: "es1370",
  ensoniq1371: "es1370",
  sb16: "sb16",
  ich6: "ich6",
  hda: "ich6",
  intelhda: "ich6",
  hdaudio: "ich6",
  ich9: "ich9",
  ich9intelhda: "ich9",
  usb: "usb",
};

/** libvirt's word for a sound card; `null`: it has none. */
export function soundOf(model: string): string | null {
  const word = model.toLowerCase().replace(/[^a-z0-9]/g, "");
  return Object.hasOwn(SOUNDS, word) ? (SOUNDS[word] ?? null) : null;
}

/** Graphics cards that libvirt has under the very name, or one that means the same. */
const VIDEOS: Readonly<Record<string, string>> = {
  vga: "vga",
  std: "vga",
  stdvga: "vga",
  cirrus: "cirrus",
  qxl: "qxl",
  virtio: "virtio",
  bochs: "bochs",
  ramfb: "ramfb",
};

/** A graphics card in libvirt's words, with what of the source's it keeps. */
export interface VideoModel {
  readonly type: string;
  readonly kilobytes: number | null;
  readonly heads: number | null;
  readonly keepsAll: boolean;
}

/** The card that a machine gets; a plain VGA where libvirt has no such card. */
export function videoOf(video: Machine["video"]): VideoModel {
  if (video === null) return { type: "vga", kilobytes: null, heads: null, keepsAll: true };
  const word = (video.model ?? "vga").toLowerCase();
  const type = Object.hasOwn(VIDEOS, word) ? (VIDEOS[word] ?? null) : null;
  const { memoryBytes, heads } = video;
  const megabytes = memoryBytes === null ? null : memoryBytes / 2 ** 20;
  // QEMU takes powers of two alone.
  const sized =
    megabytes !== null && type !== null && megabytes >= 1 && megabytes <= 256 && Number.isInteger(Math.log2(megabytes));
  const headed = heads !== null && heads >= 1 && heads <= (type === "qxl" || type === "virtio" ? 16 : 1);
  return {
    type: type ?? "vga",
    kilobytes: sized && memoryBytes !== null ? memoryBytes / 1024 : null,
    heads: headed ? heads : null,
    keepsAll: type !== null && (memoryBytes === null || sized) && (heads === null || headed),
  };
}

/** ISA serial ports of a PC. */
const MOST_SERIAL_PORTS = 4;

/** A serial port as an element; `null`: libvirt has no word for what is behind it, or no such port. */
export function serialElement(port: SerialPort): XmlNode | null {
  const { index, backing, target } = port;
  if (index >= MOST_SERIAL_PORTS) return null;
  const at = el("target", { port: index });
  const path = target?.startsWith("/") === true ? target : null;
  switch (backing) {
    case null:
    case "pty":
      return el("serial", { type: "pty" }, at);
    case "file":
      return path === null ? null : el("serial", { type: "file" }, el("source", { path }), at);
    case "pipe":
      return path === null ? null : el("serial", { type: "unix" }, el("source", { mode: "bind", path }), at);
    case "device":
      return path === null ? null : el("serial", { type: "dev" }, el("source", { path }), at);
    case "network":
      return networkPort(target ?? "", at);
  }
}

function networkPort(target: string, at: XmlNode): XmlNode | null {
  const match = /^(tcp|telnet|telnets|tls|udp):\/\/([\w.:-]*):([0-9]{1,5})(,server)?$/.exec(target);
  if (match === null || Number(match[3]) > 65535) return null;
  const [, scheme = "", host = "", service = "", server] = match;
  if (scheme === "udp") {
    return host === "" ? null : el("serial", { type: "udp" }, el("source", { mode: "connect", host, service }), at);
  }
  if (host === "" && server === undefined) return null;
  return el(
    "serial",
    { type: "tcp" },
    el("source", { mode: server === undefined ? "connect" : "bind", host: host === "" ? "0.0.0.0" : host, service }),
    el("protocol", { type: scheme === "tcp" ? "raw" : scheme }),
    at,
  );
}
