/** What the DiskSection says of disks, against their images (DSP0243 5.2, 9.1). */
import { alignUp, SECTOR } from "../../base/bytes.js";
import { formatOfUri } from "../../ovf/tables/disk-formats.js";
import { BYTE, parseUnit, scaleQuantity } from "../../ovf/tables/units.js";
import type { OvfDisk } from "../../ovf/views/parts.js";
import type { PackageEntry } from "../../package/model.js";
import { attributeEdits } from "../edits.js";
import type { Facts } from "../facts.js";
import { type DiskHeader, endsStream } from "../files.js";
import { type AnyRule, defineRule, type Edit, type Finding, ovfSpec } from "../rule.js";
import { entryOf } from "./files.js";

const STREAM = "streamOptimized";

interface Image {
  readonly entry: PackageEntry;
  readonly header: DiskHeader;
}

/** The image of a disk, where it has one with the signature of a format. One that is packed as a whole is not looked into. */
async function imageOf(disk: OvfDisk, facts: Facts): Promise<Image | null> {
  const { fileRef } = disk;
  const file = fileRef === null ? undefined : (facts.index.files.get(fileRef) ?? facts.index.hrefs.get(fileRef));
  if (file === undefined || file.compression !== null) return null;
  const entry = entryOf(file, facts);
  const header = entry === null ? null : await facts.files?.disk(entry);
  return entry === null || !header ? null : { entry, header };
}

/** The URI of the format and variant that an image has; `null`: none that we know. */
function uriOf({ format, info }: DiskHeader): string | null {
  const variant = info?.variant.toLowerCase();
  const exact = format.ovfUris.find((uri) => uri.includes("#") && uri.toLowerCase().endsWith(`#${variant}`));
  return exact ?? format.ovfUris.find((uri) => !uri.includes("#")) ?? null;
}

function mendFormat(disk: OvfDisk, { values }: Finding, { ovf }: Facts): readonly Edit[] {
  const uri = values?.uri;
  return typeof uri === "string" ? attributeEdits(ovf, disk.element, "format", uri) : [];
}

interface Capacity {
  readonly declared: number;
  /** Bytes of one unit in which it is counted. */
  readonly unit: number;
}

/** `null`: missing, a property, or nothing that can be understood: for other rules to say. */
function capacityOf({ capacity, capacityUnits }: OvfDisk): Capacity | null {
  const unit = capacityUnits === null ? BYTE : parseUnit(capacityUnits);
  if (capacity === null || unit === null || unit.base !== "byte") return null;
  const declared = scaleQuantity(capacity, unit);
  const one = scaleQuantity("1", unit);
  return declared === null || declared <= 0 || one === null ? null : { declared, unit: one };
}

type CapacityVerdict = "same" | "rounded" | "other";

/** How what a descriptor says compares with an image. Images are whole sectors, and many are whole grains. */
function compareCapacity({ declared, unit }: Capacity, size: number, grain: number): CapacityVerdict {
  const whole = Math.max(SECTOR, grain);
  if (declared === size || alignUp(declared, whole) === alignUp(size, whole)) return "same";
  return unit > 1 && Math.abs(declared - size) < unit ? "rounded" : "other";
}

async function* capacities(disk: OvfDisk, facts: Facts, wanted: CapacityVerdict): AsyncGenerator<CapacityFinding> {
  const capacity = capacityOf(disk);
  const image = capacity === null ? null : await imageOf(disk, facts);
  const info = image?.header.info;
  if (capacity === null || image === null || !info) return;
  if (compareCapacity(capacity, info.size, info.blockSize) !== wanted) return;
  const { declared } = capacity;
  yield { values: { disk: disk.diskId ?? "(without an id)", declared, name: image.entry.name, image: info.size } };
}

interface CapacityFinding {
  readonly values: {
    readonly disk: string;
    readonly declared: number;
    readonly name: string;
    readonly image: number;
  };
}

