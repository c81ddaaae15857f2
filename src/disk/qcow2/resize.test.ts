import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "../../../test/support/errors.js";
import { diskFile } from "../../../test/support/packages.js";
import { qcow2Source } from "../../../test/support/qcow2.js";
import { viewOf, writeU64 } from "../../base/bytes.js";
import type { ByteSource } from "../../io/source.js";
import { memorySource } from "../../io/sources/memory.js";
import { testContext } from "../../io/testing/context.js";
import { zlibCodec } from "../../runtime/node/codec.js";
import { resizeQcow2 } from "./resize.js";

const SECTORS = 256;
const MIB = 2 ** 20;
const ctx = testContext({ runtime: { codec: zlibCodec() } });

/** Two compressed clusters, of which the guest sees the last only in part: the header alone says where the disk ends. */
async function endsAt(bytes: number): Promise<Uint8Array> {
  const image = await diskFile("qcow2", "compressed", {
    sectors: SECTORS,
    runs: [{ sector: 0, sectors: 200, content: "text" }],
  });
  writeU64(viewOf(image), 24, bytes, false);
  return image;
}

test("a compressed last cluster that holds something past the end is not shown to the guest: the disk is not resized", async () => {
  const hidden = memorySource(await endsAt(190 * 512), "x.qcow2");
  await assert.rejects(resizeQcow2(hidden, MIB, ctx), hasCode("disk/cannot-amend"));
});

test("a compressed last cluster that holds zeros past the end is left as it is", async () => {
  const plan = await resizeQcow2(memorySource(await endsAt(210 * 512), "x.qcow2"), MIB, ctx);
  assert.deepEqual([plan.fills, plan.moves, plan.patches.length], [[], [], 1]);
});

test("a capacity whose L1 table is larger than what opening allows is refused", async () => {
  const image = memorySource(await endsAt(210 * 512), "x.qcow2");
  const small = testContext({ runtime: { codec: zlibCodec() }, limits: { tableBytes: 2 ** 20 } });
  await assert.rejects(resizeQcow2(image, 2 ** 47, small), hasCode("io/limit"));
});

/** An uncompressed image with its header changed, at offsets of the interop document, "Header". */
async function withHeader(change: (view: DataView) => void): Promise<ByteSource> {
  const image = await diskFile("qcow2", "uncompressed", { sectors: SECTORS, runs: [] });
  change(viewOf(image));
  return memorySource(image, "x.qcow2");
}

test("what would be wrong at another size is refused, and what is not known to be right", async () => {
  const cases: Readonly<Record<string, (view: DataView) => void>> = {
    "bitmaps, which are of the present size": (view) => view.setBigUint64(88, 1n),
    "snapshots of version 2, which do not note their size": (view) => {
      view.setUint32(4, 2);
      view.setUint32(60, 1);
    },
    "an image that was not closed": (view) => view.setBigUint64(72, 1n),
    "an image that is marked as corrupt": (view) => view.setBigUint64(72, 2n),
    "data in another file": (view) => view.setBigUint64(72, 4n),
    encryption: (view) => view.setUint32(32, 2),
    "a backing file": (view) => {
      view.setBigUint64(8, 200n);
      view.setUint32(16, 4);
    },
  };
  for (const [what, change] of Object.entries(cases)) {
    await assert.rejects(resizeQcow2(await withHeader(change), MIB, ctx), hasCode("disk/cannot-amend"), what);
  }
  await resizeQcow2(await withHeader(() => {}), MIB, ctx);
});

test("an image with snapshots of version 3 grows: each of them notes its own size", async () => {
  const plan = await resizeQcow2(await qcow2Source("snapshots.qcow2"), 2 ** 30, ctx);
  assert.ok(plan.patches.length > 0);
});
