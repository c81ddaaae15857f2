import type { CodeTable } from "./codes.js";

/** Conversions and what they stand on: `convert/...` and `fix/...`. */
export const convertCodes: CodeTable = {
  "convert/blocked": {
    kind: "unsupported-feature",
    what: "The target cannot take this machine at all.",
    why: "A disk, a processor count or another fact is beyond a limit of the target, and cutting it down would lose data.",
    fix: "Look at the plan with `--dry-run`; choose another target or version.",
  },
  "convert/not-written": {
    kind: "usage",
    what: "The platform is read, but not written yet.",
    why: "Reading and writing a platform are two parts of vmferry.",
    fix: "Choose one of the platforms that the hint names.",
  },
  "convert/wrong-target": {
    kind: "usage",
    what: "The version named by `--for` belongs to another platform than `--to`.",
    why: "Every version belongs to one platform.",
    fix: "Name a version of the platform, or leave it out.",
  },
  "convert/no-such-machine": {
    kind: "usage",
    what: "`--only` names a machine that the source does not have.",
    why: "Machines go by their ids or names, capitals included.",
    fix: "Look at the names with `vmferry inspect`.",
  },
  "convert/no-such-disk": {
    kind: "usage",
    what: "An option names a disk that the source does not have.",
    why: "Disks go by their ids, or by the names of their files.",
    fix: "Look at the ids with `vmferry inspect`.",
  },
  "convert/no-such-network": {
    kind: "usage",
    what: "`--map-network` names a network that no machine is on.",
    why: "Networks go by the names that the source gives them.",
    fix: "Look at the names with `vmferry inspect`, or use `*=NAME` for every card.",
  },
  "convert/unknown-guest": {
    kind: "usage",
    what: "`--os` names a guest system that no platform knows.",
    why: "Each platform has names of its own; those of VMware, VirtualBox and libosinfo are understood.",
    fix: "Use one of those names, or `other-64`.",
  },
  "convert/one-name": {
    kind: "usage",
    what: "`--name` was given for several machines.",
    why: "Each machine has a name of its own.",
    fix: "Take one of them with `--only`.",
  },
  "convert/hardware-assumed": {
    what: "A bare disk says nothing of the machine that it belongs to.",
    why: "Processors, memory, firmware and network cards are no part of a disk.",
    fix: "Say them: `--cpus`, `--memory`, `--firmware`, `--os`.",
  },
  "convert/not-proven": {
    kind: "integrity",
    what: "A disk that was read back differs from its source.",
    why: "`--prove` compares guest content before the result appears. It found a difference, so nothing was kept.",
    fix: "Check the destination's device and run again; if it stays, report it.",
  },
  "convert/cannot-resume": {
    kind: "usage",
    what: "An interrupted conversion cannot be gone on with.",
    why: "The source or the options are not those that it began with, so that two halves would not be one result.",
    fix: "Run the command as it was run first, or leave out `--resume` to begin anew.",
  },
  "convert/config-differs": {
    kind: "integrity",
    what: "A configuration that was read back says otherwise than the machine that it was made of.",
    why: "`--prove` reads what was written as if somebody else had; a difference that no note accounts for is a fault.",
    fix: "Report it, with the source if you can.",
  },
  "convert/cannot-prove": {
    kind: "unsupported-feature",
    what: "The destination cannot be read back.",
    why: "Proofs and manifests need to read what was written.",
    fix: "Write to a file or a folder, or leave out `--prove`.",
  },
  "convert/file-dropped": {
    what: "A file of the package was left out of the result.",
    why: "The descriptor does not refer to it, so no importer would look at it.",
    fix: "If it belongs to the package, add a File for it to References; `pack` and `unpack` keep every file.",
  },
  "fix/refused": {
    kind: "integrity",
    what: "A package was not mended, because a file of it was altered or is damaged.",
    why: "A manifest that is made anew would vouch for what nobody can vouch for, and a copy would hold less than there was.",
    fix: "Fetch the package again. If you changed the files yourself, use `--accept-changes`.",
  },
};
