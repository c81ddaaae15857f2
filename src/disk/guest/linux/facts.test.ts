import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../../../../test/support/fast-check.js";
import type { Tree } from "../../../../test/support/guest-tree.js";
import { DEBIAN, ROCKY, treeFiles } from "../../../../test/support/linux-trees.js";
import type { DriverFact } from "../model.js";
import { isLinuxRoot, type LinuxFacts, linuxFacts } from "./facts.js";

async function factsOf(tree: Tree): Promise<LinuxFacts> {
  const files = treeFiles(tree);
  return linuxFacts(files, { files, folder: "/boot" });
}

/** Drivers of the newest kernel: where each is, and whether it is there in time. */
function drivers(facts: LinuxFacts): Readonly<Record<string, string>> {
  const told = (fact: DriverFact): string => `${fact.kernel} ${fact.available} ${fact.sure}`;
  return Object.fromEntries((facts.kernels[0]?.drivers ?? []).map((fact) => [fact.driver, told(fact)]));
}

describe("a Debian", () => {
  it("says its version, and its kernels from the newest", async () => {
    const facts = await factsOf(DEBIAN);
    assert.equal(facts.id, "debian");
    assert.equal(facts.versionId, "12");
    assert.equal(facts.prettyName, "Debian GNU/Linux 12 (bookworm)");
    assert.deepEqual(
      facts.kernels.map(({ version, initramfs }) => [version, initramfs]),
      [
        ["6.1.0-21-amd64", "/boot/initrd.img-6.1.0-21-amd64"],
        ["6.1.0-9-amd64", "/boot/initrd.img-6.1.0-9-amd64"],
      ],
    );
  });

  it("that makes initial RAM disks for any machine is likely to hold each driver that is a module", async () => {
    const facts = await factsOf(DEBIAN);
    assert.deepEqual(facts.initramfs, {
      maker: "initramfs-tools",
      scope: "generic",
      named: [],
      sure: "read",
      reason: "MODULES=most in /etc/initramfs-tools/initramfs.conf",
    });
    const told = drivers(facts);
    assert.equal(told.virtio_blk, "module yes likely");
    assert.equal(told.xen_blkfront, "module yes likely");
    assert.equal(told.ata_piix, "built-in yes read");
    assert.equal(told.vmxnet3, "module yes read");
    assert.equal(told.tulip, "absent no read");
  });

  it("whose settings name drivers of this machine alone holds others only if they were needed", async () => {
    const told = async (more: Tree): Promise<Readonly<Record<string, string>>> =>
      drivers(await factsOf({ ...DEBIAN, ...more }));
    const dep = await told({ "etc/initramfs-tools/conf.d/driver-policy": "MODULES=dep\n" });
    assert.equal(dep.virtio_blk, "module source-only likely");
    assert.equal(dep.ata_piix, "built-in yes read");
    assert.equal(dep.virtio_net, "module yes read");
    const listed = await told({
      "etc/initramfs-tools/initramfs.conf": "MODULES=list\n",
      "etc/initramfs-tools/modules": "# modules\nvirtio_pci\nvirtio-blk  option=1\n",
    });
    assert.equal(listed.virtio_blk, "module yes likely");
    assert.equal(listed.nvme, "module no likely");
    assert.equal(
      (await told({ "etc/initramfs-tools/initramfs.conf": "MODULES=constructor\n" })).nvme,
      "module unknown unknown",
    );
    assert.equal((await told({ "etc/initramfs-tools/initramfs.conf": "" })).nvme, "module yes likely");
  });

  it("without an initial RAM disk starts by what is built into the kernel", async () => {
    const { "boot/initrd.img-6.1.0-21-amd64": _, ...tree } = DEBIAN;
    assert.equal(drivers(await factsOf(tree)).virtio_blk, "module no likely");
  });

  it("without virtio's own bus has no virtio disk, and without lists of modules nothing is told", async () => {
    const { "lib/modules/6.1.0-21-amd64/kernel/drivers/virtio/virtio_pci.ko": _, ...tree } = DEBIAN;
    assert.equal(drivers(await factsOf(tree)).virtio_blk, "absent no read");
    const { "lib/modules/6.1.0-21-amd64/modules.dep": __, ...other } = tree;
    assert.equal(drivers(await factsOf(other)).virtio_blk, "unknown unknown unknown");
  });

  it("shows where it names devices by bus or order, and no other places", async () => {
    const uses = (await factsOf(DEBIAN)).deviceNames.map(
      (use) => `${use.file}:${use.line} ${use.purpose} ${use.device} ${use.mountPoint}`,
    );
    assert.deepEqual(uses, [
      "/etc/fstab:2 mount /dev/sda1 /",
      "/etc/fstab:5 mount /dev/disk/by-path/pci-0000:03:00.0-scsi-0:0:1:0 /data",
      "/etc/fstab:8 swap /dev/sda5 null",
      "/etc/crypttab:1 encryption /dev/sdc null",
      "/etc/default/grub:3 resume /dev/sda5 null",
      "/etc/initramfs-tools/conf.d/resume:1 resume /dev/sda5 null",
      "/boot/grub/grub.cfg:3 root /dev/sda1 null",
      "/boot/grub/device.map:1 boot loader /dev/disk/by-id/scsi-36000c29a1b2c3d4e null",
    ]);
  });

  it("shows its network cards and guest tools", async () => {
    const { interfaces, tools } = await factsOf(DEBIAN);
    assert.deepEqual(
      interfaces.map(({ by, name, mac, fixed }) => [by, name, mac, fixed]),
      [
        ["ifupdown", "ens192", "00:50:56:ab:cd:ef", true],
        ["ifupdown", "ens224", null, false],
        ["udev", "eth0", "00:50:56:ab:cd:ef", false],
      ],
    );
    assert.deepEqual(tools, [{ id: "open-vm-tools", path: "/usr/bin/vmtoolsd" }]);
  });
});

