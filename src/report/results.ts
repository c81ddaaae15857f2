// Long: the whole contract stands in one file, which the schemas are made from.
/**
 * The documents that commands print with `--json`: a contract. Absent facts are `null`, never left out; sizes are bytes.
 * The JSON Schemas in `schemas/` are made from these types (`node dist/scripts/gen-schemas.js`), comments included.
 */
import type { DiagnosticCode, Severity, SpecRef } from "../base/diagnostics.js";
import type { Bus, DiskFormatId, Firmware, HashName, JsonValue, PackageKind } from "../base/ids.js";
import type { DeploymentsResult, DeployResult, DriftResult } from "./deploy-result.js";
import type { DiffResult } from "./diff-result.js";
import type { EditResult } from "./edit-result.js";
import type { EnvironmentResult } from "./environment-result.js";
import type { PropertiesResult } from "./properties-result.js";
import type { DiagnosticResult, SignerResult } from "./result-parts.js";
import type { VmListResult } from "./vm-result.js";

export type {
  DeployedMachineResult,
  DeploymentResult,
  DeploymentsResult,
  DeployResult,
  DeployStepResult,
  DriftResult,
} from "./deploy-result.js";
export type { DiffChange, DiffDisk, DiffResult, DiffSide } from "./diff-result.js";
export type { EditResult } from "./edit-result.js";
export type { EnvironmentProperties, EnvironmentResult } from "./environment-result.js";
export type { PropertiesResult, QuestionResult } from "./properties-result.js";
export { type DiagnosticResult, type SignerResult, toDiagnosticResult } from "./result-parts.js";
export type { VmListResult, VmResult } from "./vm-result.js";

/** What a member of a package is for. */
export type MemberRole = "descriptor" | "manifest" | "certificate" | "disk" | "iso" | "nvram" | "strings" | "file";

/** One file of a package. */
export interface MemberResult {
  readonly name: string;
  readonly size: number;
  readonly role: MemberRole;
}

/** The guest system, by each naming scheme that the source used. */
export interface GuestOsResult {
  /** CIM_OperatingSystem.OsType. */
  readonly cim: number | null;
  readonly vmware: string | null;
  readonly virtualbox: string | null;
  readonly description: string | null;
}

/** A controller that drives hang on. */
export interface ControllerResult {
  readonly id: string;
  readonly bus: Bus;
  readonly model: string | null;
  /** Position among the controllers of its bus, from 0. */
  readonly index: number;
}

/** A drive. */
export interface AttachmentResult {
  readonly device: "disk" | "cdrom" | "floppy";
  /** Id of a disk. */
  readonly disk: string | null;
  /** Name of the image in a CD or floppy drive. */
  readonly file: string | null;
  /** Id of a controller. */
  readonly controller: string | null;
  readonly slot: number | null;
}

/** A network card. */
export interface NicResult {
  readonly network: string | null;
  readonly model: string | null;
  /** Lower case with colons; `null`: chosen at deployment. */
  readonly mac: string | null;
}

