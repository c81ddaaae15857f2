import { SECTOR, viewOf } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { DiskInput, ProbeResult, ProbeWindow, SourceResolver } from "../../io/source.js";
import type { DiskFormat, VirtualDisk } from "../model.js";
import { plainKernel } from "../plain.js";
import { checkVdi } from "./check.js";
import { SIGNATURE_AT, VDI_SIGNATURE } from "./header.js";
import { layoutVdi } from "./layout.js";
import { MAX_SIZE, planVdi, WRITES } from "./plan.js";
import { openVdi } from "./read.js";
import { repairVdi } from "./repair.js";
import { resizeVdi } from "./resize.js";

function probe({ head }: ProbeWindow): ProbeResult {
  if (head.length < SIGNATURE_AT + 4) return null;
  return viewOf(head).getUint32(SIGNATURE_AT, true) === VDI_SIGNATURE ? { match: "yes" } : null;
}

/** VirtualBox's disk format, version 1.1. Offsets and quirks: NOTES.md beside this file. */
export const vdi: DiskFormat = {
  id: "vdi",
  label: "VirtualBox disk image",
  extensions: [".vdi"],
  ovfUris: [],
  variants: ["dynamic", "static", "differencing"],
  writes: WRITES,
  limits: { maxSize: MAX_SIZE, sizeMultiple: SECTOR },
  kernels: [plainKernel],
  probe,
  open: (input: DiskInput, _resolver: SourceResolver, ctx: Context): Promise<VirtualDisk> => {
    if (!("bytes" in input)) throw new FerryError("internal/bug", "a VDI is opened from bytes");
    return openVdi(input.bytes, ctx);
  },
  layout: layoutVdi,
  check: (source, _resolver, ctx) => checkVdi(source, ctx),
  async amend(source, change, ctx) {
    if (change.change === "repair") return repairVdi(source, ctx);
    return resizeVdi(source, change.size, ctx);
  },
  plan: planVdi,
};
