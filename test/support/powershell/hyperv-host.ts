/**
 * A host of Hyper-V that is not there: its state, and the objects that its module hands out, written from Microsoft's reference of the module
 * (parameters, sets of values) and the properties of its types. What the reference forbids is an error; each change is written down.
 */
import { PsEnum, PsObject } from "./run.js";

export interface HostDrive {
  readonly id: string;
  readonly device: "disk" | "dvd";
  readonly type: "IDE" | "SCSI";
  readonly number: number;
  readonly location: number;
  path: string | null;
}

export interface HostAdapter {
  readonly id: string;
  readonly name: string;
  readonly legacy: boolean;
  mac: string | null;
  switchName: string;
  vlan: number | null;
}

export interface HostVm {
  readonly id: string;
  readonly name: string;
  readonly generation: 1 | 2;
  readonly folder: string | null;
  notes: string;
  state: string;
  processors: { count: number; nested: boolean; threads: number };
  memory: { startup: number; minimum: number; maximum: number; dynamic: boolean };
  scsi: number;
  drives: HostDrive[];
  floppy: string | null;
  adapters: HostAdapter[];
  ports: [string, string];
  secureBoot: boolean;
  template: string;
  /** Ids of drives and adapters. */
  boot: string[];
  startup: string[];
  keyProtector: boolean;
  tpm: boolean;
  start: { action: string; delay: number };
  /** What its guest does when it is asked to shut down. */
  guest: "obeys" | "ignores" | "absent";
}

export interface Host {
  readonly vms: HostVm[];
  readonly switches: {
    readonly name: string;
    readonly id: string;
    readonly type: "External" | "Internal" | "Private";
  }[];
  /** Paths of files, in lower case; those that are written have their text. */
  readonly files: Map<string, string | null>;
  /** Every change of a machine, as the cmdlet that made it. */
  readonly changes: string[];
  next: number;
}

export const STARTUP_WORDS: readonly string[] = ["CD", "IDE", "LegacyNetworkAdapter", "Floppy"];
export const TEMPLATES: readonly string[] = [
  "MicrosoftWindows",
  "MicrosoftUEFICertificateAuthority",
  "OpenSourceShieldedVM",
];

const words: Readonly<Record<string, readonly string[]>> = {
  ControllerType: ["IDE", "SCSI", "PMEM"],
  OnOffState: ["On", "Off"],
  DvdMediaType: ["None", "ISO", "PassThrough"],
  VMSwitchType: ["Private", "Internal", "External"],
  VMNetworkAdapterVlanMode: ["Untagged", "Access", "Trunk", "Private"],
  BootSourceType: ["Unknown", "Drive", "Network", "File"],
  BootDevice: ["Floppy", "CD", "IDE", "LegacyNetworkAdapter", "NetworkAdapter", "VHD"],
  VHDFormat: ["Unknown", "", "VHD", "VHDX", "VHDSet"],
  VHDType: ["Unknown", "", "Fixed", "Dynamic", "Differencing"],
  StartAction: ["", "", "Nothing", "StartIfRunning", "Start"],
  StopAction: ["", "", "TurnOff", "Save", "ShutDown"],
  VMState: ["", "Other", "Running", "Off"],
};

export function word(type: string, name: string): PsEnum {
  const number = (words[type] ?? []).indexOf(name);
  if (number < 0) throw new Error(`${type} has no ${name}`);
  return new PsEnum(name, number);
}

export function createHost(parts: Partial<Pick<Host, "switches">> & { readonly files?: readonly string[] } = {}): Host {
  return {
    vms: [],
    switches: parts.switches ?? [],
    files: new Map((parts.files ?? []).map((file) => [file.toLowerCase(), null])),
    changes: [],
    next: 1,
  };
}

