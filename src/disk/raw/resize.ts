import { alignUp, SECTOR } from "../../base/bytes.js";
import type { ByteSource } from "../../io/source.js";
import type { AmendPlan } from "../model.js";
import { checkGrowth, resizePlan } from "../resize.js";

/** Plans a larger raw disk: the file grows by a hole. @throws `disk/cannot-shrink`, `disk/too-large` */
export async function resizeRaw(source: ByteSource, size: number): Promise<AmendPlan> {
  const wanted = alignUp(size, SECTOR);
  checkGrowth(source.label, alignUp(source.size, SECTOR), wanted, Number.MAX_SAFE_INTEGER);
  return resizePlan(source.label, { patches: [], fileBytes: wanted });
}
