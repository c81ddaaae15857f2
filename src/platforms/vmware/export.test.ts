import assert from "node:assert/strict";
import { test } from "node:test";
import type { Appliance, Machine } from "../../appliance/appliance.js";
import { fit } from "../../appliance/fit.js";
import { appliance, disk, machine, samples } from "../../appliance/testing/samples.js";
import { GIB } from "../../base/bytes.js";
import type { TargetId } from "../../base/ids.js";
import { targets } from "../../targets/targets.js";
import type { ExportPlan } from "../platform.js";
import { exportVmware, type VmwareOptions } from "./export.js";
import { escapeVmxValue } from "./vmx.js";

function run(source: Appliance, id: TargetId = "workstation-17", options: Partial<VmwareOptions> = {}): ExportPlan {
  const target = targets.get(id);
  const { appliance: fitted, shapes } = fit(source, target);
  return exportVmware(fitted, shapes, target, options);
}

const text = (plan: ExportPlan, index = 0): string => new TextDecoder().decode(plan.configs[index]?.bytes);
const codesOf = (plan: ExportPlan): string[] => plan.notes.map((n) => n.code);
const one = (parts: Partial<Machine>, rest: Partial<Appliance> = {}): Appliance =>
  appliance({ machines: [machine(parts)], ...rest });

