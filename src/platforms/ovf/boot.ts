/** Where a machine starts from: VMware's sections, that of the second generation of the standard, and VirtualBox's own settings. */
import type { BootDevice } from "../../appliance/appliance.js";
import { VMWARE } from "../../ovf/namespaces.js";
import { resourceType } from "../../ovf/tables/resource-types.js";
import { OvfBootDeviceSection } from "../../ovf/views/boot.js";
import type { OvfContent } from "../../ovf/views/content.js";
import type { OvfItem } from "../../ovf/views/items.js";
import type { XmlElement } from "../../xml/tree.js";
import type { VirtualBoxMachine } from "../virtualbox-hardware.js";
import type { ItemAttachment } from "./devices.js";

/** What orders are told by. */
export interface BootFacts {
  readonly content: OvfContent;
  readonly settings: VirtualBoxMachine | null;
  readonly attachments: readonly ItemAttachment[];
  /** Items of the machine, those of no drive too. */
  readonly items: readonly OvfItem[];
}

/** The devices in their order; empty where nothing is said. */
export function readBoot({ content, settings, attachments, items }: BootFacts): BootDevice[] {
  const sections = [...content.element.elements(VMWARE, "BootOrderSection")];
  if (sections.length > 0) return vmwareOrder(sections, attachments, items);
  const order = standardOrder(content, attachments);
  return order.length > 0 ? order : [...(settings?.bootOrder ?? [])];
}

/** VMware: a section for each device, by the InstanceID of its item. */
function vmwareOrder(
  sections: readonly XmlElement[],
  attachments: readonly ItemAttachment[],
  items: readonly OvfItem[],
): BootDevice[] {
  const positions = new Map<string, number>();
  attachments.forEach(({ item }, index) => {
    if (item.instanceId !== null) positions.set(item.instanceId, index);
  });
  let nics = 0;
  for (const item of items) {
    if (resourceType(item.resourceType ?? 0)?.kind !== "nic") continue;
    if (item.instanceId !== null) positions.set(item.instanceId, nics);
    nics++;
  }
  const boot: BootDevice[] = [];
  for (const section of sections) {
    const type = vmwareAttribute(section, "type");
    const device = type === "net" ? "network" : type;
    if (device !== "disk" && device !== "cdrom" && device !== "floppy" && device !== "network") continue;
    for (const instance of (vmwareAttribute(section, "instanceId") ?? "").split(/[\s,]+/)) {
      boot.push({ device, index: positions.get(instance) ?? null });
    }
  }
  return boot;
}

function vmwareAttribute(element: XmlElement, name: string): string | undefined {
  return element.attribute(VMWARE, name) ?? element.attribute("", name);
}

/** Kinds of devices in a StructuredBootString (CIM_BootSourceSetting). */
const CIM_DEVICES: ReadonlyMap<string, BootDevice["device"]> = new Map<string, BootDevice["device"]>([
  ["hard-disk", "disk"],
  ["cd/dvd", "cdrom"],
  ["floppy", "floppy"],
  ["network", "network"],
]);

/** The standard's: `CIM:Hard-Disk:2` is the second hard disk. Devices that the model has no word for (`PCMCIA`, `USB`) are passed over. */
function standardOrder(content: OvfContent, attachments: readonly ItemAttachment[]): BootDevice[] {
  const { sources = [] } = content.sectionOf(OvfBootDeviceSection)?.setting ?? {};
  return sources.flatMap(({ structuredBootString: text }): BootDevice[] => {
    const [, kind = "", number] = /^[^:]+:([^:]+)(?::([0-9]{1,5}))?$/.exec(text ?? "") ?? [];
    const device = CIM_DEVICES.get(kind.toLowerCase());
    if (device === undefined) return [];
    if (number === undefined) return [{ device, index: null }];
    const nth = Number(number) - 1;
    if (device === "network") return nth < 0 ? [] : [{ device, index: nth }];
    const alike = attachments.flatMap(({ attachment }, index) => (attachment.device === device ? [index] : []));
    const index = alike[nth];
    // One that is not there: the kind is meant all the same.
    return [{ device, index: index ?? null }];
  });
}
