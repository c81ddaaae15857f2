/** The scorecard: what becomes of each fact of the test machines on the way to every platform, and there and back. */

import type { FactName } from "../src/appliance/portrait.js";
import { portraitOf } from "../src/appliance/portrait.js";
import { samples } from "../src/appliance/testing/samples.js";
import type { Context } from "../src/io/context.js";
import { type Fate, judgeJourney, roundTrip, type Way } from "../src/operations/convert/journey.js";
import { ways } from "../src/operations/convert/ways.js";
import { journeyAppliances } from "../test/support/journeys.js";

/** What vouches for a platform's reader and writer: a program of others that is run on what is written, or documentation alone. */
const PROOF: Readonly<Record<string, string>> = {
  vmware: "virt-v2v, libvirt's reader, open-vmdk",
  virtualbox: "VBoxManage",
  libvirt: "libvirtd",
  xen: "xl's parser",
  "ovf-vsphere": "vCenter simulator, virt-v2v",
  "ovf-virtualbox": "VBoxManage",
  "ovf-strict": "xmllint with the DMTF's schemas",
};

const machines = { ...samples, ...journeyAppliances };

/** One line of the table of all facts. */
interface Line {
  readonly from: string;
  readonly over: string;
  readonly machine: string;
  readonly fate: Fate;
}

/** The page and the table behind it. */
export interface Scorecard {
  readonly page: string;
  /** Tab-separated: every fact that did not stay what it was. */
  readonly table: string;
}

/** Sends all test machines on all journeys. */
export async function renderScorecard(ctx: Context): Promise<Scorecard> {
  const oneWay = new Map<Way, { kept: Map<FactName, number>; fates: Fate[]; refused: number }>();
  for (const way of ways) {
    const kept = new Map<FactName, number>();
    const fates: Fate[] = [];
    let refused = 0;
    for (const make of Object.values(machines)) {
      const source = make();
      const there = await way.travel(source, ctx);
      if (there === null) {
        refused++;
        continue;
      }
      for (const machine of source.machines) {
        for (const { name } of portraitOf(source, machine)) kept.set(name, (kept.get(name) ?? 0) + 1);
      }
      for (const fate of judgeJourney(source, there.appliance, there.diskNames, there.notes).fates) {
        fates.push(fate);
        kept.set(fate.fact.name, (kept.get(fate.fact.name) ?? 0) - 1);
      }
    }
    oneWay.set(way, { kept, fates, refused });
  }
  const lines: Line[] = [];
  const cells = new Map<string, string>();
  for (const from of ways) {
    for (const over of ways) {
      let [kept, changed, lost, refused] = [0, 0, 0, 0];
      for (const [machine, make] of Object.entries(machines)) {
        const start = await from.travel(make(), ctx);
        const result = start === null ? null : await roundTrip({ appliance: start.appliance, way: from }, over, ctx);
        if (result === null) {
          refused++;
          continue;
        }
        kept += result.kept;
        for (const fate of result.fates) {
          if (fate.fate === "lost") lost++;
          else changed++;
          lines.push({ from: from.id, over: over.id, machine, fate });
        }
      }
      cells.set(
        `${from.id} ${over.id}`,
        `${kept} · ${changed} · ${lost}${refused === 0 ? "" : ` (${refused} refused)`}`,
      );
    }
  }
  return { page: page(oneWay, cells), table: table(lines) };
}

function mark(way: Way): string {
  return PROOF[way.id] === undefined ? "documentation only" : `proven by ${PROOF[way.id]}`;
}

function page(
  oneWay: ReadonlyMap<Way, { kept: ReadonlyMap<FactName, number>; fates: readonly Fate[]; refused: number }>,
  cells: ReadonlyMap<string, string>,
): string {
  const names = [...new Set([...oneWay.values()].flatMap(({ kept }) => [...kept.keys()]))].sort();
  const factRow = (name: FactName): string => {
    const row = [...oneWay.values()].map(({ kept, fates }) => {
      const own = fates.filter(({ fact }) => fact.name === name);
      const changed = own.filter(({ fate }) => fate === "changed").length;
      const lost = own.filter(({ fate }) => fate === "lost").length;
      const count = kept.get(name) ?? 0;
      if (changed + lost === 0) return count === 0 ? "" : "kept";
      const words = [
        ...(count > 0 ? ["kept"] : []),
        ...(changed > 0 ? ["changed"] : []),
        ...(lost > 0 ? ["lost"] : []),
      ];
      return words.join(", ");
    });
    return `| \`${name}\` | ${row.join(" | ")} |`;
  };
  const heads = [...oneWay.keys()].map(({ id }) => id);
  return `${[
    "# Scorecard",
    "",
    "<!-- Written by `node dist/scripts/gen-scorecard.js`: do not edit. -->",
    "",
    `What becomes of the facts of ${Object.keys(machines).length} test machines (\`test/support/journeys.ts\`, \`src/appliance/testing/samples.ts\`) when they are`,
    "written for a platform and read from there again. Nothing changes or is lost without a note that names it: `test/contract/journeys.test.ts` holds every",
    "pair to that. Machines that a platform refuses (too many drives, a firmware that it does not have) are counted, not converted.",
    "",
    "## What vouches for it",
    "",
    "| Platform | What is written and read |",
    "| --- | --- |",
    ...[...oneWay.keys()].map((way) => `| \`${way.id}\` | ${mark(way)} |`),
    "",
    "## One way",
    "",
    "Where machines that say a fact differ in what becomes of it, all of it is named. An empty cell: no machine that says it arrived.",
    "",
    `| Fact | ${heads.join(" | ")} |`,
    `| --- | ${heads.map(() => "---").join(" | ")} |`,
    ...names.map(factRow),
    "",
    "## There and back",
    "",
    "Rows: where a machine is at home. Columns: over which platform it goes and comes back. In each cell: facts kept · changed for a reason · lost for a",
    "reason. The reasons of every one stand in [scorecard.tsv](scorecard.tsv).",
    "",
    `| At home on | ${heads.join(" | ")} |`,
    `| --- | ${heads.map(() => "---").join(" | ")} |`,
    ...heads.map((from) => `| \`${from}\` | ${heads.map((over) => cells.get(`${from} ${over}`) ?? "").join(" | ")} |`),
    "",
  ].join("\n")}`;
}

function table(lines: readonly Line[]): string {
  const rows = lines.map(({ from, over, machine, fate: { fact, fate, codes } }) =>
    [
      from,
      over,
      machine,
      fact.of === null ? fact.name : `${fact.name} of ${fact.of}`,
      fate,
      JSON.stringify(fact.from),
      fact.to === null ? "" : JSON.stringify(fact.to),
      codes.join(" "),
    ].join("\t"),
  );
  return `${["from\tover\tmachine\tfact\tfate\twas\tis\treasons", ...rows].join("\n")}\n`;
}
