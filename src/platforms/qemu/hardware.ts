/** What a machine has beyond its drives and cards, as QEMU's options. Sources: QEMU's manual ("Invocation": -vga, -audiodev, -chardev), `-device help`. */
import type { Machine, SerialPort } from "../../appliance/appliance.js";

/** One argument of QEMU's command line with its value: `-m 512M`. */
export type QemuArgument = readonly [option: string, value: string];

/** Devices of sound cards by what others call them; `@` stands for the sound's way out. */
const SOUNDS: Readonly<Record<string, readonly string[]>> = {
  ac97: ["AC97,@"],
  es1370: ["ES1370,@"],
  es1371: ["ES1370,@"],
  ensoniq1371: ["ES1370,@"],
  sb16: ["sb16,@"],
  ich6: ["intel-hda", "hda-duplex,@"],
  hda: ["intel-hda", "hda-duplex,@"],
  intelhda: ["intel-hda", "hda-duplex,@"],
  hdaudio: ["intel-hda", "hda-duplex,@"],
  ich9: ["ich9-intel-hda", "hda-duplex,@"],
  ich9intelhda: ["ich9-intel-hda", "hda-duplex,@"],
};

/** A sound card, which plays to nowhere until somebody names a way out; empty: QEMU has none such. */
export function soundArguments(model: string | null): readonly QemuArgument[] {
  const word = model?.toLowerCase().replace(/[^a-z0-9]/g, "") ?? "";
  const devices = Object.hasOwn(SOUNDS, word) ? SOUNDS[word] : undefined;
  if (devices === undefined) return [];
  return [
    ["-audiodev", "none,id=sound"],
    ...devices.map((device) => ["-device", device.replace("@", "audiodev=sound")] as const),
  ];
}

const VIDEOS: Readonly<Record<string, string>> = {
  vga: "std",
  std: "std",
  stdvga: "std",
  cirrus: "cirrus",
  qxl: "qxl",
  virtio: "virtio",
};

/** The word of `-vga` for a graphics card; `null`: QEMU's script has no such card. */
export function vgaOf(video: Machine["video"]): string | null {
  const word = (video?.model ?? "vga").toLowerCase();
  return Object.hasOwn(VIDEOS, word) ? (VIDEOS[word] ?? null) : null;
}

/** Whether the card is all that is said of it: memory and heads are not written. */
export function keepsVideo(video: Machine["video"]): boolean {
  return vgaOf(video) !== null && (video?.memoryBytes ?? null) === null && (video?.heads ?? 1) === 1;
}

/** ISA serial ports of a PC. */
const MOST_SERIAL_PORTS = 4;

/** Whether a serial port is written: the first one is the script's own, so that it has nothing else behind it. */
export function keepsSerialPort(port: SerialPort): boolean {
  if (port.index === 0) return port.backing === null || port.backing === "pty";
  return port.index < MOST_SERIAL_PORTS && backendOf(port) !== null;
}

/** Serial ports behind the first. */
export function serialArguments(ports: readonly SerialPort[]): readonly QemuArgument[] {
  const seen = new Set<number>();
  return ports.flatMap((port): readonly QemuArgument[] => {
    const backend = backendOf(port);
    if (port.index === 0 || !keepsSerialPort(port) || backend === null || seen.has(port.index)) return [];
    seen.add(port.index);
    const id = `serial${port.index}`;
    const [kind, ...rest] = backend;
    return [
      ["-chardev", [kind, `id=${id}`, ...rest].join(",")],
      ["-device", `isa-serial,chardev=${id},index=${port.index}`],
    ];
  });
}

/** Kind and options of the end on the host; files, pipes and devices alone that have a whole path. */
function backendOf({ backing, target }: SerialPort): readonly string[] | null {
  const path = target?.startsWith("/") === true ? target.replaceAll(",", ",,") : null;
  switch (backing) {
    case null:
    case "pty":
      return ["pty"];
    case "file":
      return path === null ? null : ["file", `path=${path}`];
    case "pipe":
      return path === null ? null : ["socket", `path=${path}`, "server=on", "wait=off"];
    case "device":
      return path === null ? null : ["serial", `path=${path}`];
    case "network":
      return networkOf(target ?? "");
  }
}

function networkOf(target: string): readonly string[] | null {
  const match = /^(tcp|telnet):\/\/([\w.-]*):([0-9]{1,5})(,server)?$/.exec(target);
  if (match === null || Number(match[3]) > 65535) return null;
  const [, scheme = "", host = "", port = "", server] = match;
  if (host === "" && server === undefined) return null;
  return [
    "socket",
    `host=${host === "" ? "0.0.0.0" : host}`,
    `port=${port}`,
    ...(server === undefined ? [] : ["server=on", "wait=off"]),
    ...(scheme === "telnet" ? ["telnet=on"] : []),
  ];
}
