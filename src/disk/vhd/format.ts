import { SECTOR } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { DiskInput, ProbeResult, ProbeWindow, SourceResolver } from "../../io/source.js";
import type { DiskFormat, VirtualDisk } from "../model.js";
import { plainKernel } from "../plain.js";
import { checkVhd } from "./check.js";
import { FOOTER_BYTES, footerHolds, hasFooterCookie } from "./header.js";
import { layoutVhd } from "./layout.js";
import { MOST_DISK_BYTES, OVERLAYS, planVhd, WRITES } from "./plan.js";
import { openVhd } from "./read.js";
import { repairVhd } from "./repair.js";
import { resizeVhd } from "./resize.js";

/** By the footer, or by its copy in front. A cookie at the end without its checksum may be a guest's own bytes. */
function probe({ head, tail }: ProbeWindow): ProbeResult {
  if (head.length >= FOOTER_BYTES && hasFooterCookie(head, 0) && footerHolds(head.subarray(0, FOOTER_BYTES))) {
    return { match: "yes" };
  }
  for (const length of [FOOTER_BYTES, FOOTER_BYTES - 1]) {
    const at = tail.length - length;
    if (!hasFooterCookie(tail, at)) continue;
    const footer = new Uint8Array(FOOTER_BYTES);
    footer.set(tail.subarray(at));
    return { match: footerHolds(footer) ? "yes" : "maybe" };
  }
  return hasFooterCookie(head, 0) ? { match: "maybe" } : null;
}

/** The disk format of Virtual PC, older Hyper-V, Azure and XenServer. Offsets and quirks: NOTES.md beside this file. */
export const vhd: DiskFormat = {
  id: "vhd",
  label: "Microsoft virtual hard disk",
  extensions: [".vhd", ".avhd"],
  ovfUris: [
    "http://www.microsoft.com/technet/virtualserver/downloads/vhdspec.mspx",
    "http://go.microsoft.com/fwlink/p/?LinkId=137171",
  ],
  variants: ["dynamic", "fixed", "differencing"],
  writes: WRITES,
  overlays: OVERLAYS,
  overlaySize: "parent",
  limits: { maxSize: MOST_DISK_BYTES, sizeMultiple: SECTOR },
  kernels: [plainKernel],
  probe,
  async open(input: DiskInput, _resolver: SourceResolver, ctx: Context): Promise<VirtualDisk> {
    if (!("bytes" in input)) throw new FerryError("internal/bug", "a VHD is opened from bytes");
    return openVhd(input.bytes, ctx);
  },
  layout: layoutVhd,
  check: (source, _resolver, ctx) => checkVhd(source, ctx),
  async amend(source, change, ctx) {
    if (change.change === "repair") return repairVhd(source, ctx);
    return resizeVhd(source, change.size, ctx);
  },
  plan: planVhd,
};
