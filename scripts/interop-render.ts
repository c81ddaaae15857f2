import { diskFormats } from "../src/disk/formats.js";
import type { Proof } from "../test/interop/proof.js";

/** Where the page is. */
export const INTEROP_PAGE = "docs/reference/interop.md";

const HEAD = `# Which programs were seen to agree

Written by \`npm run test:peers\`: each line was proven by a test in which the guest's bytes arrived, or in which the other program refused.
*Written*: it reads what vmferry writes. *Read*: vmferry reads what it writes. *Alike*: both say the same of files that were damaged or put
together by hand. Sizes are those of the guest's disk; the rest says what else was done:

| Word | Proven |
| --- | --- |
| map | both say the same of where data and zeros are |
| check | both find it sound, or damaged |
| resized | made larger where it lies: the other program finds no error, reads the same and zeros behind it |
| mended | damaged on purpose and mended by \`disk fix\`: the other program finds no error, and reads the same |
| written on | the other program wrote into it afterwards, and both read that alike |
| chain | disks over their parents, each layer of them |
| one pass | from a pipe, from which nothing is read twice |
`;

const DIRECTIONS = ["written", "read", "alike"] as const;

/** Proofs as JSON lines, each once. @throws where a line is none */
export function parseProofs(lines: string): readonly Proof[] {
  const unique = new Set(lines.split("\n").filter((line) => line !== ""));
  return [...unique].map((line) => JSON.parse(line) as Proof);
}

/** The lines of the tables, without their heads: what is compared between a run and the page. */
export function proofRows(proofs: readonly Proof[], order: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const tables = new Map<string, string[]>();
  for (const format of diskFormats.all) {
    const rows: string[] = [];
    const variants = [...new Set(proofs.filter((one) => one.format === format.id).map(({ variant }) => variant))];
    const place = (variant: string): number => (format.variants.indexOf(variant) + 1 || 99) - 1;
    variants.sort((a, b) => place(a) - place(b) || a.localeCompare(b));
    for (const variant of variants) {
      const here = proofs.filter((one) => one.format === format.id && one.variant === variant);
      for (const peer of [...new Set(here.map((one) => one.peer))].sort()) {
        for (const direction of DIRECTIONS) {
          const cell = here.filter((one) => one.peer === peer && one.direction === direction);
          if (cell.length > 0) rows.push(rowOf(variant, peer, direction, cell, order));
        }
      }
    }
    if (rows.length > 0) tables.set(format.label, rows);
  }
  return tables;
}

function rowOf(
  variant: string,
  peer: string,
  direction: string,
  proofs: readonly Proof[],
  order: readonly string[],
): string {
  const place = (what: string): number => (order.indexOf(what) + 1 || 99) - 1;
  const sorted = proofs.toSorted((a, b) => place(a.what) - place(b.what) || a.what.localeCompare(b.what));
  const proven = sorted.filter(({ cannot }) => cannot === null).map(({ what }) => what);
  const refused = sorted.filter(({ cannot }) => cannot !== null).map(({ what, cannot }) => `${what}: ${cannot}`);
  return `| ${variant} | ${peer} | ${direction} | ${proven.join(", ")} | ${refused.join("; ")} |`;
}

/** The page. `order`: what was carried, in the order in which it is listed. */
export function renderInterop(proofs: readonly Proof[], order: readonly string[]): string {
  const sections = [...proofRows(proofs, order)].map(
    ([label, rows]) =>
      `\n## ${label}\n\n| Variant | Program | Direction | Proven | Not by this program |\n| --- | --- | --- | --- | --- |\n${rows.join("\n")}\n`,
  );
  return HEAD + sections.join("");
}

/**
 * Lines in which a page differs from what a run has proven: those that it lacks, and those of programs in the run that it has and the run
 * does not. Programs that were not there say nothing.
 */
export function interopDifferences(
  page: string,
  proofs: readonly Proof[],
  order: readonly string[],
): readonly string[] {
  const peers = new Set<string>(proofs.map(({ peer }) => peer));
  const listed = page.split("\n").filter((line) => line.startsWith("| ") && peers.has(line.split(" | ")[1] ?? ""));
  const proven = [...proofRows(proofs, order).values()].flat();
  return [
    ...proven.filter((row) => !listed.includes(row)).map((row) => `proven, not in the page: ${row}`),
    ...listed.filter((row) => !proven.includes(row)).map((row) => `in the page, not proven: ${row}`),
  ];
}
