import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../test/support/fast-check.js";
import { wordChanges } from "./word-diff.js";

/** Changes as `two->three`. */
function told(before: string, after: string): readonly string[] {
  return wordChanges(before, after).map(({ from, to }) => `${from.join(" ")}->${to.join(" ")}`);
}

test("tells the words that were exchanged, added and taken away", () => {
  assert.deepEqual(told("good for two years", "good for three years"), ["two->three"]);
  assert.deepEqual(told("a b c d e", "b c x d e f"), ["a->", "->x", "->f"]);
  assert.deepEqual(told("", "new words"), ["->new words"]);
  assert.deepEqual(told("old words", " \n"), ["old words->"]);
});

test("takes no notice of white space", () => {
  assert.deepEqual(told("one two\n three", "  one\ttwo three\r\n"), []);
});

test("gives words that make the second text of the first, for any texts, and none for the same", () => {
  const text = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 40 });
  fc.assert(
    fc.property(text, text, (a, b) => {
      const changes = wordChanges(a.join(" "), b.join(" "));
      assert.equal(changes.length === 0, a.join(" ") === b.join(" "));
      const [lost, gained] = [changes.flatMap(({ from }) => from), changes.flatMap(({ to }) => to)];
      // What is common is as many words on both sides, and the same ones.
      const rest = (all: readonly string[], gone: readonly string[]): string =>
        ["a", "b", "c", "d"].map((w) => all.filter((x) => x === w).length - gone.filter((x) => x === w).length).join();
      assert.equal(rest(a, lost), rest(b, gained));
    }),
  );
});

test("gives up on texts that have little in common, in time", () => {
  const words = (prefix: string): string => Array.from({ length: 20_000 }, (_, i) => `${prefix}${i}`).join(" ");
  const started = performance.now();
  assert.equal(wordChanges(words("a"), words("b")).length, 1);
  assert.ok(performance.now() - started < 5000);
});
