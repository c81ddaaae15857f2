import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { concatBytes } from "../../base/bytes.js";
import { sliceSource } from "../../io/sources/slice.js";
import { openFileSource } from "./file-source.js";
import { createFileTarget } from "./file-target.js";
import { loadNative, NO_NATIVE } from "./native.js";

const folder = mkdtempSync(join(tmpdir(), "vmferry-take-"));
after(() => rmSync(folder, { recursive: true }));
const native = loadNative(new Set());
const skip = native.copyRange === null ? "the system has no copy_file_range, or koffi is missing" : false;
const bytes = new Uint8Array(300_000).map((_, i) => (i * 7) % 251);

describe("taking bytes from another file", { skip }, () => {
  it("copies a range to where the target stands, through slices, and goes on behind it", async () => {
    const path = join(folder, "source");
    writeFileSync(path, bytes);
    const source = await openFileSource(path, native);
    const slice = sliceSource(source, 1000, 200_000, "member");
    const target = await createFileTarget(join(folder, "one"), "one", native);
    await target.write(Uint8Array.of(1, 2, 3));
    const ref = slice.ref();
    assert.ok(ref !== null);
    assert.equal(await target.take?.(ref, 500, 150_000), 150_000);
    assert.equal(target.position, 150_003);
    await target.write(Uint8Array.of(9));
    assert.equal(await target.takeAt?.(200_000, ref, 0, 10), 10);
    await target.close();
    await source.close();
    const made = new Uint8Array(readFileSync(join(folder, "one")));
    assert.equal(made.length, 200_010);
    assert.deepEqual(
      made.subarray(0, 150_004),
      concatBytes([Uint8Array.of(1, 2, 3), bytes.subarray(1500, 151_500), Uint8Array.of(9)]),
    );
    assert.deepEqual(made.subarray(200_000), bytes.subarray(1000, 1010));
  });

  it("takes nothing from memory, from past the end of a part, and from a file that changed", async () => {
    const path = join(folder, "changing");
    writeFileSync(path, bytes);
    const source = await openFileSource(path, native);
    const ref = source.ref();
    assert.ok(ref !== null);
    const target = await createFileTarget(join(folder, "two"), "two", native);
    assert.equal(await target.take?.({ kind: "shared", buffer: new ArrayBuffer(10), at: 0 }, 0, 10), 0);
    assert.equal(await target.take?.({ kind: "slice", of: ref, offset: 0, length: 100 }, 90, 20), 0);
    truncateSync(path, 1000);
    assert.equal(await target.take?.(ref, 0, 10), 0);
    rmSync(path);
    assert.equal(await target.take?.(ref, 0, 10), 0);
    assert.equal(target.position, 0);
    await target.abort();
    await source.close();
  });

  it("is not offered where the system lacks it", async () => {
    const target = await createFileTarget(join(folder, "three"), "three", NO_NATIVE);
    assert.deepEqual([target.take, target.takeAt], [undefined, undefined]);
    await target.abort();
  });
});
