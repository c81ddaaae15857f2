import type { Machine } from "../../appliance/appliance.js";
import type { MachineShape } from "../../targets/profile.js";
import type { ResultFiles } from "../files.js";
import { bootStatements } from "./boot.js";
import { describeMachine } from "./describe.js";
import type { HypervMachine } from "./document.js";
import {
  assign,
  bool,
  cmd,
  fail,
  firstWhere,
  member,
  method,
  nil,
  not,
  num,
  op,
  type PsExpression,
  type PsParameter,
  type PsScript,
  type PsStatement,
  pipe,
  ref,
  remark,
  run,
  str,
  when,
} from "./powershell.js";
import { adapter, comPorts, controllers, drive, imageVariable } from "./script-devices.js";

const vm = ref("vm");
const blank: PsStatement = { kind: "blank" };

/** The script for a fitted machine. */
export function hypervScript(machine: Machine, shape: MachineShape, files: ResultFiles): PsScript {
  return scriptFor(describeMachine(machine, shape, files), machine);
}

/**
 * The script that makes one machine. It looks before each change, so that a second run changes nothing; what differs in a way that cannot be set right
 * without harm (another generation, another disk in a place) ends it with an error.
 */
export function scriptFor(facts: HypervMachine, machine: Machine): PsScript {
  return {
    synopsis: "Makes a Hyper-V machine from the disks beside this script, or removes it. Written by vmferry.",
    description: [
      "Needs the rights of a Hyper-V administrator. Running it again changes nothing; -WhatIf only tells what it would do.",
      "The disks stay where they are: move them to their place before you run it.",
    ],
    parameters: parameters(facts),
    body: [
      ...images(facts),
      assign("vm", firstWhere(cmd("Get-VM"), "Name", ref("Name"))),
      blank,
      ...remove(facts),
      blank,
      ...fileChecks(facts),
      ...makeMachine(facts),
      blank,
      ...settings(facts),
      blank,
      ...controllers(facts),
      ...facts.drives.flatMap(drive),
      blank,
      ...facts.networkAdapters.flatMap((one, index) => adapter(one, index, machine.nics[index]?.connected === true)),
      ...comPorts(facts),
      blank,
      ...bootStatements(facts),
      blank,
      run(cmd("Get-VM", { Id: member(vm, "Id") })),
    ],
  };
}

function parameters({ name }: HypervMachine): PsParameter[] {
  return [
    { name: "Name", type: "string", value: str(name), help: "Name of the machine." },
    {
      name: "DiskFolder",
      type: "string",
      value: ref("PSScriptRoot"),
      help: "Folder with the disks; the script's own unless you give another.",
    },
    {
      name: "MachineFolder",
      type: "string",
      value: str(""),
      help: "Folder for the machine's configuration; the host's default unless you give one.",
    },
    {
      name: "SwitchMap",
      type: "hashtable",
      value: { kind: "table", entries: [] },
      help: "Virtual switches by network, as @{ 'network' = 'switch' }. A network that is not in it is a switch of its own name; where there is none, the adapter stays unconnected.",
    },
    {
      name: "Remove",
      type: "switch",
      value: null,
      help: "Removes the machine instead, if it has the disks of this script and is off. The disks stay.",
    },
  ];
}

function images({ drives }: HypervMachine): PsStatement[] {
  return [
    assign("folder", member(pipe(cmd("Resolve-Path", { LiteralPath: ref("DiskFolder") })), "ProviderPath")),
    ...drives.flatMap(({ path }, index) =>
      path === null
        ? []
        : [assign(imageVariable(index), pipe(cmd("Join-Path", { Path: ref("folder"), ChildPath: str(path) })))],
    ),
  ];
}

function fileChecks({ drives }: HypervMachine): PsStatement[] {
  const checks = drives.flatMap(({ path }, index): PsStatement[] => {
    if (path === null) return [];
    const image = ref(imageVariable(index));
    const there = pipe(cmd("Test-Path", { LiteralPath: image, PathType: str("Leaf") }));
    return [when(not(there), [fail("{0} is not there", image)])];
  });
  return checks.length === 0 ? [] : [remark("The images have to be there before anything is made."), ...checks, blank];
}

/** A machine is removed only where it is the one that this script makes. */
function remove({ drives }: HypervMachine): PsStatement[] {
  const disk = drives.findIndex(({ device, path }) => device === "disk" && path !== null);
  const isOther: PsStatement[] =
    disk < 0
      ? []
      : [
          when(op(nil, "-eq", firstWhere(cmd("Get-VMHardDiskDrive", { VM: vm }), "Path", ref(imageVariable(disk)))), [
            fail("the machine has not the disk {0}: it is another one, or has checkpoints", ref(imageVariable(disk))),
          ]),
        ];
  return [
    when(ref("Remove"), [
      when(op(nil, "-eq", vm), [{ kind: "return" }]),
      ...isOther,
      when(op(member(vm, "State"), "-ne", str("Off")), [fail("{0} is not off", ref("Name"))]),
      when(shouldProcess("Remove the machine, and leave its disks"), [run(cmd("Remove-VM", { VM: vm, Force: null }))]),
      { kind: "return" },
    ]),
  ];
}

