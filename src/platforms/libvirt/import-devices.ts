import type { SerialPort } from "../../appliance/appliance.js";
import type { XmlElement } from "../../xml/tree.js";
import type { DomainReading } from "./import-scope.js";
import { attr, child, children, numberFrom } from "./view.js";

/** Devices that are read elsewhere, or that every machine has in its own way. */
const KNOWN = /^(?:emulator|disk|controller|interface|serial|console|sound|video|tpm|input|memballoon|hub|audio)$/;

/** Devices whose elements may hold a password. */
const SECRET = /^(?:graphics|smartcard|hostdev)$/;

/** Sound, video, TPM, serial ports, and what is left. */
export function readDevices(reading: DomainReading): void {
  const devices = child(reading.domain, "devices");
  readSerialPorts(devices, reading);
  readSound(devices, reading);
  readVideo(devices, reading);
  readTpm(devices, reading);
  for (const element of devices?.elements() ?? []) {
    if (KNOWN.test(element.name)) continue;
    const target = child(element, "target");
    const kind =
      (element.name === "channel" ? attr(target, "name") : null) ??
      attr(element, "type") ??
      attr(element, "model") ??
      attr(element, "name") ??
      attr(element, "mode");
    reading.left(
      kind === null ? element.name : `${element.name} ${kind}`,
      SECRET.test(element.name) ? "" : element.markup,
    );
  }
}

function readSound(devices: XmlElement | undefined, { machine, left, origin }: DomainReading): void {
  for (const element of children(devices, "sound")) {
    const model = attr(element, "model");
    // The speaker of a PC beeps: it is no sound card.
    if (machine.sound === null && model !== null && model !== "pcspk") {
      machine.sound = model;
      origin("sound", element.location);
    } else left(`sound ${model ?? ""}`.trim(), element.markup);
  }
}

function readVideo(devices: XmlElement | undefined, { machine, left, origin }: DomainReading): void {
  const all = children(devices, "video");
  const first = all.find((element) => attr(child(element, "model"), "primary") === "yes") ?? all[0];
  for (const element of all) {
    const model = child(element, "model");
    const type = attr(model, "type");
    if (element !== first) left(`video ${type ?? ""}`.trim(), element.markup);
    else if (type !== "none") {
      const kilobytes = numberFrom(attr(model, "vram"));
      machine.video = {
        model: type,
        memoryBytes: kilobytes === null || kilobytes > 2 ** 40 ? null : kilobytes * 1024,
        heads: numberFrom(attr(model, "heads")),
      };
      origin("video", element.location);
      if (child(model, "acceleration") !== undefined) left("acceleration of video", model?.markup);
    }
  }
}

function readTpm(devices: XmlElement | undefined, { machine, left, origin }: DomainReading): void {
  for (const element of children(devices, "tpm")) {
    const backend = child(element, "backend");
    const type = attr(backend, "type") ?? "";
    if (type !== "emulator" || machine.tpm !== null) {
      left(`tpm ${type}`.trim(), element.markup);
      continue;
    }
    const version = attr(backend, "version");
    // Without a word about it libvirt makes a 1.2 behind the older interface on a PC (seen with libvirt 9.0).
    const old = version === null ? (attr(element, "model") ?? "tpm-tis") === "tpm-tis" : version === "1.2";
    machine.tpm = old ? "1.2" : "2.0";
    origin("tpm", element.location);
  }
}

/** Kinds of serial ports that are no COM ports. */
const OTHER_SERIAL = /^(?:usb-serial|pci-serial|sclp-serial|spapr-vio-serial)$/;

function readSerialPorts(devices: XmlElement | undefined, reading: DomainReading): void {
  const { machine, left, paravirtual } = reading;
  const ports = new Map<number, SerialPort>();
  const late: XmlElement[] = [];
  const serials = children(devices, "serial");
  const add = (element: XmlElement, index: number): void => {
    ports.set(index, { index, ...backingOf(element, index, reading) });
    reading.origin(`serialPorts/${index}`, element.location);
  };
  for (const element of serials) {
    const target = child(element, "target");
    if (OTHER_SERIAL.test(attr(target, "type") ?? "")) left(`serial ${attr(target, "type")}`, element.markup);
    else {
      const port = numberFrom(attr(target, "port"));
      if (port === null || port > 255 || ports.has(port)) late.push(element);
      else add(element, port);
    }
  }
  // Those without a number of their own get the next ones, as libvirt counts.
  let free = 0;
  for (const element of late) {
    while (ports.has(free)) free++;
    add(element, free);
  }
  for (const [index, element] of children(devices, "console").entries()) {
    const type = attr(child(element, "target"), "type") ?? (paravirtual ? "xen" : "serial");
    if (type === "serial" && index === 0) {
      // The first console is the first serial port by another name: it makes one where there is none.
      if (serials.length === 0) add(element, 0);
    } else if (type !== "serial" && type !== "xen") left(`console ${type}`, element.markup);
  }
  machine.serialPorts = [...ports.values()].sort((a, b) => a.index - b.index);
}

function backingOf(element: XmlElement, index: number, { left }: DomainReading): Omit<SerialPort, "index"> {
  const type = attr(element, "type") ?? "pty";
  const source = child(element, "source");
  switch (type) {
    case "pty":
      return { backing: "pty", target: null };
    case "null":
      return { backing: null, target: null };
    case "file":
      return { backing: "file", target: attr(source, "path") };
    case "pipe":
      left(`pipe of serial port ${index}`, "a FIFO");
      return { backing: "pipe", target: attr(source, "path") };
    case "unix":
      return { backing: "pipe", target: attr(source, "path") };
    case "dev":
      return { backing: "device", target: attr(source, "path") };
    case "tcp":
    case "udp":
      return { backing: "network", target: networkTarget(element, type) };
    default:
      left(`serial ${type}`, element.markup);
      return { backing: null, target: null };
  }
}

/** `tcp://host:port`, `telnet://host:port`, `udp://host:port`; the end that listens has `,server` behind it. */
function networkTarget(element: XmlElement, type: "tcp" | "udp"): string | null {
  const sources = children(element, "source");
  const source = sources.find((one) => attr(one, "mode") !== "bind") ?? sources[0];
  const port = attr(source, "service");
  if (port === null) return null;
  const protocol = attr(child(element, "protocol"), "type");
  const scheme = type === "udp" ? "udp" : protocol === null || protocol === "raw" ? "tcp" : protocol;
  const server = type === "tcp" && attr(source, "mode") === "bind" ? ",server" : "";
  return `${scheme}://${attr(source, "host") ?? ""}:${port}${server}`;
}
