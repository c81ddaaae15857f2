/** A spec as it was read: `null` for what is not said. */
import type { Bus, Firmware, TargetId } from "../../base/ids.js";
import type { FlavourId, WrittenVersion } from "../../platforms/ovf/flavours.js";
import type { FileName, Keyed, Localized } from "./shape.js";
import type { SpecNode } from "./tree.js";

/** What every record has. */
interface Read {
  readonly at: SpecNode;
}

/** Settings by name, as VMware has them. */
export type Pairs = readonly Keyed<string>[];

/** The guest system of a machine. */
export interface GuestSpec extends Read {
  readonly name: string | null;
  readonly cim: number | null;
  readonly vmware: string | null;
  readonly virtualbox: string | null;
  readonly osinfo: string | null;
  readonly proxmox: string | null;
  readonly xenserver: string | null;
  readonly description: Localized | null;
}

/** A controller. */
export interface ControllerSpec extends Read {
  readonly bus: Bus | null;
  readonly model: string | null;
  readonly index: number | null;
  readonly config: Pairs | null;
}

/** A disk, CD or floppy drive. */
export interface DriveSpec extends Read {
  readonly disk: FileName | null;
  readonly size: number | null;
  readonly "same-as": string | null;
  readonly cdrom: FileName | "empty" | null;
  readonly floppy: FileName | "empty" | null;
  readonly id: string | null;
  readonly controller: string | null;
  readonly slot: number | null;
  readonly "read-only": boolean | null;
  readonly shared: boolean | null;
  readonly only: readonly string[] | null;
  readonly config: Pairs | null;
}

/** A network card. */
export interface NicSpec extends Read {
  readonly network: string | null;
  readonly model: string | null;
  readonly mac: string | null;
  readonly connected: boolean | null;
  readonly kind: "nat" | "bridged" | "hostonly" | "internal" | "network" | null;
  readonly vlan: number | null;
  readonly "port-profile": string | null;
  readonly only: readonly string[] | null;
  readonly config: Pairs | null;
}

/** The least and the most of something. */
export interface RangeSpec extends Read {
  readonly min: number | null;
  readonly max: number | null;
}

/** Hardware in a deployment option. */
export interface OptionHardware extends Read {
  readonly cpus: number | null;
  readonly "cores-per-socket": number | null;
  readonly memory: number | null;
}

/** An item that has no setting of its own. */
export interface DeviceSpec extends Read {
  readonly type: number | null;
  readonly subtype: string | null;
  readonly name: string | null;
  readonly required: boolean | null;
  readonly only: readonly string[] | null;
  readonly config: Pairs | null;
}

/** A serial port. */
export interface SerialSpec extends Read {
  readonly index: number | null;
  readonly backing: "pty" | "file" | "pipe" | "network" | "device" | null;
  readonly target: string | null;
}

/** A graphics card. */
export interface VideoSpec extends Read {
  readonly model: string | null;
  readonly memory: number | null;
  readonly displays: number | null;
  readonly config: Pairs | null;
}

/** What VMware's platforms know. */
export interface VmwareSpec extends Read {
  readonly config: Pairs | null;
  readonly "extra-config": Pairs | null;
}

/** What a machine is made of. */
export interface HardwareSpec extends Read {
  readonly name: Localized | null;
  readonly annotation: Localized | null;
  readonly os: GuestSpec | null;
  readonly "hardware-type": readonly string[] | null;
  readonly uuid: string | null;
  readonly cpus: number | null;
  readonly "cores-per-socket": number | null;
  readonly "threads-per-core": number | null;
  readonly "max-cpus": number | null;
  readonly nested: boolean | null;
  readonly memory: number | null;
  readonly "dynamic-memory": RangeSpec | null;
  readonly "cpu-limits": RangeSpec | null;
  readonly "memory-limits": RangeSpec | null;
  readonly firmware: Firmware | null;
  readonly tpm: "1.2" | "2.0" | null;
  readonly nvram: FileName | null;
  readonly chipset: "i440fx" | "q35" | null;
  readonly virtualization: "hvm" | "pv" | "pvh" | null;
  readonly clock: "utc" | "localtime" | null;
  readonly controllers: readonly Keyed<ControllerSpec>[] | null;
  readonly drives: readonly DriveSpec[] | null;
  readonly nics: readonly NicSpec[] | null;
  readonly "serial-ports": readonly SerialSpec[] | null;
  readonly sound: string | null;
  readonly video: VideoSpec | null;
  readonly devices: readonly DeviceSpec[] | null;
  readonly boot: readonly string[] | null;
  readonly "install-delay": number | null;
  readonly transports: readonly string[] | null;
  readonly "cpu-config": Pairs | null;
  readonly "memory-config": Pairs | null;
  readonly options: readonly Keyed<OptionHardware>[] | null;
  readonly vmware: VmwareSpec | null;
}

