/** Text helpers that several layers share: sizes, lists and names for people. */

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** Bytes for people, in binary units: `1.5 GiB`, `512 B`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || Number.isInteger(value) ? 0 : value < 10 ? 2 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** A count with its noun: `1 disk`, `2 disks`, `2 properties`. */
export function plural(count: number, noun: string): string {
  if (count === 1) return `${count} ${noun}`;
  return `${count} ${/[^aeiou]y$/.test(noun) ? `${noun.slice(0, -1)}ies` : `${noun}s`}`;
}

/**
 * Text with control characters made visible, for output to a terminal: hostile names must not move the cursor.
 */
export function printable(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the point
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Lines of a text with their numbers, from 1, without their ends (LF, CRLF or CR): one at a time, as a text may be nothing but ends. */
export function* linesOf(text: string): Generator<{ readonly text: string; readonly line: number }> {
  const ends = /\r\n|\n|\r/g;
  let start = 0;
  for (let line = 1; ; line++) {
    const end = ends.exec(text);
    yield { text: text.slice(start, end?.index), line };
    if (end === null) return;
    start = ends.lastIndex;
  }
}

/** Characters of a word that are compared. */
const COMPARED = 80;

/**
 * The words of a list that are spelled most like a word, at most five, the nearest first. What is too far off is left out: more than a third of its letters
 * would have to change, and it does not contain the word.
 */
export function nearest(word: string, words: readonly string[]): readonly string[] {
  const sought = word.toLowerCase().slice(0, COMPARED);
  if (sought === "") return [];
  const tail = sought.slice(sought.lastIndexOf("/") + 1);
  return words
    .map((candidate) => ({ candidate, distance: distanceTo(sought, tail, candidate) }))
    .filter(({ candidate, distance }) => distance <= Math.max(2, candidate.length / 3))
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, 5)
    .map(({ candidate }) => candidate);
}

function distanceTo(sought: string, tail: string, candidate: string): number {
  const whole = editDistance(sought, candidate);
  // The right word behind a wrong area, or a part of it, is near all the same.
  const end = candidate.slice(candidate.lastIndexOf("/") + 1);
  if (tail.length >= 4 && end === tail) return Math.min(whole, 1);
  if (tail.length >= 4 && end.includes(tail)) return Math.min(whole, 2);
  return Math.min(whole, tail.length >= 4 ? editDistance(tail, end) + 1 : whole);
}

/** Letters that have to be added, taken away or exchanged to make one word of another; two that changed places count once. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, (before[j - 2] ?? 0) + 1);
      }
      row.push(least);
    }
    [before, last] = [last, row];
  }
  return last[b.length] ?? 0;
}
