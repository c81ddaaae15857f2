/** Disks, network cards and ports in xl's words. Sources: xl-disk-configuration(5), xl-network-configuration(5), xl.cfg(5). */
import type { Attachment, Machine, SerialPort } from "../../appliance/appliance.js";
import { kindOfNetwork } from "../../appliance/networks.js";
import { MIB } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { usbChip } from "../../targets/chips.js";
import type { ResultFiles } from "../files.js";
import { loss } from "../losses.js";
import { guestDiskLetters } from "../xen-names.js";
import type { XenOptions } from "./options.js";
import { pathIn } from "./options.js";
import type { XlSetting } from "./write.js";

/** What the guest calls the drive in a place. */
function deviceName(machine: Machine, { controller: id, slot }: Attachment): string {
  const controller = machine.controllers.find((known) => known.id === id);
  const number = slot ?? 0;
  if (controller?.bus === "ide") return `hd${guestDiskLetters(controller.index * 2 + number)}`;
  return `${controller?.bus === "sata" ? "hd" : "xvd"}${guestDiskLetters(number)}`;
}

/** `disk`, and `hdtype` where drives hang on AHCI. */
export function diskSettings(machine: Machine, o: XenOptions, files: ResultFiles): XlSetting[] {
  const specs = machine.attachments.flatMap((drive): readonly string[] => {
    if (drive.device === "floppy") return [];
    const file = files.of(machine, drive);
    const vdev = deviceName(machine, drive);
    if (drive.device === "cdrom") {
      const format = file === null ? "empty" : "raw";
      const target = file === null ? "" : `, target=${pathIn(o, file)}`;
      return [`format=${format}, vdev=${vdev}, access=ro, devtype=cdrom${target}`];
    }
    if (file === null) return [];
    // What is behind `target=` is taken as it stands, commas and all.
    return [
      `format=${files.format(drive.disk ?? "")}, vdev=${vdev}, access=${drive.readOnly ? "ro" : "rw"}, target=${pathIn(o, file)}`,
    ];
  });
  const ahci = machine.controllers.some(({ bus }) => bus === "sata");
  return [...(ahci ? [["hdtype", "ahci"] as const] : []), ["disk", specs]];
}

/** Names that a bridge of Linux can have. */
const BRIDGE = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/;

/** `vif`. */
export function cardSettings(machine: Machine, o: XenOptions, notes: Diagnostic[]): XlSetting[] {
  const cards = machine.nics.map((nic, index) => {
    const own =
      nic.network !== null &&
      BRIDGE.test(nic.network) &&
      kindOfNetwork(nic.network) === null &&
      (nic.kind === null || nic.kind === "network" || nic.kind === "bridged");
    const bridge = own && nic.network !== null ? nic.network : o.bridge;
    const data = { machine: machine.id, nic: index, from: nic.network, to: bridge };
    if (!own) {
      const message = `${machine.name}: network card ${index} is plugged into the host's bridge ${JSON.stringify(bridge)}`;
      notes.push(
        loss("warning", "xen/network-chosen", message, {
          data,
          hint: "Name another with --option bridge=NAME, or --map-network.",
        }),
      );
    }
    if (!nic.connected) {
      const message = `${machine.name}: network card ${index} is plugged in, which it was not`;
      notes.push(loss("warning", "xen/card-connected", message, { data }));
    }
    const model =
      nic.model === null || nic.model === "xen"
        ? machine.virtualization === "hvm"
          ? ["type=vif"]
          : []
        : [`model=${nic.model}`];
    return [...(nic.mac === null ? [] : [`mac=${nic.mac}`]), `bridge=${bridge}`, ...model].join(", ");
  });
  return cards.length === 0 ? [] : [["vif", cards]];
}

/** Serial ports that xl has room for. */
const MOST_PORTS = 8;

