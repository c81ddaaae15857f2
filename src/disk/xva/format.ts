import { MIB, SECTOR } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { DiskFormat } from "../model.js";
import { plainKernel } from "../plain.js";
import { openXva } from "./read.js";

/** A disk in an export of XenServer or XCP-ng: numbered members of a tar, found by the package layer. Sources: NOTES.md beside this file. */
export const xva: DiskFormat = {
  id: "xva",
  label: "disk of an XVA",
  extensions: [".xva"],
  ovfUris: [],
  variants: ["chunks"],
  writes: [],
  // Eight digits number the chunks.
  limits: { maxSize: 1e8 * MIB, sizeMultiple: SECTOR },
  kernels: [plainKernel],
  // The archive is a tar, and which of its disks is meant nobody knows here.
  probe: () => null,
  async open(input, _resolver, ctx) {
    if ("chunks" in input) return openXva(input.chunks, ctx);
    throw new FerryError("xva/no-archive", `${input.bytes.label} is not an XVA`, {
      location: { at: "bytes", file: input.bytes.label, offset: 0 },
      hint: "Leave out --from: XVA files are known by their content.",
    });
  },
};
