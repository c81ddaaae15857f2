/** Named limits for every size that comes from input. All are adjustable; docs/reference/limits.md is generated from this file. */
export interface Limits {
  /** Bytes of an OVF descriptor or another XML document. */
  readonly descriptorBytes: number;
  /** Bytes of a machine's configuration: a VMX file, a `.vbox` file, a domain, a configuration of xl and the like. */
  readonly configBytes: number;
  /** Depth of nested XML elements. */
  readonly xmlDepth: number;
  /** Attributes of one XML element. */
  readonly xmlAttributes: number;
  /** Elements of one XML document. */
  readonly xmlElements: number;
  /** Members of one archive, or files of one folder. */
  readonly members: number;
  /** Chunks of all disks of an XVA, and the members that hold their sums. */
  readonly chunks: number;
  /** Bytes of one GNU or pax extension header of a tar archive. */
  readonly tarExtensionBytes: number;
  /** Bytes of a manifest or certificate. */
  readonly manifestBytes: number;
  /** Bytes of one certificate in DER. */
  readonly certificateBytes: number;
  /** Bytes of a disk's allocation tables held in memory. */
  readonly tableBytes: number;
  /** Bytes of a VMDK descriptor. */
  readonly diskDescriptorBytes: number;
  /** Bytes of the log of a VHDX that was not closed. */
  readonly diskLogBytes: number;
  /** Extents of one VMDK. */
  readonly diskExtents: number;
  /** Layers of one disk chain. */
  readonly chainDepth: number;
  /** Bytes of a guest's disk that are read to tell its system: tables, folders, settings. */
  readonly guestBytes: number;
  /** Bytes of one unit (grain, cluster, block) of a disk. */
  readonly unitBytes: number;
  /** Bytes of one file of a package that is compressed as a whole, unpacked. */
  readonly unpackedBytes: number;
}

/** The limits that hold unless a caller sets others. */
export const defaultLimits: Limits = Object.freeze({
  descriptorBytes: 64 * 2 ** 20,
  configBytes: 8 * 2 ** 20,
  xmlDepth: 256,
  xmlAttributes: 1024,
  xmlElements: 2_000_000,
  members: 100_000,
  chunks: 40_000_000,
  tarExtensionBytes: 2 ** 20,
  manifestBytes: 16 * 2 ** 20,
  certificateBytes: 256 * 1024,
  tableBytes: 512 * 2 ** 20,
  diskDescriptorBytes: 2 ** 20,
  diskLogBytes: 32 * 2 ** 20,
  diskExtents: 32_768,
  chainDepth: 64,
  guestBytes: 8 * 2 ** 20,
  unitBytes: 256 * 2 ** 20,
  unpackedBytes: 16 * 2 ** 40,
});
