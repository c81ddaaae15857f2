/** The start of a line that the guest says; then `name=value`, with spaces between. */
export const SAYS = "VMFERRY-GUEST";
/** Label of the volume that holds the data. */
export const LABEL = "vmferry";
/** The data's path on it. */
export const DATA = "data/cargo";

/** Drivers of disks that the guest brings. */
export const DISK_DRIVERS: readonly string[] = [
  "ata_piix",
  "ahci",
  "nvme",
  "mptspi",
  "mptsas",
  "sym53c8xx",
  "vmw_pvscsi",
  "virtio_blk",
  "virtio_scsi",
  "hv_storvsc",
  "xen-blkfront",
];

/** Of CD drives, of what is on CDs, and of the power button. */
export const ENVIRONMENT_MODULES: readonly string[] = ["sr_mod", "isofs", "button", "evdev", "qemu_fw_cfg"];

/** Drivers that the guest brings: of disks, of network cards, and the file system. */
export const GUEST_MODULES: readonly string[] = [
  "virtio_pci",
  ...DISK_DRIVERS,
  ...["sd_mod", "crc32c_generic", "ext4"],
  ...["e1000", "e1000e", "vmxnet3", "virtio_net", "pcnet32", "8139cp", "8139too", "tulip", "hv_netvsc", "xen-netfront"],
];

/**
 * What the kernel starts: loads drivers, waits for the volume by its label (for ten seconds and more), says what it found, and powers off. Names of
 * devices are never used to find anything.
 */
export const INIT: string = `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
for module in $(cat /modules/order); do insmod /modules/$module.ko 2>/dev/null; done
disk=
for i in $(seq 50); do
  for block in /sys/class/block/*; do
    name=$(basename "$block")
    # Where an ext file system has its label. Debian's static busybox has no blkid.
    label=$(dd if="/dev/$name" bs=1 skip=1144 count=16 2>/dev/null | tr -d '\\0')
    [ "$label" = ${LABEL} ] && disk=/dev/$name
  done
  [ -n "$disk" ] && break
  sleep 0.2
done
# The driver nearest to the disk that is none of the kernel's own for all SCSI disks.
driver_of() {
  at=$(readlink -f "$1")
  while [ "$at" != / ] && [ -n "$at" ]; do
    if [ -e "$at/driver" ]; then
      name=$(basename "$(readlink -f "$at/driver")")
      [ "$name" = sd ] || { echo "$name"; return; }
    fi
    at=$(dirname "$at")
  done
  echo none
}
sum=none
if [ -n "$disk" ] && mount -t ext4 -o ro "$disk" /mnt; then
  sum=$(sha256sum /mnt/${DATA} | cut -d' ' -f1)
  umount /mnt
fi
nics=
for nic in /sys/class/net/*; do
  [ -e "$nic/device" ] && nics="$nics,$(driver_of "$nic/device")"
done
firmware=bios
[ -d /sys/firmware/efi ] && firmware=efi
nics=\${nics#,}
echo "${SAYS} sha256=$sum disk=$(driver_of "/sys/class/block/$(basename "$disk")") nic=\${nics:-none} firmware=$firmware" >/dev/ttyS0
sleep 0.1
poweroff -f
`;

/** Start of lines with what a guest has of its OVF environment. */
export const HAS = "VMFERRY-PROPERTY";

/**
 * The same for guests that say their OVF environment: each property of the machine itself, one on a line, as \`key=value\`, with XML's escapes as
 * they stand; then whether the neighbour's address answers. With a property \`listen\` they say their firmware to whoever connects to that port.
 * They stay until somebody presses the power button.
 */
export const ENVIRONMENT_INIT: string = `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
for module in $(cat /modules/order); do insmod /modules/$module.ko 2>/dev/null; done
for i in $(seq 150); do
  for drive in /dev/sr*; do
    mount -t iso9660 -o ro "$drive" /mnt 2>/dev/null && break
  done
  [ -e /mnt/ovf-env.xml ] && break
  sleep 0.2
done
# What stands in front of the first other machine is this one's own.
sed '/<Entity/,$d' /mnt/ovf-env.xml | sed -n 's/.*oe:key="\\([^"]*\\)" oe:value="\\([^"]*\\)".*/${HAS} \\1=\\2/p' >/dev/ttyS0
address=$(sed '/<Entity/,$d' /mnt/ovf-env.xml | sed -n 's/.*oe:key="address" oe:value="\\([^"]*\\)".*/\\1/p')
neighbour=$(sed '/<Entity/,$d' /mnt/ovf-env.xml | sed -n 's/.*oe:key="neighbour" oe:value="\\([^"]*\\)".*/\\1/p')
nic=$(ls /sys/class/net | grep -v '^lo$' | head -n 1)
if [ -n "$address" ]; then
  ifconfig "$nic" "$address" netmask 255.255.255.0 up
  [ -n "$neighbour" ] && for i in $(seq 50); do
    ping -c 1 -W 1 "$neighbour" >/dev/null 2>&1 && echo "${HAS} reached=$neighbour" >/dev/ttyS0 && break
  done
fi
if grep -q 'oe:key="ways"' /mnt/ovf-env.xml; then
  # By the script for guests without Node.js: from a CD, and from a root that has no drives. Then what cloud-init would find.
  echo "${HAS} cd=$(/bin/sh /ovf-env.sh ways)" >/dev/ttyS0
  mkdir /other /seed
  ln -s /sys /other/sys
  echo "${HAS} fw_cfg=$(ROOT=/other /bin/sh /ovf-env.sh ways)" >/dev/ttyS0
  for drive in /dev/sr*; do
    mount -t iso9660 -o ro "$drive" /seed 2>/dev/null && [ -e /seed/user-data ] && break
    umount /seed 2>/dev/null
  done
  echo "${HAS} seed=$(sed -n 's/.*"local-hostname": "\\(.*\\)".*/\\1/p' /seed/meta-data) $(head -n 1 /seed/user-data)" >/dev/ttyS0
fi
firmware=bios
[ -d /sys/firmware/efi ] && firmware=efi
listen=$(sed '/<Entity/,$d' /mnt/ovf-env.xml | sed -n 's/.*oe:key="listen" oe:value="\\([^"]*\\)".*/\\1/p')
[ -n "$listen" ] && while true; do echo "${HAS} firmware=$firmware" | nc -l -p "$listen"; done &
button=
for i in $(seq 50); do
  button=$(grep -A 5 'Name="Power Button"' /proc/bus/input/devices | sed -n 's/.*\\(event[0-9]*\\).*/\\1/p' | head -n 1)
  [ -n "$button" ] && break
  sleep 0.2
done
echo "${HAS} end" >/dev/ttyS0
dd if="/dev/input/$button" of=/dev/null bs=24 count=1 2>/dev/null
echo "${HAS} off" >/dev/ttyS0
sleep 0.1
poweroff -f
`;
