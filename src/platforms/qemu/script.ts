import { quote } from "../shell.js";
import { EFI_IMAGES, SECURE_IMAGES } from "./firmware.js";
import type { QemuArgument } from "./hardware.js";

/** What a script starts. */
export interface ScriptInput {
  /** For the comment at the top: one line. */
  readonly name: string;
  readonly firmware: "bios" | "efi" | "efi-secure";
  /** File beside the script that keeps the EFI variables. */
  readonly variables: string;
  /** The word of `-vga`. */
  readonly vga: string;
  readonly arguments: readonly QemuArgument[];
}

/**
 * A POSIX shell script that starts a machine. Every value stands in single quotes; the script runs in its own folder, so file names are
 * relative; whatever the user adds comes last and wins.
 */
export function renderScript(input: ScriptInput): string {
  const firmware = input.firmware === "bios" ? "" : firmwareLines(input);
  const lines = input.arguments.map(([option, value]) => `  ${option} ${quote(value)} \\\n`);
  return `#!/bin/sh
# Starts ${input.name.replace(/[^\p{L}\p{N} ._-]/gu, "?")} with QEMU. Written by vmferry.
# Usage: run.sh [--serial] [QEMU OPTION...]
#   --serial     no window: the machine's first serial port is this terminal (Ctrl-A X ends the machine)
# Environment: QEMU (the program), QEMU_ACCEL (kvm, hvf, tcg)${input.firmware === "bios" ? "" : ", OVMF_CODE and OVMF_VARS (firmware images)"}
set -eu

CDPATH='' cd -- "$(dirname -- "$0")"

qemu=\${QEMU:-qemu-system-x86_64}
if ! command -v "$qemu" >/dev/null 2>&1; then
  echo "run.sh: $qemu is not installed; set QEMU to where it is" >&2
  exit 127
fi

# The host's processor where it may be used, emulation elsewhere.
accel=\${QEMU_ACCEL:-}
if [ -z "$accel" ]; then
  accel=tcg
  if [ -r /dev/kvm ] && [ -w /dev/kvm ]; then
    accel=kvm
  elif [ "$(uname -s)-$(uname -m)" = Darwin-x86_64 ]; then
    accel=hvf
  fi
fi

if [ "\${1:-}" = --serial ]; then
  shift
  set -- -display none -serial mon:stdio "$@"
else
  set -- -serial null -monitor vc "$@"
fi
${firmware}
# A second accelerator takes over where the first cannot start.
if [ "$accel" != tcg ]; then
  set -- -accel tcg "$@"
fi

exec "$qemu" -nodefaults -accel "$accel" -vga ${input.vga} \\
${lines.join("")}  "$@"
`;
}

function firmwareLines(input: ScriptInput): string {
  const secure = input.firmware === "efi-secure";
  const images = secure ? SECURE_IMAGES : EFI_IMAGES;
  const variables = quote(input.variables);
  const candidates = images.map(([code, vars]) => `  ${quote(code)} ${quote(vars)}`).join(" \\\n");
  return `
# EFI firmware: the code is shared and never written to, the variables belong to this machine.
find_firmware() {
  while [ $# -gt 1 ]; do
    if [ -r "$1" ] && [ -r "$2" ]; then
      code=$1
      vars=$2
      return 0
    fi
    shift 2
  done
  return 1
}
code=\${OVMF_CODE:-}
vars=\${OVMF_VARS:-}
if [ -z "$code" ] && ! find_firmware \\
${candidates}; then
  echo "run.sh: no ${secure ? "EFI firmware with keys for secure boot" : "EFI firmware"} found; install OVMF, or set OVMF_CODE and OVMF_VARS" >&2
  exit 1
fi
if [ -z "$vars" ] && [ ! -e ${variables} ]; then
  echo "run.sh: OVMF_CODE is set, but OVMF_VARS is not" >&2
  exit 1
fi
if [ ! -e ${variables} ]; then
  cp -- "$vars" ${variables}
  chmod u+w ${variables}
fi
# In an option's value a comma is doubled.
code=$(printf '%s' "$code" | sed 's/,/,,/g')
set -- -drive "if=pflash,unit=0,format=raw,readonly=on,file=$code" \\
  -drive ${quote(`if=pflash,unit=1,format=raw,file=${input.variables}`)} ${
    secure ? "\\\n  -global driver=cfi.pflash01,property=secure,value=on -global ICH9-LPC.disable_s3=1 " : ""
  }"$@"
`;
}
