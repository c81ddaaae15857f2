import type { ByteRange } from "../base/bytes.js";
import type { Diagnostic } from "../base/diagnostics.js";
import type { DiskFormatId, HashName, JsonValue } from "../base/ids.js";
import type { Context } from "../io/context.js";
import type { ByteSource, ByteStream, DiskInput, ProbeResult, ProbeWindow, SourceResolver } from "../io/source.js";
import type { FileEdit } from "../io/target.js";

/**
 * A stretch of the guest's bytes. `data`: stored here; `zero`: reads as zeros; `absent`: not in this layer, ask the parent.
 * Zero and absent are different facts.
 */
export interface Extent {
  readonly offset: number;
  readonly length: number;
  readonly kind: "data" | "zero" | "absent";
}

/** Compressions of packed units. */
export type Compression = "deflate" | "zstd";

/** How a disk packs its units, for carrying them over unopened: where both sides are deflate. */
export type UnitKind =
  | { readonly codec: "deflate"; readonly wrapper: "zlib" | "raw"; readonly unitBytes: number }
  | { readonly codec: "zstd"; readonly unitBytes: number };

/** What an image says of the one below it. */
export interface DiskParent {
  readonly name: string | null;
  readonly identity: string | null;
  /** Its format, where the image says so: then content does not decide, which a guest may have written. */
  readonly format?: DiskFormatId;
}

/** Facts about one disk image. Sizes in bytes. */
export interface DiskInfo {
  readonly format: DiskFormatId;
  readonly variant: string;
  /** Guest capacity. */
  readonly size: number;
  readonly logicalSectorSize: 512 | 4096;
  /** The unit of allocation: grain, block or cluster. */
  readonly blockSize: number;
  readonly parent: DiskParent | null;
  readonly identity: string | null;
  /** Other ids by which a child may know it, where a format has more than one. */
  readonly otherIdentities?: readonly string[];
  readonly properties: Readonly<Record<string, JsonValue>>;
}

/** A run of equal units of one source: what a segment has to read and unpack. */
export interface ReadOp {
  /** Id of the `UnitKernel` that unpacks. */
  readonly kernel: string;
  readonly source: ByteSource;
  /** Guest bytes per unit. */
  readonly unitBytes: number;
  /** Pairs per unit: offset in source, stored bytes (an upper bound for packed units). */
  readonly table: Float64Array;
  /** Bytes of the first unit before the range wanted. */
  readonly skip: number;
  /** Guest offset of the first byte wanted. */
  readonly outOffset: number;
  /** Guest bytes wanted. */
  readonly length: number;
}

/** Random access to a guest's bytes. One layer, or a stacked chain. */
export interface VirtualDisk {
  readonly info: DiskInfo;
  /** Sorted, merged; tiles the range (default: all) exactly. */
  extents(range?: ByteRange, signal?: AbortSignal): AsyncIterable<Extent>;
  /** All data of the range and nothing else: bytes outside of every op are zeros (or the parent's). Sorted by `outOffset`. */
  reads(range: ByteRange, signal?: AbortSignal): Promise<readonly ReadOp[]>;
  /** How packed units are packed, where they start at multiples of their size and are packed alike. Plain ones may be among them. */
  units(): UnitKind | null;
  close(): Promise<void>;
}

/** A disk that comes once: ops over received buffers, as they arrive. */
export interface DiskStream {
  readonly info: DiskInfo;
  /**
   * Data alone, each byte once: what never arrives reads as zeros. No op crosses a multiple of 4 MiB. Ascending in all but odd streams.
   * @throws at the end, too: where the stream was cut off
   */
  reads(signal?: AbortSignal): AsyncIterable<ReadOp>;
  /** As of `VirtualDisk`. */
  units(): UnitKind | null;
  cancel(reason?: unknown): Promise<void>;
}

/** Pure and synchronous; the same code in every worker. */
export interface UnitKernel {
  /** `plain`, `vmdk/grain`, `qcow2/cluster`. */
  readonly id: string;
  readonly packing: "none" | "zlib" | "raw" | "zstd";
  /** Reading: the packed bytes in a stored unit. */
  payload(stored: Uint8Array): Uint8Array;
  /** Writing: the bytes that stand before the payload, and how far the whole is padded. */
  readonly frame?: UnitFrame;
  /** Writing: `plain` where a unit that packing does not shorten is stored as it is, at a multiple of the unit. Else it is packed. */
  readonly unshrunk?: "plain";
}

