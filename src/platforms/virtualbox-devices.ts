/** Simple devices in VirtualBox's settings: in a `.vbox` file, and in the `vbox:Machine` of its packages. */
import type { Machine, SerialPort, Video } from "../appliance/appliance.js";
import { MIB } from "../base/bytes.js";
import type { XmlElement } from "../xml/tree.js";
import { childNamed } from "./virtualbox-hardware.js";
import type { SettingsView } from "./virtualbox-view.js";

/** The chip set. What is left out is the PIIX3. */
export function chipsetOf(hardware: XmlElement | undefined, view: SettingsView): "i440fx" | "q35" {
  const chipset = hardware === undefined ? undefined : childNamed(hardware, "Chipset");
  return view.text(chipset, "type")?.toUpperCase() === "ICH9" ? "q35" : "i440fx";
}

/** The trusted platform module; `null`: there is none. */
export function tpmOf(hardware: XmlElement, view: SettingsView): Machine["tpm"] {
  const type = view.text(childNamed(hardware, "TrustedPlatformModule"), "type")?.toLowerCase();
  return type === "v1_2" ? "1.2" : type === "v2_0" ? "2.0" : null;
}

/** What the hardware clock shows. */
export function clockOf(hardware: XmlElement, view: SettingsView): "utc" | "localtime" {
  return view.text(childNamed(hardware, "RTC"), "localOrUTC")?.toUpperCase() === "UTC" ? "utc" : "localtime";
}

/** Whether the guest may run machines of its own; `null`: not said. */
export function nestedOf(hardware: XmlElement, view: SettingsView): boolean | null {
  const cpu = childNamed(hardware, "CPU");
  const nested = cpu === undefined ? undefined : childNamed(cpu, "NestedHWVirt");
  return nested === undefined ? null : view.flag(nested, "enabled", null);
}

const BACKINGS: Readonly<Record<string, SerialPort["backing"]>> = {
  HostPipe: "pipe",
  HostDevice: "device",
  RawFile: "file",
  TCP: "network",
};

/** A serial port in the settings. */
export interface VirtualBoxPort extends SerialPort {
  /** Whether its pipe is made by others. */
  readonly waits: boolean;
  readonly element: XmlElement;
}

/** The serial ports that are switched on, each once. */
export function* serialPortsOf(hardware: XmlElement, view: SettingsView): Generator<VirtualBoxPort> {
  const seen = new Set<number>();
  const uarts = childNamed(hardware, "UART") ?? childNamed(hardware, "Uart");
  for (const element of uarts?.elements(undefined, "Port") ?? []) {
    if (view.flag(element, "enabled", false) !== true) continue;
    const mode = view.text(element, "hostMode") ?? "";
    const index = view.number(element, "slot", 3, 0);
    if (seen.has(index)) continue;
    seen.add(index);
    const backing = (Object.hasOwn(BACKINGS, mode) ? BACKINGS[mode] : undefined) ?? null;
    const target = backing === null ? null : view.text(element, "path");
    const waits = backing === "pipe" && view.flag(element, "server", false) !== true;
    yield { index, backing, target, waits, element };
  }
}

/** The sound card; `null`: there is none. */
export function soundOf(hardware: XmlElement, view: SettingsView): string | null {
  const audio = childNamed(hardware, "AudioAdapter");
  if (audio === undefined || view.flag(audio, "enabled", false) !== true) return null;
  return view.text(audio, "controller") ?? "AC97";
}

/** The graphics card. What is left out is VirtualBox's default of 8 MiB, in a card of its own making. */
export function videoOf(hardware: XmlElement, view: SettingsView): Video | null {
  const display = childNamed(hardware, "Display");
  const model = view.text(display, "controller") ?? "VBoxVGA";
  if (model.toLowerCase() === "none" || model.toLowerCase() === "null") return null;
  return {
    model,
    memoryBytes: view.number(display, "VRAMSize", 4096, 8) * MIB,
    heads: view.number(display, "monitorCount", 64, view.number(display, "MonitorCount", 64, 1)),
  };
}
