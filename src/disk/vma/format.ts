import { SECTOR } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { openChunkSet } from "../chunk-set.js";
import type { DiskFormat } from "../model.js";
import { plainKernel } from "../plain.js";

/** Bytes of a cluster. */
const CLUSTER = 65_536;

/** A disk in a backup of Proxmox VE: clusters in any order, found by the package layer. Sources: NOTES.md beside this file. */
export const vma: DiskFormat = {
  id: "vma",
  label: "disk of a VMA",
  extensions: [".vma"],
  ovfUris: [],
  variants: ["clusters"],
  writes: [],
  // Clusters have 32-bit numbers.
  limits: { maxSize: 2 ** 32 * CLUSTER, sizeMultiple: SECTOR },
  kernels: [plainKernel],
  // Which of an archive's disks is meant nobody knows here.
  probe: () => null,
  async open(input, _resolver, ctx) {
    if ("chunks" in input)
      return openChunkSet(input.chunks, { format: "vma", variant: "clusters", blockSize: CLUSTER }, ctx);
    throw new FerryError("vma/no-archive", `${input.bytes.label} is not a VMA`, {
      location: { at: "bytes", file: input.bytes.label, offset: 0 },
      hint: "Leave out --from: VMA files are known by their content.",
    });
  },
};
