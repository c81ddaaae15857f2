/** What a platform that is deployed to offers: one driver for each, in `drivers/`, listed in `drivers/drivers.ts`. */
import type { Diagnostic } from "../base/diagnostics.js";
import type { SecretRef } from "../base/ids.js";
import type { Context } from "../io/context.js";
import type { ConversionPlan } from "../operations/convert/conversion.js";
import type { OpenConversion } from "../operations/convert/convert.js";
import type { OpenedSource } from "../operations/opened.js";
import type { PlatformFacts } from "../ovf/environment-write.js";
import type { ImportChoice } from "../platforms/platform.js";
import type { Access } from "./access.js";
import type { Bridge } from "./bridges.js";
import type { DeployedMachine, StepRecord } from "./deployment/state.js";
import type { Step } from "./deployment/step.js";
import type { LiveMachines, MachineAddress } from "./live.js";

export type { Access } from "./access.js";

/** What drivers are lent. */
export interface DriverScope {
  /** Reads a secret. @param what it is, for messages */
  reveal(secret: SecretRef, what: string): Promise<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** One kind of platform. */
export interface DriverKind {
  /** As its targets begin: `vsphere`. */
  readonly id: string;
  readonly label: string;
  /** How its targets are written, for help and messages. */
  readonly targets: readonly string[];
  /** Whether a target is meant for it, by how it begins. */
  owns(target: string): boolean;
  /** How addresses of machines on it are written, for help and messages. Left out: its machines are no sources. */
  readonly machines?: readonly string[];
  /** Takes the address of a machine apart; `null`: it is none of this platform's. Left out as `machines`. @throws `deploy/bad-target` */
  machineAt?(address: string): MachineAddress | null;
  /** Speaks to nobody yet. @throws `deploy/bad-target` */
  open(access: Access, scope: DriverScope): Driver;
}

/** Where machines go on the platform. What a driver has not it refuses: `deploy/bad-place`. */
export interface Place {
  /** Storage pool, datastore, storage repository; `null`: the driver's own choice. */
  readonly storage: string | null;
  /** Folder or group of machines. */
  readonly folder: string | null;
  /** Resource pool, cluster or host, as a path. */
  readonly pool: string | null;
  /** Networks of the platform by those of the source; `*`: of all others. */
  readonly networks: ReadonlyMap<string, string>;
  /** Those of the platform that the deployment makes for itself, private to it; left out: none. */
  readonly made?: ReadonlySet<string>;
}

/** What is wished of a deployment. */
export interface DeployWish {
  readonly name: string;
  /** Chosen once: ids of machines follow from it, so that they are known before they are there. */
  readonly id: string;
  readonly place: Place;
  readonly choice: ImportChoice;
  readonly start: boolean;
  readonly autostart: boolean;
  /** Whether the processor is emulated where the host could do better. */
  readonly emulate: boolean;
  /** Ids of the machines that look for their OVF environment on a disc (DSP0243 9.5, transport `iso`), and are told one. */
  readonly told: ReadonlySet<string>;
  /** Ids of the machines that the package asks something: they have an OVF environment, however they are told it. */
  readonly asked: ReadonlySet<string>;
  /** How they are told it beside that. */
  readonly bridges: readonly Bridge[];
  /** Left out: the first. In each one files have other names. */
  readonly generation?: number;
  /** Disks that are on the platform and stay as they are, by their ids: the names of their files. The source has them empty. */
  readonly kept?: ReadonlyMap<string, string>;
}

/** What an upgrade does between its files and the machines' next start. */
export interface UpgradeSteps {
  /** Steps that stay as parts of the deployment: new disks. The machines may run meanwhile. */
  readonly makes: readonly StepRecord[];
  /** Steps that turn the machines, which are off, to them. To undo one is to turn back. */
  readonly swaps: readonly StepRecord[];
  /** Keys of former steps whose work nothing uses after that. */
  readonly replaces: readonly string[];
}

/** A deployment in numbers and names, for preflight. */
export interface Need {
  readonly wish: DeployWish;
  readonly plan: ConversionPlan;
  readonly machines: readonly DeployedMachine[];
  /** With what earlier runs of the same deployment have begun or done: that is not in the way. */
  readonly steps: readonly StepRecord[];
  /** Bytes of the files of the conversion that go to the platform, at most. */
  readonly bytes: number;
}

/** A platform that was looked at, and the place of it that is meant. */
export interface Site {
  /** Set where the driver's steps bring machines their environments: no CDs with them are in the source. */
  readonly bringsEnvironments?: true;
  /**
   * Plans the files of the deployment: what the first step writes into a folder of its own, from which the driver's steps take them. Machines of
   * the source have their names and UUIDs already.
   */
  plan(source: OpenedSource, wish: DeployWish, ctx: Context): Promise<OpenConversion>;
  /**
   * The steps between that of the files and those that start machines, in their order, all open. Pure: the same for the same plan. A step's kind
   * is neither `files` nor `start`: those are of the engine.
   */
  steps(plan: ConversionPlan, machines: readonly DeployedMachine[], wish: DeployWish): readonly StepRecord[];
  /** Says what will fail, before a byte moves: names, networks, storage, space, rights. Changes nothing. */
  preflight(need: Need, ctx: Context): Promise<readonly Diagnostic[]>;
  /**
   * The steps of an upgrade, all open. Pure. Left out: machines of this platform cannot be upgraded in place.
   * @param former steps of the deployment
   */
  upgrade?(
    plan: ConversionPlan,
    machines: readonly DeployedMachine[],
    wish: DeployWish,
    former: readonly StepRecord[],
  ): UpgradeSteps;
}

/** What steps are given. */
export interface StepTools {
  /** Absolute path of the folder with the files of the conversion. */
  readonly files: string;
  /** Absolute path of a folder for what the way back of an upgrade needs. It may not be there yet. */
  readonly kept: string;
  /** The OVF environment of a machine as XML, by its id in the package, with secrets; `null`: it is told nothing, or this run takes back. */
  readonly environment: (machine: string) => string | null;
}

/** What a machine does. */
export interface MachineState {
  /** `changing`: neither on nor off, or paused. */
  readonly power: "on" | "off" | "changing";
  /** In the platform's words. */
  readonly words: string;
}

/** A platform that can be spoken to. Sessions begin with the first call and end with `close`. */
export interface Driver {
  readonly label: string;
  /** What guests read of the platform in their OVF environment. */
  readonly facts: PlatformFacts;
  /** Other ways to tell guests their environment; left out: a CD for cloud-init, which the engine makes. */
  readonly bridges?: readonly Bridge[];
  /** Whether it makes networks (`Place.made`); left out: it does not. */
  readonly makesNetworks?: true;
  /** Looks at the platform. Changes nothing. @throws `deploy/refused`, `deploy/no-tool` */
  look(place: Place, ctx: Context): Promise<Site>;
  /** @throws `deploy/bad-state` for a record that is none of the driver's */
  step(record: StepRecord, tools: StepTools): Step;
  /** `null`: the machine is not there. */
  stateOf(machine: DeployedMachine, ctx: Context): Promise<MachineState | null>;
  /** Starts a machine that is off. */
  start(machine: DeployedMachine, ctx: Context): Promise<void>;
  /** Asks the guest to shut down, and does not wait for it. */
  shutDown(machine: DeployedMachine, ctx: Context): Promise<void>;
  /** Takes the power away. */
  switchOff(machine: DeployedMachine, ctx: Context): Promise<void>;
  /** Addresses of a running machine that the platform knows. Left out: it never knows any. */
  addresses?(machine: DeployedMachine, ctx: Context): Promise<readonly string[]>;
  /** Its machines as sources and as texts. Left out: they are not read. */
  readonly live?: LiveMachines;
  close(): Promise<void>;
}