export const packagedDiskRules: readonly AnyRule[] = [
  defineRule({
    code: "package/disk-unreadable",
    node: "ovf/disk",
    spec: null,
    severity: "error",
    strict: "error",
    what: "{name}, the content of the disk {disk}, has the signature of a {format} image, and cannot be read as one: {problem}.",
    why: "No importer can make a disk of it. The standard leaves formats to those who define them.",
    fix: "Fetch the package again; `vmferry disk check` says more.",
    examples: null,
    async *check(disk, facts) {
      const image = await imageOf(disk, facts);
      const problem = image?.header.problem;
      // What we do not read is not broken.
      if (!image || !problem || problem.kind === "unsupported-feature" || problem.kind === "limit-exceeded") return;
      const { entry, header } = image;
      yield {
        values: {
          name: entry.name,
          disk: disk.diskId ?? "(without an id)",
          format: header.format.id,
          problem: problem.message,
        },
      };
    },
  }),
  defineRule({
    code: "package/disk-format-differs",
    node: "ovf/disk",
    spec: ovfSpec("5.2"),
    requirements: ["OVF-5.2-6?"],
    severity: "warning",
    strict: "error",
    what: "The disk {disk} is said to be {declared}, and {name} is {found}.",
    why: "Importers choose how to read a disk by ovf:format.",
    fix: "Correct ovf:format.",
    examples: null,
    async *check(disk, facts) {
      const declared = disk.format === null ? null : formatOfUri(disk.format);
      // A guest can write any signature into a raw disk.
      if (declared === null || declared.kind !== "disk" || declared.format === "raw") return;
      const image = await imageOf(disk, facts);
      if (image === null || image.header.format.id === declared.format) return;
      const { entry, header } = image;
      yield {
        values: {
          disk: disk.diskId ?? "(without an id)",
          declared: declared.format,
          name: entry.name,
          found: header.format.id,
          uri: uriOf(header),
        },
      };
    },
    mend: mendFormat,
  }),
  defineRule({
    code: "package/disk-not-stream",
    node: "ovf/disk",
    spec: ovfSpec("5.2"),
    requirements: ["OVF-5.2-6?"],
    severity: "warning",
    strict: "error",
    what: "The disk {disk} is said to be streamOptimized, and {name} is {found}.",
    why: "Importers that read a disk as it arrives can read that variant alone.",
    fix: "Convert it: `vmferry convert --to ova` writes every disk so.",
    examples: null,
    async *check(disk, facts) {
      const declared = disk.format === null ? null : formatOfUri(disk.format);
      if (declared?.kind !== "disk" || declared.variant !== STREAM) return;
      const image = await imageOf(disk, facts);
      const info = image?.header.info;
      if (!image || !info || image.header.format.id !== declared.format || info.variant === STREAM) return;
      yield {
        values: { disk: disk.diskId ?? "(without an id)", name: image.entry.name, found: info.variant },
      };
    },
  }),
  defineRule({
    code: "package/disk-is-stream",
    node: "ovf/disk",
    spec: ovfSpec("5.2"),
    requirements: ["OVF-5.2-6?"],
    severity: "info",
    strict: "error",
    what: "The disk {disk} is said to be {declared}, and {name} is streamOptimized.",
    why: "VirtualBox says so of its streams in OVF 0.9. Importers look into the file; those that do not read it wrongly.",
    fix: "Correct ovf:format.",
    examples: null,
    async *check(disk, facts) {
      const declared = disk.format === null ? null : formatOfUri(disk.format);
      if (declared?.kind !== "disk" || declared.variant === null || declared.variant === STREAM) return;
      const image = await imageOf(disk, facts);
      if (image?.header.info?.variant !== STREAM || image.header.format.id !== declared.format) return;
      const uri = uriOf(image.header);
      yield {
        values: { disk: disk.diskId ?? "(without an id)", declared: declared.variant, name: image.entry.name, uri },
      };
    },
    mend: mendFormat,
  }),
  defineRule({
    code: "package/stream-end",
    node: "ovf/disk",
    spec: null,
    severity: "warning",
    strict: "warning",
    what: "{name} is a stream-optimized VMDK, and does not end at an end-of-stream marker.",
    why: "The format ends in a sector of zeros (VMware's Virtual Disk Format 5.0). What reads it as it arrives waits for that marker: the file may be cut off, or something was put behind it.",
    fix: "Compare its size with the manifest, and fetch it again where they differ.",
    examples: null,
    async *check(disk, facts) {
      const image = await imageOf(disk, facts);
      if (image?.header.info?.variant !== STREAM) return;
      const window = await facts.files?.window(image.entry);
      if (window && endsStream(window)) return;
      yield { values: { name: image.entry.name } };
    },
  }),
  defineRule({
    code: "package/capacity-rounded",
    node: "ovf/disk",
    spec: ovfSpec("9.1"),
    severity: "info",
    strict: "warning",
    what: "The disk {disk} is said to have {declared} bytes, which is rounded: {name} has {image}.",
    why: "Importers make a disk of the declared size, which cuts off its end or leaves a rest without content.",
    fix: "Write the capacity in bytes.",
    examples: null,
    check: (disk, facts) => capacities(disk, facts, "rounded"),
    mend: (disk, { values }, { ovf }) => [
      ...attributeEdits(ovf, disk.element, "capacity", String(values?.image)),
      ...attributeEdits(ovf, disk.element, "capacityAllocationUnits", "byte"),
    ],
  }),
  defineRule({
    code: "package/capacity-differs",
    node: "ovf/disk",
    spec: ovfSpec("9.1"),
    severity: "warning",
    strict: "error",
    what: "The disk {disk} is said to have {declared} bytes, and {name} has {image}.",
    why: "Importers make a disk of the declared size, which cuts off its end or leaves a rest without content; some go by the image.",
    fix: "Correct ovf:capacity, or look for the right file.",
    examples: null,
    check: (disk, facts) => capacities(disk, facts, "other"),
  }),
];
