import type { Appliance } from "../../appliance/appliance.js";
import { MIB } from "../../base/bytes.js";
import type { Diagnostic, Location } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import { uuidFromText } from "../names-of-devices.js";
import type { ConfigFiles, ConfigText, MachineConfig, NamedFile } from "../platform.js";
import { createReading } from "../reading.js";
import { namedFiles, readDrives, readNics } from "./import-devices.js";
import { importForeign } from "./import-foreign.js";
import { createVmxView, type VmxView } from "./view.js";
import { parseVmx } from "./vmx.js";

/**
 * Reads a VMX file.
 * @throws `config/unreadable` where nothing in it is a setting
 */
export function readVmx(text: ConfigText): MachineConfig {
  const vmx = parseVmx(text.bytes);
  if (vmx.settings.size === 0) {
    throw new FerryError("config/unreadable", `${text.label} has no settings`, {
      hint: 'A VMX file has lines such as displayName = "web".',
    });
  }
  const place = (line: number): Location => ({ at: "text", file: text.label, line, column: 1 });
  const view = createVmxView(vmx);
  const version = view.number("virtualHW.version");
  const files: readonly NamedFile[] = namedFiles(view);
  return {
    version: version === null ? null : `vmx-${String(version).padStart(2, "0")}`,
    producer: "VMware",
    files,
    appliance(found, report) {
      for (const line of vmx.strange.slice(0, 10)) {
        report({
          code: "config/strange-line",
          severity: "warning",
          message: `line ${line} is no setting`,
          hint: "It is left out.",
          location: place(line),
        });
      }
      return importVmx(createVmxView(vmx), text, found, { place, report, version });
    },
  };
}

interface Scope {
  readonly place: (line: number) => Location;
  readonly report: (finding: Diagnostic) => void;
  readonly version: number | null;
}

function importVmx(view: VmxView, text: ConfigText, files: ConfigFiles, { place, report, version }: Scope): Appliance {
  const name = view.text("displayName") ?? text.name;
  const reading = createReading(name, files, report);
  const { machine } = reading;
  const at = (setting: string): Location | undefined => {
    const line = view.line(setting);
    return line === null ? undefined : place(line);
  };
  reading.origin("name", at("displayName"));
  machine.annotation = view.text("annotation");
  machine.uuid = uuidFromText(view.text("uuid.bios"));
  machine.guestOs.vmware = view.text("guestOS");
  reading.origin("guestOs", at("guestOS"));
  if (version !== null) machine.hardwareTypes = [`vmx-${String(version).padStart(2, "0")}`];
  const efi = view.text("firmware")?.toLowerCase() === "efi";
  machine.firmware = efi ? (view.flag("uefi.secureBoot.enabled") === true ? "efi-secure" : "efi") : "bios";
  // What says nothing boots by BIOS: it is what VMware means by it.
  machine.firmwareFrom = "declared";
  reading.origin("firmware", at("firmware"));
  machine.tpm = view.flag("vtpm.present") === true ? "2.0" : null;
  const nvram = view.text("nvram");
  if (nvram !== null && files.find(nvram) !== undefined) machine.nvram = reading.file(nvram, "nvram");
  machine.cpu.count = view.number("numvcpus") ?? 1;
  machine.cpu.coresPerSocket = view.number("cpuid.coresPerSocket");
  machine.cpu.nested = view.flag("vhv.enable");
  reading.origin("cpu", at("numvcpus"));
  machine.memoryBytes = (view.number("memsize") ?? 32) * MIB;
  reading.origin("memoryBytes", at("memsize"));
  readDrives(view, reading, at);
  readNics(view, reading, at);
  importForeign(view, reading);
  return reading.appliance;
}
