import type { UnitKernel } from "./model.js";

/** Guest bytes as they are: what raw extents, VHD and VHDX blocks and uncompressed clusters hold. */
export const plainKernel: UnitKernel = Object.freeze({
  id: "plain",
  packing: "none",
  payload: (stored: Uint8Array): Uint8Array => stored,
});

/** Unit in which plain writes look for zeros: small enough to leave holes, large enough to cost nothing. */
export const PLAIN_UNIT: number = 64 * 1024;
