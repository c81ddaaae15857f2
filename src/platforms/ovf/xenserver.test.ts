import assert from "node:assert/strict";
import { test } from "node:test";
import { blankMachine } from "../../appliance/blank.js";
import { defaultLimits } from "../../base/limits.js";
import { OvfScope } from "../../ovf/scope.js";
import { OvfHardware } from "../../ovf/views/hardware.js";
import { parseXml } from "../../xml/parse.js";
import { readXenServer } from "./xenserver.js";

function read(types: readonly string[], settings: Readonly<Record<string, string>>): ReturnType<typeof blankMachine> {
  const data = Object.entries(settings).map(
    ([name, value]) =>
      `<x:VirtualSystemOtherConfigurationData Name="${name}"><x:Info/><x:Value>${value}</x:Value></x:VirtualSystemOtherConfigurationData>`,
  );
  const text = `<VirtualHardwareSection xmlns:x="http://schemas.citrix.com/ovf/envelope/1">${data.join("")}</VirtualHardwareSection>`;
  const machine = blankMachine("web");
  machine.hardwareTypes = [...types];
  const { root } = parseXml(new TextEncoder().encode(text), "web.ovf", defaultLimits);
  readXenServer(new OvfHardware(root, new OvfScope("")), [], machine);
  return machine;
}

test("settings of XenServer in OVF say firmware, boot order, secure boot and the like", () => {
  const machine = read(["hvm-3.0-unknown"], {
    HVM_boot_policy: "BIOS order",
    HVM_boot_params: "order=dc;firmware=uefi;",
    platform: "nx=true;acpi=1;secureboot=true;cores-per-socket=2;vga=std;videoram=8;viridian=true;",
    recommendations: "&lt;restrictions/&gt;",
  });
  assert.deepEqual([machine.virtualization, machine.firmware, machine.firmwareFrom], ["hvm", "efi-secure", "vendor"]);
  assert.deepEqual(
    machine.boot.map(({ device }) => device),
    ["cdrom", "disk"],
  );
  assert.equal(machine.cpu.coresPerSocket, 2);
  assert.deepEqual(
    machine.foreign.map(({ name, payload }) => [name, payload]),
    [
      ["platform:viridian", "true"],
      ["recommendations", "<restrictions/>"],
    ],
  );
});

test("a PV guest is told by its type, where no policy says so", () => {
  const machine = read(["xen-3.0-unknown"], { PV_bootloader: "pygrub", PV_args: "ro", platform: "pae=true;" });
  assert.deepEqual([machine.virtualization, machine.firmware], ["pv", "unknown"]);
  assert.deepEqual(machine.directBoot, { kernel: null, initrd: null, arguments: "ro", loader: "pygrub" });
  assert.deepEqual(read([], {}), blankMachine("web"));
});
