/**
 * The facts of one Hyper-V machine, as `share/hyperv/Export-VmferryMachine.ps1` collects them on its host, and as the export writes them beside
 * its script. Names of values are those of the Hyper-V module of PowerShell; sizes are bytes.
 */
export interface HypervDocument {
  readonly schema: "vmferry/hyperv@1";
  /** `null`: nobody collected it, it was written for a machine that is yet to be made. */
  readonly host: HypervHost | null;
  /** When it was collected: ISO 8601, UTC. */
  readonly collected: string | null;
  readonly machine: HypervMachine;
}

/** Where a machine was collected. */
export interface HypervHost {
  readonly name: string | null;
  /** Version of PowerShell. */
  readonly powershell: string | null;
  /** Version of the Hyper-V module. */
  readonly module: string | null;
}

/** One machine. `null` is what the host does not say: an old version of Hyper-V, or a generation that has no such thing. */
export interface HypervMachine {
  readonly name: string;
  readonly id: string | null;
  /** SMBIOS UUID (Msvm_VirtualSystemSettingData.BIOSGUID). */
  readonly biosGuid: string | null;
  /** 1: BIOS; 2: EFI. */
  readonly generation: number;
  /** Version of the configuration: `9.0`. */
  readonly version: string | null;
  readonly notes: string | null;
  /** `Off`, `Running`, `Saved`, `Paused`. */
  readonly state: string | null;
  readonly processors: HypervProcessors;
  readonly memory: HypervMemory;
  /** Generation 1: `CD`, `IDE`, `LegacyNetworkAdapter`, `Floppy`. */
  readonly startupOrder: readonly string[] | null;
  /** Generation 2. */
  readonly firmware: HypervFirmware | null;
  readonly security: HypervSecurity | null;
  /** How many SCSI controllers there are. */
  readonly scsiControllers: number;
  readonly drives: readonly HypervDrive[];
  readonly networkAdapters: readonly HypervAdapter[];
  readonly comPorts: readonly HypervComPort[];
  readonly checkpoints: readonly HypervCheckpoint[];
  /** Partitions of graphics cards that are assigned. */
  readonly gpuPartitions: number;
  /** `Nothing`, `StartIfRunning`, `Start`. */
  readonly startAction: string | null;
  readonly startDelaySeconds: number | null;
  /** `TurnOff`, `Save`, `ShutDown`. */
  readonly stopAction: string | null;
  /** Names of integration services that are off. */
  readonly integrationServicesOff: readonly string[];
}

/** Virtual processors. */
export interface HypervProcessors {
  readonly count: number;
  /** ExposeVirtualizationExtensions. */
  readonly nested: boolean | null;
  /** HwThreadCountPerCore; 0: as the host has. */
  readonly threadsPerCore: number | null;
}

/** Memory. */
export interface HypervMemory {
  readonly startupBytes: number;
  readonly dynamic: boolean;
  readonly minimumBytes: number | null;
  readonly maximumBytes: number | null;
}

/** EFI of a generation 2 machine. */
export interface HypervFirmware {
  readonly secureBoot: boolean;
  /** `MicrosoftWindows`, `MicrosoftUEFICertificateAuthority`, `OpenSourceShieldedVM`. */
  readonly secureBootTemplate: string | null;
  readonly bootOrder: readonly HypervBootSource[];
}

/** One entry of the boot order. */
export interface HypervBootSource {
  /** `Drive`, `Network`, `File`. */
  readonly type: string;
  /** Index in `drives`. */
  readonly drive: number | null;
  /** Index in `networkAdapters`. */
  readonly adapter: number | null;
  readonly description: string | null;
}

/** Security settings. */
export interface HypervSecurity {
  /** Whether it has a virtual TPM 2.0. */
  readonly tpm: boolean;
  readonly shielded: boolean;
}

/** A drive. */
export interface HypervDrive {
  readonly device: "disk" | "dvd" | "floppy";
  /** `IDE`, `SCSI`, `Floppy`. */
  readonly controllerType: string;
  readonly controllerNumber: number;
  readonly controllerLocation: number;
  /** The image, as the host names it. */
  readonly path: string | null;
  /** What of the host is handed through instead of an image: `\\.\PHYSICALDRIVE3`, a DVD drive. */
  readonly host: string | null;
  /** SupportPersistentReservations: several machines use it at once. */
  readonly shared: boolean;
  /** The image and what it is based on, the image first. */
  readonly chain: readonly HypervImage[];
}

/** One file of a disk's chain (Get-VHD). */
export interface HypervImage {
  readonly path: string;
  /** `VHD`, `VHDX`, `VHDSet`. */
  readonly format: string | null;
  /** `Fixed`, `Dynamic`, `Differencing`. */
  readonly type: string | null;
  /** What the guest sees. */
  readonly sizeBytes: number | null;
}

/** A network adapter. */
export interface HypervAdapter {
  readonly name: string;
  readonly legacy: boolean;
  /** Name of the virtual switch; `null`: not connected. */
  readonly switch: string | null;
  /** `External`, `Internal`, `Private`; `Nat` for the switch called Default Switch. */
  readonly switchType: string | null;
  /** Without separators; `null`: none was given yet. */
  readonly mac: string | null;
  readonly macDynamic: boolean;
  readonly vlan: HypervVlan | null;
}

/** VLAN of an adapter's port; `null`: untagged. */
export interface HypervVlan {
  /** `Access`, `Trunk`, `Private`. */
  readonly mode: string;
  readonly accessId: number | null;
  readonly nativeId: number | null;
  /** Tags of a trunk: `1-10,20`. */
  readonly allowed: string | null;
}

/** A serial port. */
export interface HypervComPort {
  /** 1 or 2. */
  readonly number: number;
  /** A named pipe: `\\.\pipe\name`. */
  readonly path: string | null;
}

/** A checkpoint. */
export interface HypervCheckpoint {
  readonly name: string;
  readonly created: string | null;
}