/** What few platforms say of a machine. */
export interface MachineDetails {
  /** As in `appliance.machines`, in the same order. */
  readonly id: string;
  /** SMBIOS UUID, lower case with hyphens. */
  readonly uuid: string | null;
  /** The guest system, by libosinfo's id, the `ostype` of Proxmox VE, the template of XenServer. */
  readonly guestIds: {
    readonly osinfo: string | null;
    readonly proxmox: string | null;
    readonly xenserver: string | null;
  };
  readonly threadsPerCore: number | null;
  /** Processors that it may have while it runs. */
  readonly maxCpus: number | null;
  /** Whether the guest may run machines of its own. */
  readonly nested: boolean | null;
  readonly dynamicMemory: { readonly minBytes: number; readonly maxBytes: number } | null;
  readonly virtualization: "hvm" | "pv" | "pvh" | null;
  readonly chipset: "i440fx" | "q35" | null;
  readonly tpm: "1.2" | "2.0" | null;
  /** Name of the file that holds what the firmware remembers. */
  readonly nvram: string | null;
  /** What is booted without a boot loader of the guest; names of files. */
  readonly directBoot: {
    readonly kernel: string | null;
    readonly initrd: string | null;
    readonly arguments: string | null;
    readonly loader: string | null;
  } | null;
  /** One for each network card, in their order. */
  readonly nics: readonly {
    /** What kind of network it is plugged into. */
    readonly kind: "nat" | "bridged" | "hostonly" | "internal" | "network" | null;
    readonly vlan: number | null;
    readonly connected: boolean;
  }[];
  readonly serialPorts: readonly {
    readonly index: number;
    readonly backing: "pty" | "file" | "pipe" | "network" | "device" | null;
    readonly target: string | null;
  }[];
  readonly sound: string | null;
  readonly video: {
    readonly model: string | null;
    readonly memoryBytes: number | null;
    readonly heads: number | null;
  } | null;
  /** What the hardware clock shows. */
  readonly clock: "utc" | "localtime" | null;
  /** What it boots from, in order; `index`: among the drives or network cards. */
  readonly boot: readonly {
    readonly device: "disk" | "cdrom" | "network" | "floppy";
    readonly index: number | null;
  }[];
  /** Drives that are read alone, by their place in `attachments`. */
  readonly readOnly: readonly number[];
  /** Ids of disks that several machines may write to at once. */
  readonly sharedDisks: readonly string[];
  /** What the model has no place for: whose word it is, and its name. */
  readonly foreign: readonly { readonly source: string; readonly name: string }[];
}

/** One machine. */
export interface MachineResult {
  readonly id: string;
  readonly name: string;
  readonly annotation: string | null;
  readonly guestOs: GuestOsResult;
  readonly cpu: { readonly count: number; readonly coresPerSocket: number | null };
  readonly memoryBytes: number;
  readonly firmware: Firmware | "unknown";
  /** Who said so: the standard, a vendor's extension, the boot disk, or a default; `null`: nobody. */
  readonly firmwareFrom: "declared" | "vendor" | "disk" | "default" | null;
  readonly hardwareTypes: readonly string[];
  readonly controllers: readonly ControllerResult[];
  readonly attachments: readonly AttachmentResult[];
  readonly nics: readonly NicResult[];
  /** How the guest gets its OVF environment. */
  readonly transports: readonly string[];
}

/** A virtual disk of an appliance. */
export interface ApplianceDiskResult {
  readonly id: string;
  /** Name in the package; `null`: an empty disk. */
  readonly file: string | null;
  readonly format: DiskFormatId | null;
  readonly variant: string | null;
  readonly capacityBytes: number;
  /** Id of another disk. */
  readonly parent: string | null;
}

/** One question that a product asks. */
export interface PropertyResult {
  readonly key: string;
  readonly type: string;
  /** Always `null` where `password` is true. */
  readonly value: string | null;
  readonly password: boolean;
  readonly userConfigurable: boolean;
  readonly label: string | null;
  readonly description: string | null;
  readonly category: string | null;
  readonly qualifiers: string | null;
}

/** Software in a machine, or in the whole appliance. */
export interface ProductResult {
  readonly class: string | null;
  readonly instance: string | null;
  readonly name: string | null;
  readonly vendor: string | null;
  readonly version: string | null;
  readonly fullVersion: string | null;
  /** Id of a machine; `null`: of the whole appliance. */
  readonly machine: string | null;
  readonly properties: readonly PropertyResult[];
}

/** What would be deployed. */
export interface ApplianceResult {
  readonly name: string | null;
  readonly machines: readonly MachineResult[];
  readonly networks: readonly { readonly name: string; readonly description: string | null }[];
  readonly disks: readonly ApplianceDiskResult[];
  readonly products: readonly ProductResult[];
  readonly eulas: readonly { readonly machine: string | null; readonly text: string }[];
  readonly deploymentOptions: readonly { readonly id: string; readonly label: string; readonly default: boolean }[];
  readonly startup: readonly { readonly machine: string; readonly order: number; readonly startDelaySeconds: number }[];
}

