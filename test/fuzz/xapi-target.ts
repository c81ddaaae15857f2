/** The `ova.xml` of an XVA: everything that inspecting and converting does with the records in it, but for the disks. */
import { fit } from "../../src/appliance/fit.js";
import { platforms } from "../../src/platforms/platforms.js";
import { readOvaXml } from "../../src/platforms/xenserver/import.js";
import { targets } from "../../src/targets/targets.js";
import { cd, network, ovaXmlOf, type RpcRecord, sr, vbd, vdi, vif, vm } from "../support/xva.js";
import type { FuzzTarget } from "./target.js";

const bios: readonly RpcRecord[] = [
  vm("Ref:0", { order: 2, VCPUs_max: 8 }),
  vbd("Ref:1", "Ref:0", "Ref:2", 0),
  vdi("Ref:2", "Ref:3", 2 ** 30),
  sr("Ref:3"),
  cd("Ref:4", "Ref:0", 3),
  vif("Ref:5", "Ref:0", "Ref:6", 0),
  network("Ref:6", "LAN"),
];
const efi: readonly RpcRecord[] = [
  vm("Ref:0", {
    HVM_boot_params: { firmware: "uefi", order: "dc" },
    platform: { secureboot: "true", vtpm: "true", hvm_serial: "pty" },
    NVRAM: { "EFI-variables": "VkFSUw==" },
  }),
  vm("Ref:7", { is_a_snapshot: true, snapshot_of: "Ref:0" }),
  vbd("Ref:1", "Ref:0", "Ref:2", "xvde"),
  vdi("Ref:2", "Ref:3", 2 ** 30, { on_boot: "reset", sharable: true }),
  sr("Ref:3"),
];
const pv: readonly RpcRecord[] = [
  vm("Ref:0", { HVM_boot_policy: "", domain_type: "unspecified", PV_bootloader: "pygrub", PV_args: "ro" }),
  vbd("Ref:1", "Ref:0", "Ref:2", "autodetect"),
  vdi("Ref:2", "Ref:3", 2 ** 30),
];

/** Records are damaged as text; references in circles come of themselves. */
export const xapiTarget: FuzzTarget = {
  name: "ova.xml",
  seeds: async () => [bios, efi, pv].map(ovaXmlOf),
  async run(bytes, ctx) {
    const config = readOvaXml({ name: "fuzz", label: "fuzz.xva!ova.xml", bytes }, ctx);
    const appliance = config.appliance({ find: (path) => ({ name: path, size: 1 }) }, (finding) => ctx.report(finding));
    const disks = new Set(appliance.disks.map(({ id }) => id));
    for (const machine of appliance.machines) {
      const controllers = new Set(machine.controllers.map(({ id }) => id));
      for (const { disk, controller } of machine.attachments) {
        if (disk !== null && !disks.has(disk)) throw new Error(`a drive has the disk ${disk}, which is not there`);
        if (controller !== null && !controllers.has(controller)) throw new Error(`a drive is on ${controller}`);
      }
    }
    for (const platform of platforms.all) {
      if (platform.defaultTarget === null) continue;
      const target = targets.get(platform.defaultTarget);
      const { appliance: fitted, shapes } = fit(appliance, target);
      await platform.exportConfig?.(fitted, shapes, target, {}, ctx);
    }
  },
};
