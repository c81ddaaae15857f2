import type { CodeTable } from "./codes.js";

/** Machines that run here: `vmferry run` and `vmferry vm`. */
export const vmCodes: CodeTable = {
  "vm/name-taken": {
    kind: "usage",
    what: "A run of that name exists.",
    why: "Each run keeps what its machines wrote under its name, until it is removed.",
    fix: "Start it again (`vmferry vm start`), remove it (`vmferry vm rm`), or choose another `--name`.",
  },
  "vm/bad-name": {
    kind: "usage",
    what: "That cannot be the name of a run.",
    why: "Names are folders and words of a shell: letters, digits, dots, hyphens and underscores, 63 at most.",
    fix: "Choose another `--name`.",
  },
  "vm/unknown": {
    kind: "not-found",
    what: "There is no run of that name.",
    why: "It was removed, was never there, or belongs to another user or another XDG_STATE_HOME.",
    fix: "Look at `vmferry vm ps`.",
  },
  "vm/bad-state": {
    kind: "invalid-format",
    what: "The state of a run cannot be understood.",
    why: "Its file was changed by hand, was cut off by a full disk, or is of another version of vmferry.",
    fix: "Remove the run with `vmferry vm rm --force`, and run the package again.",
  },
  "vm/busy": {
    kind: "usage",
    what: "A run is in use.",
    why: "It runs, or somebody is starting or removing it at this moment.",
    fix: "Stop it first: `vmferry vm stop NAME`.",
  },
  "vm/not-running": {
    kind: "usage",
    what: "A machine does not run.",
    why: "It has ended or was never started, so it has no console.",
    fix: "Start it with `vmferry vm start NAME`; what it said is in `vmferry vm logs NAME`.",
  },
  "vm/which-machine": {
    kind: "usage",
    what: "It is not clear which machine of a run is meant.",
    why: "The run has several, or none of that name.",
    fix: "Name one with `--machine`.",
  },
  "vm/licence": {
    kind: "usage",
    what: "The licence of a package was not accepted.",
    why: "The package has texts that whoever runs it has to accept, and there is no terminal to ask on, or the answer was no.",
    fix: "Read the texts that were printed; with `--accept-eulas` they are accepted.",
  },
  "vm/bad-answer": {
    kind: "usage",
    what: "An answer does not fit a question of the package.",
    why: "Packages say of each property what type it has and which values it takes; a password has to be a reference to a secret.",
    fix: "Look at the questions with `vmferry inspect`, and give another value with `--set KEY=VALUE`.",
  },
  "vm/package-changed": {
    kind: "integrity",
    what: "The package of a run is another one now.",
    why: "What the machines wrote lies over the package's disks, and does not fit those of another one.",
    fix: "Put the old package back, or remove the run and run the new package.",
  },
  "vm/not-local": {
    kind: "unsupported-feature",
    what: "The package is not on this machine.",
    why: "Machines read their disks from the package as long as they run; a server may go away, or change the file.",
    fix: "Fetch the package first, and run the copy.",
  },
  "vm/no-machine": {
    kind: "unsupported-feature",
    what: "There is nothing to run.",
    why: "The package holds no machine that this version can start: none at all, or one that boots a Xen kernel directly.",
    fix: "Look at it with `vmferry inspect`.",
  },
  "vm/shared-disk": {
    kind: "unsupported-feature",
    what: "Several drives share one disk.",
    why: "Each disk gets one file for what is written to it, and QEMU lets one machine at a time write there.",
    fix: "Convert the package (`vmferry convert --to libvirt`), which can share disks, and run it there.",
  },
  "vm/no-qemu": {
    kind: "not-found",
    what: "QEMU is not installed.",
    why: "Machines run in `qemu-system-x86_64`, which was not found.",
    fix: "Install QEMU (Debian: qemu-system-x86, Fedora: qemu-kvm), or set QEMU to where it is.",
  },
  "vm/no-firmware": {
    kind: "not-found",
    what: "There is no EFI firmware for the machine.",
    why: "A machine boots by EFI, and none of the places where distributions put OVMF has it.",
    fix: "Install OVMF (Debian: ovmf, Fedora: edk2-ovmf), or set OVMF_CODE and OVMF_VARS.",
  },
  "vm/qemu-failed": {
    kind: "io",
    what: "QEMU did not start a machine.",
    why: "QEMU ended with the message shown, or did not answer in time.",
    fix: "Look at the message: a port that is in use, too little memory, or a device that this QEMU does not have.",
  },
  "vm/did-not-start": {
    kind: "io",
    what: "The supervisor of a run did not start its machines.",
    why: "It ended with the message shown.",
    fix: "Look at the message; `vmferry vm start NAME --foreground` shows all of it.",
  },
  "vm/no-forward": {
    kind: "usage",
    what: "A port cannot be led to a machine.",
    why: "Ports lead to machines by QEMU's NAT, and no card of the machine is on it: its networks are private ones between several machines.",
    fix: "Leave the `--forward` out, or name another machine: `--forward 8080:80@machine`.",
  },
  "vm/environment-attached": {
    what: "A machine gets its OVF environment as a CD although it does not ask for one.",
    why: "Its package has properties and names another way than `iso` for them, or none; here the CD is the way that there is.",
    fix: "Nothing, where the guest looks for a CD with `ovf-env.xml`. Else the guest does not see the values.",
  },
};
