/** What XenServer's settings of a machine cannot say, in an `ova.xml` and in OVF alike. */
import type { Foreign, Machine } from "../appliance/appliance.js";
import { findGuestSystem } from "../appliance/guest-os.js";
import type { Diagnostic } from "../base/diagnostics.js";
import { loss } from "./losses.js";
import { isConsole, xenVideo } from "./xen-settings.js";

/** Maps of a machine's record that another XenServer filled with what no word of the model fits: it is its own language, and goes back. */
export type CarriedMap = "platform" | "other_config" | "VCPUs_params" | "NVRAM";

/** The settings of a map that came from a XenServer. */
export function carriedSettings(machine: Machine, map: CarriedMap): readonly (readonly [key: string, value: string])[] {
  return machine.foreign.flatMap(({ source, name, payload }) =>
    source === "xenserver" && payload !== "" && name.startsWith(`${map}:`)
      ? [[name.slice(map.length + 1), payload] as const]
      : [],
  );
}

/** The platform of a machine with what came from a XenServer; Windows wants to know that it is a guest. */
export function withCarried(machine: Machine, platform: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const all = new Map(platform);
  for (const [key, value] of carriedSettings(machine, "platform")) if (!all.has(key)) all.set(key, value);
  const windows = findGuestSystem(machine.guestOs).system.family === "windows";
  if (windows && (machine.virtualization ?? "hvm") === "hvm" && !all.has("viridian")) all.set("viridian", "true");
  return all;
}

/** Whether something is one of `maps` that go back where they came from. */
export function isCarried({ source, name, payload }: Foreign, maps: readonly CarriedMap[]): boolean {
  return source === "xenserver" && payload !== "" && maps.some((map) => name.startsWith(`${map}:`));
}

/** A machine without all that the settings say, for the losses that platforms have in common. */
export function withoutXenSettings(machine: Machine, maps: readonly CarriedMap[]): Machine {
  const { virtualization, directBoot, video } = machine;
  const hvm = (virtualization ?? "hvm") === "hvm";
  const said = !hvm && directBoot !== null && directBoot.kernel === null && directBoot.initrd === null;
  return {
    ...machine,
    chipset: hvm && machine.chipset === "i440fx" ? null : machine.chipset,
    directBoot: said ? null : directBoot,
    clock: hvm && machine.clock === "utc" ? null : machine.clock,
    video: hvm && video !== null ? (video.heads === null || video.heads === 1 ? null : { ...video }) : video,
    foreign: machine.foreign.filter((thing) => !isCarried(thing, maps)),
  };
}

/** What becomes another thing on the way into the settings. */
export function xenSettingLosses(machine: Machine): readonly Diagnostic[] {
  const { id, name, video, virtualization } = machine;
  const notes: Diagnostic[] = [];
  const hvm = (virtualization ?? "hvm") === "hvm";
  if (video !== null && hvm && video.model !== null && video.model.toLowerCase() !== xenVideo(video.model)) {
    const to = xenVideo(video.model);
    notes.push(
      loss(
        "info",
        "xenserver/video-changed",
        `${name}: the graphics card ${JSON.stringify(video.model)} becomes ${to}`,
        {
          data: { machine: id, from: video.model, to },
        },
      ),
    );
  }
  const others = machine.serialPorts.filter((port) => !isConsole(port)).length;
  if (others > 0) {
    notes.push(
      loss(
        "warning",
        "xenserver/serial-port-dropped",
        `${name}: of its serial ports the first on a terminal of the host alone is written`,
        {
          data: { machine: id, dropped: others },
          hint: "An import must not name files and devices of the host: set platform:hvm_serial by hand.",
        },
      ),
    );
  }
  return notes;
}
