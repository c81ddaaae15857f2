/** Settings of Linux systems as their installers write them, as far as a look at a guest reads them. */
import type { GuestFiles } from "../../src/disk/guest/files.js";
import { contentOf, type Tree } from "./guest-tree.js";

/** Files that are held in memory, links followed as far as tests need: whole paths of files. */
export function treeFiles(tree: Tree): GuestFiles {
  const paths = Object.keys(tree).map((path) => `/${path}`);
  const clean = (path: string): string => `/${path}`.replace(/\/+/g, "/").replace(/(.)\/$/, "$1");
  const namesIn = (path: string): string[] => {
    const folder = clean(path) === "/" ? "/" : `${clean(path)}/`;
    const below = paths.filter((one) => one.startsWith(folder)).map((one) => one.slice(folder.length).split("/")[0]);
    return [...new Set(below)].filter((name) => name !== undefined);
  };
  const entry = (path: string) => (Object.hasOwn(tree, clean(path).slice(1)) ? tree[clean(path).slice(1)] : undefined);
  return {
    stale: false,
    async find(path) {
      const one = entry(path);
      if (one !== undefined && !(typeof one === "object" && "folder" in one)) {
        return { type: "file", size: contentOf(one).length };
      }
      return one !== undefined || namesIn(path).length > 0 ? { type: "directory", size: 4096 } : null;
    },
    async read(path, most) {
      const one = entry(path);
      return one === undefined || (typeof one === "object" && "folder" in one) ? null : contentOf(one).slice(0, most);
    },
    list: async (path) => namesIn(path),
  };
}

const modules = (version: string, paths: readonly string[], ending = ".ko"): Tree => ({
  [`lib/modules/${version}/modules.dep`]: paths.map((path) => `kernel/drivers/${path}${ending}:\n`).join(""),
  ...Object.fromEntries(paths.map((path) => [`lib/modules/${version}/kernel/drivers/${path}${ending}`, "ELF"])),
});

/** Drivers that Debian's full kernel has as modules. */
const DEBIAN_MODULES = [
  "ata/ata_piix",
  "ata/ahci",
  "nvme/host/nvme",
  "message/fusion/mptspi",
  "message/fusion/mptsas",
  "scsi/sym53c8xx_2/sym53c8xx",
  "scsi/vmw_pvscsi",
  "scsi/virtio_scsi",
  "scsi/hv_storvsc",
  "block/virtio_blk",
  "block/xen-blkfront",
  "virtio/virtio_pci",
  "hv/hv_vmbus",
  "net/ethernet/intel/e1000/e1000",
  "net/ethernet/intel/e1000e/e1000e",
  "net/vmxnet3/vmxnet3",
  "net/virtio_net",
  "net/hyperv/hv_netvsc",
  "net/xen-netfront",
];