/** `vmferry inspect --json`. */
export interface InspectResult {
  readonly schema: "vmferry/inspect@1";
  readonly package: {
    readonly kind: PackageKind;
    readonly name: string;
    /** Of the container; of all files for a folder. */
    readonly size: number;
    /** The dialect of the archive; `null` for what is no archive. */
    readonly tar: "ustar" | "gnu" | "pax" | null;
    readonly members: readonly MemberResult[];
  };
  readonly descriptor: {
    readonly name: string;
    /** `0.9`, `1.0`, `1.1`, `2.0`, `2.1` for OVF. */
    readonly version: string | null;
    readonly producer: string | null;
  } | null;
  readonly manifest: {
    readonly name: string;
    readonly algorithms: readonly HashName[];
    readonly entries: number;
  } | null;
  readonly certificate: {
    readonly name: string;
    readonly subject: string | null;
    readonly issuer: string | null;
    /** ISO 8601. */
    readonly notAfter: string | null;
  } | null;
  readonly appliance: ApplianceResult | null;
  readonly diagnostics: readonly DiagnosticResult[];
}

/** `vmferry inspect --details`: what few platforms say. */
export interface DetailsResult {
  readonly schema: "vmferry/details@1";
  /** For each machine of `appliance.machines`, in the same order. */
  readonly machines: readonly MachineDetails[];
}

/** `vmferry validate --json`. */
export interface ValidateResult {
  readonly schema: "vmferry/validate@1";
  readonly files: readonly {
    readonly name: string;
    /** `reject` exactly when a diagnostic of severity `error` is there. */
    readonly verdict: "accept" | "reject";
    readonly diagnostics: readonly DiagnosticResult[];
  }[];
}

/** One digest that was checked. */
export interface VerifiedFile {
  readonly name: string;
  readonly algorithm: HashName;
  /** Lower-case hexadecimal. */
  readonly expected: string;
  /** `null`: the file is missing. */
  readonly actual: string | null;
  readonly ok: boolean;
}

/** What a package asks for (sizes in bytes), what it would come to, and what deserves a look. */
export interface AuditResult {
  readonly asks: {
    readonly machines: number;
    readonly cpus: number;
    readonly memoryBytes: number;
    readonly disks: number;
    readonly capacityBytes: number;
    readonly networks: readonly string[];
    readonly firmware: readonly string[];
  };
  /** `null`: not tried, since there are too many machines. */
  readonly platforms:
    | readonly {
        readonly target: string;
        /** `refused`: it would not take the package. `changes`: it takes it, and something is lost. */
        readonly outlook: "fits" | "changes" | "refused";
        /** Findings: those of conversion, and, where the target reads OVF by itself, those of its own import. */
        readonly notes: number;
        /** The worst of them that is no info. */
        readonly worst: string | null;
      }[]
    | null;
  readonly findings: readonly DiagnosticResult[];
}

/** `vmferry verify --json`. */
export interface VerifyResult {
  readonly schema: "vmferry/verify@1";
  /** `unverifiable`: there is nothing to compare with. */
  readonly verdict: "intact" | "altered" | "unverifiable";
  /** `untrusted`: the signature is right, and nobody who is trusted vouches for the signer. */
  readonly signed: "trusted" | "untrusted" | "unsigned" | "invalid";
  readonly signer: SignerResult | null;
  readonly files: readonly VerifiedFile[];
  /** What a policy came to; `null`: none was given. */
  readonly policy: { readonly name: string; readonly file: string; readonly verdict: "accepted" | "refused" } | null;
  /** `null`: not asked for. */
  readonly audit: AuditResult | null;
  readonly diagnostics: readonly DiagnosticResult[];
}

/** `vmferry disk info --json`. */
export interface DiskResult {
  readonly schema: "vmferry/disk@1";
  readonly format: DiskFormatId;
  readonly variant: string;
  /** What the guest sees. */
  readonly capacityBytes: number;
  /** Guest bytes that may hold data. */
  readonly allocatedBytes: number;
  /** Of all files of this image, parents left out. */
  readonly fileBytes: number;
  /** Unit of allocation; 0 where there is none. */
  readonly blockBytes: number;
  readonly parent: { readonly name: string | null; readonly identity: string | null } | null;
  readonly identity: string | null;
  /** Facts of the format, in its own words. */
  readonly properties: Readonly<Record<string, JsonValue>>;
  readonly diagnostics: readonly DiagnosticResult[];
}

