/** Where two texts differ, by words. */

/** A place where words were exchanged; either list may be empty. */
export interface WordChange {
  readonly from: readonly string[];
  readonly to: readonly string[];
}

/** Words that may differ before the rest counts as exchanged as a whole: the work grows with their square. */
const MOST_DIFFERENT = 400;

/**
 * The places where words of two texts differ, in order; white space does not count. Shortest where the texts differ in few hundred words, and right in
 * any case.
 */
export function wordChanges(before: string, after: string): readonly WordChange[] {
  const [a, b] = [wordsOf(before), wordsOf(after)];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const [middleA, middleB] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  if (middleA.length === 0 && middleB.length === 0) return [];
  const common = commonWords(middleA, middleB);
  if (common === null) return [{ from: middleA, to: middleB }];
  const changes: WordChange[] = [];
  let [i, j] = [0, 0];
  for (const [x, y] of [...common, [middleA.length, middleB.length] as const]) {
    if (x > i || y > j) changes.push({ from: middleA.slice(i, x), to: middleB.slice(j, y) });
    [i, j] = [x + 1, y + 1];
  }
  return changes;
}

function wordsOf(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

/** Places of words that both have, in order, as many as there are (E. Myers, "An O(ND) difference algorithm", 1986); `null`: too much differs. */
function commonWords(a: readonly string[], b: readonly string[]): readonly (readonly [number, number])[] | null {
  /** For each count of differences, how far each diagonal gets. */
  const traces: Map<number, number>[] = [];
  let furthest = new Map<number, number>([[1, 0]]);
  const most = Math.min(MOST_DIFFERENT, a.length + b.length);
  for (let d = 0; d <= most; d++) {
    traces.push(furthest);
    const next = new Map<number, number>();
    for (let k = -d; k <= d; k += 2) {
      let x = stepDown(furthest, k, d) ? (furthest.get(k + 1) ?? 0) : (furthest.get(k - 1) ?? 0) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      next.set(k, x);
      if (x >= a.length && x - k >= b.length) return walkBack(traces, d, a.length, b.length);
    }
    furthest = next;
  }
  return null;
}

/** Whether a diagonal is best reached by a word that only the second text has. */
function stepDown(furthest: ReadonlyMap<number, number>, k: number, d: number): boolean {
  return k === -d || (k !== d && (furthest.get(k - 1) ?? 0) < (furthest.get(k + 1) ?? 0));
}

function walkBack(
  traces: readonly ReadonlyMap<number, number>[],
  differences: number,
  endA: number,
  endB: number,
): readonly (readonly [number, number])[] {
  const common: (readonly [number, number])[] = [];
  let [x, y] = [endA, endB];
  for (let d = differences; d >= 0; d--) {
    const furthest = traces[d] ?? new Map<number, number>();
    const k = x - y;
    const before = stepDown(furthest, k, d) ? k + 1 : k - 1;
    const beforeX = furthest.get(before) ?? 0;
    const beforeY = beforeX - before;
    while (x > Math.max(0, beforeX) && y > Math.max(0, beforeY)) {
      x--;
      y--;
      common.push([x, y]);
    }
    [x, y] = [beforeX, beforeY];
  }
  return common.reverse();
}
