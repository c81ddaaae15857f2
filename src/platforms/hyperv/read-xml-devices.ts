import { FerryError } from "../../base/errors.js";
import type { XmlElement } from "../../xml/tree.js";
import type { HypervAdapter, HypervDrive } from "./document.js";
import { createTree, type Tree } from "./xml-tree.js";

const IDE = "83f8638b-8dca-4152-9eda-2ca8b33039b4";
const SCSI = "d422512d-2bf2-4752-809d-7b82b5fcb1b4";
const FLOPPY = "8f0d2762-0b00-4e04-af4f-19010527cb93";
const SYNTHETIC_NIC = "2fc216b0-d2e2-4967-9b6d-b8a5c9ca2778";
/** Id of the feature that holds a port's VLAN, in bytes that nobody has described. */
const VLAN_FEATURE = "feature_952c5004-4465-451c-8cb8-fa9ab382b773";

/** Devices of one kind that are believed: Hyper-V allows 4 controllers, 64 drives on each, and 12 adapters. */
const MOST = 1000;

/** One device of the manifest. */
interface Device {
  readonly device: string;
  readonly instance: string;
  readonly name: string;
}

function devicesOf(tree: Tree): readonly Device[] {
  const devices: Device[] = [];
  for (const [key, element] of tree.children("manifest")) {
    if (!/^vdev[0-9]+$/.test(key)) continue;
    const entry = createTree(element);
    const instance = entry.text("instance")?.toLowerCase() ?? "";
    devices.push({ device: entry.text("device")?.toLowerCase() ?? "", instance, name: entry.text("name") ?? "" });
    if (devices.length > MOST) {
      throw new FerryError("config/unreadable", `the manifest has more than ${MOST} devices`, {
        hint: "No machine of Hyper-V has so many: the configuration is damaged.",
        location: element.location,
      });
    }
  }
  return devices;
}

/** Drives on all controllers, in their order; `note` is told where each stands. */
export function readXmlDrives(
  tree: Tree,
  note: (fact: string, element: XmlElement | undefined) => void,
): { readonly drives: readonly HypervDrive[]; readonly scsiControllers: number } {
  const drives: HypervDrive[] = [];
  const add = (section: Tree | undefined, type: "IDE" | "SCSI" | "Floppy", fixed: number | null): void => {
    for (const [controller, number] of numbered(section?.children(), "controller")) {
      for (const [element, location] of numbered(createTree(controller).children(), "drive")) {
        const drive = driveFrom(createTree(element), type, fixed ?? number, location);
        if (drive === null) continue;
        note(`drives/${drives.length}`, element);
        drives.push(drive);
        if (drives.length > MOST) {
          throw new FerryError("config/unreadable", `the machine has more than ${MOST} drives`, {
            hint: "Hyper-V allows 260: the configuration is damaged.",
            location: element.location,
          });
        }
      }
    }
  };
  add(tree.section(IDE), "IDE", null);
  const scsi = devicesOf(tree).filter(({ device }) => device === SCSI);
  for (const [index, { instance }] of scsi.entries()) add(tree.section(instance), "SCSI", index);
  add(tree.section(FLOPPY), "Floppy", null);
  return { drives, scsiControllers: scsi.length };
}

/** `controller0`, `controller1`, ... with their numbers, in their order. */
function numbered(children: ReadonlyMap<string, XmlElement> | undefined, word: string): [XmlElement, number][] {
  const found: [XmlElement, number][] = [];
  for (const [name, element] of children ?? []) {
    const number = new RegExp(`^${word}([0-9]{1,3})$`).exec(name)?.[1];
    if (number !== undefined) found.push([element, Number(number)]);
  }
  return found.sort(([, a], [, b]) => a - b);
}

function driveFrom(
  entry: Tree,
  controllerType: "IDE" | "SCSI" | "Floppy",
  controllerNumber: number,
  controllerLocation: number,
): HypervDrive | null {
  const type = entry.text("type")?.toUpperCase() ?? "NONE";
  const path = entry.text("pathname");
  const place = { controllerType, controllerNumber, controllerLocation };
  const drive = { ...place, path, host: null, shared: false, chain: [] };
  switch (type) {
    case "NONE":
      return null;
    case "VHD":
      return { ...drive, device: "disk", shared: entry.flag("persistent_reservations_supported") ?? false };
    case "ISO":
      return { ...drive, device: "dvd" };
    case "VFD":
      return path === null ? null : { ...drive, device: "floppy" };
    default:
      // A disk or a drive of the host: there is no image.
      return { ...drive, device: /dvd|cd|optical/i.test(type) ? "dvd" : "disk", path: null, host: path ?? type };
  }
}

/** Network adapters, synthetic ones and those that are emulated, in the manifest's order. */
export function readXmlAdapters(
  tree: Tree,
  note: (fact: string, element: XmlElement | undefined) => void,
): readonly HypervAdapter[] {
  const adapters: HypervAdapter[] = [];
  for (const { device, instance, name } of devicesOf(tree)) {
    const synthetic = device === SYNTHETIC_NIC;
    if (!synthetic && !/ethernet/i.test(name)) continue;
    const section = withAddress(tree.section(instance));
    if (section === null) continue;
    note(`networkAdapters/${adapters.length}`, section.element("MacAddress"));
    const connected = section.flag("IsConnected") ?? true;
    // SwitchName is the id of the switch; its name stands beside it, for the case that it is to be found again on another host.
    const network = section.text("Connection/AltSwitchName") ?? section.text("AltSwitchName");
    adapters.push({
      name: section.text("FriendlyName") ?? name,
      legacy: !synthetic,
      switch: connected ? network : null,
      switchType: null,
      mac: section.text("MacAddress"),
      macDynamic: section.flag("MacAddressIsStatic") === false,
      vlan: section.element(`Connection/${VLAN_FEATURE}`) === undefined ? null : UNKNOWN_VLAN,
    });
  }
  return adapters;
}

/** A VLAN that is there, in a form that is not known: carried as a loss. */
const UNKNOWN_VLAN = { mode: "set on its port", accessId: null, nativeId: null, allowed: null } as const;

/** The section itself, or the part of it that is one card. */
function withAddress(section: Tree | undefined): Tree | null {
  if (section === undefined) return null;
  if (section.element("MacAddress") !== undefined) return section;
  for (const [, child] of section.children()) {
    const inner = createTree(child);
    if (inner.element("MacAddress") !== undefined) return inner;
  }
  return null;
}
