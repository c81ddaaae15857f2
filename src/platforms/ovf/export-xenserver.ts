/**
 * What XenServer adds to the standard, as XenCenter writes and reads it. Sources: xenadmin's Export.cs and Import.cs (OvfActions), OVF.cs (XenOvfApi).
 */
import type { Machine } from "../../appliance/appliance.js";
import { bootDiskIndex } from "../../appliance/fit/drives.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { el, type XmlNode } from "../../xml/build.js";
import { loss } from "../losses.js";
import { carriedSettings, withCarried, xenSettingLosses } from "../xen-losses.js";
import { driveNumbers } from "../xen-places.js";
import { formatXenMap, xenSettingsOf } from "../xen-settings.js";
import { textElement } from "./export-session.js";

/** The type of a machine's hardware: emulated, or paravirtual. */
export function xenServerType({ virtualization }: Machine): string {
  return (virtualization ?? "hvm") === "hvm" ? "hvm-3.0-unknown" : "xen-3.0-unknown";
}

/** The settings behind the items, by xapi's names. */
export function xenServerSettings(machine: Machine): readonly XmlNode[] {
  return [...xenServerValues(machine)].map(([name, value]) =>
    el(
      "xenovf:VirtualSystemOtherConfigurationData",
      { "ovf:required": "false", id: name, Name: name },
      el("xenovf:Info", {}, name === "platform" ? "XenServer Platform Information" : "XenServer Specific Information"),
      textElement("xenovf:Value", value) ?? el("xenovf:Value"),
    ),
  );
}

/** The same as texts, by name. */
function xenServerValues(machine: Machine): ReadonlyMap<string, string> {
  const { bootPolicy, bootParams, platform, pv } = xenSettingsOf(machine);
  const values = new Map<string, string>();
  const say = (name: string, value: string): void => {
    if (value !== "") values.set(name, value);
  };
  say("HVM_boot_params", formatXenMap(bootParams));
  // An empty one stands for a PV guest, and is left out.
  say("HVM_boot_policy", bootPolicy ?? "");
  say("platform", formatXenMap(withCarried(machine, platform)));
  say("NVRAM", formatXenMap(new Map(carriedSettings(machine, "NVRAM"))));
  for (const [name, value] of pv) say(name, value);
  return values;
}

/** What tells XenServer the numbers of a machine's drives, by their places in its list. */
export function xenServerConnections(machine: Machine): readonly (string | null)[] {
  const boot = bootDiskIndex(machine);
  return driveNumbers(machine).map((drive, index) => {
    if (drive === null) return null;
    const { number, attachment } = drive;
    if (attachment.device !== "disk") return `device=${number}`;
    return `device=${number},bootable=${index === boot ? "True" : "False"}${attachment.readOnly ? ",mode=r" : ""}`;
  });
}

/** What the settings cannot say, beyond what all platforms have in common. */
export function xenServerLosses(machine: Machine): readonly Diagnostic[] {
  const { id, name, boot } = machine;
  const notes = [...xenSettingLosses(machine)];
  const kinds = new Set(boot.map(({ device }) => device));
  if (boot.length > kinds.size) {
    notes.push(
      loss("warning", "ovf/boot-order-dropped", `${name}: XenServer orders kinds of devices, not single ones`, {
        data: { machine: id, boot: boot.map(({ device }) => device) },
      }),
    );
  }
  return notes;
}