/** A Debian that was installed by hand on VMware: device names in fstab, a fixed address, open-vm-tools. */
export const DEBIAN: Tree = {
  "usr/lib/os-release":
    'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n',
  "boot/vmlinuz-6.1.0-9-amd64": "kernel",
  "boot/initrd.img-6.1.0-9-amd64": "ramdisk",
  "boot/vmlinuz-6.1.0-21-amd64": "kernel",
  "boot/initrd.img-6.1.0-21-amd64": "ramdisk",
  "boot/grub/grub.cfg": [
    "menuentry 'Debian' {",
    "  set root='hd0,msdos1'",
    "  linux /boot/vmlinuz-6.1.0-21-amd64 root=/dev/sda1 ro quiet",
    "}",
    "menuentry 'Debian, again' {",
    "  linux /boot/vmlinuz-6.1.0-9-amd64 root=/dev/sda1 ro single",
    "}",
    "",
  ].join("\n"),
  "boot/grub/device.map": "(hd0)\t/dev/disk/by-id/scsi-36000c29a1b2c3d4e\n",
  "etc/default/grub": 'GRUB_DEFAULT=0\n#GRUB_CMDLINE_LINUX="root=/dev/sdz9"\nGRUB_CMDLINE_LINUX="resume=/dev/sda5"\n',
  "etc/initramfs-tools/initramfs.conf":
    "#\n# MODULES: [ most | netboot | dep | list ]\n#\n\nMODULES=most\nCOMPRESS=zstd\n",
  "etc/initramfs-tools/conf.d/resume": "RESUME=/dev/sda5\n",
  "etc/fstab": [
    "# <file system> <mount point> <type> <options> <dump> <pass>",
    "/dev/sda1 / ext4 errors=remount-ro 0 1",
    "# /home was on /dev/sdb1",
    "UUID=3f0a8a0c-1111-2222-3333-444455556666 /home ext4 defaults 0 2",
    "/dev/disk/by-path/pci-0000:03:00.0-scsi-0:0:1:0 /data ext4 defaults 0 2",
    "/dev/disk/by-id/lvm-pv-uuid-abc /stays ext4 defaults 0 2",
    "/dev/mapper/vg-lv /srv ext4 defaults 0 2",
    "/dev/sda5 none swap sw 0 0",
    "",
  ].join("\n"),
  "etc/crypttab": "secret /dev/sdc none luks\n",
  "etc/network/interfaces": [
    "source /etc/network/interfaces.d/*",
    "auto lo",
    "iface lo inet loopback",
    "allow-hotplug ens192",
    "iface ens192 inet static",
    "\taddress 192.0.2.7/24",
    "\thwaddress ether 00:50:56:AB:CD:EF",
    "",
  ].join("\n"),
  "etc/network/interfaces.d/second": "iface ens224 inet dhcp\n",
  "etc/udev/rules.d/70-persistent-net.rules":
    '# net device\nSUBSYSTEM=="net", ACTION=="add", DRIVERS=="?*", ATTR{address}=="00:50:56:ab:cd:ef", ATTR{type}=="1", KERNEL=="eth*", NAME="eth0"\n',
  "usr/bin/vmtoolsd": "ELF",
  "lib/modules/6.1.0-9-amd64/modules.builtin": "kernel/drivers/virtio/virtio.ko\n",
  "lib/modules/6.1.0-21-amd64/modules.builtin": "kernel/drivers/virtio/virtio.ko\nkernel/drivers/ata/ata_piix.ko\n",
  ...modules("6.1.0-9-amd64", DEBIAN_MODULES),
  ...modules(
    "6.1.0-21-amd64",
    DEBIAN_MODULES.filter((path) => path !== "ata/ata_piix"),
  ),
};

/** A system of Red Hat's family: dracut for this host alone, connections bound to MAC addresses. */
export const ROCKY: Tree = {
  "etc/os-release": 'NAME="Rocky Linux"\nVERSION_ID="9.3"\nID="rocky"\nPRETTY_NAME="Rocky Linux 9.3 (Blue Onyx)"\n',
  "etc/dracut.conf": "# PUT YOUR CONFIG IN separate files\n",
  "usr/lib/dracut/dracut.conf.d/01-dist.conf": 'hostonly="yes"\nadd_drivers+=" virtio_scsi "\n',
  "etc/dracut.conf.d/vmware.conf": 'force_drivers+=" xen-blkfront hv_storvsc "\n',
  "boot/vmlinuz-5.14.0-362.el9.x86_64": "kernel",
  "boot/initramfs-5.14.0-362.el9.x86_64.img": "ramdisk",
  "boot/vmlinuz-0-rescue-0123456789abcdef": "kernel",
  "boot/loader/entries/0123-5.14.0.conf":
    "title Rocky\nlinux /vmlinuz-5.14.0-362.el9.x86_64\noptions root=/dev/nvme0n1p3 ro\n",
  "etc/NetworkManager/system-connections/ens3.nmconnection": [
    "[connection]",
    "id=ens3",
    "type=ethernet",
    "interface-name=ens3",
    "[ethernet]",
    "mac-address=52:54:00:12:34:56",
    "[ipv4]",
    "method=manual",
    "address1=192.0.2.9/24,192.0.2.1",
    "[wifi-security]",
    "psk=planted",
    "",
  ].join("\n"),
  "etc/NetworkManager/system-connections/any.nmconnection": "[connection]\nid=any\n[ipv4]\nmethod=auto\n",
  "etc/sysconfig/network-scripts/ifcfg-eth1":
    'TYPE=Ethernet\nDEVICE="eth1"\nHWADDR=52-54-00-AA-BB-CC\nBOOTPROTO=none\nIPADDR=192.0.2.10\n',
  "usr/sbin/qemu-ga": "ELF",
  "lib/modules/5.14.0-362.el9.x86_64/modules.builtin": "",
  ...modules(
    "5.14.0-362.el9.x86_64",
    DEBIAN_MODULES.filter((path) => !path.startsWith("message/")),
    ".ko.xz",
  ),
};
