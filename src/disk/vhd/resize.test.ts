import assert from "node:assert/strict";
import { test } from "node:test";
import { fixture, sourceOf } from "../../../test/support/damage.js";
import { diskContext } from "../../../test/support/disks.js";
import { hasCode } from "../../../test/support/errors.js";
import { MIB, viewOf, writeU64 } from "../../base/bytes.js";
import type { SparseBytes } from "../../io/testing/sparse-bytes.js";
import { sealedDynamicHeader } from "./header.js";
import { resizeVhd } from "./resize.js";

const HEADER_AT = 512;

/** A dynamic disk whose block table stands elsewhere, by its header. */
async function withTableAt(at: number): Promise<SparseBytes> {
  const file = await fixture("vhd-dynamic");
  const header = file.read(HEADER_AT, 1024);
  writeU64(viewOf(header), 16, at, false);
  file.write(HEADER_AT, sealedDynamicHeader(header));
  return file;
}

test("a block table that lies over the footer's copy or the header is not grown there", async () => {
  for (const at of [12, 512, 1000]) {
    const source = sourceOf(await withTableAt(at));
    await assert.rejects(resizeVhd(source, 40 * MIB, diskContext()), hasCode("disk/cannot-amend"), `${at}`);
  }
  assert.ok((await resizeVhd(sourceOf(await withTableAt(1536)), 40 * MIB, diskContext())).patches.length > 0);
});