/** Value of a key as VMware would read it. */
function value(vmx: string, key: string): string | undefined {
  const line = vmx.split("\n").find((l) => l.startsWith(`${key} = "`));
  return line
    ?.slice(key.length + 4, -1)
    .replace(/\|([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
}

test("a value cannot end its quotes, start a line or hide from its reader", () => {
  const hostile = 'a"\nscsi0.virtualDev = "pvscsi" # |22 \u007f';
  const vmx = text(run(one({ name: "m", annotation: hostile })));
  assert.equal(value(vmx, "annotation"), hostile.replace("\u007f", ""));
  assert.ok(vmx.split("\n").every((l) => l === "" || /^[.A-Za-z0-9:]+ = "[^"]*"$/.test(l)));
  assert.equal(escapeVmxValue('|"\u007f\t#é'), "|7C|22|7F\t#é");
});

test("file names come from machine names, but are no paths, flags or devices", () => {
  const names = (name: string): string[] => {
    const plan = run(
      one(
        {
          name,
          attachments: [{ device: "disk", disk: "d", file: null, controller: null, slot: null, readOnly: false }],
        },
        { disks: [disk("d")] },
      ),
    );
    return [plan.configs[0]?.name ?? "", plan.disks[0]?.name ?? ""];
  };
  assert.deepEqual(names("../../etc/passwd"), ["etc-passwd.vmx", "etc-passwd-disk1.vmdk"]);
  assert.deepEqual(names("-rf *"), ["rf.vmx", "rf-disk1.vmdk"]);
  assert.deepEqual(names("CON"), ["_CON.vmx", "_CON-disk1.vmdk"]);
  assert.deepEqual(names("Zürich 東京"), ["Zürich-東京.vmx", "Zürich-東京-disk1.vmdk"]);
  assert.deepEqual(names("..."), ["machine.vmx", "machine-disk1.vmdk"]);
  assert.ok(names("x".repeat(500)).every((n) => n.length < 160));
});

test("two machines get files of their own, and a disk that both use is written once", () => {
  const shared = { device: "disk", disk: "d", file: null, controller: null, slot: null, readOnly: false } as const;
  const plan = run(
    appliance({
      disks: [disk("d")],
      machines: [
        machine({ id: "a", name: "web", attachments: [shared] }),
        machine({ id: "b", name: "Web!", attachments: [shared] }),
      ],
    }),
  );
  assert.deepEqual(
    plan.configs.map((c) => c.name),
    ["web.vmx", "Web-2.vmx"],
  );
  assert.equal(plan.disks.length, 1);
  assert.ok(!codesOf(plan).includes("platform/disk-shared"));
  assert.equal(value(text(plan), "sata0:0.sharing"), "multi-writer");
  assert.equal(value(text(plan), "disk.locking"), "FALSE");
  assert.equal(plan.disks[0]?.variant, "monolithicFlat");
  assert.equal(value(text(plan, 1), "sata0:0.fileName"), plan.disks[0]?.name);
});

test("the hardware version is the lowest that has what the machine uses", () => {
  const version = (parts: Partial<Machine>, id: TargetId = "vsphere-8"): string | undefined =>
    value(text(run(one(parts), id)), "virtualHW.version");
  assert.equal(version({}), "13");
  assert.equal(version({ hardwareTypes: ["vmx-07"] }), "13");
  assert.equal(version({ hardwareTypes: ["vmx-19"] }), "19");
  assert.equal(version({ hardwareTypes: ["vmx-22"] }), "13");
  assert.equal(version({ hardwareTypes: ["vmx-19"] }, "vsphere-6.5"), "13");
  assert.equal(
    version({ cpu: { count: 200, coresPerSocket: null, threadsPerCore: null, max: null, nested: null } }),
    "15",
  );
  assert.equal(version({ memoryBytes: 7000 * GIB }), "18");
  assert.equal(
    version({ cpu: { count: 128, coresPerSocket: 128, threadsPerCore: null, max: null, nested: null } }),
    "20",
  );
});

test("addresses outside of VMware's range for static ones turn its check off", () => {
  const nic = (mac: string | null): Machine["nics"][number] => ({
    network: "NAT",
    kind: null,
    vlan: null,
    model: "e1000",
    mac,
    connected: true,
    portProfile: null,
  });
  const vmx = text(run(one({ nics: [nic("00:50:56:3f:ff:ff"), nic("00:50:56:40:00:00"), nic(null)] })));
  assert.equal(value(vmx, "ethernet0.addressType"), "static");
  assert.equal(value(vmx, "ethernet0.checkMACAddress"), undefined);
  assert.equal(value(vmx, "ethernet1.checkMACAddress"), "FALSE");
  assert.equal(value(vmx, "ethernet2.addressType"), "generated");
});

test("vSphere gets stream-optimized disks with a note, port groups by name, and no word of hosted networking", () => {
  const plan = run((samples["scsi-multi-disk"] as () => Appliance)(), "vsphere-7");
  assert.equal(plan.disks[0]?.variant, "streamOptimized");
  assert.equal(value(text(plan), "ethernet0.connectionType"), undefined);
  assert.equal(value(text(plan), "ethernet0.networkName"), "VM Network");
  assert.ok(codesOf(plan).includes("vmware/import-disks"));
  assert.equal(
    run((samples["scsi-multi-disk"] as () => Appliance)(), "workstation-17", { disks: "streamOptimized" }).disks[0]
      ?.variant,
    "streamOptimized",
  );
});

test("an NVRAM file of VMware's goes along, another platform's does not", () => {
  const files = [{ id: "f", name: "x.nvram", role: "nvram" as const, size: 8684 }];
  const ours = run(one({ hardwareTypes: ["vmx-19"], firmware: "efi" }, { files }));
  assert.deepEqual(ours.files, [{ asset: "f", name: "m.nvram" }]);
  const theirs = run(one({ hardwareTypes: ["virtualbox-2.2"], firmware: "efi" }, { files }));
  assert.deepEqual(theirs.files, []);
  assert.ok(codesOf(theirs).includes("platform/nvram-dropped"));
});

test("the boot order of an EFI machine is a loss unless it is the first disk", () => {
  const boot = (order: Machine["boot"]): string[] => codesOf(run(one({ firmware: "efi", boot: order })));
  assert.ok(!boot([{ device: "disk", index: null }]).includes("vmware/boot-order-dropped"));
  assert.ok(boot([{ device: "cdrom", index: null }]).includes("vmware/boot-order-dropped"));
});

test("everything that only OVF can say is a loss", () => {
  const plan = run(
    appliance({
      machines: [
        machine({
          id: "m",
          bounds: [{ fact: "cpu", min: 1, max: 4 }],
          install: { initialBootStopDelaySeconds: 60 },
          transports: ["iso"],
          nics: [
            { network: "NAT", kind: null, vlan: null, model: "e1000", mac: null, connected: true, portProfile: "p" },
          ],
          foreign: [{ source: "vmware", name: "sound card", payload: "", machine: "m" }],
          guestOs: {
            cim: 94,
            vmware: null,
            virtualbox: null,
            osinfo: null,
            proxmox: null,
            xenserver: null,
            description: "Ubuntu",
          },
        }),
      ],
      networks: [{ name: "NAT", description: "the world" }],
      disks: [disk("unused"), disk("child", { parent: "base" }), disk("base")],
      files: [{ id: "x", name: "readme.txt", role: "file", size: 1 }],
      products: [
        {
          class: null,
          instance: null,
          name: "App",
          vendor: null,
          version: null,
          fullVersion: null,
          machine: "m",
          properties: [
            {
              key: "password",
              type: "string",
              value: { secret: "env:X" },
              password: true,
              userConfigurable: true,
              label: null,
              description: null,
              category: null,
              qualifiers: null,
            },
          ],
        },
      ],
      eulas: [{ machine: "m", text: "terms" }],
      options: [{ id: "small", label: "Small", default: true }],
      startup: [{ machine: "m", order: 1, startDelaySeconds: 0 }],
      groups: [{ id: "g", name: null, members: ["m"] }],
      foreign: [{ source: "ovf", name: "CustomSection", payload: "<x/>", machine: null }],
    }),
  );
  const codes = codesOf(plan);
  for (const what of [
    "bounds",
    "install",
    "transport",
    "port-profile",
    "foreign",
    "network-description",
    "file",
    "product",
    "eula",
    "options",
    "startup",
    "group",
  ]) {
    assert.ok(codes.includes(`platform/${what}-dropped`), what);
  }
  assert.equal(codes.filter((c) => c === "platform/disk-unattached").length, 3);
  assert.ok(!JSON.stringify(plan.notes).includes("env:X"));
});
