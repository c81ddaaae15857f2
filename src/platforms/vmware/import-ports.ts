/** What is neither a drive nor a network card: serial ports, USB, sound, graphics, the clock. */
import type { BootDevice, SerialPort } from "../../appliance/appliance.js";
import { badValue, type VmxScope } from "./import-scope.js";
import { presentDevices } from "./view.js";

const BACKINGS: ReadonlyMap<string, SerialPort["backing"]> = new Map([
  ["file", "file"],
  ["pipe", "pipe"],
  ["network", "network"],
  ["device", "device"],
]);

/** Serial ports that are present. */
export function readSerialPorts(scope: VmxScope): void {
  const { view, reading } = scope;
  for (const name of presentDevices(view, /^(serial[0-9]{1,2})\.present$/)) {
    const word = view.text(`${name}.fileType`)?.toLowerCase() ?? "device";
    const backing = BACKINGS.get(word);
    // `thinprint` hands what is printed to a printer of the host.
    if (backing === undefined) reading.foreign("vmware", `${name}.fileType`, word);
    const file = view.text(`${name}.fileName`);
    const target =
      file === null || view.flag(`${name}.autodetect`) === true || /^auto ?detect$/i.test(file) ? null : file;
    reading.machine.serialPorts.push({ index: Number(name.slice("serial".length)), backing: backing ?? null, target });
  }
}

/** USB controllers. USB 2.0 has its companion for slower devices beside it, which is no controller of its own. */
export function readUsb({ view, reading, at }: VmxScope): void {
  const add = (model: string, setting: string): void => {
    const index = reading.machine.controllers.filter(({ bus }) => bus === "usb").length;
    reading.machine.controllers.push({ id: `usb${index}`, bus: "usb", model, index });
    reading.origin(`controllers/usb${index}`, at(setting));
  };
  const slow = view.flag("usb.present") === true;
  if (view.flag("ehci.present") === true) add("ehci", "ehci.present");
  else if (slow) add("usb", "usb.present");
  if (view.flag("usb_xhci.present") === true) add("usb_xhci", "usb_xhci.present");
}

/** The sound card: Ensoniq's where none is named. */
export function readSound({ view, reading, at }: VmxScope): void {
  if (view.flag("sound.present") !== true) return;
  reading.machine.sound = view.text("sound.virtualDev")?.toLowerCase() ?? "es1371";
  reading.origin("sound", at("sound.present"));
}

/** VMware's graphics card, where the file has a word about it. */
export function readVideo({ view, reading, at }: VmxScope): void {
  const memoryBytes = view.number("svga.vramSize");
  const heads = view.number("svga.numDisplays");
  const present = view.flag("svga.present");
  if (present === false || (present === null && memoryBytes === null && heads === null)) return;
  reading.machine.video = { model: "svga", memoryBytes, heads };
  reading.origin("video", at("svga.vramSize") ?? at("svga.present"));
}

/**
 * What the clock shows. Without a word it shows the host's local time, which is UTC on ESXi: said where the
 * product is a hosted one. A fixed distance from UTC is a local time.
 * Source: VMware, "Timekeeping in VMware Virtual Machines", on `rtc.diffFromUTC`.
 */
export function readClock({ view, reading, at }: VmxScope): void {
  const difference = view.text("rtc.diffFromUTC");
  if (difference === null) {
    if (view.text("virtualHW.productCompatibility")?.toLowerCase() === "hosted") reading.machine.clock = "localtime";
    return;
  }
  const utc = Number(difference) === 0;
  reading.machine.clock = utc ? "utc" : "localtime";
  reading.origin("clock", at("rtc.diffFromUTC"));
  if (!utc) reading.foreign("vmware", "rtc.diffFromUTC", difference);
}

/** The boot order of a BIOS (Broadcom article 326326): kinds of devices and cards in `bios.bootOrder`, disks in `bios.hddOrder`. */
export function readBoot(scope: VmxScope): void {
  const { view, reading, at } = scope;
  const { machine } = reading;
  const order = view.text("bios.bootOrder");
  if (order === null || machine.firmware !== "bios") return;
  reading.origin("boot", at("bios.bootOrder"));
  const add = (device: BootDevice): void => {
    const known = machine.boot.some((b) => b.device === device.device && b.index === device.index);
    if (!known) machine.boot.push(device);
  };
  const disks = list(view.text("bios.hddOrder") ?? "").flatMap((name) => {
    const index = machine.attachments.findIndex((a) => a.device === "disk" && `${a.controller}:${a.slot}` === name);
    return index < 0 ? [] : [index];
  });
  for (const word of list(order.replace(/^(?:allow|only):/i, ""))) {
    const card = /^ethernet([0-9]{1,2})$/.exec(word)?.[1];
    if (word === "hdd" || word === "hd") {
      if (disks.length === 0) add({ device: "disk", index: null });
      for (const index of disks) add({ device: "disk", index });
    } else if (word === "cdrom" || word === "cd") add({ device: "cdrom", index: null });
    else if (word === "floppy" || word === "fd") add({ device: "floppy", index: null });
    else if (card !== undefined) {
      if (view.flag(`ethernet${Number(card)}.present`) === true)
        add({ device: "network", index: nicAt(scope, Number(card)) });
    } else if (word === "net" || word === "legacynetwork") add({ device: "network", index: null });
    else {
      badValue(scope, "bios.bootOrder", "what stands before it");
      return;
    }
  }
}

/** Cards are numbered by those that are present. */
function nicAt({ view }: VmxScope, number: number): number {
  let index = 0;
  for (let n = 0; n < number; n++) if (view.flag(`ethernet${n}.present`) === true) index++;
  return index;
}

function list(text: string): readonly string[] {
  return text
    .slice(0, 2000)
    .split(",")
    .map((word) => word.trim().toLowerCase())
    .filter((word) => word !== "");
}