export function vmObject(vm: HostVm): PsObject {
  return new PsObject("VirtualMachine", {
    Name: () => vm.name,
    Id: () => vm.id,
    Generation: () => vm.generation,
    Notes: () => vm.notes,
    Version: () => "9.0",
    State: () => word("VMState", vm.state),
    ComputerName: () => "HOST",
    ProcessorCount: () => vm.processors.count,
    DynamicMemoryEnabled: () => vm.memory.dynamic,
    MemoryStartup: () => vm.memory.startup,
    MemoryMinimum: () => vm.memory.minimum,
    MemoryMaximum: () => vm.memory.maximum,
    AutomaticStartAction: () => word("StartAction", vm.start.action),
    AutomaticStartDelay: () => vm.start.delay,
    Path: () => `${vm.folder ?? "C:\\ProgramData\\Microsoft\\Windows\\Hyper-V"}\\${vm.name}`,
    AutomaticStopAction: () => word("StopAction", "Save"),
  });
}

export function driveObject(drive: HostDrive): PsObject {
  const place = {
    Id: () => drive.id,
    Path: () => drive.path ?? "",
    ControllerType: () => word("ControllerType", drive.type),
    ControllerNumber: () => drive.number,
    ControllerLocation: () => drive.location,
  };
  return drive.device === "dvd"
    ? new PsObject("DvdDrive", {
        ...place,
        DvdMediaType: () => word("DvdMediaType", drive.path === null ? "None" : "ISO"),
      })
    : new PsObject("HardDiskDrive", { ...place, DiskNumber: null, SupportPersistentReservations: false });
}

export function adapterObject(adapter: HostAdapter, host: Host): PsObject {
  return new PsObject("VMNetworkAdapter", {
    Id: () => adapter.id,
    Name: () => adapter.name,
    IsLegacy: () => adapter.legacy,
    // One with a dynamic address has none until it runs.
    MacAddress: () => adapter.mac ?? "000000000000",
    DynamicMacAddressEnabled: () => adapter.mac === null,
    SwitchName: () => adapter.switchName,
    IPAddresses: () => [],
    SwitchId: () => host.switches.find(({ name }) => name === adapter.switchName)?.id ?? null,
  });
}

/** The machine, drive, adapter or switch that an object stands for. @throws Error where it is another thing */
export function vmOf(host: Host, object: unknown): HostVm {
  const vm = host.vms.find(
    ({ id }) => object instanceof PsObject && object.type === "VirtualMachine" && id === object.get("Id"),
  );
  if (vm === undefined)
    throw new Error("Cannot validate argument on parameter 'VM'. The argument is null, or no machine.");
  return vm;
}

export function adapterOf(host: Host, object: unknown): HostAdapter {
  const all = host.vms.flatMap(({ adapters }) => adapters);
  const found = all.find(
    ({ id }) => object instanceof PsObject && object.type === "VMNetworkAdapter" && id === object.get("Id"),
  );
  if (found === undefined) throw new Error("Cannot validate argument on parameter 'VMNetworkAdapter'.");
  return found;
}

export function driveOf(host: Host, object: unknown): HostDrive {
  const all = host.vms.flatMap(({ drives }) => drives);
  const found = all.find(({ id }) => object instanceof PsObject && id === object.get("Id"));
  if (found === undefined) throw new Error("Cannot validate argument: it is no drive.");
  return found;
}

export function newVm(host: Host, name: string, generation: 1 | 2, memory: number, folder: string | null): HostVm {
  const number = host.next++;
  const vm: HostVm = {
    id: `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`,
    name,
    generation,
    folder,
    notes: "",
    state: "Off",
    processors: { count: 1, nested: false, threads: 0 },
    memory: { startup: memory, minimum: 512 * 2 ** 20, maximum: 2 ** 40, dynamic: false },
    scsi: 1,
    // What New-VM makes without being asked.
    drives:
      generation === 1
        ? [{ id: `drive${host.next++}`, device: "dvd", type: "IDE", number: 1, location: 0, path: null }]
        : [],
    floppy: null,
    adapters: [
      { id: `adapter${host.next++}`, name: "Network Adapter", legacy: false, mac: null, switchName: "", vlan: null },
    ],
    ports: ["", ""],
    secureBoot: generation === 2,
    template: generation === 2 ? "MicrosoftWindows" : "",
    boot: [],
    startup: [...STARTUP_WORDS],
    keyProtector: false,
    tpm: false,
    start: { action: "StartIfRunning", delay: 0 },
    guest: "obeys",
  };
  host.vms.push(vm);
  return vm;
}
