import assert from "node:assert/strict";
import { test } from "node:test";
import { INTEROP_PAGE, interopDifferences, parseProofs, renderInterop } from "../../scripts/interop-render.js";
import { readText } from "../../scripts/tree.js";
import { diskFormats } from "../../src/disk/formats.js";
import type { Proof } from "../interop/proof.js";

const order = ["small", "large"];
const proof = (over: Partial<Proof>): Proof => ({
  format: "vhd",
  variant: "fixed",
  peer: "qemu-img",
  direction: "written",
  what: "small",
  cannot: null,
  ...over,
});

test("a page says what was proven and why the rest was not, in an order that does not depend on the run", () => {
  const proofs = [
    proof({ what: "large", cannot: "crashes" }),
    proof({ variant: "dynamic", what: "large" }),
    proof({ variant: "dynamic" }),
    proof({}),
  ];
  const page = renderInterop(proofs, order);
  assert.equal(page, renderInterop(proofs.toReversed(), order));
  assert.match(page, /^\| fixed \| qemu-img \| written \| small \| large: crashes \|$/m);
  assert.match(page, /^\| dynamic \| qemu-img \| written \| small, large \| {2}\|$/m);
  assert.deepEqual(interopDifferences(page, proofs, order), []);
});

test("a page differs where it lacks a proof or has one that was not made, but not by programs that were not there", () => {
  const page = renderInterop([proof({}), proof({ peer: "VBoxManage" })], order);
  assert.deepEqual(interopDifferences(page, [proof({})], order), []);
  assert.equal(interopDifferences(page, [proof({ what: "large" })], order).length, 2);
  assert.equal(interopDifferences(page, [proof({}), proof({ direction: "read" })], order).length, 1);
});

test("lines are read once each, and the last need not end", () => {
  const line = JSON.stringify(proof({}));
  assert.deepEqual(parseProofs(`${line}\n${line}\n${JSON.stringify(proof({ what: "large" }))}`), [
    proof({}),
    proof({ what: "large" }),
  ]);
});

test("every variant that is written was read by another program, by the page", () => {
  const page = readText(INTEROP_PAGE) ?? "";
  for (const format of diskFormats.all.filter(({ id }) => id !== "raw")) {
    const section = page.split("\n## ").find((text) => text.startsWith(format.label)) ?? "";
    for (const variant of format.writes) {
      const rows = section
        .split("\n")
        .filter((row) => row.startsWith(`| ${variant} | `) && row.includes(" | written | "));
      assert.ok(rows.length > 0, `${format.id} ${variant}`);
    }
  }
});
