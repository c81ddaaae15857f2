/** A machine's hardware as the server says it (VirtualMachineConfigInfo), kept as XML and read again. */
import type { Appliance, Attachment, Controller, Machine } from "../../../appliance/appliance.js";
import { blankAppliance, blankAttachment, blankDisk, blankMachine, blankNic } from "../../../appliance/blank.js";
import type { Bus } from "../../../base/ids.js";
import type { Context } from "../../../io/context.js";
import { el, renderXml } from "../../../xml/build.js";
import { parseXml } from "../../../xml/parse.js";
import type { XmlElement } from "../../../xml/tree.js";
import type { VsphereClient } from "./client.js";
import { asNode, child, children, countOf, type Ref, textOf, typeOf, VIM } from "./soap.js";

/** Without `config.extraConfig`: what guests are told stands there, passwords too. */
const PATHS = [
  ...["config.name", "config.annotation", "config.uuid", "config.version", "config.guestId", "config.firmware"],
  ...["config.bootOptions", "config.hardware"],
];

/** What the server has of a machine, as a text. @throws `VsphereFault` */
export async function describeHardware(client: VsphereClient, machine: Ref, signal: AbortSignal): Promise<string> {
  const seen = await client.propertiesOf(machine, PATHS, signal);
  const parts = PATHS.flatMap((path) => {
    const value = seen.get(path);
    return value === undefined ? [] : [asNode(value, path.slice("config.".length))];
  });
  const spaces = { xmlns: VIM, "xmlns:xsi": XSI, "xmlns:xsd": "http://www.w3.org/2001/XMLSchema" };
  return renderXml(el("config", spaces, ...parts));
}

const XSI = "http://www.w3.org/2001/XMLSchema-instance";
const KIB = 1024;
const MIB = 1024 * 1024;

/** What controllers are, by the end of their type's name. */
const CONTROLLERS: readonly (readonly [type: RegExp, bus: Bus, model: string | null])[] = [
  [/^ParaVirtualSCSI/, "scsi", "pvscsi"],
  [/^VirtualLsiLogicSAS/, "scsi", "lsisas1068"],
  [/^VirtualLsiLogic/, "scsi", "lsilogic"],
  [/^VirtualBusLogic/, "scsi", "buslogic"],
  [/^VirtualIDE/, "ide", null],
  [/^VirtualAHCI|^VirtualSATA/, "sata", null],
  [/^VirtualNVME/, "nvme", null],
  [/^VirtualSIO/, "floppy", null],
];

const CARDS: Readonly<Record<string, string>> = {
  VirtualE1000: "e1000",
  VirtualE1000e: "e1000e",
  VirtualVmxnet: "vmxnet",
  VirtualVmxnet2: "vmxnet2",
  VirtualVmxnet3: "vmxnet3",
  VirtualPCNet32: "vlance",
  VirtualSriovEthernetCard: "sriov",
};

const DRIVES: Readonly<Record<string, Attachment["device"]>> = {
  VirtualDisk: "disk",
  VirtualCdrom: "cdrom",
  VirtualFloppy: "floppy",
};

/** What such a text says. @throws `xml/...` */
export function readHardware(text: string, name: string, { limits }: Context): Appliance {
  const { root } = parseXml(new TextEncoder().encode(text), name, limits);
  const appliance = blankAppliance(name);
  const machine = blankMachine(name, textOf(root, "name") ?? name);
  appliance.machines.push(machine);
  machine.uuid = textOf(root, "uuid") ?? null;
  machine.annotation = textOf(root, "annotation") || null;
  const version = textOf(root, "version");
  machine.hardwareTypes = version === undefined ? [] : [version];
  machine.guestOs.vmware = textOf(root, "guestId") ?? null;
  const secure = textOf(root, "bootOptions", "efiSecureBootEnabled") === "true";
  machine.firmware = textOf(root, "firmware") === "efi" ? (secure ? "efi-secure" : "efi") : "bios";
  machine.firmwareFrom = "declared";
  const hardware = child(root, "hardware");
  machine.cpu.count = countOf(hardware, "numCPU") ?? 1;
  machine.cpu.coresPerSocket = countOf(hardware, "numCoresPerSocket") ?? null;
  machine.memoryBytes = (countOf(hardware, "memoryMB") ?? 0) * MIB;
  const devices = children(hardware, "device");
  const controllers = readControllers(devices, machine);
  for (const device of devices) {
    const type = typeOf(device);
    const drive = DRIVES[type];
    if (drive !== undefined) readDrive(device, drive, controllers, appliance, machine);
    const model = CARDS[type];
    if (model !== undefined) machine.nics.push(readCard(device, model));
    if (/^VirtualTPM/.test(type)) machine.tpm = "2.0";
  }
  return appliance;
}

function readControllers(devices: readonly XmlElement[], machine: Machine): ReadonlyMap<string, Controller> {
  const found = new Map<string, Controller>();
  for (const device of devices) {
    const known = CONTROLLERS.find(([type]) => type.test(typeOf(device)));
    const key = textOf(device, "key");
    if (known === undefined || key === undefined) continue;
    const [, bus, model] = known;
    const index = countOf(device, "busNumber") ?? machine.controllers.filter((one) => one.bus === bus).length;
    const controller: Controller = { id: `${bus}${index}`, bus, model, index };
    found.set(key, controller);
    machine.controllers.push(controller);
  }
  return found;
}

function readDrive(
  device: XmlElement,
  kind: Attachment["device"],
  controllers: ReadonlyMap<string, Controller>,
  appliance: Appliance,
  machine: Machine,
): void {
  const file = textOf(device, "backing", "fileName") ?? null;
  const place = {
    controller: controllers.get(textOf(device, "controllerKey") ?? "")?.id ?? null,
    slot: countOf(device, "unitNumber") ?? null,
  };
  if (kind !== "disk") {
    const image = file === null || file === "" ? null : file;
    if (image !== null && !appliance.files.some(({ id }) => id === image)) {
      appliance.files.push({ id: image, name: image, role: kind === "cdrom" ? "iso" : "floppy", size: null });
    }
    machine.attachments.push(blankAttachment(kind, { ...place, file: image, readOnly: kind === "cdrom" }));
    return;
  }
  // The key stays what it is when the machine moves to another datastore, as its path does not.
  const id = `disk ${textOf(device, "key") ?? appliance.disks.length}`;
  const kib = countOf(device, "capacityInKB") ?? 0;
  const capacityBytes = countOf(device, "capacityInBytes") ?? kib * KIB;
  appliance.disks.push(blankDisk(id, file, { capacityBytes }));
  machine.attachments.push(blankAttachment("disk", { ...place, disk: id }));
}

function readCard(device: XmlElement, model: string): Machine["nics"][number] {
  const backing = child(device, "backing");
  const network =
    textOf(backing, "deviceName") ??
    textOf(backing, "port", "portgroupKey") ??
    textOf(backing, "opaqueNetworkId") ??
    null;
  return blankNic({
    network,
    kind: network === null ? null : "network",
    model,
    mac: textOf(device, "macAddress")?.toLowerCase() || null,
    connected: textOf(device, "connectable", "startConnected") !== "false",
  });
}
