import type { PeerVerdict } from "./agreement.js";

/** The page that says how verdicts agree. */
export const AGREEMENT_PAGE = "docs/reference/target-agreement.md";

/** One package, judged for a target by vmferry and by the program itself. */
export interface Agreement {
  readonly target: string;
  readonly package: string;
  /** Codes of errors; none: accepted. */
  readonly errors: readonly string[];
  readonly peer: PeerVerdict;
}

/** Why a verdict differs, by target and package: what is known of each. */
export type Reasons = Readonly<Record<string, string>>;

/** Whether both take a package, or neither does. */
export function agrees({ errors, peer }: Agreement): boolean {
  return (errors.length === 0) === (peer === null);
}

/** Percent of packages that are judged alike. */
export function share(all: readonly Agreement[]): number {
  return (100 * all.filter(agrees).length) / all.length;
}

/** The page, from what a run has found. */
export function renderAgreement(
  all: readonly Agreement[],
  programs: Readonly<Record<string, string>>,
  reasons: Reasons,
): string {
  const lines = [
    "# How verdicts for targets agree with the targets",
    "",
    "Written by `npm run test:peers`: `validate --for TARGET` against the program itself, on the first 30 descriptors of the corpus of real",
    "packages by name with at most four disks, and on all packages that other programs made (`test/fixtures/packages`). Disks of the corpus are made for it,",
    "empty, in the format that the descriptor says; `ovf:size`, and a capacity that is no number, are filled in. A program takes a package",
    "where it makes every machine with every disk, and with about the memory that the descriptor says; otherwise what it says, or what is lost, is named.",
    "",
  ];
  for (const [target, program] of Object.entries(programs)) {
    const own = all.filter((one) => one.target === target);
    const taken = own.filter(({ peer }) => peer === null).length;
    lines.push(`## ${target}`, "");
    lines.push(
      `${program} takes ${taken} of ${own.length} packages. Verdicts agree on ${own.filter(agrees).length}, ${share(own).toFixed(1)} %.`,
      "",
    );
    lines.push(
      ...table(
        own.filter((one) => !agrees(one)),
        ["Differs", "vmferry", "The program", "Why"],
        (one) => reasons[`${target} ${one.package}`] ?? "",
      ),
    );
    lines.push(
      ...table(
        own.filter((one) => agrees(one) && one.peer !== null),
        ["Refused by both", "vmferry", "The program"],
        null,
      ),
    );
  }
  return `${lines.join("\n").trimEnd()}\n`;
}

function table(
  rows: readonly Agreement[],
  heads: readonly string[],
  reason: ((one: Agreement) => string) | null,
): string[] {
  if (rows.length === 0) return [];
  const lines = [`| ${heads.join(" | ")} |`, `|${" --- |".repeat(heads.length)}`];
  for (const one of rows) {
    const ours = one.errors.length === 0 ? "accepted" : one.errors.map((code) => `\`${code}\``).join(", ");
    const cells = [one.package, ours, one.peer ?? "accepted", ...(reason === null ? [] : [reason(one)])];
    lines.push(`| ${cells.join(" | ")} |`);
  }
  return [...lines, ""];
}
