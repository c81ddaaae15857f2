import assert from "node:assert/strict";
import { test } from "node:test";
import type { Appliance } from "../../appliance/appliance.js";
import { fit } from "../../appliance/fit.js";
import { appliance, disk, drive, guestOs, machine, nic } from "../../appliance/testing/samples.js";
import type { DriverFact, GuestFacts } from "../../disk/guest/model.js";
import { renderReport } from "../../report/markdown.js";
import { targets } from "../../targets/targets.js";
import { bootDriverNotes, fillGuestSystems } from "../guest.js";
import { firstBootLists } from "./first-boot.js";

const fact = (driver: string, available: DriverFact["available"]): DriverFact => ({
  driver,
  carries: "disk",
  kernel: "module",
  available,
  sure: "read",
  reason: "MODULES=dep in /etc/initramfs-tools/initramfs.conf",
});

const guest: GuestFacts = {
  system: "linux",
  sure: "read",
  reason: "os-release in partition 1",
  id: "debian",
  versionId: "12",
  prettyName: "Debian GNU/Linux 12 (bookworm)",
  boot: { partitions: "gpt", efiLoader: "\\EFI\\DEBIAN\\SHIMX64.EFI", biosCode: false, firmware: "efi" },
  volumes: [],
  root: "partition 1",
  kernels: [
    {
      version: "6.1.0-21-amd64",
      initramfs: "/boot/initrd.img-6.1.0-21-amd64",
      drivers: [
        fact("ahci", "source-only"),
        fact("vmw_pvscsi", "yes"),
        fact("mptsas", "no"),
        fact("virtio_blk", "yes"),
      ],
    },
  ],
  initramfs: { maker: "initramfs-tools", scope: "host-only", named: [], sure: "read", reason: "" },
  deviceNames: [{ file: "/etc/fstab", line: 3, device: "/dev/sda`2", purpose: "mount", mountPoint: "/srv" }],
  interfaces: [
    { file: "/etc/network/interfaces", by: "ifupdown", name: "ens192", mac: null, fixed: true },
    {
      file: "/etc/udev/rules.d/70-persistent-net.rules",
      by: "udev",
      name: "eth0",
      mac: "00:50:56:00:00:09",
      fixed: false,
    },
  ],
  tools: [{ id: "open-vm-tools", path: "/usr/bin/vmtoolsd" }],
  notRead: ["partition 2: XFS is not looked into"],
};

const source = (): Appliance =>
  appliance({
    disks: [disk("d")],
    machines: [
      machine({
        id: "web",
        name: "web",
        firmware: "efi",
        controllers: [{ id: "s", bus: "scsi", model: "pvscsi", index: 0 }],
        attachments: [drive("disk", { disk: "d", controller: "s", slot: 0 })],
        nics: [nic({ model: "vmxnet3", mac: "00:50:56:00:00:01" })],
      }),
    ],
  });
const guests = new Map([["web", guest]]);

test("the list names drivers, interface names, device names, tools and the loader, by what is on the disk", () => {
  const before = source();
  const fitted = fit(before, targets.get("hyperv-2022")).appliance;
  const [list] = firstBootLists(before, fitted, guests, "hyperv");
  assert.equal(list?.system, "Debian GNU/Linux 12 (bookworm)");
  const text = list?.items.join("\n") ?? "";
  for (const part of [
    /needs the driver hv_storvsc: look whether/,
    /card 0 is synthetic/,
    /`\/etc\/network\/interfaces` gives `ens192` a fixed address/,
    /70-persistent-net\.rules` binds `eth0` to 00:50:56:00:00:09, which no card has/,
    /open-vm-tools \(`\/usr\/bin\/vmtoolsd`\) is for another platform/,
    /Install the Hyper-V daemons/,
    /loader is `\\EFI\\DEBIAN\\SHIMX64\.EFI`/,
  ]) {
    assert.match(text, part);
  }
});

test("device names count where the bus changes, and a guest's own marks do not get out of theirs", () => {
  const before = source();
  const fitted = fit(before, targets.get("libvirt")).appliance;
  const lists = firstBootLists(before, fitted, guests, "libvirt");
  const report = renderReport({
    source: "x",
    platform: "libvirt",
    target: "8",
    integrity: "unchecked",
    machines: ["web"],
    files: [],
    losses: [],
    findings: [],
    firstBoot: lists,
  });
  assert.match(report, /## First start\n\n### web: Debian GNU\/Linux 12 \(bookworm\)\n\n- /);
  assert.match(report, /Not looked at: partition 2: XFS is not looked into\.\n/);
  assert.doesNotMatch(report, /sda`2/);
});

test("a boot disk without its driver is a warning that names buses that have one", () => {
  const before = source();
  const [web] = before.machines;
  assert.ok(web !== undefined);
  const notes = (bus: "sata" | "virtio-blk") => {
    const controllers = [{ id: "s", bus, model: null, index: 0 }];
    return bootDriverNotes({ ...before, machines: [{ ...web, controllers }] }, guests);
  };
  assert.deepEqual(notes("virtio-blk"), []);
  const [note] = notes("sata");
  assert.equal(note?.code, "guest/driver-missing");
  assert.match(note?.hint ?? "", /--bus virtio-blk/);
});

test("a system that nobody named is told by the disk, and one that somebody named is not", () => {
  const unnamed = source();
  assert.deepEqual(
    fillGuestSystems(unnamed, guests).map(({ code }) => code),
    ["guest/system-from-disk"],
  );
  assert.equal(unnamed.machines[0]?.guestOs.vmware, "debian12-64");
  const named = source();
  const [web] = named.machines;
  assert.ok(web !== undefined);
  web.guestOs = guestOs({ vmware: "ubuntu-64" });
  assert.deepEqual(fillGuestSystems(named, guests), []);
});
