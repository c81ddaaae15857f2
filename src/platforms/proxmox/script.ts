import { quote } from "../shell.js";
import type { DriveSetting, MachineSettings, ValuePart } from "./settings.js";

/** What a script needs to know beyond the machine. */
export interface ScriptInput {
  /** Name of the script, for messages. */
  readonly script: string;
  readonly storage: string;
  readonly isoStorage: string;
  readonly bridge: string;
}

/**
 * A POSIX shell script that makes a machine with `qm`. Every value stands in single quotes. It refuses to make a machine twice, and takes back
 * what it made where it fails. Sources: qm(1), pvesh(1), pvesm(1).
 */
export function renderImportScript(machine: MachineSettings, input: ScriptInput): string {
  const { script } = input;
  const files = [...new Set(machine.drives.flatMap(({ file }) => (file === null ? [] : [file])))];
  const isos = [
    ...new Set(machine.drives.flatMap(({ kind, file }) => (kind === "iso" && file !== null ? [file] : []))),
  ];
  const create = [
    `--name ${quote(machine.name)}`,
    ...(machine.description === null ? [] : [`--description ${quote(machine.description)}`]),
    ...machine.settings.map(({ key, value }) => `--${key} ${shellValue(value)}`),
  ];
  const drives = machine.drives.map((drive) => `run qm set "$vmid" --${drive.key} ${driveValue(drive)}`);
  const order = machine.order === "" ? [] : [`run qm set "$vmid" --boot ${quote(`order=${machine.order}`)}`];
  return `#!/bin/sh
# Makes a machine on a host of Proxmox VE. Written by vmferry.
# Usage: ${script} [--vmid N] [--storage NAME] [--iso-storage NAME] [--bridge NAME] [--dry-run]
#   --vmid N            number of the machine; left out: the next free one
#   --storage NAME      where its disks are put (${input.storage})
#   --iso-storage NAME  where its CD images are put (${input.isoStorage})
#   --bridge NAME       bridge of network cards whose network the host does not have (${input.bridge})
#   --dry-run           shows the commands, and makes nothing
# Texts stand in single quotes, so that nothing in them means anything to the shell:
# shellcheck disable=SC2016
set -eu

fail() {
  echo ${quote(`${script}: `)}"$*" >&2
  exit 1
}

name=${quote(machine.name)}
vmid=
storage=${quote(input.storage)}
iso_storage=${quote(input.isoStorage)}
bridge=${quote(input.bridge)}
dry_run=no
while [ $# -gt 0 ]; do
  case $1 in
  --vmid | --storage | --iso-storage | --bridge)
    [ $# -gt 1 ] || fail "$1 needs a value"
    case $1 in
    --vmid) vmid=$2 ;;
    --storage) storage=$2 ;;
    --iso-storage) iso_storage=$2 ;;
    --bridge) bridge=$2 ;;
    esac
    shift 2
    ;;
  --dry-run)
    dry_run=yes
    shift
    ;;
  *) fail "unknown option $1" ;;
  esac
done
case $vmid in *[!0-9]*) fail "the number of a machine is made of digits: $vmid" ;; esac
for word in "$storage" "$iso_storage" "$bridge"; do
  case $word in '' | *[!A-Za-z0-9._-]*) fail "names of storages and bridges are made of letters, digits, dots and hyphens: $word" ;; esac
done

CDPATH='' cd -- "$(dirname -- "$0")"
here=$(pwd -P)
# In the settings of a drive a comma ends a value.
case $here in *,*) fail "the folder must have no comma in its path: $here" ;; esac
${files.map((file) => `[ -f ${quote(`./${file}`)} ] || fail ${quote(`${file} is not beside this script`)}\n`).join("")}
# Shows a command, or runs it.
run() {
  if [ "$dry_run" = yes ]; then
    printf '%s' "$1"
    shift
    for word in "$@"; do
      printf " '%s'" "$(printf '%s' "$word" | sed "s/'/'\\\\\\\\''/g")"
    done
    echo
  else
    "$@"
  fi
}

if [ "$dry_run" = yes ]; then
  vmid=\${vmid:-100}
else
  command -v qm >/dev/null 2>&1 || fail "there is no qm: run this on a host of Proxmox VE, as root"
  if [ -n "$vmid" ]; then
    if qm status "$vmid" >/dev/null 2>&1; then
      fail "there is a machine $vmid; nothing was changed"
    fi
  else
    other=$(qm list | awk -v name="$name" '$2 == name { print $1; exit }')
    [ -z "$other" ] || fail "there is a machine $name ($other); nothing was changed. --vmid N makes another one"
    vmid=$(pvesh get /cluster/nextid)
  fi
fi

# What was made is taken back where a later step fails.
made=no
take_back() {
  status=$?
  if [ "$status" != 0 ] && [ "$made" = yes ]; then
    echo ${quote(`${script}: `)}"a step failed; machine $vmid is taken back" >&2
    qm destroy "$vmid" --purge 1 >&2 || true
  fi
  exit "$status"
}
trap take_back EXIT
trap 'exit 130' INT TERM

${isos.map(isoLines).join("")}run qm create "$vmid" \\
  ${create.join(" \\\n  ")}
[ "$dry_run" = yes ] || made=yes
${[...drives, ...order].join("\n")}
made=no
[ "$dry_run" = yes ] || echo "machine $vmid ($name) is made; start it with: qm start $vmid"
`;
}

/** Puts an image where the host keeps them, unless it is there. */
function isoLines(file: string): string {
  const name = quote(file);
  return `# An image that is there already is taken as it is.
if [ "$dry_run" = yes ]; then
  echo "# ${file.replace(/[^A-Za-z0-9._-]/g, "?")} is copied to $iso_storage:iso/ unless it is there"
else
  image=$(pvesm path "$iso_storage:iso/"${name})
  if [ ! -e "$image" ]; then
    mkdir -p -- "$(dirname -- "$image")"
    cp -- ${name} "$image.part"
    mv -- "$image.part" "$image"
  fi
fi
`;
}

function shellValue(parts: readonly ValuePart[]): string {
  return parts
    .filter((part) => part !== "")
    .map((part) => (typeof part === "string" ? quote(part) : `"$${part.option}"`))
    .join("");
}

function driveValue({ kind, file, options }: DriveSetting): string {
  const rest = options.map((option) => `,${option}`).join("");
  switch (kind) {
    case "disk":
      return `"$storage:0,import-from=$here/"${quote(`${file ?? ""}${rest}`)}`;
    case "iso":
      return `"$iso_storage:iso/"${quote(`${file ?? ""}${rest}`)}`;
    case "empty":
      return quote(`none${rest}`);
    case "made":
      return `"$storage:1"${quote(rest)}`;
  }
}
