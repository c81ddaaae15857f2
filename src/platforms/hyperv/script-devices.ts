import type { HypervAdapter, HypervDrive, HypervMachine } from "./document.js";
import {
  assign,
  bool,
  cmd,
  fail,
  firstWhere,
  member,
  method,
  nil,
  num,
  op,
  type PsStatement,
  pipe,
  ref,
  remark,
  run,
  str,
  when,
} from "./powershell.js";

const vm = ref("vm");

/** `$image0`, `$image1`, ... hold the paths of images, by the number of the drive. */
export function imageVariable(index: number): string {
  return `image${index}`;
}

/** SCSI controllers are added until there are enough; the two of IDE are always there. */
export function controllers({ scsiControllers: count }: HypervMachine): PsStatement[] {
  if (count === 0) return [];
  return [
    {
      kind: "while",
      condition: op({ kind: "count", of: cmd("Get-VMScsiController", { VM: vm }) }, "-lt", num(count)),
      body: [run(cmd("Add-VMScsiController", { VM: vm }))],
    },
  ];
}

/** Puts a drive into its place. It is in `$driveN` afterwards. */
export function drive(facts: HypervDrive, index: number): PsStatement[] {
  const image = facts.path === null ? undefined : ref(imageVariable(index));
  const place = {
    ControllerNumber: num(facts.controllerNumber),
    ControllerLocation: num(facts.controllerLocation),
  };
  const variable = `drive${index}`;
  const found = ref(variable);
  switch (facts.device) {
    case "disk": {
      const where = { VM: vm, ControllerType: str(facts.controllerType), ...place };
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
    case "dvd":
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

/**
 * Makes a network adapter; it is in `$adapterN` afterwards.
 * @param connected an adapter may be meant to be connected without a word about the network
 */
export function adapter(facts: HypervAdapter, index: number, connected: boolean): PsStatement[] {
  const variable = `adapter${index}`;
  const found = ref(variable);
  const name = str(facts.name);
  const legacy = facts.legacy ? bool(true) : undefined;
  const settings: PsStatement[] = [];
  if (facts.mac !== null) {
    const mac = str(facts.mac);
    settings.push(
      when(op(member(found, "MacAddress"), "-ne", mac), [
        run(cmd("Set-VMNetworkAdapter", { VMNetworkAdapter: found, StaticMacAddress: mac })),
      ]),
    );
  }
  const tag = facts.vlan?.accessId ?? null;
  if (tag !== null) {
    const vlan = ref("vlan");
    const isOther = op(member(vlan, "OperationMode"), "-ne", str("Access"));
    settings.push(
      assign("vlan", pipe(cmd("Get-VMNetworkAdapterVlan", { VMNetworkAdapter: found }))),
      when(op(isOther, "-or", op(member(vlan, "AccessVlanId"), "-ne", num(tag))), [
        run(cmd("Set-VMNetworkAdapterVlan", { VMNetworkAdapter: found, Access: null, VlanId: num(tag) })),
      ]),
    );
  }
  if (connected) settings.push(...connection(facts, found));
  return [
    assign(variable, firstWhere(cmd("Get-VMNetworkAdapter", { VM: vm }), "Name", name)),
    when(op(nil, "-eq", found), [
      assign(variable, pipe(cmd("Add-VMNetworkAdapter", { VM: vm, Name: name, IsLegacy: legacy, Passthru: null }))),
    ]),
    ...(connected ? [] : [remark("This adapter is not connected, as in the source.")]),
    // With -WhatIf none was made.
    ...(settings.length === 0 ? [] : [when(op(nil, "-ne", found), settings)]),
  ];
}

function connection(facts: HypervAdapter, found: ReturnType<typeof ref>): PsStatement[] {
  // A network without a name is looked up under the adapter's.
  const key = str(facts.switch ?? facts.name);
  const switchName = ref("switchName");
  return [
    assign("switchName", key),
    when(method(ref("SwitchMap"), "ContainsKey", key), [
      assign("switchName", { kind: "index", of: ref("SwitchMap"), by: key }),
    ]),
    assign("virtualSwitch", firstWhere(cmd("Get-VMSwitch"), "Name", switchName)),
    when(
      op(nil, "-eq", ref("virtualSwitch")),
      [
        run(
          cmd("Write-Warning", {
            Message: op(str(`There is no virtual switch {0}: ${facts.name} stays unconnected.`), "-f", switchName),
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

/** Named pipes behind serial ports. */
export function comPorts({ comPorts: ports }: HypervMachine): PsStatement[] {
  return ports.flatMap(({ number, path }) => {
    if (path === null) return [];
    const port = { VM: vm, Number: num(number) };
    return [
      when(op(member(pipe(cmd("Get-VMComPort", port)), "Path"), "-ne", str(path)), [
        run(cmd("Set-VMComPort", { ...port, Path: str(path) })),
      ]),
    ];
  });
}
