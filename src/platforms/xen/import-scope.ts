import type { Leftovers } from "../leftovers.js";
import type { Reading } from "../reading.js";
import type { XlView } from "./view.js";

/** How a guest of Xen runs. */
export type GuestType = "hvm" | "pv" | "pvh";

/** One configuration while it is read. */
export interface XlReading extends Reading {
  readonly view: XlView;
  readonly type: GuestType;
  readonly left: Leftovers;
}
