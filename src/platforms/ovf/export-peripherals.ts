/** Items of devices that no guest needs to boot. */
import type { Machine } from "../../appliance/appliance.js";
import { el, type XmlNode } from "../../xml/build.js";
import { type AuthoredDevice, type AuthoredMachine, onlyIn, settingNodes } from "./authored.js";
import { item, OPTIONAL } from "./export-item.js";
import type { OvfWriting } from "./export-session.js";
import { subTypeWord } from "./export-words.js";

/** Devices that no guest needs to boot: every one of them may be left out. */
export function* otherItems(
  machine: Machine,
  next: () => string,
  authored: AuthoredMachine | undefined,
  { flavour }: OvfWriting,
): Generator<XmlNode> {
  for (const port of machine.serialPorts) {
    const { index, backing, target } = port;
    const label = `Serial port ${index + 1}`;
    const word = backing === "pty" ? "device" : backing === "network" ? "uri" : (backing ?? "device");
    yield item(
      "rasd",
      {
        Address: index,
        AutomaticAllocation: false,
        Description: label,
        ElementName: label,
        HostResource: target,
        InstanceID: next(),
        ResourceSubType: flavour.vmware ? `vmware.serialport.${word}` : backing,
        ResourceType: 21,
      },
      OPTIONAL,
    );
  }
  const { sound, video, tpm } = machine;
  if (video !== null) {
    const settings: XmlNode[] = [];
    const setting = (key: string, value: number): void =>
      void settings.push(el("vmw:Config", { ...OPTIONAL, "vmw:key": key, "vmw:value": value }));
    if (flavour.vmware && video.heads !== null) setting("numDisplays", video.heads);
    if (flavour.vmware && video.memoryBytes !== null) {
      setting("videoRamSizeInKB", Math.ceil(video.memoryBytes / 1024));
    }
    yield item(
      "rasd",
      {
        AutomaticAllocation: false,
        Description: "Graphics card",
        ElementName: "Graphics card",
        InstanceID: next(),
        ResourceSubType: video.model === null ? null : subTypeWord(video.model),
        ResourceType: 24,
      },
      OPTIONAL,
      ...settings,
      ...settingNodes("vmw:Config", authored?.video ?? []),
    );
  }
  if (sound !== null && flavour.vmware) {
    yield item(
      "rasd",
      {
        AddressOnParent: null,
        AutomaticAllocation: false,
        Description: "Sound card",
        ElementName: "Sound card",
        InstanceID: next(),
        ResourceSubType: soundWord(sound),
        ResourceType: 35,
      },
      OPTIONAL,
    );
  }
  if (tpm === "2.0" && flavour.vmware) {
    yield item(
      "rasd",
      {
        AutomaticAllocation: false,
        Description: "Trusted platform module",
        ElementName: "Trusted platform module",
        InstanceID: next(),
        ResourceSubType: "vmware.vtpm",
        ResourceType: 1,
      },
      OPTIONAL,
    );
  }
}

/** VMware's sound cards: what is none of them becomes the one that every system of this century has a driver for. */
function soundWord(model: string): string {
  const word = model.toLowerCase();
  if (word.includes("sb16")) return "vmware.soundcard.sb16";
  return word.includes("es1371") || word.includes("ensoniq")
    ? "vmware.soundcard.ensoniq1371"
    : "vmware.soundcard.hdaudio";
}

/** An item that an author wrote. */
export function deviceItem(
  { resourceType, subType, name, required, only, config }: AuthoredDevice,
  id: string,
): XmlNode {
  return item(
    "rasd",
    {
      AutomaticAllocation: false,
      Description: name,
      ElementName: name,
      InstanceID: id,
      ResourceSubType: subType,
      ResourceType: resourceType,
    },
    { ...(required ? {} : OPTIONAL), ...onlyIn({ only }) },
    ...settingNodes("vmw:Config", config),
  );
}
