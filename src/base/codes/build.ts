import type { CodeTable } from "./codes.js";

/** Building appliances from YAML: `build/...`. */
export const buildCodes: CodeTable = {
  "build/missing-setting": {
    kind: "usage",
    what: "A spec lacks a setting that it needs.",
    why: "Nobody else can say it: a machine without memory is none, and a start order without machines orders nothing.",
    fix: "Add the setting; docs/reference/build.md lists all of them.",
  },
  "build/unknown-variable": {
    kind: "usage",
    what: "A text of a spec uses a variable that has no value.",
    why: "Neither the spec's `variables` nor `--var` say what it stands for.",
    fix: "Give it a value with `--var NAME=VALUE`, or write `$${NAME}` where the text itself is meant.",
  },
  "build/unused-variable": {
    kind: "usage",
    what: "`--var` gives a value to a variable that the spec does not have.",
    why: "Its name is mostly mistyped, and what was to be changed stays as it is.",
    fix: "Correct the name.",
  },
  "build/include-loop": {
    kind: "usage",
    what: "Files of a spec include each other in a circle, or there are too many of them.",
    why: "Reading them would never end.",
    fix: "Take one of the `include` lines away.",
  },
  "build/no-file": {
    kind: "not-found",
    what: "A spec names a file that is not there.",
    why: "It was not made yet, or its name is relative to another folder than that of the YAML file it stands in.",
    fix: "Correct the name, or make the file first.",
  },
  "build/outside-file": {
    kind: "usage",
    what: "A spec names a file outside of its own folder.",
    why: "A spec of somebody else could pack any file of this machine into a package that is given away.",
    fix: "Add `--allow-external` where the spec is your own.",
  },
  "build/unknown-reference": {
    kind: "usage",
    what: "A spec names a machine, controller, disk, deployment option or guest system that is not there.",
    why: "The name is mostly mistyped.",
    fix: "Use one of those that the hint names, or add it.",
  },
  "build/two-translations": {
    kind: "usage",
    what: "One text of a spec has two meanings in another language.",
    why: "Translations are looked up by the text: nobody could tell which one is meant.",
    fix: "Say it in other words at one of the places.",
  },
  "build/no-output": {
    kind: "usage",
    what: "Nothing says what is to be written.",
    why: "The command line names no destination, and the spec has no `outputs`.",
    fix: "Name a file or a folder: `vmferry build SPEC app.ova`, or add `outputs: [app.ova]` to the spec.",
  },
  "build/no-files": {
    kind: "unsupported-feature",
    what: "The disks of a source are no files that a spec could name.",
    why: "In archives of XenServer and Proxmox VE they lie in pieces.",
    fix: "Convert it first, such as with `--to vmware`, and take the result.",
  },
  "build/rebuilt": {
    what: "A package is what its spec makes, byte for byte.",
    why: "It was built again with `--reproducible`, nothing was written, and no byte was another one.",
    fix: "Nothing has to be done.",
  },
  "build/rebuild-differs": {
    kind: "invalid-format",
    what: "A package is not what its spec makes.",
    why: "The spec, a file that it names, a variable, or vmferry's version is another one; or the package was not built with `--reproducible`, or was changed.",
    fix: "Build it again with `vmferry build --reproducible` beside it, and compare the two: `vmferry inspect` shows what they say.",
  },
  "build/too-small": {
    kind: "usage",
    what: "A spec gives a disk fewer bytes than its image has.",
    why: "What lies behind the new end would be cut off, with the file system that reaches there.",
    fix: "Give it at least the size of its image, or make the image smaller first.",
  },
};
