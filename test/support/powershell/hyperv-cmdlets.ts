// Long: one table of cmdlets over one state; each is a few lines, and they are looked up together.
/** The cmdlets of the Hyper-V module that our scripts use, on a host that is not there. Parameters are those of Microsoft's reference. */
import {
  adapterObject,
  adapterOf,
  driveObject,
  driveOf,
  type Host,
  type HostDrive,
  type HostVm,
  newVm,
  STARTUP_WORDS,
  TEMPLATES,
  vmObject,
  vmOf,
  word,
} from "./hyperv-host.js";
import { type Bound, type Cmdlet, PsObject, same, textOf } from "./run.js";

const MIB = 2 ** 20;

/** Parameters that every cmdlet has which changes something. */
const CHANGING = ["Confirm", "WhatIf"];

function refuse(what: string): never {
  throw new Error(what);
}

function whole(value: unknown, from: number, to: number, what: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= from && value <= to) return value;
  return refuse(`${what}: ${String(value)} is not from ${from} to ${to}`);
}

/** The cmdlets of the module. */
export function hypervCmdlets(host: Host): Record<string, Cmdlet> {
  const reading = (values: readonly string[], run: (bound: Bound) => unknown[]): Cmdlet => ({ values, run });
  const changing = (
    name: string,
    values: readonly string[],
    switches: readonly string[],
    run: (bound: Bound) => unknown[],
    pipe?: string,
  ): Cmdlet => ({
    values,
    switches: [...switches, ...CHANGING],
    ...(pipe === undefined ? {} : { pipe }),
    run(bound, shell) {
      if (shell.whatIf) return [];
      const output = run(bound);
      host.changes.push(name);
      return output;
    },
  });
  const vm = (bound: Bound): HostVm => vmOf(host, bound.VM);
  const file = (path: unknown, ending: RegExp): string => {
    const text = textOf(path);
    if (!host.files.has(text.toLowerCase())) refuse(`Cannot find the file '${text}'.`);
    return ending.test(text) ? text : refuse(`'${text}' has not the ending of such an image`);
  };
  const place = (owner: HostVm, bound: Bound, device: HostDrive["device"]): Omit<HostDrive, "id" | "path"> => {
    const type = device === "dvd" ? (owner.generation === 1 ? "IDE" : "SCSI") : textOf(bound.ControllerType);
    if (type !== "IDE" && type !== "SCSI") return refuse(`no controller type ${type}`);
    if (type === "IDE" && owner.generation === 2) refuse("a generation 2 machine has no IDE controller");
    const number = whole(bound.ControllerNumber, 0, type === "IDE" ? 1 : owner.scsi - 1, "ControllerNumber");
    return {
      device,
      type,
      number,
      location: whole(bound.ControllerLocation, 0, type === "IDE" ? 1 : 63, "ControllerLocation"),
    };
  };
  const add = (owner: HostVm, drive: Omit<HostDrive, "id">): PsObject => {
    const taken = owner.drives.some(
      (d) => d.type === drive.type && d.number === drive.number && d.location === drive.location,
    );
    if (taken) refuse(`the place ${drive.type} ${drive.number}:${drive.location} is taken`);
    const made = { ...drive, id: `drive${host.next++}` };
    owner.drives.push(made);
    return driveObject(made);
  };
  const drives = (bound: Bound, device: HostDrive["device"]): PsObject[] =>
    vm(bound)
      .drives.filter(
        (drive) =>
          drive.device === device &&
          (bound.ControllerType === undefined || same(drive.type, bound.ControllerType)) &&
          (bound.ControllerNumber === undefined || drive.number === bound.ControllerNumber) &&
          (bound.ControllerLocation === undefined || drive.location === bound.ControllerLocation),
      )
      .map(driveObject);
  const forGeneration = (owner: HostVm, generation: 1 | 2): HostVm =>
    owner.generation === generation ? owner : refuse(`this is not for machines of generation ${owner.generation}`);

  return {
    "Get-VM": reading(["Name", "Id"], (bound) =>
      host.vms.filter(({ id }) => bound.Id === undefined || id === bound.Id).map(vmObject),
    ),
    "New-VM": changing("New-VM", ["Name", "Generation", "MemoryStartupBytes", "Path"], ["NoVHD"], (bound) => {
      const generation = whole(bound.Generation, 1, 2, "Generation") as 1 | 2;
      const memory = whole(bound.MemoryStartupBytes, 32 * MIB, 12 * 2 ** 40, "MemoryStartupBytes");
      const folder = bound.Path === undefined ? null : textOf(bound.Path);
      return [vmObject(newVm(host, textOf(bound.Name), generation, memory, folder))];
    }),
    "Remove-VM": changing("Remove-VM", ["VM"], ["Force"], (bound) => {
      const owner = vm(bound);
      if (owner.state !== "Off") refuse("the machine is not off");
      host.vms.splice(host.vms.indexOf(owner), 1);
      return [];
    }),
    "Set-VM": changing(
      "Set-VM",
      ["VM", "Notes", "AutomaticStartAction", "AutomaticStartDelay"],
      ["Passthru"],
      (bound) => {
        const owner = vm(bound);
        if (bound.Notes !== undefined) owner.notes = textOf(bound.Notes);
        if (bound.AutomaticStartAction !== undefined) {
          owner.start.action = word("StartAction", textOf(bound.AutomaticStartAction)).name;
        }
        if (bound.AutomaticStartDelay !== undefined) {
          owner.start.delay = whole(bound.AutomaticStartDelay, 0, 2 ** 31 - 1, "AutomaticStartDelay");
        }
        return [];
      },
    ),
    "Start-VM": changing("Start-VM", ["VM"], ["Passthru"], (bound) => {
      const owner = vm(bound);
      if (owner.state !== "Off")
        refuse("The operation cannot be performed while the virtual machine is in its current state.");
      for (const { path } of owner.drives) {
        if (path !== null && !host.files.has(path.toLowerCase()))
          refuse(`'${owner.name}' failed to start: '${path}' is missing`);
      }
      owner.state = "Running";
      return [];
    }),
    "Stop-VM": changing("Stop-VM", ["VM"], ["TurnOff", "Force", "Passthru"], (bound) => {
      if (bound.TurnOff !== true) refuse("a shutdown would wait for the guest");
      vm(bound).state = "Off";
      return [];
    }),
    "Get-VMProcessor": reading(["VM"], (bound) => {
      const { count, nested, threads } = vm(bound).processors;
      return [
        new PsObject("VMProcessor", {
          Count: count,
          ExposeVirtualizationExtensions: nested,
          HwThreadCountPerCore: threads,
        }),
      ];
    }),
    "Set-VMProcessor": changing(
      "Set-VMProcessor",
      ["VM", "Count", "ExposeVirtualizationExtensions", "HwThreadCountPerCore"],
      ["Passthru"],
      (bound) => {
        const { processors } = vm(bound);
        if (bound.Count !== undefined) processors.count = whole(bound.Count, 1, 2048, "Count");
        if (bound.HwThreadCountPerCore !== undefined)
          processors.threads = whole(bound.HwThreadCountPerCore, 0, 2, "HwThreadCountPerCore");
        if (bound.ExposeVirtualizationExtensions !== undefined)
          processors.nested = bound.ExposeVirtualizationExtensions === true;
        return [];
      },
    ),
    "Get-VMMemory": reading(["VM"], (bound) => {
      const { startup, minimum, maximum, dynamic } = vm(bound).memory;
      return [
        new PsObject("VMMemory", {
          Startup: startup,
          Minimum: minimum,
          Maximum: maximum,
          DynamicMemoryEnabled: dynamic,
        }),
      ];
    }),
    "Set-VMMemory": changing(
      "Set-VMMemory",
      ["VM", "DynamicMemoryEnabled", "StartupBytes", "MinimumBytes", "MaximumBytes"],
      ["Passthru"],
      (bound) => {
        const { memory } = vm(bound);
        const size = (value: unknown, old: number): number => {
          if (value === undefined) return old;
          const bytes = whole(value, 32 * MIB, 240 * 2 ** 40, "memory");
          return bytes % (2 * MIB) === 0 ? bytes : refuse("memory is a multiple of 2 MB");
        };
        memory.dynamic = bound.DynamicMemoryEnabled === true;
        memory.startup = size(bound.StartupBytes, memory.startup);
        memory.minimum = size(bound.MinimumBytes, memory.minimum);
        memory.maximum = size(bound.MaximumBytes, memory.maximum);
        if (memory.dynamic && (memory.minimum > memory.startup || memory.startup > memory.maximum)) {
          refuse("startup memory is not between minimum and maximum");
        }
        return [];
      },
    ),
    "Get-VMScsiController": reading(["VM", "ControllerNumber"], (bound) =>
      Array.from(
        { length: vm(bound).scsi },
        (_, n) => new PsObject("VMScsiController", { VMId: vm(bound).id, ControllerNumber: n }),
      ),
    ),
    "Add-VMScsiController": changing("Add-VMScsiController", ["VM"], ["Passthru"], (bound) => {
      const owner = vm(bound);
      owner.scsi = whole(owner.scsi + 1, 1, 4, "SCSI controllers");
      return [];
    }),
    "Remove-VMScsiController": changing(
      "Remove-VMScsiController",
      ["VMScsiController"],
      ["Passthru"],
      (bound) => {
        const controller = bound.VMScsiController;
        const owner = host.vms.find(({ id }) => controller instanceof PsObject && id === controller.get("VMId"));
        if (owner === undefined) return refuse("it is no SCSI controller");
        owner.scsi--;
        return [];
      },
      "VMScsiController",
    ),
    "Get-VMHardDiskDrive": reading(["VM", "ControllerType", "ControllerNumber", "ControllerLocation"], (bound) =>
      drives(bound, "disk"),
    ),
    "Add-VMHardDiskDrive": changing(
      "Add-VMHardDiskDrive",
      ["VM", "ControllerType", "ControllerNumber", "ControllerLocation", "Path"],
      ["Passthru"],
      (bound) => {
        const owner = vm(bound);
        const path = file(bound.Path, owner.generation === 1 ? /\.vhdx?$/i : /\.vhdx$/i);
        return [add(owner, { ...place(owner, bound, "disk"), path })];
      },
    ),
    "Get-VMDvdDrive": reading(["VM", "ControllerNumber", "ControllerLocation"], (bound) => drives(bound, "dvd")),
    "Add-VMDvdDrive": changing(
      "Add-VMDvdDrive",
      ["VM", "ControllerNumber", "ControllerLocation", "Path"],
      ["Passthru"],
      (bound) => {
        const owner = vm(bound);
        const path = bound.Path === undefined ? null : file(bound.Path, /\.iso$/i);
        return [add(owner, { ...place(owner, bound, "dvd"), path })];
      },
    ),
    "Set-VMDvdDrive": changing("Set-VMDvdDrive", ["VMDvdDrive", "Path"], ["Passthru"], (bound) => {
      driveOf(host, bound.VMDvdDrive).path = file(bound.Path, /\.iso$/i);
      return [];
    }),
    "Remove-VMDvdDrive": changing(
      "Remove-VMDvdDrive",
      ["VMDvdDrive"],
      ["Passthru"],
      (bound) => {
        const drive = driveOf(host, bound.VMDvdDrive);
        for (const owner of host.vms) owner.drives = owner.drives.filter((known) => known !== drive);
        return [];
      },
      "VMDvdDrive",
    ),
    "Get-VMFloppyDiskDrive": reading(["VM"], (bound) => [
      new PsObject("VMFloppyDiskDrive", { Path: forGeneration(vm(bound), 1).floppy ?? "" }),
    ]),
    "Set-VMFloppyDiskDrive": changing("Set-VMFloppyDiskDrive", ["VM", "Path"], ["Passthru"], (bound) => {
      forGeneration(vm(bound), 1).floppy = file(bound.Path, /\.vfd$/i);
      return [];
    }),
    "Get-VMNetworkAdapter": reading(["VM", "Name"], (bound) =>
      vm(bound).adapters.map((adapter) => adapterObject(adapter, host)),
    ),
    "Add-VMNetworkAdapter": changing(
      "Add-VMNetworkAdapter",
      ["VM", "Name", "IsLegacy", "SwitchName"],
      ["Passthru"],
      (bound) => {
        const owner = vm(bound);
        const legacy = bound.IsLegacy === true;
        if (legacy) forGeneration(owner, 1);
        const adapter = {
          id: `adapter${host.next++}`,
          name: textOf(bound.Name),
          legacy,
          mac: null,
          switchName: "",
          vlan: null,
        };
        owner.adapters.push(adapter);
        return [adapterObject(adapter, host)];
      },
    ),
    "Set-VMNetworkAdapter": changing(
      "Set-VMNetworkAdapter",
      ["VMNetworkAdapter", "StaticMacAddress"],
      ["Passthru"],
      (bound) => {
        const mac = textOf(bound.StaticMacAddress);
        adapterOf(host, bound.VMNetworkAdapter).mac = /^[0-9A-F]{12}$/.test(mac) ? mac : refuse(`no address: ${mac}`);
        return [];
      },
    ),
    "Remove-VMNetworkAdapter": changing(
      "Remove-VMNetworkAdapter",
      ["VMNetworkAdapter"],
      ["Passthru"],
      (bound) => {
        const adapter = adapterOf(host, bound.VMNetworkAdapter);
        for (const owner of host.vms) owner.adapters = owner.adapters.filter((known) => known !== adapter);
        return [];
      },
      "VMNetworkAdapter",
    ),
    "Connect-VMNetworkAdapter": changing(
      "Connect-VMNetworkAdapter",
      ["VMNetworkAdapter", "VMSwitch", "SwitchName"],
      ["Passthru"],
      (bound) => {
        const target = bound.VMSwitch;
        if (!(target instanceof PsObject) || target.type !== "VMSwitch") return refuse("VMSwitch is no switch");
        adapterOf(host, bound.VMNetworkAdapter).switchName = textOf(target.get("Name"));
        return [];
      },
    ),
    "Get-VMNetworkAdapterVlan": reading(["VMNetworkAdapter"], (bound) => {
      const { vlan } = adapterOf(host, bound.VMNetworkAdapter);
      return [
        new PsObject("VMNetworkAdapterVlanSetting", {
          OperationMode: word("VMNetworkAdapterVlanMode", vlan === null ? "Untagged" : "Access"),
          AccessVlanId: vlan ?? 0,
          NativeVlanId: 0,
          AllowedVlanIdListString: "",
        }),
      ];
    }),
    "Set-VMNetworkAdapterVlan": changing(
      "Set-VMNetworkAdapterVlan",
      ["VMNetworkAdapter", "VlanId"],
      ["Access", "Untagged", "Passthru"],
      (bound) => {
        if (bound.Access !== true) return refuse("a VLAN has a mode");
        adapterOf(host, bound.VMNetworkAdapter).vlan = whole(bound.VlanId, 1, 4094, "VlanId");
        return [];
      },
    ),
    "Get-VMSwitch": reading(["Name"], () =>
      host.switches.map(
        ({ name, id, type }) =>
          new PsObject("VMSwitch", { Name: name, Id: id, SwitchType: word("VMSwitchType", type) }),
      ),
    ),
    "Get-VMComPort": reading(["VM", "Number"], (bound) => [
      new PsObject("VMComPort", { Path: vm(bound).ports[whole(bound.Number, 1, 2, "Number") - 1] ?? "" }),
    ]),
    "Set-VMComPort": changing("Set-VMComPort", ["VM", "Number", "Path"], ["Passthru"], (bound) => {
      const path = textOf(bound.Path);
      if (!/^\\\\[^\\]+\\pipe\\[^\\]+$/i.test(path)) refuse(`'${path}' is no named pipe`);
      vm(bound).ports[whole(bound.Number, 1, 2, "Number") - 1] = path;
      return [];
    }),
    "Get-VMFirmware": reading(["VM"], (bound) => {
      const owner = forGeneration(vm(bound), 2);
      return [
        new PsObject("VMFirmware", {
          SecureBoot: word("OnOffState", owner.secureBoot ? "On" : "Off"),
          SecureBootTemplate: owner.template,
          BootOrder: owner.boot.map((id) => {
            const drive = owner.drives.find((known) => known.id === id);
            const adapter = owner.adapters.find((known) => known.id === id);
            return new PsObject("VMBootSource", {
              BootType: word("BootSourceType", drive === undefined ? "Network" : "Drive"),
              Description: "EFI SCSI Device",
              Device:
                drive !== undefined ? driveObject(drive) : adapter === undefined ? null : adapterObject(adapter, host),
            });
          }),
        }),
      ];
    }),
    "Set-VMFirmware": changing(
      "Set-VMFirmware",
      ["VM", "EnableSecureBoot", "SecureBootTemplate", "BootOrder"],
      ["Passthru"],
      (bound) => {
        const owner = forGeneration(vm(bound), 2);
        if (bound.EnableSecureBoot !== undefined)
          owner.secureBoot = word("OnOffState", textOf(bound.EnableSecureBoot)).name === "On";
        if (bound.SecureBootTemplate !== undefined) {
          const template = textOf(bound.SecureBootTemplate);
          owner.template = TEMPLATES.includes(template) ? template : refuse(`there is no template ${template}`);
        }
        if (bound.BootOrder !== undefined) {
          const ids = (Array.isArray(bound.BootOrder) ? bound.BootOrder : [bound.BootOrder]).map((device) =>
            device instanceof PsObject
              ? textOf(device.get("Id"))
              : refuse("the boot order has something that is no device"),
          );
          const known = [...owner.drives, ...owner.adapters].map(({ id }) => id);
          if (ids.some((id) => !known.includes(id))) refuse("the boot order has a device of another machine");
          owner.boot = ids;
        }
        return [];
      },
    ),
    "Get-VMBios": reading(["VM"], (bound) => [
      new PsObject("VMBios", {
        StartupOrder: forGeneration(vm(bound), 1).startup.map((name) => word("BootDevice", name)),
      }),
    ]),
    "Set-VMBios": changing("Set-VMBios", ["VM", "StartupOrder"], ["Passthru"], (bound) => {
      const order = (bound.StartupOrder as unknown[]).map(textOf);
      if ([...order].sort().join() !== [...STARTUP_WORDS].sort().join()) refuse("the order has all four kinds once");
      forGeneration(vm(bound), 1).startup = order;
      return [];
    }),
    "Get-VMSecurity": reading(["VM"], (bound) => [
      new PsObject("VMSecurity", { TpmEnabled: vm(bound).tpm, Shielded: false }),
    ]),
    "Set-VMKeyProtector": changing("Set-VMKeyProtector", ["VM"], ["NewLocalKeyProtector", "Passthru"], (bound) => {
      if (bound.NewLocalKeyProtector !== true) return refuse("a key protector is of some kind");
      forGeneration(vm(bound), 2).keyProtector = true;
      return [];
    }),
    "Enable-VMTPM": changing("Enable-VMTPM", ["VM"], ["Passthru"], (bound) => {
      const owner = forGeneration(vm(bound), 2);
      if (!owner.keyProtector) refuse("a virtual TPM needs a key protector");
      owner.tpm = true;
      return [];
    }),
    "Get-VMSnapshot": reading(["VM"], () => []),
    "Get-VMGpuPartitionAdapter": reading(["VM"], () => []),
    "Get-VMIntegrationService": reading(["VM"], (bound) => [
      new PsObject("VMIntegrationComponent", {
        Name: "Guest Service Interface",
        Id: `Microsoft:${vm(bound).id}\\6C09BB55-D683-4DA0-8931-C9BF705F6480`,
        Enabled: false,
      }),
    ]),
    "Get-VHD": reading(["Path"], (bound) => {
      const path = file(bound.Path, /\.a?vhdx?$/i);
      const format = /x$/i.test(path) ? "VHDX" : "VHD";
      return [
        new PsObject("VirtualHardDisk", {
          Path: path,
          VhdFormat: word("VHDFormat", format),
          VhdType: word("VHDType", "Dynamic"),
          Size: 2 ** 30,
          ParentPath: "",
        }),
      ];
    }),
  };
}
