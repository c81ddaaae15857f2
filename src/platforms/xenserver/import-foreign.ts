import { printable } from "../../base/text.js";
import type { Reading } from "../reading.js";
import type { RpcStruct, XapiExport, XapiRecord } from "./records.js";

/** Notes of the host and of management tools about a machine: they mean nothing elsewhere. */
const NOTES_OF_THE_HOST =
  /^(?:base_template_name|mac_seed|import_task|install-methods|install-(?:distro|arch|repository)|linux_template|rhel[0-9]|disks|folder|vmferry|xo:.*|XenCenter\..*|vgpu_pci|grant_guest_api_access|default_template)$/;
/** Keys whose values may be secret. */
const SECRET = /pass|secret|token|key|credential|cloud/i;
/** Records of devices that stay with the host. */
const DEVICES: readonly (readonly [kind: string, what: string])[] = [
  ["VGPU", "virtual GPU"],
  ["VUSB", "USB device of the host"],
  ["PVS_proxy", "cache of a provisioning server"],
];

/** What a machine's record says and the model has no word for. */
export function importForeign(xapi: XapiExport, { id, fields }: XapiRecord, reading: Reading): void {
  const say = (name: string, value: string): void => reading.foreign("xenserver", name, SECRET.test(name) ? "" : value);
  for (const [key, value] of fields.struct("other_config").entries()) {
    if (!NOTES_OF_THE_HOST.test(key) && value !== "") say(`other_config:${key}`, value);
  }
  for (const [key, value] of fields.struct("VCPUs_params").entries()) say(`VCPUs_params:${key}`, value);
  // Data for the guest may be secret whatever its key is.
  for (const [key] of fields.struct("xenstore_data").entries()) {
    if (key !== "vm-data") reading.foreign("xenserver", `xenstore_data:${key}`, "");
  }
  for (const [key] of fields.struct("NVRAM").entries()) {
    reading.foreign("xenserver", `NVRAM:${key}`, fields.struct("NVRAM").text(key) ?? "");
  }
  for (const [key, value] of fields.struct("bios_strings").entries()) {
    if (value !== "" && value !== "Xen" && key !== "hp-rombios") say(`bios_strings:${key}`, value);
  }
  sayUnusual(fields, say);
  for (const [kind, what] of DEVICES) {
    for (const record of xapi.ofKind(kind)) {
      if (record.fields.text("VM") === id) reading.foreign("xenserver", what, record.fields.filled("device") ?? "");
    }
  }
  if (fields.flag("is_a_template") === true) {
    reading.report({
      code: "xenserver/template",
      severity: "info",
      message: `${printable(reading.machine.name)} is a template, and becomes a machine`,
      location: fields.location,
      hint: "Make a template of it on the new platform.",
    });
  }
  if (fields.text("power_state") === "Suspended") {
    reading.report({
      code: "xenserver/suspended",
      severity: "warning",
      message: `${printable(reading.machine.name)} is suspended: what was in its memory stays behind, and it starts anew`,
      location: fields.location,
      hint: "Resume the machine, shut its guest down, and export it again, if that matters.",
    });
  }
}

/** Fields whose values differ from what every machine has. */
function sayUnusual(fields: RpcStruct, say: (name: string, value: string) => void): void {
  const usual: Readonly<Record<string, string>> = {
    actions_after_shutdown: "destroy",
    actions_after_reboot: "restart",
    actions_after_crash: "restart",
  };
  for (const [name, expected] of Object.entries(usual)) {
    const value = fields.filled(name);
    if (value !== null && value.toLowerCase() !== expected) say(name, value);
  }
  const multiplier = Number(fields.text("HVM_shadow_multiplier") ?? "1");
  if (Number.isFinite(multiplier) && multiplier !== 1) say("HVM_shadow_multiplier", String(multiplier));
  if (fields.flag("has_vendor_device") === true) say("has_vendor_device", "true");
  const priority = fields.filled("ha_restart_priority");
  if (priority !== null) say("ha_restart_priority", priority);
  const delay = fields.number("shutdown_delay") ?? 0;
  if (delay > 0) say("shutdown_delay", String(delay));
  const tags = fields.list("tags");
  if (tags.length > 0) say("tags", tags.join(", "));
  const blocked = fields.struct("blocked_operations").entries();
  if (blocked.length > 0) say("blocked_operations", blocked.map(([name]) => name).join(", "));
}