/** One thing that a plan does. */
export interface PlanStep {
  /** `copy`: bytes or packed units pass unopened. `transcode`: a disk is written in another format. */
  readonly action: "copy" | "transcode" | "generate" | "drop";
  readonly subject: string;
  readonly detail: string;
}

/** `vmferry convert --dry-run --json`, and the part of every plan that a person reads. */
export interface PlanResult {
  readonly schema: "vmferry/plan@1";
  /** What the target cannot hold, and what was changed to fit it. */
  readonly losses: readonly DiagnosticResult[];
  /** `size` is `null` where compression decides it. */
  readonly files: readonly { readonly name: string; readonly size: number | null }[];
  readonly steps: readonly PlanStep[];
}

/** One disk whose content was read back and compared with its source. */
export interface ProvenDisk {
  readonly name: string;
  readonly equal: boolean;
  readonly comparedBytes: number;
}

/** `vmferry convert --json`, `pack --json`, `unpack --json` and `disk convert --json`: what was done. */
export interface ConvertResult {
  readonly schema: "vmferry/convert@1";
  readonly files: readonly { readonly name: string; readonly size: number | null }[];
  readonly steps: readonly PlanStep[];
  readonly losses: readonly DiagnosticResult[];
  /** Of the source: what its manifest said. `unchecked`: switched off; `null`: a bare disk has no manifest. */
  readonly integrity: "intact" | "unverifiable" | "unchecked" | null;
  /** With `--prove`; else `null`. */
  readonly proof: readonly ProvenDisk[] | null;
  /** The deflate codec that packed and unpacked; `null` where nothing was packed. */
  readonly codec: string | null;
  /** Threads that disks were copied by; `null` where no disk was. */
  readonly threads: number | null;
  readonly diagnostics: readonly DiagnosticResult[];
}

/** One result of `vmferry adapt`. */
export interface AdaptedTarget {
  /** Its folder in the destination. */
  readonly folder: string;
  /** What was written, in words. */
  readonly label: string;
  /** `size` is `null` where it is not known before it is written. */
  readonly files: readonly { readonly name: string; readonly size: number | null }[];
  readonly steps: readonly PlanStep[];
  readonly losses: readonly DiagnosticResult[];
  /** `null`: not asked for, or nothing was done yet. */
  readonly proof: readonly ProvenDisk[] | null;
}

/** `vmferry adapt --json`, with `--dry-run` too. */
export interface AdaptResult {
  readonly schema: "vmferry/adapt@1";
  readonly targets: readonly AdaptedTarget[];
  /** `null`: nothing was done yet. */
  readonly integrity: "intact" | "unverifiable" | "unchecked" | null;
  readonly codec: string | null;
  readonly threads: number | null;
  readonly diagnostics: readonly DiagnosticResult[];
}

/** One package that `vmferry build` wrote, or would write. */
export interface BuiltOutput {
  /** As the command line or the spec names it. */
  readonly name: string;
  /** What has to take it. */
  readonly targets: readonly string[];
  readonly files: readonly { readonly name: string; readonly size: number | null }[];
  /** What the package does not say, and what was decided. */
  readonly losses: readonly DiagnosticResult[];
  /** What `validate --for` its targets calls errors: with one of them nothing is written. */
  readonly refusals: readonly DiagnosticResult[];
  /** With `--prove`; else `null`. */
  readonly proof: readonly ProvenDisk[] | null;
}

/** `vmferry build --json`, with `--dry-run` too. */
export interface BuildResult {
  readonly schema: "vmferry/build@1";
  readonly spec: string;
  /** `plan`: with `--dry-run`; `refused`: a target would not take one of them. Nothing was written then. */
  readonly outcome: "written" | "plan" | "refused";
  readonly outputs: readonly BuiltOutput[];
  /** The deflate codec; `null` where nothing was packed. */
  readonly codec: string | null;
  readonly diagnostics: readonly DiagnosticResult[];
}

/** One side of a comparison. */
export interface ComparedDisk {
  readonly name: string;
  readonly format: DiskFormatId;
  readonly variant: string;
  readonly capacityBytes: number;
}

