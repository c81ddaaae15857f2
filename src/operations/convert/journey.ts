/** What becomes of a machine's facts on the way from one platform to another and back: the scorecard, one journey at a time. */
import type { Appliance } from "../../appliance/appliance.js";
import { fit } from "../../appliance/fit.js";
import { changesBetween, type FactChange, portraitOf } from "../../appliance/portrait.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import { explanationsOf } from "../../platforms/explained.js";
import type { Platform } from "../../platforms/platform.js";
import { targets } from "../../targets/targets.js";
import { readBackConfigs } from "./read-back.js";

/** A machine on a platform, as its configuration says when it is read back. */
export interface Arrival {
  readonly appliance: Appliance;
  /** What fitting and writing said. */
  readonly notes: readonly Diagnostic[];
  /** What disks were called where the journey came from, by their ids here. */
  readonly diskNames: ReadonlyMap<string, string>;
}

/** Something that machines are written as and read from again. */
export interface Way {
  /** `vmware`, `ovf-virtualbox`. */
  readonly id: string;
  readonly label: string;
  /** Writes an appliance and reads it back; `null` where the machine is refused. */
  travel(appliance: Appliance, ctx: Context): Promise<Arrival | null>;
}

/** A platform's own configuration as a way. */
export function platformWay(platform: Platform): Way {
  return { id: platform.id, label: platform.label, travel: (appliance, ctx) => travel(appliance, platform, ctx) };
}

async function travel(appliance: Appliance, platform: Platform, ctx: Context): Promise<Arrival | null> {
  const { defaultTarget, exportConfig } = platform;
  if (defaultTarget === null || exportConfig === undefined) {
    throw new FerryError("internal/bug", `${platform.id} is not written`);
  }
  const target = targets.get(defaultTarget);
  const fitted = fit(appliance, target);
  const exported = await exportConfig(fitted.appliance, fitted.shapes, target, {}, ctx);
  const notes = [...fitted.notes, ...exported.notes];
  if (notes.some(({ severity }) => severity === "error")) return null;
  const back = readBackConfigs(platform, exported, ctx);
  return back === null ? null : { ...back, notes };
}

/** What became of one fact. */
export interface Fate {
  readonly fact: FactChange;
  /** `changed` and `lost` for reasons that notes name; `unexplained`: nobody said a word. */
  readonly fate: "changed" | "lost" | "unexplained";
  /** Codes of the notes. */
  readonly codes: readonly string[];
}

/** A journey's result. */
export interface JourneyResult {
  readonly kept: number;
  readonly fates: readonly Fate[];
}

/** Compares what a machine was with what came back. */
export function judgeJourney(
  before: Appliance,
  after: Appliance,
  diskNames: ReadonlyMap<string, string>,
  notes: readonly Diagnostic[],
): JourneyResult {
  const changes = changesBetween(before, after, diskNames);
  const all = before.machines.reduce((sum, machine) => sum + portraitOf(before, machine).length, 0);
  const fates = changes.map((fact): Fate => {
    const reasons = explanationsOf(fact, notes);
    const fate = reasons.length === 0 ? "unexplained" : fact.to === null ? "lost" : "changed";
    return { fact, fate, codes: [...new Set(reasons.map(({ code }) => code))] };
  });
  return { kept: all - changes.length, fates };
}

/** There and back: from a machine that is at home on one platform, over another one. `null`: one of them refuses it. */
export async function roundTrip(
  home: { readonly appliance: Appliance; readonly way: Way },
  over: Way,
  ctx: Context,
): Promise<JourneyResult | null> {
  const there = await over.travel(home.appliance, ctx);
  const back = there === null ? null : await home.way.travel(there.appliance, ctx);
  if (there === null || back === null) return null;
  const names = new Map([...back.diskNames].map(([id, name]) => [id, there.diskNames.get(name) ?? name]));
  return judgeJourney(home.appliance, back.appliance, names, [...there.notes, ...withMachineIds(home, back)]);
}

/** Notes of the way back, with the ids that machines have at home: they come in the same order. */
function withMachineIds(home: { readonly appliance: Appliance }, back: Arrival): readonly Diagnostic[] {
  const [only, second] = home.appliance.machines;
  if (only === undefined) return back.notes;
  return back.notes.map((note) => {
    if (note.data?.machine === undefined) return note;
    const { machine: _, ...data } = note.data;
    return second === undefined ? { ...note, data: { ...data, machine: only.id } } : { ...note, data };
  });
}
