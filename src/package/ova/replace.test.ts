import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ovaOf } from "../../../test/support/packages.js";
import { memorySource } from "../../io/sources/memory.js";
import type { FileEdit } from "../../io/target.js";
import { testContext } from "../../io/testing/context.js";
import { readTarIndex } from "../tar/index.js";
import { planReplacement } from "./replace.js";

const filled = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);
const files = (bytes: Uint8Array) => ({
  "a.ovf": filled(700, 1),
  ...(bytes.length === 0 ? {} : { "a.mf": bytes }),
  "disk.vmdk": filled(1536, 2),
});

async function members(archive: Uint8Array): Promise<readonly (readonly [string, Uint8Array])[]> {
  const ctx = testContext();
  const index = await readTarIndex(memorySource(archive, "a.ova"), ctx, { onDamage: "refuse" });
  assert.deepEqual(ctx.codes(), []);
  return index.members.map(({ name, dataAt, size }) => [name, archive.slice(dataAt, dataAt + size)]);
}

function applied(archive: Uint8Array, { patches, fileBytes }: FileEdit): Uint8Array {
  const result = new Uint8Array(fileBytes ?? archive.length);
  result.set(archive.subarray(0, result.length));
  for (const { at, bytes } of patches) result.set(bytes, at);
  return result;
}

async function replaced(
  archive: Uint8Array,
  put: readonly { readonly name: string; readonly bytes: Uint8Array }[],
  drop: readonly string[] = [],
) {
  const index = await readTarIndex(memorySource(archive, "a.ova"), testContext(), { onDamage: "refuse" });
  const edit = planReplacement(index, { put, drop: new Set(drop), mtime: 0 });
  return edit === null ? null : { edit, members: await members(applied(archive, edit)) };
}

const manifest = (length: number) => ({ name: "a.mf", bytes: filled(length, 7) });
const certificate = (length: number) => ({ name: "a.cert", bytes: filled(length, 8) });

describe("small members", () => {
  it("are put at the end where they were not, and every other byte stays", async () => {
    const archive = ovaOf(files(new Uint8Array()));
    const found = await replaced(archive, [manifest(100), certificate(2000)]);
    assert.deepEqual(found?.members, [
      ["a.ovf", filled(700, 1)],
      ["disk.vmdk", filled(1536, 2)],
      ["a.mf", filled(100, 7)],
      ["a.cert", filled(2000, 8)],
    ]);
    assert.equal(found?.edit.patches[0]?.at, archive.length - 1024);
  });

  it("at the end become longer and shorter, in either order, and the file with them", async () => {
    for (const order of [
      ["a.mf", "a.cert"],
      ["a.cert", "a.mf"],
    ]) {
      const old = Object.fromEntries(order.map((name) => [name, filled(600, 9)]));
      for (const [first, second] of [
        [10, 3000],
        [5000, 10],
        [600, 600],
      ] as const) {
        const archive = ovaOf({ ...files(new Uint8Array()), ...old });
        const found = await replaced(archive, [manifest(first), certificate(second)]);
        assert.deepEqual(found?.members.slice(2), [
          ["a.mf", filled(first, 7)],
          ["a.cert", filled(second, 8)],
        ]);
        const blocks = (length: number): number => 512 + 512 * Math.ceil(length / 512);
        assert.equal(found?.edit.fileBytes, 512 + 1024 + 512 + 1536 + blocks(first) + blocks(second) + 1024);
      }
    }
  });

  it("between others are replaced where they take as many blocks, and else nothing can be done", async () => {
    const archive = ovaOf(files(filled(600, 9)));
    const found = await replaced(archive, [manifest(1000), certificate(5)]);
    assert.deepEqual(
      found?.members.map(([name, bytes]) => [name, bytes.length]),
      [
        ["a.ovf", 700],
        ["a.mf", 1000],
        ["disk.vmdk", 1536],
        ["a.cert", 5],
      ],
    );
    assert.equal(await replaced(archive, [manifest(1025), certificate(5)]), null);
    assert.equal(await replaced(archive, [manifest(512), certificate(5)]), null);
    const alone = await replaced(archive, [manifest(1000)]);
    assert.equal(alone?.edit.fileBytes, null);
    assert.equal(alone?.edit.patches.length, 1);
  });

  it("that go under another name go at the end, and not from between others", async () => {
    const last = ovaOf({ ...files(filled(600, 9)), "A.CERT": filled(5, 5) });
    const found = await replaced(last, [manifest(600), certificate(5)], ["A.CERT"]);
    assert.deepEqual(
      found?.members.map(([name]) => name),
      ["a.ovf", "a.mf", "disk.vmdk", "a.cert"],
    );
    const first = ovaOf({ "A.CERT": filled(5, 5), ...files(filled(600, 9)) });
    assert.equal(await replaced(first, [manifest(600), certificate(5)], ["A.CERT"]), null);
  });

  it("are put after an archive without an end, and over what follows one", async () => {
    const whole = ovaOf(files(new Uint8Array()));
    for (const archive of [
      whole.subarray(0, whole.length - 1024),
      new Uint8Array([...whole, ...filled(4096, 0)]),
      new Uint8Array([...whole, ...filled(4000, 3)]),
    ]) {
      const found = await replaced(archive, [manifest(100)]);
      assert.deepEqual(
        found?.members.map(([name]) => name),
        ["a.ovf", "disk.vmdk", "a.mf"],
      );
      assert.equal(found?.edit.fileBytes, whole.length + 1024);
    }
  });
});
