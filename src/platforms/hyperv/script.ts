import type { Attachment, Controller, Machine } from "../../appliance/appliance.js";
import type { MachineShape } from "../../targets/profile.js";
import type { ResultFiles } from "../files.js";
import { biosStatements, firmwareStatements } from "./boot.js";
import {
  assign,
  bool,
  cmd,
  member,
  nil,
  num,
  op,
  type PsCommand,
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

const vm = ref("vm");
const blank: PsStatement = { kind: "blank" };

/**
 * The script that makes one machine. It looks before each change, so that a second run changes nothing; what differs in a way that cannot be set right
 * without harm (another generation, another disk in a place) ends it with an error.
 */
export function hypervScript(machine: Machine, shape: MachineShape, files: ResultFiles): PsScript {
  const generation = shape.id === "gen2" ? 2 : 1;
  return {
    synopsis: "Makes a Hyper-V machine from the disks beside this script. Written by vmferry.",
    description: [
      "Needs the rights of a Hyper-V administrator. Running it again changes nothing.",
      "The disks stay where they are: move them to their place before you run it.",
    ],
    parameters: parameters(machine),
    body: [
      ...fileChecks(machine, files),
      blank,
      ...makeMachine(machine, generation),
      blank,
      ...settings(machine),
      blank,
      ...controllers(machine),
      ...machine.attachments.flatMap((attachment, index) => drive(machine, attachment, index, files)),
      blank,
      ...machine.nics.flatMap((_, index) => adapter(machine, index)),
      blank,
      ...(generation === 2 ? firmwareStatements(machine) : biosStatements(machine)),
      blank,
      run(cmd("Get-VM", { Id: member(vm, "Id") })),
    ],
  };
}

function parameters(machine: Machine): PsParameter[] {
  return [
    { name: "Name", type: "string", value: str(machine.name), help: "Name of the machine." },
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
  ];
}

/** The name under which a card's network is looked up: its own, or else the card's. */
function networkKey(machine: Machine, index: number): string {
  return machine.nics[index]?.network ?? adapterName(index);
}

function adapterName(index: number): string {
  return `Network Adapter ${index + 1}`;
}

/** `$image0`, `$image1`, ... hold the paths of images, by the number of the drive. */
function imageVariable(index: number): string {
  return `image${index}`;
}

function fileChecks(machine: Machine, files: ResultFiles): PsStatement[] {
  const statements: PsStatement[] = [
    remark("The images have to be there before anything is made."),
    assign("folder", member(pipe(cmd("Resolve-Path", { LiteralPath: ref("DiskFolder") })), "ProviderPath")),
  ];
  for (const [index, attachment] of machine.attachments.entries()) {
    const file = files.of(machine, attachment);
    if (file === null) continue;
    const path = ref(imageVariable(index));
    statements.push(
      assign(imageVariable(index), pipe(cmd("Join-Path", { Path: ref("folder"), ChildPath: str(file) }))),
      when({ kind: "not", of: pipe(cmd("Test-Path", { LiteralPath: path, PathType: str("Leaf") })) }, [
        fail("{0} is not there", path),
      ]),
    );
  }
  return statements;
}

function fail(text: string, value: PsExpression): PsStatement {
  return { kind: "throw", message: op(str(text), "-f", value) };
}

/** The first of what a command returns whose property has a value. Hyper-V's own -Name takes wildcards. */
function firstWhere(command: PsCommand, property: string, value: PsExpression): PsExpression {
  return pipe(
    command,
    cmd("Where-Object", { Property: str(property), EQ: null, Value: value }),
    cmd("Select-Object", { First: num(1) }),
  );
}

function makeMachine(machine: Machine, generation: 1 | 2): PsStatement[] {
  const create = {
    Name: ref("Name"),
    Generation: num(generation),
    MemoryStartupBytes: num(machine.memoryBytes),
    NoVHD: null,
  };
  return [
    assign("vm", firstWhere(cmd("Get-VM"), "Name", ref("Name"))),
    assign("created", op(nil, "-eq", vm)),
    when(
      ref("created"),
      [
        when(
          op(ref("MachineFolder"), "-eq", str("")),
          [assign("vm", pipe(cmd("New-VM", create)))],
          [assign("vm", pipe(cmd("New-VM", { ...create, Path: ref("MachineFolder") })))],
        ),
        remark("A new machine comes with a network adapter and perhaps a DVD drive that nobody asked for."),
        run(cmd("Get-VMNetworkAdapter", { VM: vm }), cmd("Remove-VMNetworkAdapter")),
        run(cmd("Get-VMDvdDrive", { VM: vm }), cmd("Remove-VMDvdDrive")),
      ],
      [
        when(op(member(vm, "Generation"), "-ne", num(generation)), [
          fail(`{0} exists, but is not of generation ${generation}`, ref("Name")),
        ]),
      ],
    ),
  ];
}

function settings(machine: Machine): PsStatement[] {
  const memory = num(machine.memoryBytes);
  const notes = str(machine.annotation ?? "");
  return [
    when(op(member(vm, "ProcessorCount"), "-ne", num(machine.cpu.count)), [
      run(cmd("Set-VMProcessor", { VM: vm, Count: num(machine.cpu.count) })),
    ]),
    when(op(member(vm, "DynamicMemoryEnabled"), "-or", op(member(vm, "MemoryStartup"), "-ne", memory)), [
      run(cmd("Set-VMMemory", { VM: vm, DynamicMemoryEnabled: bool(false), StartupBytes: memory })),
    ]),
    when(op(member(vm, "Notes"), "-ne", notes), [run(cmd("Set-VM", { VM: vm, Notes: notes }))]),
  ];
}

/** SCSI controllers are added until there are enough; the two of IDE are always there. */
function controllers(machine: Machine): PsStatement[] {
  const count = Math.max(-1, ...machine.controllers.filter((c) => c.bus === "scsi").map((c) => c.index)) + 1;
  if (count === 0) return [];
  return [
    {
      kind: "while",
      condition: op({ kind: "count", of: cmd("Get-VMScsiController", { VM: vm }) }, "-lt", num(count)),
      body: [run(cmd("Add-VMScsiController", { VM: vm }))],
    },
  ];
}

function controllerOf(machine: Machine, attachment: Attachment): Controller | undefined {
  return machine.controllers.find((c) => c.id === attachment.controller);
}

function drive(machine: Machine, attachment: Attachment, index: number, files: ResultFiles): PsStatement[] {
  const file = files.of(machine, attachment);
  const image = file === null ? undefined : ref(imageVariable(index));
  const controller = controllerOf(machine, attachment);
  const place = {
    ControllerNumber: num(controller?.index ?? 0),
    ControllerLocation: num(attachment.slot ?? 0),
  };
  const variable = `drive${index}`;
  const found = ref(variable);
  switch (attachment.device) {
    case "disk": {
      const where = { VM: vm, ControllerType: str(controller?.bus === "ide" ? "IDE" : "SCSI"), ...place };
      return [
        assign(variable, pipe(cmd("Get-VMHardDiskDrive", where))),
        when(
          op(nil, "-eq", found),
          [assign(variable, pipe(cmd("Add-VMHardDiskDrive", { ...where, Path: image, Passthru: null })))],
          [
            // Not set right: behind another path may be a checkpoint of this very disk.
            when(op(member(found, "Path"), "-ne", image ?? nil), [
              fail("another disk is in the place of {0}", image ?? nil),
            ]),
          ],
        ),
      ];
    }
    case "cdrom":
      return [
        assign(variable, pipe(cmd("Get-VMDvdDrive", { VM: vm, ...place }))),
        when(
          op(nil, "-eq", found),
          [assign(variable, pipe(cmd("Add-VMDvdDrive", { VM: vm, ...place, Path: image, Passthru: null })))],
          image === undefined
            ? []
            : [
                when(op(member(found, "Path"), "-ne", image), [
                  run(cmd("Set-VMDvdDrive", { VMDvdDrive: found, Path: image })),
                ]),
              ],
        ),
      ];
    case "floppy":
      if (image === undefined) return [];
      return [
        when(op(member(pipe(cmd("Get-VMFloppyDiskDrive", { VM: vm })), "Path"), "-ne", image), [
          run(cmd("Set-VMFloppyDiskDrive", { VM: vm, Path: image })),
        ]),
      ];
  }
}

function adapter(machine: Machine, index: number): PsStatement[] {
  const nic = machine.nics[index];
  if (nic === undefined) return [];
  const variable = `adapter${index}`;
  const found = ref(variable);
  const name = str(adapterName(index));
  const mac = nic.mac === null ? undefined : str(nic.mac.replaceAll(":", "").toUpperCase());
  const legacy = nic.model === "legacy" ? bool(true) : undefined;
  const statements: PsStatement[] = [
    assign(variable, firstWhere(cmd("Get-VMNetworkAdapter", { VM: vm }), "Name", name)),
    when(op(nil, "-eq", found), [
      assign(variable, pipe(cmd("Add-VMNetworkAdapter", { VM: vm, Name: name, IsLegacy: legacy, Passthru: null }))),
    ]),
  ];
  if (mac !== undefined) {
    statements.push(
      when(op(member(found, "MacAddress"), "-ne", mac), [
        run(cmd("Set-VMNetworkAdapter", { VMNetworkAdapter: found, StaticMacAddress: mac })),
      ]),
    );
  }
  if (!nic.connected) return [...statements, remark("This adapter is not connected, as in the source.")];
  const key = str(networkKey(machine, index));
  const switchName = ref("switchName");
  return [
    ...statements,
    assign("switchName", key),
    when({ kind: "method", of: ref("SwitchMap"), name: "ContainsKey", argument: key }, [
      assign("switchName", { kind: "index", of: ref("SwitchMap"), by: key }),
    ]),
    assign("virtualSwitch", firstWhere(cmd("Get-VMSwitch"), "Name", switchName)),
    when(
      op(nil, "-eq", ref("virtualSwitch")),
      [
        run(
          cmd("Write-Warning", {
            Message: op(
              str(`There is no virtual switch {0}: ${adapterName(index)} stays unconnected.`),
              "-f",
              switchName,
            ),
          }),
        ),
      ],
      [
        when(op(member(found, "SwitchName"), "-ne", member(ref("virtualSwitch"), "Name")), [
          run(cmd("Connect-VMNetworkAdapter", { VMNetworkAdapter: found, VMSwitch: ref("virtualSwitch") })),
        ]),
      ],
    ),
  ];
}
