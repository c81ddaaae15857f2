import type { Context } from "../../io/context.js";
import type { StepRecord } from "./state.js";

/** `done`: as it is wanted, and ours. `different`: something is there that is not, or not known to be complete. */
export type Probe = "absent" | "done" | "different";

/**
 * One step, ready to be carried out. All of its parts may be called again and again: a run can end anywhere between them.
 */
export interface Step {
  /** Looks, and changes nothing. */
  probe(ctx: Context): Promise<Probe>;
  do(ctx: Context): Promise<void>;
  /** Removes what `do` made, or what a part of it made. Nothing there is fine. */
  undo(ctx: Context): Promise<void>;
  /** Set where an interrupted `do` goes on by being called again, so that what it left must not be undone. */
  readonly goesOn?: true;
}

/** Makes a step of its record: the same one in every run. */
export type StepMaker = (record: StepRecord) => Step;