/** One question of a product. */
export interface PropertySpec extends Read {
  readonly type: string | null;
  readonly label: Localized | null;
  readonly description: Localized | null;
  readonly default: string | null;
  readonly values: Pairs | null;
  readonly category: Localized | null;
  readonly "user-configurable": boolean | null;
  readonly password: boolean | null;
  readonly choices: readonly string[] | null;
  readonly "min-length": number | null;
  readonly "max-length": number | null;
  readonly min: string | null;
  readonly max: string | null;
  readonly qualifiers: string | null;
  readonly only: readonly string[] | null;
}

/** A question in a list. */
export interface KeyedPropertySpec extends PropertySpec {
  readonly key: string | null;
}

/** A picture of a product. */
export interface IconSpec extends Read {
  readonly file: FileName | null;
  readonly type: string | null;
  readonly width: number | null;
  readonly height: number | null;
}

/** Software. */
export interface ProductSpec extends Read {
  readonly name: Localized | null;
  readonly vendor: Localized | null;
  readonly version: string | null;
  readonly "full-version": string | null;
  readonly class: string | null;
  readonly instance: string | null;
  readonly "product-url": string | null;
  readonly "vendor-url": string | null;
  readonly "app-url": string | null;
  readonly icons: readonly IconSpec[] | null;
  readonly properties: readonly Keyed<PropertySpec>[] | null;
  readonly "property-list": readonly KeyedPropertySpec[] | null;
}

/** What machines and whole appliances have. */
export interface AboutSpec extends Read {
  readonly products: readonly ProductSpec[] | null;
  readonly eulas: readonly Localized[] | null;
}

/** A machine. */
export interface MachineSpec extends HardwareSpec, AboutSpec {}

/** A network. */
export interface NetworkSpec extends Read {
  readonly description: Localized | null;
}

/** A deployment option. */
export interface OptionSpec extends Read {
  readonly label: Localized | null;
  readonly description: Localized | null;
  readonly default: boolean | null;
}

/** When a machine starts. */
export interface StepSpec extends Read {
  readonly machine: string | null;
  readonly order: number | null;
  readonly delay: number | null;
}

/** A collection in the collection. */
export interface GroupSpec extends Read {
  readonly name: string | null;
  readonly members: readonly string[] | null;
}

/** How a package is written. */
export interface WrittenSpec {
  readonly flavour: FlavourId | null;
  readonly "ovf-version": WrittenVersion | null;
  readonly manifest: "sha1" | "sha256" | "sha512" | null;
  readonly targets: readonly TargetId[] | null;
}

/** A package that is written. */
export interface OutputSpec extends Read, WrittenSpec {
  readonly file: string | null;
}

/** A spec. */
export interface Spec extends AboutSpec, WrittenSpec {
  readonly appliance: "1" | null;
  readonly name: string | null;
  readonly variables: Pairs | null;
  readonly include: readonly string[] | null;
  readonly outputs: readonly OutputSpec[] | null;
  readonly networks: readonly Keyed<NetworkSpec>[] | null;
  readonly options: readonly Keyed<OptionSpec>[] | null;
  readonly machine: MachineSpec | null;
  readonly machines: readonly Keyed<MachineSpec>[] | null;
  readonly groups: readonly Keyed<GroupSpec>[] | null;
  readonly startup: readonly StepSpec[] | null;
  readonly strings: readonly Keyed<Pairs>[] | null;
}
