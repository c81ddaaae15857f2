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
import { exportLibvirt } from "./export.js";
import type { LibvirtOptions } from "./options.js";

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

test("what a domain has a word for is in it, and what it has none for is named", () => {
  const files = [
    { id: "k", name: "vmlinuz", role: "kernel" as const, size: 1 },
    { id: "n", name: "x_VARS.fd", role: "nvram" as const, size: 528 * 1024 },
  ];
  const source = (size: number): Appliance =>
    one(
      {
        uuid: "564d1a2b-3c4d-5e6f-7081-92a3b4c5d6e7",
        firmware: "efi",
        tpm: "2.0",
        nvram: "n",
        directBoot: { kernel: "k", initrd: null, arguments: "quiet", loader: null },
        serialPorts: [
          { index: 0, backing: "pipe", target: "\\\\.\\pipe\\com1" },
          { index: 1, backing: "network", target: "tcp://h:5,server" },
        ],
        sound: "hdaudio",
        video: { model: "VMSVGA", memoryBytes: null, heads: null },
        dynamicMemory: { minBytes: 1, maxBytes: 2 ** 34 },
      },
      { files: files.map((file) => (file.id === "n" ? { ...file, size } : file)) },
    );
  const plan = run(source(528 * 1024));
  const text = xml(plan);
  for (const part of [
    "<uuid>564d1a2b-3c4d-5e6f-7081-92a3b4c5d6e7</uuid>",
    '<tpm model="tpm-crb">',
    "_VARS.fd</nvram>",
    "-kernel</kernel>",
    "<cmdline>quiet</cmdline>",
    '<source mode="bind" host="h" service="5"/>',
    '<sound model="ich6"/>',
    '<model type="vga"/>',
    '<memory unit="b">17179869184</memory>',
  ]) {
    assert.ok(text.includes(part), part);
  }
  const lost = plan.notes.filter(({ code }) => code === "platform/fact-dropped").map(({ data }) => data?.fact);
  assert.deepEqual(lost, ["dynamicMemory", "serialPorts", "video"]);
  for (const code of ["libvirt/tpm-empty", "libvirt/nvram-kept", "libvirt/serial-of-host"] as const) {
    assert.ok(codesOf(plan).includes(code), code);
  }
  const other = run(source(4096));
  assert.ok(!xml(other).includes("nvram") && codesOf(other).includes("platform/nvram-dropped"));
});

test("disks are shared where they are raw, and read only where QEMU has such disks", () => {
  const attachments = (bus: string): Machine["attachments"] => [
    { device: "disk", disk: "d", file: null, controller: bus, slot: 0, readOnly: true },
  ];
  const source = (bus: "sata" | "virtio-scsi"): Appliance =>
    one(
      { controllers: [{ id: bus, bus, model: null, index: 0 }], attachments: attachments(bus) },
      { disks: [{ ...disk("d"), shared: true }] },
    );
  const raw = run(source("virtio-scsi"), { disks: "raw" });
  assert.ok(xml(raw).includes("<shareable/>") && xml(raw).includes("<readonly/>"));
  assert.ok(!codesOf(raw).includes("platform/disk-shared"));
  const plain = run(source("sata"));
  assert.ok(!xml(plain).includes("<shareable/>") && !xml(plain).includes("<readonly/>"));
  assert.ok(codesOf(plain).includes("platform/disk-shared") && codesOf(plain).includes("platform/fact-dropped"));
});

test("a VLAN is set on networks that can have one", () => {
  const nic = { network: "lab", kind: null, vlan: 42, model: "virtio", mac: null, connected: true, portProfile: null };
  assert.ok(xml(run(one({ nics: [nic] }), { network: "lab" })).includes('<tag id="42"/>'));
  const plan = run(one({ nics: [nic] }));
  assert.ok(!xml(plan).includes("vlan") && codesOf(plan).includes("platform/fact-dropped"));
});

test("a machine keeps its chip set where its drives allow it", () => {
  assert.ok(xml(run(one({ chipset: "i440fx" }))).includes('machine="pc"'));
  assert.ok(xml(run(one({ chipset: "q35" }))).includes('machine="q35"'));
});