/** `vmferry disk compare --json`. */
export interface CompareResult {
  readonly schema: "vmferry/compare@1";
  /** By what the guest reads; holes are zeros. */
  readonly verdict: "equal" | "different";
  readonly a: ComparedDisk;
  readonly b: ComparedDisk;
  /** Guest bytes that were looked at; holes on both sides need no look. */
  readonly comparedBytes: number;
  /** Guest offset of the first byte that differs; `null`: none, or only the capacities differ. */
  readonly firstDifference: number | null;
  readonly diagnostics: readonly DiagnosticResult[];
}

/** `vmferry disk hash --json`. */
export interface HashResult {
  readonly schema: "vmferry/hash@1";
  readonly name: string;
  readonly algorithm: HashName;
  /** Of the guest bytes from 0 to the capacity, holes as zeros. Lower-case hexadecimal. */
  readonly digest: string;
  readonly capacityBytes: number;
  readonly diagnostics: readonly DiagnosticResult[];
}

/** One image file that was checked, by itself. */
export interface CheckedImage {
  readonly file: string;
  readonly format: DiskFormatId;
  /** `null`: too damaged to tell. */
  readonly variant: string | null;
  /** `damaged` exactly when a finding of severity `error` is there; `unchecked`: the format is not checked. */
  readonly verdict: "sound" | "damaged" | "unchecked";
  /** Findings by code: all of them, also where `diagnostics` holds the first ones alone. */
  readonly counts: Readonly<Record<string, number>>;
  /** At most a hundred of each code. */
  readonly diagnostics: readonly DiagnosticResult[];
}

/** `vmferry disk check --json`. The fields of the file that was named stand at the top. */
export interface CheckResult extends CheckedImage {
  readonly schema: "vmferry/check@1";
  /** The images below it, the nearest first, each judged by itself; those that could be opened. */
  readonly parents: readonly CheckedImage[];
}

/** A stretch of the guest's bytes. */
export interface MapExtent {
  /** Guest offset. */
  readonly offset: number;
  readonly length: number;
  /** `zero`: reads as zeros; `absent`: not in this file, the parent's. */
  readonly kind: "data" | "zero" | "absent";
}

/** A structure of an image file, as it lies there. */
export interface MapPart {
  /** Offset in the file. */
  readonly offset: number;
  readonly length: number;
  readonly what: string;
  /** Its fields, in the format's own words. */
  readonly values: Readonly<Record<string, JsonValue>>;
}

/** `vmferry disk map --json`. */
export interface MapResult {
  readonly schema: "vmferry/map@1";
  readonly file: string;
  readonly format: DiskFormatId;
  readonly variant: string;
  /** What the guest sees. */
  readonly capacityBytes: number;
  /** In order, without gaps; `null` with `--layout`. */
  readonly extents: readonly MapExtent[] | null;
  /** With `--layout`; else `null`. */
  readonly layout: readonly MapPart[] | null;
}

/** A size before and after a change. */
export interface AmendedSize {
  /** `null`: unknown, the image is too damaged to tell. */
  readonly before: number | null;
  readonly after: number | null;
}

/** `vmferry disk fix --json` and `vmferry disk resize --json`. */
export interface AmendResult {
  readonly schema: "vmferry/amend@1";
  readonly change: "repair" | "resize";
  readonly name: string;
  readonly format: DiskFormatId;
  /** Whether the file was changed: not by `--dry-run`, and not where there was nothing to do. */
  readonly applied: boolean;
  readonly capacityBytes: AmendedSize;
  readonly fileBytes: AmendedSize;
  /** What is mended, or would be. */
  readonly mended: readonly DiagnosticResult[];
  /** What is still found afterwards, or would be. */
  readonly left: readonly DiagnosticResult[];
  readonly diagnostics: readonly DiagnosticResult[];
}

/** A file of known findings, as `vmferry validate --write-baseline` makes it. */
export interface BaselineResult {
  readonly schema: "vmferry/baseline@1";
  readonly findings: readonly {
    /** Tells the finding apart, whatever line it is in: 32 hexadecimal digits. */
    readonly fingerprint: string;
    readonly code: DiagnosticCode;
    readonly message: string;
  }[];
}

