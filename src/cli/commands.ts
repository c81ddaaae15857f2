import type { CommandEntry } from "./command.js";

/** A word that groups commands. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
}

/** Words in front of other commands. */
export const groups: readonly CommandGroup[] = [
  { name: "disk", summary: "one disk image: info, convert, compare, check, fix, map, hash, resize" },
  { name: "vm", summary: "machines that vmferry run started: ps, logs, console, stop, start, rm" },
  { name: "deployment", summary: "what was deployed: list, status, start, stop, upgrade, export, drift, destroy" },
];

/** Every command, in the order of the help. A new command is its file and one line here. */
export const commands: readonly CommandEntry[] = [
  {
    name: "inspect",
    summary: "what is in a package: machines, disks, networks, products, trust",
    load: async () => (await import("./commands/inspect.js")).inspect,
  },
  {
    name: "validate",
    summary: "every rule of the standard, and of targets that you name",
    load: async () => (await import("./commands/validate.js")).validate,
  },
  {
    name: "explain",
    summary: "what a code means, or an error of ovftool, vSphere, VirtualBox, virt-v2v, Proxmox",
    load: async () => (await import("./commands/explain.js")).explain,
  },
  {
    name: "fix",
    summary: "mend what has one right answer in a package, the rest byte for byte",
    load: async () => (await import("./commands/fix.js")).fix,
  },
  {
    name: "verify",
    summary: "whether a package is intact: manifest and given sums",
    load: async () => (await import("./commands/verify.js")).verify,
  },
  {
    name: "edit",
    summary: "change hardware, properties, texts and disks of a package, and nothing else",
    load: async () => (await import("./commands/edit.js")).edit,
  },
  {
    name: "sign",
    summary: "manifest and certificate that VMware and VirtualBox accept",
    load: async () => (await import("./commands/sign.js")).sign,
  },
  {
    name: "convert",
    summary: "a package to another platform, with every loss named",
    load: async () => (await import("./commands/convert.js")).convert,
  },
  {
    name: "collect",
    summary: "print the script that collects machines of Hyper-V on their host",
    load: async () => (await import("./commands/collect.js")).collect,
  },
  {
    name: "adapt",
    summary: "one source for several platforms at once",
    load: async () => (await import("./commands/adapt.js")).adapt,
  },
  {
    name: "init",
    summary: "the YAML of an appliance: asked for, or of something that exists",
    load: async () => (await import("./commands/init.js")).init,
  },
  {
    name: "build",
    summary: "an appliance from a short YAML",
    load: async () => (await import("./commands/build.js")).build,
  },
  {
    name: "diff",
    summary: "what changed between two packages or machines, in words; disks by content",
    load: async () => (await import("./commands/diff.js")).diff,
  },
  {
    name: "properties",
    summary: "the questions that a package asks, and a checked file of answers",
    load: async () => (await import("./commands/properties.js")).properties,
  },
  {
    name: "deploy",
    summary: "a package to a running platform, with a plan first and a way back",
    load: async () => (await import("./commands/deploy.js")).deploy,
  },
  {
    name: "deployment list",
    summary: "deployments that were made from here",
    load: async () => (await import("./commands/deployment/list.js")).deploymentList,
  },
  {
    name: "deployment status",
    summary: "what became of a deployment: its machines and steps",
    load: async () => (await import("./commands/deployment/status.js")).deploymentStatus,
  },
  {
    name: "deployment start",
    summary: "start the machines of a deployment in their order",
    load: async () => (await import("./commands/deployment/start.js")).deploymentStart,
  },
  {
    name: "deployment stop",
    summary: "shut the machines of a deployment down, the last one first",
    load: async () => (await import("./commands/deployment/stop.js")).deploymentStop,
  },
  {
    name: "deployment upgrade",
    summary: "give the machines of a deployment a newer package, with a way back",
    load: async () => (await import("./commands/deployment/upgrade.js")).deploymentUpgrade,
  },
  {
    name: "deployment export",
    summary: "the machines of a deployment as a package, or for another platform",
    load: async () => (await import("./commands/deployment/export.js")).deploymentExport,
  },
  {
    name: "deployment drift",
    summary: "what differs on the platform from what was deployed",
    load: async () => (await import("./commands/deployment/drift.js")).deploymentDrift,
  },
  {
    name: "deployment destroy",
    summary: "remove a deployment and everything that it made",
    load: async () => (await import("./commands/deployment/destroy.js")).deploymentDestroy,
  },
  {
    name: "pack",
    summary: "an OVF folder to one .ova",
    load: async () => (await import("./commands/pack.js")).pack,
  },
  {
    name: "unpack",
    summary: "an .ova to a folder",
    load: async () => (await import("./commands/unpack.js")).unpack,
  },
  {
    name: "run",
    summary: "boot a package here and now with QEMU, nothing unpacked",
    load: async () => (await import("./commands/run.js")).run,
  },
  {
    name: "env",
    summary: "inside of a guest: the properties that it was given, wherever they are",
    load: async () => (await import("./commands/env.js")).env,
  },
  {
    name: "vm ps",
    summary: "what runs here, and what did",
    load: async () => (await import("./commands/vm/ps.js")).vmPs,
  },
  {
    name: "vm logs",
    summary: "what machines wrote to their serial ports",
    load: async () => (await import("./commands/vm/logs.js")).vmLogs,
  },
  {
    name: "vm console",
    summary: "a terminal on a machine's serial port",
    load: async () => (await import("./commands/vm/console.js")).vmConsole,
  },
  {
    name: "vm stop",
    summary: "shut machines down, or switch them off",
    load: async () => (await import("./commands/vm/stop.js")).vmStop,
  },
  {
    name: "vm start",
    summary: "start machines again with what they wrote",
    load: async () => (await import("./commands/vm/start.js")).vmStart,
  },
  {
    name: "vm rm",
    summary: "remove runs with what their machines wrote",
    load: async () => (await import("./commands/vm/rm.js")).vmRm,
  },
  {
    name: "disk info",
    summary: "facts about one disk image",
    load: async () => (await import("./commands/disk/info.js")).diskInfoCommand,
  },
  {
    name: "disk convert",
    summary: "one disk to another format",
    load: async () => (await import("./commands/disk/convert.js")).diskConvertCommand,
  },
  {
    name: "disk compare",
    summary: "whether two disks read the same, and where they differ first",
    load: async () => (await import("./commands/disk/compare.js")).diskCompareCommand,
  },
  {
    name: "disk check",
    summary: "whether an image's tables, counts and sums are right, parents included",
    load: async () => (await import("./commands/disk/check.js")).diskCheckCommand,
  },
  {
    name: "disk map",
    summary: "where a disk holds data, or what lies where in its file",
    load: async () => (await import("./commands/disk/map.js")).diskMapCommand,
  },
  {
    name: "disk serve",
    summary: "disks for QEMU and others over NBD, read-only, nothing unpacked",
    load: async () => (await import("./commands/disk/serve.js")).diskServe,
  },
  {
    name: "disk hash",
    summary: "the digest of what the guest reads",
    load: async () => (await import("./commands/disk/hash.js")).diskHashCommand,
  },
  {
    name: "disk fix",
    summary: "mend what has one right answer, where the disk lies",
    load: async () => (await import("./commands/disk/fix.js")).diskFixCommand,
  },
  {
    name: "disk resize",
    summary: "make a disk larger where it lies",
    load: async () => (await import("./commands/disk/resize.js")).diskResizeCommand,
  },
  {
    name: "completion",
    summary: "print the completion script of a shell",
    load: async () => (await import("./commands/completion.js")).completion,
  },
];
