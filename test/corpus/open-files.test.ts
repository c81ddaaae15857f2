import assert from "node:assert/strict";
import { test } from "node:test";
import { diskFormats } from "../../src/defaults.js";
import { openChain } from "../../src/disk/open.js";
import type { ByteSource } from "../../src/index.js";
import { memorySource } from "../../src/index.js";
import { testContext } from "../../src/io/testing/context.js";
import { diskFileBytes, diskFixtures } from "../support/fixtures.js";

const fixtures = (await diskFixtures()).filter(({ format }) => diskFormats.all.some(({ id }) => id === format));

/** The files of a disk, which know who holds them open. */
async function countedFiles(files: (typeof fixtures)[number]["files"]) {
  const bytes = new Map(await Promise.all(files.map(async (file) => [file.name, await diskFileBytes(file)] as const)));
  const open: string[] = [];
  return {
    open,
    names: [...bytes.keys()],
    source(name: string): ByteSource {
      const content = bytes.get(name);
      assert.ok(content, name);
      open.push(name);
      const source = memorySource(content, name);
      return { ...source, ref: () => source.ref(), close: async () => void open.splice(open.indexOf(name), 1) };
    },
  };
}

for (const { id, files } of fixtures) {
  test(`closing ${id} closes every file that opening it opened, and none that was given`, async () => {
    const counted = await countedFiles(files);
    const [first = ""] = counted.names;
    const resolver = { open: async ({ name }: { readonly name: string | null }) => counted.source(name ?? "") };
    const options = { formats: diskFormats, resolver, format: null };
    const disk = await openChain({ bytes: counted.source(first) }, options, testContext());
    assert.equal(counted.open.length, counted.names.length);
    await disk.close();
    assert.deepEqual(counted.open, [first]);
  });
}

for (const { id, files } of fixtures.filter((disk) => disk.files.length > 1)) {
  test(`where a further file of ${id} is damaged, those that were opened are closed`, async () => {
    const counted = await countedFiles(files);
    const [first = "", ...others] = counted.names;
    for (const damaged of others) {
      const resolver = {
        async open({ name }: { readonly name: string | null }): Promise<ByteSource> {
          const source = counted.source(name ?? "");
          if (name !== damaged) return source;
          return { ...source, read: async (_at, length) => new Uint8Array(length), ref: () => null };
        },
      };
      const options = { formats: diskFormats, resolver, format: null };
      const opened = openChain({ bytes: counted.source(first) }, options, testContext());
      await opened.then(
        (disk) => disk.close(),
        () => {}, // a flat extent has nothing that could be found damaged
      );
      assert.deepEqual(counted.open.splice(0), [first]);
    }
  });
}