function shouldProcess(action: string): PsExpression {
  return method(ref("PSCmdlet"), "ShouldProcess", ref("Name"), str(action));
}

function makeMachine({ generation, memory, scsiControllers }: HypervMachine): PsStatement[] {
  const create = {
    Name: ref("Name"),
    Generation: num(generation),
    MemoryStartupBytes: num(memory.startupBytes),
    NoVHD: null,
  };
  const isNew = ref("created");
  return [
    assign("created", op(nil, "-eq", vm)),
    when(
      isNew,
      [
        when(not(shouldProcess("Make the machine")), [{ kind: "return" }]),
        when(
          op(ref("MachineFolder"), "-eq", str("")),
          [assign("vm", pipe(cmd("New-VM", create)))],
          [assign("vm", pipe(cmd("New-VM", { ...create, Path: ref("MachineFolder") })))],
        ),
        remark("A new machine comes with an adapter, a SCSI controller and perhaps a DVD drive that nobody asked for."),
        run(cmd("Get-VMNetworkAdapter", { VM: vm }), cmd("Remove-VMNetworkAdapter")),
        run(cmd("Get-VMDvdDrive", { VM: vm }), cmd("Remove-VMDvdDrive")),
        ...(scsiControllers > 0 ? [] : [run(cmd("Get-VMScsiController", { VM: vm }), cmd("Remove-VMScsiController"))]),
      ],
      [
        when(op(member(vm, "Generation"), "-ne", num(generation)), [
          fail(`{0} exists, but is not of generation ${generation}`, ref("Name")),
        ]),
      ],
    ),
  ];
}

function settings({ processors, memory, notes }: HypervMachine): PsStatement[] {
  const text = str(notes ?? "");
  return [
    when(op(member(vm, "ProcessorCount"), "-ne", num(processors.count)), [
      run(cmd("Set-VMProcessor", { VM: vm, Count: num(processors.count) })),
    ]),
    ...processorSettings(processors),
    ...memorySettings(memory),
    when(op(member(vm, "Notes"), "-ne", text), [run(cmd("Set-VM", { VM: vm, Notes: text }))]),
  ];
}

function processorSettings({ nested, threadsPerCore }: HypervMachine["processors"]): PsStatement[] {
  const wanted: readonly (readonly [string, PsExpression | null])[] = [
    ["ExposeVirtualizationExtensions", nested === null ? null : bool(nested)],
    ["HwThreadCountPerCore", threadsPerCore === null ? null : num(threadsPerCore)],
  ];
  const processor = ref("processor");
  const statements = wanted.flatMap(([name, value]) =>
    value === null
      ? []
      : [when(op(member(processor, name), "-ne", value), [run(cmd("Set-VMProcessor", { VM: vm, [name]: value }))])],
  );
  return statements.length === 0 ? [] : [assign("processor", pipe(cmd("Get-VMProcessor", { VM: vm }))), ...statements];
}

function memorySettings({ startupBytes, dynamic, minimumBytes, maximumBytes }: HypervMachine["memory"]): PsStatement[] {
  const startup = num(startupBytes);
  if (!dynamic || minimumBytes === null || maximumBytes === null) {
    return [
      when(op(member(vm, "DynamicMemoryEnabled"), "-or", op(member(vm, "MemoryStartup"), "-ne", startup)), [
        run(cmd("Set-VMMemory", { VM: vm, DynamicMemoryEnabled: bool(false), StartupBytes: startup })),
      ]),
    ];
  }
  const [minimum, maximum] = [num(minimumBytes), num(maximumBytes)];
  const differs = [
    op(member(vm, "MemoryStartup"), "-ne", startup),
    op(member(vm, "MemoryMinimum"), "-ne", minimum),
    op(member(vm, "MemoryMaximum"), "-ne", maximum),
  ].reduce((left, right) => op(left, "-or", right), not(member(vm, "DynamicMemoryEnabled")));
  return [
    when(differs, [
      run(
        cmd("Set-VMMemory", {
          VM: vm,
          DynamicMemoryEnabled: bool(true),
          StartupBytes: startup,
          MinimumBytes: minimum,
          MaximumBytes: maximum,
        }),
      ),
    ]),
  ];
}