/** What stands around a packed payload when it is written. */
export interface UnitFrame {
  /** Bytes before the payload. */
  readonly headerBytes: number;
  /** The whole unit is padded with zeros to a multiple of this. 1: not at all. */
  readonly alignment: number;
  /** Fills the header for a payload of `payloadBytes` at `guestOffset`. */
  header(into: Uint8Array, guestOffset: number, payloadBytes: number): void;
}

/**
 * A guest range that goes to one place. The engine may cut it at multiples of the unit.
 * Packed ops are whole units, past the end of the disk too; plain ones may end within a unit.
 */
export interface WriteOp {
  readonly file: string;
  /**
   * Offset in the file: the guest's bytes lie there one to one, and units that are all zeros are skipped. `null`: appended in op
   * order.
   */
  readonly at: number | null;
  /** Id of the `UnitKernel` that packs. */
  readonly kernel: string;
  readonly offset: number;
  readonly length: number;
  readonly unitBytes: number;
  /** Level of the compression; only for packed units. */
  readonly level?: number;
  readonly digest?: HashName | "xxh64";
}

/** What became of a write op. */
export interface WriteResult {
  readonly op: WriteOp;
  /** Where the op's bytes start in the file. */
  readonly at: number;
  /** Stored bytes per unit, frame included; 0: all zeros, nothing stored. */
  readonly stored: Uint32Array;
  /**
   * Where each unit lies, for kernels with `unshrunk`; what takes as many bytes as a unit is plain. Others store units one after the
   * other from `at` on.
   */
  readonly places?: Float64Array;
  readonly digest?: Uint8Array;
}

/** Bytes of a plan's own structures. `append`: where the file ends so far. */
export interface Region {
  readonly file: string;
  readonly at: number | "append";
  readonly length: number;
  bytes(): Iterable<Uint8Array>;
}

/** What results decide: allocation tables, footers. Fed in op order, an op perhaps in several parts. */
export interface PlanTables {
  /**
   * In plans for a pipe, whose `segments` are empty: gives what arrived its places. Sorted stretches of one segment, each byte once.
   * @throws `disk/stream-order` where the layout needs the guest's order
   */
  place?(arrived: readonly ByteRange[]): Iterable<WriteOp>;
  /** Called before an op of which something is stored gets its place: what has to stand before it. */
  before?(op: WriteOp): Iterable<Region>;
  add(result: WriteResult): Iterable<Region>;
  end(): Iterable<Region>;
}

/** The layout of a disk to be written, as data. Executed by `copyDisk` alone. */
export interface WritePlan {
  /** The id by which a child will know the disk, where the format has one. */
  readonly identity?: string;
  /** `size` is `null` only where compression or a pipe decides it. */
  readonly files: Iterable<{ readonly name: string; readonly size: number | null }>;
  /** Whether the files can be written front to back. */
  readonly order: "sequential" | "random";
  /** `stored`: units that are all zeros are written like any others, so that nothing of the result is a hole. `skipped` by default. */
  readonly zeros?: "stored" | "skipped";
  /** Packed units that can be placed unopened, if need be in another wrapper. */
  readonly acceptsUnits: UnitKind | null;
  readonly fixed: Iterable<Region>;
  /** Sorted by guest offset; whole units; only ranges that may hold data. */
  readonly segments: Iterable<WriteOp>;
  tables(): PlanTables;
}

/** What a plan is made for. `extents` is `null` for a pipe: units are placed as they come. */
export interface DiskShape {
  readonly info: DiskInfo;
  readonly extents: (() => AsyncIterable<Extent>) | null;
}

/** A stretch of an image file, named, for rules and `disk map`. */
export interface LayoutPart {
  readonly offset: number;
  readonly length: number;
  readonly what: string;
  readonly values: Readonly<Record<string, JsonValue>>;
}

/** A change to an image where it lies. Sizes in bytes. */
export type DiskChange =
  /** Another guest capacity; what is new reads as zeros. */
  | { readonly change: "resize"; readonly size: number }
  /** Mends what has one right answer, and what `check` found so. */
  | { readonly change: "repair" };

/** A change as data: applied with an undo journal, all of it or nothing (`EditableFile.apply`). */
export interface AmendPlan extends FileEdit {
  /** What is mended, with the codes that `check` reports. */
  readonly mended: readonly Diagnostic[];
  /** What stays: it has no one right answer. */
  readonly left: readonly Diagnostic[];
}

/** The disk below one that is planned, written before it or beside it. */
export interface PlannedParent {
  /** Its file name, relative to the child. */
  readonly name: string;
  /** What its plan's `identity` says; `null` where the format has none. */
  readonly identity: string | null;
  /** Its format; left out: the child's. */
  readonly format?: DiskFormatId;
}