describe("a system of Red Hat's family", () => {
  it("that dracut prepares for its host holds what settings name, and the rest if it was needed", async () => {
    const facts = await factsOf(ROCKY);
    assert.deepEqual(
      [facts.id, facts.initramfs.maker, facts.initramfs.scope, facts.initramfs.named],
      ["rocky", "dracut", "host-only", ["virtio_scsi", "xen_blkfront", "hv_storvsc"]],
    );
    assert.equal(facts.kernels.length, 1);
    const told = drivers(facts);
    assert.equal(told.virtio_scsi, "module yes likely");
    assert.equal(told.hv_storvsc, "module yes likely");
    assert.equal(told.virtio_blk, "module source-only likely");
    assert.equal(told.mptspi, "absent no read");
  });

  it("whose file in /etc takes the place of the shipped one of that name holds drivers of any machine", async () => {
    const generic = await factsOf({ ...ROCKY, "etc/dracut.conf.d/02-generic-image.conf": 'hostonly="no"\n' });
    assert.equal(drivers(generic).virtio_blk, "module yes likely");
    const replaced = await factsOf({ ...ROCKY, "etc/dracut.conf.d/01-dist.conf": "\n" });
    assert.deepEqual([replaced.initramfs.scope, replaced.initramfs.sure], ["generic", "likely"]);
  });

  it("shows cards by name and address, and nothing else of its connections", async () => {
    const facts = await factsOf(ROCKY);
    assert.deepEqual(
      facts.interfaces.map(({ by, name, mac, fixed }) => [by, name, mac, fixed]),
      [
        ["NetworkManager", "ens3", "52:54:00:12:34:56", true],
        ["ifcfg", "eth1", "52:54:00:aa:bb:cc", true],
      ],
    );
    assert.ok(!JSON.stringify(facts).includes("planted"));
    assert.deepEqual(
      facts.deviceNames.map(({ device, purpose }) => [device, purpose]),
      [["/dev/nvme0n1p3", "root"]],
    );
    assert.deepEqual(
      facts.tools.map(({ id }) => id),
      ["qemu-guest-agent"],
    );
  });
});

