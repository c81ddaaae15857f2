import type { XmlElement } from "../../xml/tree.js";
import type { Reading } from "../reading.js";
import { childNamed } from "../virtualbox-hardware.js";
import { idFromText, type SettingsView } from "../virtualbox-view.js";
import type { StorageController } from "./import-storage.js";
import type { Media, Medium } from "./media.js";

/** Things of one kind that are told one by one. */
const MOST_NAMED = 50;

/** What the model has no place for. Of properties and options the names alone: values may be secrets. */
export function importForeign(
  machine: XmlElement,
  hardware: XmlElement | undefined,
  { media, controllers }: { readonly media: Media; readonly controllers: readonly StorageController[] },
  reading: Reading,
  view: SettingsView,
): void {
  const foreign = (name: string, payload = ""): void => reading.foreign("virtualbox", name, payload);
  if (view.text(machine, "stateFile") !== null) foreign("saved state", view.text(machine, "stateFile") ?? "");
  const snapshots: XmlElement[] = [];
  collectSnapshots(machine, snapshots);
  for (const snapshot of snapshots.slice(0, MOST_NAMED)) {
    foreign(`snapshot ${view.text(snapshot, "name") ?? view.text(snapshot, "uuid") ?? ""}`);
  }
  if (snapshots.length > MOST_NAMED) foreign(`${snapshots.length - MOST_NAMED} more snapshots`);
  for (const { location } of unattached(media, controllers, snapshots)) foreign(`medium ${location}`, location);
  const extra = childNamed(machine, "ExtraData");
  for (const item of [...(extra?.elements(undefined, "ExtraDataItem") ?? [])].slice(0, 1000)) {
    const name = view.text(item, "name") ?? "";
    // How windows of the user interface were placed is no fact of a machine.
    if (!name.startsWith("GUI/")) foreign(`option ${name}`);
  }
  if (hardware !== undefined) importHardware(hardware, foreign, view);
}

function importHardware(
  hardware: XmlElement,
  foreign: (name: string, payload?: string) => void,
  view: SettingsView,
): void {
  const type = view.text(childNamed(hardware, "Firmware"), "type")?.toUpperCase();
  if (type === "EFI32" || type === "EFIDUAL") foreign(`firmware ${type}`);
  for (const folder of [...(childNamed(hardware, "SharedFolders")?.elements(undefined, "SharedFolder") ?? [])].slice(
    0,
    MOST_NAMED,
  )) {
    foreign(`shared folder ${view.text(folder, "name") ?? ""}`, view.text(folder, "hostPath") ?? "");
  }
  for (const property of [...(childNamed(hardware, "GuestProperties")?.elements() ?? [])].slice(0, 1000)) {
    const name = view.text(property, "name") ?? "";
    // What host and additions tell each other is written anew with each start.
    if (!/^\/VirtualBox\/(?:HostInfo|HostGuest|GuestInfo|GuestAdd|VMInfo)\//.test(name))
      foreign(`guest property ${name}`);
  }
  if (view.flag(childNamed(hardware, "RemoteDisplay"), "enabled", false) === true) foreign("remote display (VRDP)");
  const usb = childNamed(hardware, "USB") ?? childNamed(hardware, "USBController");
  const filters = [
    ...(usb?.elements(undefined, "DeviceFilter") ?? []),
    ...((usb === undefined ? undefined : childNamed(usb, "DeviceFilters"))?.elements(undefined, "DeviceFilter") ?? []),
  ];
  for (const filter of filters.slice(0, MOST_NAMED)) foreign(`USB device filter ${view.text(filter, "name") ?? ""}`);
  const pci = childNamed(hardware, "HostPci");
  const devices = pci === undefined ? undefined : childNamed(pci, "Devices");
  for (const device of [...(devices?.elements() ?? [])].slice(0, MOST_NAMED)) {
    foreign(`PCI device ${view.text(device, "host") ?? ""} of the host`);
  }
  const balloon = view.number(childNamed(hardware, "Guest"), "memoryBalloonSize", Number.MAX_SAFE_INTEGER, 0);
  if (balloon > 0) foreign(`memory balloon of ${balloon} MiB`);
}

/** Snapshots of a machine, which stand inside of each other. */
function collectSnapshots(element: XmlElement, into: XmlElement[]): void {
  for (const snapshot of element.elements(undefined, "Snapshot")) {
    into.push(snapshot);
    const children = childNamed(snapshot, "Snapshots");
    if (children !== undefined) collectSnapshots(children, into);
  }
}

/** Hard disks of the registry that the machine does not use as it is now, nor any of its snapshots. */
function unattached(
  media: Media,
  controllers: readonly StorageController[],
  snapshots: readonly XmlElement[],
): readonly Medium[] {
  const used = new Set<string>();
  const use = (id: string): void => {
    for (let medium = media.disks.get(id) ?? null; medium !== null && !used.has(medium.id); medium = medium.parent) {
      used.add(medium.id);
    }
  };
  for (const { medium } of controllers.flatMap(({ drives }) => drives)) {
    if (medium !== null && typeof medium !== "string") use(medium.id);
  }
  for (const snapshot of snapshots) {
    const hardware = childNamed(snapshot, "Hardware");
    const list =
      childNamed(snapshot, "StorageControllers") ??
      (hardware === undefined ? undefined : childNamed(hardware, "StorageControllers"));
    for (const controller of list?.elements() ?? []) {
      for (const drive of controller.elements()) {
        use(idFromText(childNamed(drive, "Image")?.attribute("", "uuid") ?? ""));
      }
    }
  }
  return [...media.disks.values()].filter(({ id }) => !used.has(id)).slice(0, MOST_NAMED);
}
