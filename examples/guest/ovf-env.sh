#!/bin/sh
# The OVF environment of the guest that this runs in, for guests without vmferry:
#   ovf-env.sh        prints the document       ovf-env.sh KEY    prints the value of a property
# Run it as root: volumes are mounted, and files of /sys read. ROOT=/other looks in another root, and asks no programs there.
set -u
root=${ROOT:-}
document=

# Takes a text that looks like an environment.
take() {
  case $1 in *'<'*Environment*) document=$1 ;; *) return 1 ;; esac
}

from_file() {
  [ -f "$1" ] && take "$(head -c 1048576 "$1" 2>/dev/null | tr -d '\000')"
}

# CDs and other volumes: VMware's, VirtualBox's and vmferry's have the file in their root, and so has the seed for cloud-init.
from_volumes() {
  at=$(mktemp -d) || return 1
  for block in "$root"/sys/class/block/sr* "$root"/sys/class/block/[!lrs]* "$root"/sys/class/block/s[!r]*; do
    [ -e "$block" ] && mount -t iso9660 -o ro "$root/dev/${block##*/}" "$at" 2>/dev/null || continue
    from_file "$at/ovf-env.xml" || from_file "$at/OVF_ENV.XML" || from_file "$at/ovf_env.xml"
    umount "$at"
    [ -n "$document" ] && break
  done
  rmdir "$at"
  [ -n "$document" ]
}

from_programs() {
  [ -z "$root" ] || return 1
  take "$(vmtoolsd --cmd 'info-get guestinfo.ovfEnv' 2>/dev/null)" ||
    take "$(vmware-rpctool 'info-get guestinfo.ovfEnv' 2>/dev/null)" ||
    take "$(xenstore-read vm-data/ovf-env 2>/dev/null)"
}

from_files() {
  for name in sys/firmware/qemu_fw_cfg/by_name/opt/vmferry/ovf-env/raw sys/firmware/qemu_fw_cfg/by_name/opt/ovf-env/raw \
    var/lib/cloud/seed/ovf/ovf-env.xml var/lib/cloud/seed/nocloud/ovf-env.xml; do
    from_file "$root/$name" && return
  done
}

# The value of an attribute of a tag, as it stands, and without XML's escapes.
attribute() { printf '%s\n' "$1" | sed -n "s/.*[[:space:]:]$2=\"\([^\"]*\)\".*/\1/p;t
s/.*[[:space:]:]$2='\([^']*\)'.*/\1/p" | sed "s/&lt;/</g;s/&gt;/>/g;s/&quot;/\"/g;s/&apos;/'/g;s/&#\(10\|xA\|xa\);/\\
/g;s/&amp;/\&/g"; }

from_volumes || from_programs || from_files || { echo 'ovf-env: there is no OVF environment' >&2; exit 1; }
[ $# -eq 0 ] && { printf '%s\n' "$document"; exit; }
# What stands in front of the first other machine (Entity) is this one's own.
printf '%s' "$document" | tr '\n<' ' \n' | sed '/^[A-Za-z0-9_]*:\{0,1\}Entity[ />]/,$d' | grep 'Property ' | {
  while IFS= read -r tag; do [ "$(attribute "$tag" key)" = "$1" ] && { attribute "$tag" value; exit; }; done
  echo "ovf-env: there is no property $1" >&2
  exit 1
}