describe("other systems", () => {
  it("Ubuntu's netplan names cards, or matches them by address", async () => {
    const { interfaces } = await factsOf({
      "etc/netplan/50-cloud-init.yaml": [
        "# This file is generated",
        "network:",
        "    version: 2",
        "    ethernets:",
        "        ens160:",
        "            addresses:",
        "            - 192.0.2.20/24",
        "            nameservers:",
        "                addresses: [192.0.2.1]",
        "        second:",
        "            match:",
        "                macaddress: '00:0C:29:01:02:03' # of the second card",
        "            set-name: lan0",
        "            dhcp4: true",
        "        third: {dhcp4: true}",
        '        "fourth":',
        "            match: ",
        "                macaddress: 00:0c:29:01:02:04",
        "            nameservers:",
        "                addresses: [192.0.2.1]",
        "    bridges:",
        "        br0:",
        "            addresses: [198.51.100.1/24]",
        "",
      ].join("\n"),
    });
    assert.deepEqual(
      interfaces.map(({ name, mac, fixed }) => [name, mac, fixed]),
      [
        ["ens160", null, true],
        ["lan0", "00:0c:29:01:02:03", false],
        ["third", null, false],
        [null, "00:0c:29:01:02:04", false],
      ],
    );
  });

  it("systemd's own files match by name or by address", async () => {
    const { interfaces } = await factsOf({
      "etc/systemd/network/10-lan.network": "[Match]\nName=enp1s0\n[Network]\nAddress=192.0.2.3/24\n",
      "etc/systemd/network/20-name.link": "[Match]\nPermanentMACAddress=00:16:3e:00:00:01\n[Link]\nName=wan0\n",
    });
    assert.deepEqual(
      interfaces.map(({ name, mac, fixed }) => [name, mac, fixed]),
      [
        ["enp1s0", null, true],
        ["wan0", "00:16:3e:00:00:01", false],
      ],
    );
  });

  it("Alpine's features and flavours of kernels are understood", async () => {
    const facts = await factsOf({
      "etc/os-release": "ID=alpine\nVERSION_ID=3.20.0\n",
      "etc/mkinitfs/mkinitfs.conf": 'features="ata base ide scsi usb virtio ext4"\n',
      "boot/vmlinuz-virt": "kernel",
      "boot/initramfs-virt": "ramdisk",
      "lib/modules/6.6.31-0-virt/modules.builtin": "",
      "lib/modules/6.6.31-0-virt/modules.dep": "",
      "lib/modules/6.6.31-0-virt/kernel/drivers/nvme/host/nvme.ko.gz": "ELF",
      "lib/modules/6.6.31-0-virt/kernel/drivers/virtio/virtio_pci.ko.gz": "ELF",
      "lib/modules/6.6.31-0-virt/kernel/drivers/block/virtio_blk.ko.gz": "ELF",
    });
    assert.deepEqual([facts.kernels[0]?.version, facts.kernels[0]?.initramfs], ["virt", "/boot/initramfs-virt"]);
    assert.equal(drivers(facts).virtio_blk, "module yes likely");
    assert.equal(drivers(facts).nvme, "module no likely");
  });

  it("Arch's hooks say whether drivers of this machine alone are taken", async () => {
    const tree: Tree = {
      "etc/mkinitcpio.conf": "MODULES=(virtio_blk)\nHOOKS=(base udev autodetect modconf block)\n",
      "etc/fstab": "",
    };
    const facts = await factsOf(tree);
    assert.deepEqual([facts.initramfs.scope, facts.initramfs.named], ["host-only", ["virtio_blk"]]);
    const all = await factsOf({ "etc/mkinitcpio.conf": "HOOKS=(base udev modconf block)\n" });
    assert.equal(all.initramfs.scope, "generic");
  });

  it("every kind of tool is told by its program", async () => {
    const programs = [
      "usr/sbin/VBoxService",
      "usr/sbin/qemu-ga",
      "usr/sbin/xe-daemon",
      "usr/sbin/hv_kvp_daemon",
      "usr/bin/cloud-init",
    ];
    const { tools } = await factsOf(Object.fromEntries(programs.map((path) => [path, "ELF"])));
    assert.deepEqual(
      new Set(tools.map(({ id }) => id)),
      new Set(["virtualbox-guest", "qemu-guest-agent", "xen-guest", "hyperv-daemons", "cloud-init"]),
    );
    const own = await factsOf({ "opt/VBoxGuestAdditions-7.0.10/init/vboxadd": "#!/bin/sh" });
    assert.deepEqual(own.tools, [{ id: "virtualbox-guest", path: "/opt/VBoxGuestAdditions-7.0.10" }]);
  });
});

it("a root is told by what every release has, and an empty one is none", async () => {
  assert.equal(await isLinuxRoot(treeFiles(DEBIAN)), true);
  assert.equal(await isLinuxRoot(treeFiles({ "etc/fstab": "", "sbin/init": "ELF" })), true);
  assert.equal(await isLinuxRoot(treeFiles({ "home/user/etc/os-release": "" })), false);
  assert.equal(await isLinuxRoot(treeFiles({})), false);
});

it("a boot folder whose root is not read shows its kernels, and says that nothing is known of their drivers", async () => {
  const files = treeFiles({
    "vmlinuz-5.14.0": "kernel",
    "initramfs-5.14.0.img": "ramdisk",
    "grub2/grubenv": "kernelopts=root=/dev/sda3 ro\n",
  });
  const facts = await linuxFacts(null, { files, folder: "" });
  assert.deepEqual(
    [facts.id, facts.kernels[0]?.version, facts.kernels[0]?.initramfs],
    [null, "5.14.0", "/initramfs-5.14.0.img"],
  );
  assert.equal(drivers(facts).virtio_blk, "unknown unknown unknown");
  assert.deepEqual(
    facts.deviceNames.map(({ device }) => device),
    ["/dev/sda3"],
  );
});

it("settings that are damaged or endless never fail, and are cut", async () => {
  const paths = Object.keys({ ...DEBIAN, ...ROCKY }).filter((path) => !path.startsWith("lib/modules"));
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.constantFrom(
      "iface ".repeat(9000),
      "[".repeat(9000),
      " ".repeat(60_000),
      "a:\n".repeat(9000),
      `${"\t".repeat(60_000)}x`,
      `x${" ".repeat(120_000)}y`,
      `a=${" ".repeat(120_000)}y`,
    ),
    fc
      .constantFrom(..."/dev/sda1 root=/dev/sda / ethernets: [match] = \" ' # {".split(" "))
      .map((word) => `${word} `.repeat(5000)),
  );
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.constantFrom(...paths), text, { maxKeys: 8 }), async (changes) => {
      const started = process.cpuUsage();
      const facts = await factsOf({ ...DEBIAN, ...changes });
      assert.ok(facts.deviceNames.every(({ device }) => device.length <= 200));
      assert.ok(JSON.stringify(facts).length < 200_000);
      assert.ok(process.cpuUsage(started).user < 2e6, "too long");
    }),
    { numRuns: 150 },
  );
});