/** Options that every plan understands. */
export interface PlanOptions {
  /** Base name of the files written, such as `disk.vmdk`. */
  readonly name: string;
  readonly variant?: string;
  /** UUID that the image is going to have, where its format has one; left out: made from what is copied. */
  readonly identity?: string;
  /** Level of the compression for packed variants. */
  readonly level?: number;
  /** Of packed variants: one of the format's `compressions`. Left out: the first of them. */
  readonly compression?: Compression;
  /**
   * The layer is written as changes to this disk: what is absent stays absent, and zeros are written as such. Only where the format has
   * `overlays`. Units that are absent in a part are filled from the disk that is copied, which is the whole chain.
   */
  readonly parent?: PlannedParent;
}

/** What was found of a damaged image, and is not proven yet. */
export interface DiskSalvage {
  /** All that was found; the rest reads as zeros. */
  readonly disk: VirtualDisk;
  /**
   * Takes out units that do not unpack, by their guest offsets, and reports `disk/data-lost` with the ranges of all that is lost. What is in
   * none of them reads as it was.
   */
  settle(broken: readonly number[]): Promise<void>;
}

/**
 * One disk format. Optional methods are the capability table; docs and help are made from it.
 * Adding a format: its folder, one line in `disk/formats.ts`, a docs page, fixtures.
 */
export interface DiskFormat {
  readonly id: DiskFormatId;
  readonly label: string;
  /** With the dot, lower case, the usual one first. */
  readonly extensions: readonly string[];
  /** `ovf:format` URIs that name it, the one that we write first. */
  readonly ovfUris: readonly string[];
  /** Variants that are read; those in `writes` are written too. */
  readonly variants: readonly string[];
  /** Variants that can be written, the default first. */
  readonly writes: readonly string[];
  /** Compressions of the variants that are packed, the default first. Left out: no variant is. */
  readonly compressions?: Readonly<Record<string, readonly Compression[]>>;
  /** Variants that can be written as changes to a parent of the same format, the default first. Left out: none. */
  readonly overlays?: readonly string[];
  /** Formats that a parent may have, where its own is not the only one. */
  readonly overlayParents?: readonly DiskFormatId[];
  /** `parent`: a child has exactly its parent's size. Left out: it may have another. */
  readonly overlaySize?: "parent";
  /**
   * Bytes. A size is rounded up to the multiple when written. `maxSizes`: variants that hold less. `sectorSizes`: sizes of logical sectors
   * that a file can record; 512 alone where nothing is said.
   */
  readonly limits: {
    readonly maxSize: number;
    readonly sizeMultiple: number;
    readonly maxSizes?: Readonly<Record<string, number>>;
    readonly sectorSizes?: readonly DiskInfo["logicalSectorSize"][];
  };
  readonly kernels: readonly UnitKernel[];
  /** Pure. */
  probe(window: ProbeWindow): ProbeResult;
  /** One layer. Who opened the input closes it. */
  open(input: DiskInput, resolver: SourceResolver, ctx: Context): Promise<VirtualDisk>;
  /**
   * One layer as it was when an internal snapshot was taken, by its id or name.
   * @throws `disk/unknown-snapshot`, and what `open` throws
   */
  openSnapshot?(source: ByteSource, snapshot: string, resolver: SourceResolver, ctx: Context): Promise<VirtualDisk>;
  openStream?(input: ByteStream, ctx: Context): Promise<DiskStream>;
  /**
   * Finds what there is of an image that is cut off or damaged, without its tables. `salvageDisk` unpacks it.
   * @throws `disk/cannot-salvage` where the variant has nothing to find its data by
   */
  salvage?(source: ByteSource, ctx: Context): Promise<DiskSalvage>;
  /** The file as it lies. */
  layout?(source: ByteSource, ctx: Context): AsyncIterable<LayoutPart>;
  /**
   * Looks at every structure of one image file: pointers, overlaps, leaks, sums, reference counts. Reports what it finds with a place in
   * the file, errors for what makes guest data wrong or lost. Parents are not opened. Does not throw for damage that it can name; ends early
   * where nothing more can be read.
   */
  check?(source: ByteSource, resolver: SourceResolver, ctx: Context): AsyncIterable<Diagnostic>;
  /** Plans a change of the file where it lies. @throws what opening throws, `disk/cannot-amend` where the format or variant cannot */
  amend?(source: ByteSource, change: DiskChange, ctx: Context): Promise<AmendPlan>;
  plan?(shape: DiskShape, options: PlanOptions, ctx: Context): Promise<WritePlan>;
}
