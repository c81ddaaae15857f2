#!/usr/bin/env bash
# Fetches what guests of the tests are made of, as Debian's packages of this release, and unpacks it: a full kernel with its
# modules, a static busybox, GRUB for BIOS and EFI. Nothing is installed. Does nothing where it is all there.
#
#   parts.sh [FOLDER]     /opt/peers/guest by default, where tests look for it; else name it in VMFERRY_GUEST_PARTS
set -euo pipefail
FOLDER=${1:-${VMFERRY_GUEST_PARTS:-/opt/peers/guest}}
[ -e "$FOLDER/complete" ] && exit 0
WORK=$(mktemp -d "${TMPDIR:-/tmp}/vmferry-parts.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"
# The package of that name is empty: it depends on the kernel of the day.
kernel() { apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: \(linux-image-[0-9].*-amd64\)$/\1/p' | head -n 1; }
KERNEL=$(kernel)
[ -n "$KERNEL" ] || { apt-get update -q; KERNEL=$(kernel); }
PACKAGES=("$KERNEL" busybox-static grub-pc-bin grub-efi-amd64-bin)
timeout 300 apt-get download -q "${PACKAGES[@]}" || { apt-get update -q; timeout 300 apt-get download -q "${PACKAGES[@]}"; }
rm -rf "$FOLDER"
mkdir -p "$FOLDER"
for package in *.deb; do dpkg-deb -x "$package" "$FOLDER"; done
touch "$FOLDER/complete"
