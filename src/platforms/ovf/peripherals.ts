/** Serial ports, sound, graphics, the TPM and nested virtualization: items and settings that VMware and VirtualBox write. */
import type { Machine, SerialPort } from "../../appliance/appliance.js";
import { resourceType } from "../../ovf/tables/resource-types.js";
import type { OvfHardware } from "../../ovf/views/hardware.js";
import type { OvfItem } from "../../ovf/views/items.js";
import { isTrue, wholeNumber } from "../../ovf/views/node.js";
import { type ImportSession, origin } from "./session.js";

/** `vmw:Config` keys of graphics cards that the model holds. */
const VIDEO_KEYS: ReadonlySet<string> = new Set(["videoRamSizeInKB", "numDisplays"]);
/** `vmw:Config` key of the hardware section: the guest may run machines of its own. */
export const NESTED_KEY = "nestedHVEnabled";

/** What the model took of a machine's items. */
export interface Peripherals {
  readonly items: ReadonlySet<OvfItem>;
  /** Whether the model holds a setting of an item. */
  holds(item: OvfItem, key: string): boolean;
}

/** Fills in what a machine has beside drives and cards. */
export function readPeripherals(
  items: readonly OvfItem[],
  hardware: OvfHardware | null,
  machine: Machine,
  session: ImportSession,
): Peripherals {
  const held = new Set<OvfItem>();
  for (const item of items) {
    const kind = resourceType(item.resourceType ?? 0)?.kind;
    const word = item.resourceSubTypes[0] ?? null;
    if (kind === "serial") machine.serialPorts.push(serialPort(item, machine.serialPorts.length));
    else if (kind === "sound" && machine.sound === null) {
      machine.sound = word?.replace(/^vmware\.soundcard\./i, "") ?? "";
      origin(session, `machines/${machine.id}/sound`, item.element);
    } else if (kind === "video" && machine.video === null) {
      machine.video = {
        model: word,
        memoryBytes: kibibytes(settingOf(item, "videoRamSizeInKB")),
        heads: wholeNumber(settingOf(item, "numDisplays")),
      };
      origin(session, `machines/${machine.id}/video`, item.element);
    } else if (word?.toLowerCase() === "vmware.vtpm") {
      machine.tpm = "2.0";
      origin(session, `machines/${machine.id}/tpm`, item.element);
    } else continue;
    held.add(item);
  }
  const nested = hardware?.settings.find(({ kind, key }) => kind === "Config" && key === NESTED_KEY);
  if (nested !== undefined) machine.cpu.nested = isTrue(nested.value.trim());
  return { items: held, holds: (item, key) => held.has(item) && VIDEO_KEYS.has(key) };
}

function serialPort(item: OvfItem, order: number): SerialPort {
  const word = item.resourceSubTypes[0]?.replace(/^vmware\.serialport\./i, "").toLowerCase() ?? null;
  const target = item.property("HostResource");
  const address = wholeNumber(item.address);
  const index = address !== null && address < 64 ? address : order;
  if (word === "pipe" || word === "file") return { index, backing: word, target };
  if (word === "uri") return { index, backing: "network", target };
  return { index, backing: target === null ? null : "device", target };
}

function settingOf(item: OvfItem, wanted: string): string | null {
  return item.settings.find(({ kind, key }) => kind === "Config" && key === wanted)?.value.trim() ?? null;
}

function kibibytes(text: string | null): number | null {
  const number = wholeNumber(text);
  return number === null || number > 2 ** 40 ? null : number * 1024;
}
