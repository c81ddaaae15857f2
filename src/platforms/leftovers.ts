import type { Foreign } from "../appliance/appliance.js";
import type { Reading } from "./reading.js";

/** Different things that are named one by one. */
const MOST_NAMES = 200;
/** Characters of one thing that are kept. */
const MOST_TEXT = 2000;

/** Notes what a configuration says and the model has no place for. */
export type Leftovers = (name: string, payload?: string) => void;

/** Starts noting: things of one name are one, with what each said, and a configuration of endless things ends in one for the rest. */
export function createLeftovers(reading: Reading, source: string): Leftovers {
  const known = new Map<string, Foreign>();
  return (name, payload = "") => {
    const wished = known.size < MOST_NAMES || known.has(name) ? name : "more of the same kinds";
    const old = known.get(wished);
    if (old === undefined) {
      reading.foreign(source, wished, payload.slice(0, MOST_TEXT));
      const made = reading.machine.foreign.at(-1);
      if (made !== undefined) known.set(wished, made);
    } else if (payload !== "" && old.payload.length < MOST_TEXT) {
      old.payload = `${old.payload}\n${payload}`.slice(0, MOST_TEXT);
    }
  };
}
