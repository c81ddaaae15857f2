/** A unified diff of two texts by lines, as `diff -u` writes it and `patch` reads it. */

/** Lines around a change that are shown. */
const CONTEXT = 3;
/** How far ahead the next common lines are looked for: edits of a descriptor are small. */
const WINDOW = 400;

/** A stretch of lines: `same` in both, or `a` lines that are replaced by `b` lines. */
interface Run {
  readonly same: boolean;
  readonly aStart: number;
  readonly aEnd: number;
  readonly bStart: number;
  readonly bEnd: number;
}

/**
 * The difference of two texts; empty where they are equal. It is always right, and as short as looking a few hundred lines ahead makes it.
 * @param name what both are called in its head
 */
export function unifiedDiff(name: string, before: string, after: string): string {
  if (before === after) return "";
  const [a, b] = [linesOf(before), linesOf(after)];
  const text = [`--- a/${name}\n`, `+++ b/${name}\n`];
  for (const hunk of hunksOf(runsOf(a, b))) text.push(renderHunk(hunk, a, b).join(""));
  return text.join("");
}

/** Lines with their ends: the last one may have none. */
function linesOf(text: string): readonly string[] {
  const lines: string[] = [];
  for (let at = 0; at < text.length; ) {
    const feed = text.indexOf("\n", at);
    const end = feed < 0 ? text.length : feed + 1;
    lines.push(text.slice(at, end));
    at = end;
  }
  return lines;
}

function runsOf(a: readonly string[], b: readonly string[]): readonly Run[] {
  const runs: Run[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [aStart, bStart] = [i, j];
    while (i < a.length && j < b.length && a[i] === b[j]) {
      i++;
      j++;
    }
    if (i > aStart) runs.push({ same: true, aStart, aEnd: i, bStart, bEnd: j });
    if (i === a.length && j === b.length) break;
    const next = nextCommon(a, b, i, j);
    runs.push({ same: false, aStart: i, aEnd: next.i, bStart: j, bEnd: next.j });
    ({ i, j } = next);
  }
  return runs;
}

/** Where both go on alike, nearest first; their ends where that is nowhere near. */
function nextCommon(a: readonly string[], b: readonly string[], i: number, j: number): { i: number; j: number } {
  for (let distance = 1; distance <= WINDOW; distance++) {
    for (let ahead = 0; ahead <= distance; ahead++) {
      const [x, y] = [i + distance - ahead, j + ahead];
      if (x > a.length || y > b.length) continue;
      if (x === a.length || y === b.length) {
        if (x === a.length && y === b.length) return { i: x, j: y };
        continue;
      }
      // One line alike may be chance, such as an end tag; two seldom are.
      if (a[x] === b[y] && (x + 1 >= a.length || y + 1 >= b.length || a[x + 1] === b[y + 1])) return { i: x, j: y };
    }
  }
  let end = 0;
  while (a.length - end > i && b.length - end > j && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  return { i: a.length - end, j: b.length - end };
}

/** Changes with the lines around them; those with few lines between them together. */
function hunksOf(runs: readonly Run[]): readonly (readonly Run[])[] {
  const hunks: Run[][] = [];
  for (const [at, run] of runs.entries()) {
    if (run.same) continue;
    const before = runs[at - 1];
    const after = runs[at + 1];
    const open = hunks.at(-1);
    if (open !== undefined && before !== undefined && before.aEnd - before.aStart <= 2 * CONTEXT) {
      // In place of the three lines that ended the hunk so far.
      open.pop();
      open.push(before, run);
    } else hunks.push(before === undefined ? [run] : [lastOf(before), run]);
    if (after !== undefined) hunks.at(-1)?.push(firstOf(after));
  }
  return hunks;
}

function lastOf(run: Run): Run {
  const length = Math.min(CONTEXT, run.aEnd - run.aStart);
  return { ...run, aStart: run.aEnd - length, bStart: run.bEnd - length };
}

function firstOf(run: Run): Run {
  const length = Math.min(CONTEXT, run.aEnd - run.aStart);
  return { ...run, aEnd: run.aStart + length, bEnd: run.bStart + length };
}

function renderHunk(hunk: readonly Run[], a: readonly string[], b: readonly string[]): readonly string[] {
  const [first, last] = [hunk[0] as Run, hunk.at(-1) as Run];
  const text = [`@@ -${range(first.aStart, last.aEnd)} +${range(first.bStart, last.bEnd)} @@\n`];
  const put = (mark: string, lines: readonly string[]): void => {
    for (const line of lines) {
      text.push(line.endsWith("\n") ? `${mark}${line}` : `${mark}${line}\n\\ No newline at end of file\n`);
    }
  };
  for (const { same, aStart, aEnd, bStart, bEnd } of hunk) {
    if (same) put(" ", a.slice(aStart, aEnd));
    else {
      put("-", a.slice(aStart, aEnd));
      put("+", b.slice(bStart, bEnd));
    }
  }
  return text;
}

/** Lines count from 1; of none, the one before is named. */
function range(start: number, end: number): string {
  const length = end - start;
  return `${length === 0 ? start : start + 1},${length}`;
}
