import assert from "node:assert/strict";
import { test } from "node:test";
import type { Appliance, Machine } from "../../appliance/appliance.js";
import { fit } from "../../appliance/fit.js";
import {
  appliance,
  biosIdeCd,
  disk,
  efiSataVirtio,
  machine,
  nvmeSecure,
  scsiMultiDisk,
} from "../../appliance/testing/samples.js";
import type { FerryError } from "../../base/errors.js";
import { targets } from "../../targets/targets.js";
import type { ExportPlan } from "../platform.js";
import { exportLibvirt, type LibvirtOptions } from "./export.js";

function run(source: Appliance, options: Partial<LibvirtOptions> = {}): ExportPlan {
  const target = targets.get("libvirt");
  const { appliance: fitted, shapes } = fit(source, target);
  return exportLibvirt(fitted, shapes, target, options);
}

const xml = (plan: ExportPlan, index = 0): string => new TextDecoder().decode(plan.configs[index]?.bytes);
const codesOf = (plan: ExportPlan): string[] => plan.notes.map((n) => n.code);
const one = (parts: Partial<Machine>, rest: Partial<Appliance> = {}): Appliance =>
  appliance({ machines: [machine(parts)], ...rest });

test("disks lie in the folder that the options name, as QCOW2 or raw", () => {
  const plan = run(efiSataVirtio(), { folder: "/srv/vm images/", disks: "raw" });
  assert.deepEqual(plan.disks, [{ disk: "vmdisk1", name: "web-server-disk1.raw", format: "raw", variant: "raw" }]);
  assert.ok(xml(plan).includes('<source file="/srv/vm images/web-server-disk1.raw"/>'));
  assert.ok(xml(plan).includes('type="raw"'));
});

test("a relative folder is refused", () => {
  assert.throws(
    () => run(efiSataVirtio(), { folder: "images" }),
    (error: FerryError) => error.code === "libvirt/relative-folder",
  );
});

test("names and annotations cannot leave their element", () => {
  const source = one({ name: "a/b </name><devices>", annotation: "]]> & <x y='z'> \"q\"" });
  const text = xml(run(source));
  assert.ok(text.includes("<name>a-b &lt;-name&gt;&lt;devices&gt;</name>"));
  assert.ok(text.includes("<title>a/b &lt;/name&gt;&lt;devices&gt;</title>"));
  assert.ok(text.includes("]]&gt; &amp; &lt;x"));
  assert.ok(codesOf(run(source)).includes("libvirt/name-changed"));
});

test("secure boot asks for enrolled keys and SMM, EFI without it for none", () => {
  const secure = xml(run(nvmeSecure()));
  assert.ok(secure.includes('<feature enabled="yes" name="secure-boot"/>'));
  assert.ok(secure.includes('<smm state="on"/>'));
  const plain = xml(run(efiSataVirtio()));
  assert.ok(plain.includes('<feature enabled="no" name="enrolled-keys"/>'));
  assert.ok(!plain.includes("smm"));
  assert.ok(!xml(run(biosIdeCd())).includes("firmware"));
});

test("SCSI ids become targets for every chip but the 53c895a, whose ids are units", () => {
  const text = xml(run(scsiMultiDisk()));
  assert.ok(text.includes('<address type="drive" controller="0" bus="0" target="1" unit="0"/>'));
  const old = xml(
    run(
      one(
        {
          controllers: [{ id: "c", bus: "scsi", model: "lsi53c895a", index: 0 }],
          attachments: [{ device: "disk", disk: "d", file: null, controller: "c", slot: 3, readOnly: false }],
        },
        { disks: [disk("d")] },
      ),
    ),
  );
  assert.ok(old.includes('<address type="drive" controller="0" bus="0" target="0" unit="3"/>'));
  assert.ok(old.includes('model="lsilogic"'));
});

test("parallel and virtio SCSI share one count of controllers", () => {
  const text = xml(
    run(
      one(
        {
          controllers: [
            { id: "a", bus: "scsi", model: "pvscsi", index: 0 },
            { id: "b", bus: "virtio-scsi", model: null, index: 0 },
          ],
          attachments: [
            { device: "disk", disk: "d", file: null, controller: "a", slot: 0, readOnly: false },
            { device: "disk", disk: "e", file: null, controller: "b", slot: 4, readOnly: false },
          ],
        },
        { disks: [disk("d"), disk("e")] },
      ),
    ),
  );
  assert.ok(text.includes('<controller type="scsi" index="0" model="vmpvscsi"/>'));
  assert.ok(text.includes('<controller type="scsi" index="1" model="virtio-scsi"/>'));
  assert.ok(text.includes('<address type="drive" controller="1" bus="0" target="4" unit="0"/>'));
});

test("every drive has a device name of its own, beyond the alphabet too", () => {
  const disks = Array.from({ length: 14 }, (_, i) => disk(`d${i}`));
  const extra = Array.from({ length: 14 }, (_, i) => disk(`e${i}`));
  const text = xml(
    run(
      one(
        {
          controllers: [
            { id: "s", bus: "sata", model: null, index: 0 },
            { id: "p", bus: "scsi", model: "pvscsi", index: 0 },
          ],
          attachments: [
            ...disks.map((d) => ({
              device: "disk" as const,
              disk: d.id,
              file: null,
              controller: "s",
              slot: null,
              readOnly: false,
            })),
            ...extra.map((d) => ({
              device: "disk" as const,
              disk: d.id,
              file: null,
              controller: "p",
              slot: null,
              readOnly: false,
            })),
          ],
        },
        { disks: [...disks, ...extra] },
      ),
    ),
  );
  const names = [...text.matchAll(/<target dev="(\w+)"/g)].map((m) => m[1]);
  assert.equal(new Set(names).size, 28);
  assert.deepEqual(names.slice(-3), ["sdz", "sdaa", "sdab"]);
});

test("a guest system is named only where its version is known", () => {
  const osinfo = (guestOs: Partial<Machine["guestOs"]>): string | undefined =>
    /libosinfo:os id="([^"]+)"/.exec(
      xml(
        run(
          one({
            guestOs: {
              cim: null,
              vmware: null,
              virtualbox: null,
              osinfo: null,
              proxmox: null,
              xenserver: null,
              description: null,
              ...guestOs,
            },
          }),
        ),
      ),
    )?.[1];
  assert.equal(osinfo({ virtualbox: "Debian12_64" }), "http://debian.org/debian/12");
  assert.equal(osinfo({ virtualbox: "Debian_64" }), undefined);
  assert.equal(osinfo({ vmware: "windows2019srv_64Guest" }), "http://microsoft.com/win/2k19");
  assert.equal(osinfo({ cim: 96 }), undefined);
  assert.equal(osinfo({ cim: 120 }), "http://microsoft.com/win/10");
  const plan = run(
    one({
      guestOs: {
        cim: 96,
        vmware: null,
        virtualbox: null,
        osinfo: null,
        proxmox: null,
        xenserver: null,
        description: null,
      },
    }),
  );
  assert.ok(codesOf(plan).includes("libvirt/guest-os-dropped"));
});

test("a card on a network of the same name as the host's needs no note", () => {
  const nic = {
    network: "default",
    kind: null,
    vlan: null,
    model: "virtio",
    mac: null,
    connected: true,
    portProfile: null,
  };
  assert.ok(!codesOf(run(one({ nics: [nic] }))).includes("libvirt/network-chosen"));
  assert.ok(codesOf(run(one({ nics: [nic] }), { network: "lab" })).includes("libvirt/network-chosen"));
});
