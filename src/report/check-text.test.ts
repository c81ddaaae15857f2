import assert from "node:assert/strict";
import { test } from "node:test";
import { checkSample, mapSample } from "../../test/support/results.js";
import { renderCheck } from "./check-text.js";
import { type MapRows, renderMapJson, renderMapText } from "./map-text.js";
import { coloured, plain } from "./palette.js";

async function* each<T>(rows: readonly T[]): AsyncIterable<T> {
  yield* rows;
}

async function whole(pieces: AsyncIterable<string>): Promise<string> {
  let text = "";
  for await (const piece of pieces) text += piece;
  return text;
}

const { extents, layout: _, ...head } = mapSample;
const extentRows = (): MapRows => ({ kind: "extents", rows: each(extents ?? []) });
const partRows = (): MapRows => ({
  kind: "layout",
  fileBytes: 196608,
  rows: each([{ offset: 0, length: 512, what: "header\r", values: { version: 3, name: "a\u001b[2J" } }]),
});

test("a check shows the findings of each file of a chain, how many were left out, and its verdict", () => {
  assert.equal(
    renderCheck(checkSample, plain),
    `delta.qcow2  qcow2 uncompressed
  error[example/bad]: cluster 7 is used twice (delta.qcow2 at byte 512)
    hint: Go back to a backup.
  warning[example/leak]: cluster 9 is used by nothing
  example/leak: and 119 more
damaged: 1 error, 1 warning
base.raw  raw raw
unchecked
lower.vmdk  vmdk
sound
`,
  );
});

test("a map in text has aligned columns and sums, and colours change none of them", async () => {
  const text = await whole(renderMapText(head, extentRows(), plain));
  assert.equal(
    text,
    `delta.qcow2  qcow2 uncompressed, 1 MiB
   offset   length  kind
        0    65536  data
    65536    65536  zero
   131072   917504  absent
3 extents, 64 KiB data, 64 KiB zero, 896 KiB absent
`,
  );
  const painted = await whole(renderMapText(head, extentRows(), coloured));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control sequences
  assert.equal(painted.replace(/\u001b\[\d+m/g, ""), text);
});

test("a layout in text shows each structure with its fields, and nothing that moves the cursor", async () => {
  assert.equal(
    await whole(renderMapText(head, partRows(), plain)),
    `delta.qcow2  qcow2 uncompressed, 1 MiB
  offset  length  what
       0     512  header   version=3  name=a\\u001b[2J
`,
  );
});

test("a map in JSON is the document, whether it has rows, none, or a layout", async () => {
  assert.deepEqual(JSON.parse(await whole(renderMapJson(head, extentRows()))), mapSample);
  assert.deepEqual(JSON.parse(await whole(renderMapJson(head, { kind: "extents", rows: each([]) }))), {
    ...mapSample,
    extents: [],
  });
  const shown = JSON.parse(await whole(renderMapJson(head, partRows())));
  assert.equal(shown.extents, null);
  assert.equal(shown.layout[0].values.version, 3);
});

test("a hundred thousand rows are handed on in pieces of tens of thousands of characters", async () => {
  async function* many(): AsyncIterable<{ offset: number; length: number; kind: "data" | "zero" }> {
    for (let i = 0; i < 100_000; i++) yield { offset: i, length: 1, kind: i % 2 === 0 ? "data" : "zero" };
  }
  let longest = 0;
  let pieces = 0;
  for await (const piece of renderMapJson(head, { kind: "extents", rows: many() })) {
    longest = Math.max(longest, piece.length);
    pieces++;
  }
  assert.ok(longest < 64 * 1024, `${longest} characters in a piece`);
  assert.ok(pieces > 100);
});