/** `serial`: a list without gaps. */
export function serialSettings(machine: Machine, notes: Diagnostic[]): XlSetting[] {
  const ports = machine.serialPorts;
  if (ports.length === 0) return [];
  const hvm = (machine.virtualization ?? "hvm") === "hvm";
  const kept = hvm ? ports.filter(({ index }) => index < MOST_PORTS) : [];
  if (kept.length < ports.length) {
    const message = `${machine.name}: of ${ports.length} serial ports ${kept.length} are left`;
    notes.push(loss("info", "xen/serial-port-dropped", message, { data: { machine: machine.id, kept: kept.length } }));
  }
  if (kept.length === 0) return [];
  const most = Math.max(...kept.map(({ index }) => index));
  const words = Array.from({ length: most + 1 }, (_, index) => {
    const port = kept.find((known) => known.index === index);
    return port === undefined ? "none" : portWord(port);
  });
  return [["serial", words]];
}

function portWord({ backing, target }: SerialPort): string {
  const place = target?.replace(/[,\s]/g, "") ?? "";
  if (backing === "pty") return "pty";
  if (place === "") return "null";
  if (backing === "file" || backing === "pipe") return `${backing}:${place}`;
  if (backing === "device" && place.startsWith("/dev/")) return place;
  const [, protocol, rest] = /^(tcp|telnet|udp):\/\/(.+)$/.exec(place) ?? [];
  return backing === "network" && protocol !== undefined ? `${protocol}:${rest}` : "null";
}

/** Graphics, sound and USB of emulated machines. */
export function desktopSettings(machine: Machine, notes: Diagnostic[]): XlSetting[] {
  const { video, sound } = machine;
  const data = { machine: machine.id };
  if ((machine.virtualization ?? "hvm") !== "hvm") {
    if (video !== null) {
      notes.push(
        loss("info", "xen/video-changed", `${machine.name}: a guest without emulated hardware has no graphics card`, {
          data,
        }),
      );
    }
    if (sound !== null) {
      notes.push(
        loss("info", "xen/sound-dropped", `${machine.name}: a guest without emulated hardware has no sound card`, {
          data,
        }),
      );
    }
    return [];
  }
  const settings: XlSetting[] = [...videoSettings(machine, notes)];
  if (sound !== null) settings.push(["soundhw", soundWord(sound)]);
  const controller = machine.controllers.find(({ bus }) => bus === "usb");
  if (controller !== undefined) {
    const chip = usbChip(controller.model ?? "");
    settings.push(["usbversion", chip === "xhci" ? 3 : chip === "ehci" ? 2 : 1]);
  }
  return settings;
}

/** The least that upstream QEMU takes, by card. */
const LEAST_VIDEO: Readonly<Record<string, number>> = { stdvga: 16, cirrus: 8, qxl: 128 };

function videoSettings({ video, id, name }: Machine, notes: Diagnostic[]): XlSetting[] {
  if (video === null) return [["vga", "stdvga"]];
  const word = /qxl/i.test(video.model ?? "") ? "qxl" : /cirrus/i.test(video.model ?? "") ? "cirrus" : "stdvga";
  const wanted = video.memoryBytes === null ? null : Math.ceil(video.memoryBytes / MIB);
  const megabytes = wanted === null ? null : Math.max(LEAST_VIDEO[word] ?? 16, wanted);
  const resized = megabytes !== null && megabytes * MIB !== video.memoryBytes;
  if (
    resized ||
    (video.heads ?? 1) > 1 ||
    (video.model !== null && !/^(?:std|stdvga|vga|cirrus|qxl)$/i.test(video.model))
  ) {
    const size = megabytes === null ? "" : ` with ${megabytes} MiB`;
    notes.push(
      loss("info", "xen/video-changed", `${name}: the graphics card becomes ${word}${size}`, { data: { machine: id } }),
    );
  }
  return megabytes === null
    ? [["vga", word]]
    : [
        ["vga", word],
        ["videoram", megabytes],
      ];
}

/** QEMU's words for cards. */
function soundWord(model: string): string {
  if (/ac97/i.test(model)) return "ac97";
  if (/es137|ensoniq/i.test(model)) return "es1370";
  return /sb16/i.test(model) ? "sb16" : "hda";
}
