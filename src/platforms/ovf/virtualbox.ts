/** What `vbox:Machine` says of a machine beyond the items of its package. */
import type { Machine } from "../../appliance/appliance.js";
import type { XmlElement } from "../../xml/tree.js";
import { uuidFromText } from "../names-of-devices.js";
import { chipsetOf, clockOf, nestedOf, serialPortsOf, soundOf, tpmOf, videoOf } from "../virtualbox-devices.js";
import { childNamed } from "../virtualbox-hardware.js";
import { createSettingsView } from "../virtualbox-view.js";
import { type ImportSession, origin } from "./session.js";

/** Fills in what the items left open; where both say something the items count. */
export function readVirtualBoxSettings(settings: XmlElement, machine: Machine, session: ImportSession): void {
  const hardware = childNamed(settings, "Hardware");
  if (hardware === undefined) return;
  const view = createSettingsView(session.report);
  const said = (fact: string, element: XmlElement | undefined): void =>
    origin(session, `machines/${machine.id}/${fact}`, element ?? hardware);
  // The machine's own UUID is another one after each import.
  if (machine.uuid === null) {
    machine.uuid = uuidFromText(view.text(hardware, "uuid"));
    if (machine.uuid !== null) said("uuid", hardware);
  }
  machine.chipset ??= chipsetOf(hardware, view);
  machine.tpm ??= tpmOf(hardware, view);
  machine.clock ??= clockOf(hardware, view);
  machine.sound ??= soundOf(hardware, view);
  const video = videoOf(hardware, view);
  if (machine.video === null) machine.video = video;
  else if (video !== null) {
    const { model, memoryBytes, heads } = machine.video;
    machine.video = {
      model: model ?? video.model,
      memoryBytes: memoryBytes ?? video.memoryBytes,
      heads: heads ?? video.heads,
    };
  }
  machine.cpu.nested ??= nestedOf(hardware, view);
  readProcessors(childNamed(hardware, "CPU"), machine, view);
  if (machine.serialPorts.length > 0) return;
  for (const { index, backing, target, element } of serialPortsOf(hardware, view)) {
    said(`serialPorts/${machine.serialPorts.length}`, element);
    machine.serialPorts.push({ index, backing, target });
  }
}

/** Processors that wait. That all of them are cores of one socket is VirtualBox's way, and nothing that the package says. */
function readProcessors(
  cpu: XmlElement | undefined,
  { cpu: known }: Machine,
  view: ReturnType<typeof createSettingsView>,
): void {
  const count = view.number(cpu, "count", 65_536, 1);
  if (view.flag(cpu, "hotplug", false) === true && count > known.count) known.max ??= count;
}
