import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../test/support/fast-check.js";
import { unifiedDiff } from "./diff.js";

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `line ${i}\n`);

/** What `patch` does, by the words of the format: every context and removed line has to be where it is said to be. */
function patch(before: string, diff: string): string {
  const lines = before.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const out: string[] = [];
  let at = 0;
  const rows = diff.match(/[^\n]*\n/g) ?? [];
  for (const [i, row] of rows.entries()) {
    const hunk = /^@@ -(\d+),(\d+) \+(\d+),(\d+) @@$/.exec(row.trimEnd());
    if (hunk !== null) {
      const start = Number(hunk[1]) - (hunk[2] === "0" ? 0 : 1);
      assert.ok(start >= at, "hunks do not overlap");
      for (const line of lines.slice(at, start)) out.push(line);
      at = start;
      assert.equal(out.length, Number(hunk[3]) - (hunk[4] === "0" ? 0 : 1));
      continue;
    }
    if (/^(?:---|\+\+\+) [ab]\//.test(row) || row.startsWith("\\")) continue;
    const open = rows[i + 1]?.startsWith("\\") === true;
    const line = open ? row.slice(1, -1) : row.slice(1);
    if (row.startsWith("+")) out.push(line);
    else {
      assert.equal(lines[at++], line);
      if (row.startsWith(" ")) out.push(line);
    }
  }
  return out.concat(lines.slice(at)).join("");
}

test("equal texts have no difference", () => assert.equal(unifiedDiff("a", "x\ny", "x\ny"), ""));

test("a changed line stands between three lines of context on each side", () => {
  const lines = numbered(20);
  const after = lines.map((line) => (line === "line 9\n" ? "other\n" : line)).join("");
  assert.equal(
    unifiedDiff("x.ovf", lines.join(""), after),
    "--- a/x.ovf\n+++ b/x.ovf\n@@ -7,7 +7,7 @@\n line 6\n line 7\n line 8\n-line 9\n+other\n line 10\n line 11\n line 12\n",
  );
});

test("changes that are near each other are one hunk, and others are not", () => {
  const lines = numbered(40);
  const of = (...changed: number[]): number => {
    const after = lines.map((line, i) => (changed.includes(i) ? "new\n" : line)).join("");
    return unifiedDiff("x", lines.join(""), after).match(/^@@/gm)?.length ?? 0;
  };
  assert.deepEqual([of(5, 11), of(5, 12), of(5, 13), of(0, 39)], [1, 1, 2, 2]);
});

test("what is applied to the first text gives the second, line ends and missing ones included", () => {
  const line = fc.constantFrom("a\n", "b\n", "c\n", "</x>\n", "d\r\n", "\n");
  const lines = fc.array(line, { maxLength: 30 });
  const end = fc.constantFrom("", "z");
  fc.assert(
    fc.property(lines, lines, end, end, fc.nat(30), (a, b, x, y, shared) => {
      const [before, after] = [a.join("") + x, [...a.slice(0, shared), ...b].join("") + y];
      assert.equal(patch(before, unifiedDiff("t", before, after)), after);
    }),
    { numRuns: 2000 },
  );
});

test("a text of many lines with two changes takes no time", () => {
  const lines = numbered(200_000);
  const before = lines.join("");
  lines[10] = "x\n";
  lines.splice(190_000, 3);
  assert.equal(patch(before, unifiedDiff("t", before, lines.join(""))), lines.join(""));
});
