/** XenServer's own settings in OVF: `VirtualSystemOtherConfigurationData`, with xapi's names (xenadmin, XenOvfApi). */
import type { Machine } from "../../appliance/appliance.js";
import { XENSERVER } from "../../ovf/namespaces.js";
import type { OvfHardware } from "../../ovf/views/hardware.js";
import { wholeNumber } from "../../ovf/views/node.js";
import type { XmlElement } from "../../xml/tree.js";
import { deviceNumber, placeOf } from "../xen-places.js";
import { applyXenSettings, parseXenMap } from "../xen-settings.js";
import type { ItemAttachment } from "./devices.js";

/** Whether an element of the hardware is such a setting. */
export function isXenServerSetting({ namespace, name }: XmlElement): boolean {
  return namespace === XENSERVER && name === "VirtualSystemOtherConfigurationData";
}

const PV = /^PV_(?:bootloader|kernel|ramdisk|args|bootloader_args|legacy_args)$/;

/** Takes over what the settings say; what no word of the model fits is carried. */
export function readXenServer(hardware: OvfHardware, drives: readonly ItemAttachment[], machine: Machine): void {
  const settings = new Map<string, string>();
  for (const element of hardware.element.elements()) {
    if (!isXenServerSetting(element)) continue;
    const key = element.attributesNamed("Name")[0]?.value;
    const value = [...element.elements()].find(({ name }) => name === "Value")?.text.trim();
    if (key !== undefined && value !== undefined && !settings.has(key)) settings.set(key, value);
  }
  if (settings.size === 0) return;
  const foreign = (name: string, payload: string): void => {
    machine.foreign.push({ source: "xenserver", name, payload, machine: machine.id });
  };
  const bootParams = parseXenMap(settings.get("HVM_boot_params") ?? "");
  // XenCenter leaves the policy of PV guests out, since it is empty; their type says what they are.
  const isPv = machine.hardwareTypes.some((type) => /^xen-/.test(type));
  applyXenSettings(
    machine,
    {
      domainType: settings.get("domain_type") ?? null,
      bootPolicy: settings.get("HVM_boot_policy") ?? (isPv ? "" : null),
      bootParams,
      platform: parseXenMap(settings.get("platform") ?? ""),
      pv: new Map([...settings].filter(([key, value]) => PV.test(key) && value !== "")),
    },
    foreign,
  );
  if (bootParams.has("firmware") && machine.firmwareFrom === "declared") machine.firmwareFrom = "vendor";
  for (const [key, value] of parseXenMap(settings.get("NVRAM") ?? "")) foreign(`NVRAM:${key}`, value);
  readMost(hardware, machine);
  readDrives(drives, machine);
  for (const [key, value] of settings) {
    if (!KNOWN.has(key) && !PV.test(key) && value !== "") foreign(key, value);
  }
}

/** XenCenter writes the most processors as the limit of their item; 100000 of old stands for nothing. */
function readMost({ items }: OvfHardware, machine: Machine): void {
  const processors = items.filter(({ resourceType }) => resourceType === 3);
  const [limit] = processors.flatMap((item) => wholeNumber(item.limit) ?? []);
  if (limit !== undefined && limit > machine.cpu.count && limit < 100_000) machine.cpu.max = limit;
}

/**
 * What XenCenter says of drives beside their places: `device=0,bootable=True,mode=r`. Packages of its own have no controllers: the number is the place.
 */
function readDrives(drives: readonly ItemAttachment[], machine: Machine): void {
  const bootable: number[] = [];
  for (const [index, { attachment, item }] of drives.entries()) {
    const words = new Map(
      item.connections
        .flatMap((text) => text.split(","))
        .map((pair) => pair.split("=").map((word) => word.trim()) as [string, string]),
    );
    if (attachment.device === "disk" && words.get("mode") === "r") attachment.readOnly = true;
    if (attachment.device === "disk" && /^true$/i.test(words.get("bootable") ?? "")) bootable.push(index);
    const number = deviceNumber(words.get("device") ?? null);
    if (number === null || attachment.controller !== null) continue;
    const { bus, controller, slot } = placeOf(number, attachment.device, machine);
    let on = machine.controllers.find((known) => known.bus === bus && known.index === controller);
    if (on === undefined) {
      on = { id: `${bus}${controller}`, bus, model: bus === "scsi" ? "xen" : null, index: controller };
      machine.controllers.push(on);
    }
    attachment.controller = on.id;
    attachment.slot = slot;
  }
  const [first] = bootable;
  if (first === undefined || bootable.length > 1) return;
  machine.boot = machine.boot.map((step) =>
    step.device === "disk" && step.index === null ? { ...step, index: first } : step,
  );
}

const KNOWN: ReadonlySet<string> = new Set(["HVM_boot_policy", "HVM_boot_params", "platform", "domain_type", "NVRAM"]);