/** What a code means. */
export interface ExplainedCode {
  readonly code: DiagnosticCode;
  /** Of the error where it is thrown; `null`: it is a finding about the input. */
  readonly kind: string | null;
  readonly what: string;
  readonly why: string;
  /** What to do. */
  readonly fix: string;
  /** The section of a specification that it rests on. */
  readonly spec: SpecRef | null;
  /** Of a rule's findings, by default; `off`: not looked for; `null`: no rule has this code. */
  readonly severity: Severity | "off" | null;
  /** The same under `--strict`; `null`: it depends on the finding. */
  readonly strict: Severity | "off" | null;
  /** Targets that it is about; `null`: all. */
  readonly targets: readonly string[] | null;
  /** Ids in docs/reference/requirements.md. */
  readonly requirements: readonly string[];
  /** Whether `vmferry fix` mends it where there is one right answer. */
  readonly mends: boolean;
  /** XML that breaks the rule and XML that keeps it; `null`: none is known. */
  readonly example: { readonly invalid: string; readonly valid: string } | null;
}

/** What a message of another program means. */
export interface ExplainedMessage {
  /** The program that says it. */
  readonly program: string;
  /** The message, with what the given text has in it. */
  readonly says: string;
  readonly means: string;
  /** What to do. */
  readonly fix: string;
  /** Command lines that help; `SRC` stands for the package. */
  readonly commands: readonly string[];
  /** Codes of findings that tell it beforehand. */
  readonly codes: readonly DiagnosticCode[];
  /** Threads in which it was reported. */
  readonly seen: readonly string[];
}

/** `vmferry explain --json`. */
export interface ExplainResult {
  readonly schema: "vmferry/explain@1";
  readonly query: string;
  readonly codes: readonly ExplainedCode[];
  readonly messages: readonly ExplainedMessage[];
}

/** One file that `fix` changes. */
export interface FixChange {
  readonly change: "edit" | "rewrite" | "rename" | "add" | "drop";
  /** The file's name in the package. */
  readonly subject: string;
  readonly detail: string;
}

/** `vmferry fix --json`. */
export interface FixResult {
  readonly schema: "vmferry/fix@1";
  readonly name: string;
  /** Whether something was written: not by `--dry-run`, and where the package lies only where there was something to change. */
  readonly applied: boolean;
  /** A file was altered, or cannot be carried over: nothing is mended then, and `left` says which. */
  readonly refused: boolean;
  readonly changes: readonly FixChange[];
  /** Findings that are mended, or would be. Places are those in the text that was judged. */
  readonly mended: readonly DiagnosticResult[];
  /** What is still found afterwards, or would be. */
  readonly left: readonly DiagnosticResult[];
  /** The lines of the manifest that do not agree with their files as they lie there: the proof of what differs. */
  readonly differing: readonly VerifiedFile[];
  /** With `--dry-run`: the descriptor's changes as a unified diff, empty where there are none; else `null`. */
  readonly diff: string | null;
}

/** `vmferry sign --json`. */
export interface SignResult {
  readonly schema: "vmferry/sign@1";
  readonly name: string;
  /** Whether something was written: not by `--dry-run`. */
  readonly applied: boolean;
  readonly manifest: {
    readonly name: string;
    /** `kept`: as it was, byte for byte. */
    readonly action: "kept" | "made";
    /** Why it was made anew; `null` where it was kept. */
    readonly reason: string | null;
    readonly algorithms: readonly HashName[];
  };
  readonly certificate: {
    readonly name: string;
    /** The digest that is signed. */
    readonly algorithm: HashName;
    /** Whether there was one before, of the manifest as it was. */
    readonly replaced: boolean;
  };
  readonly signer: SignerResult;
  /** What the manifest lists. */
  readonly files: readonly { readonly name: string; readonly algorithm: HashName; readonly digest: string }[];
  readonly diagnostics: readonly DiagnosticResult[];
}

/** Every document of the contract. */
export type Result =
  | InspectResult
  | DetailsResult
  | ValidateResult
  | VerifyResult
  | DiskResult
  | PlanResult
  | ConvertResult
  | CompareResult
  | HashResult
  | CheckResult
  | MapResult
  | AmendResult
  | ExplainResult
  | FixResult
  | EditResult
  | VmListResult
  | EnvironmentResult
  | SignResult
  | AdaptResult
  | BuildResult
  | BaselineResult
  | DiffResult
  | PropertiesResult
  | DeployResult
  | DeploymentsResult
  | DriftResult;
