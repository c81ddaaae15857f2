import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { after, test } from "node:test";
import { searchFolder, searchOutput } from "../../scripts/secret-search.js";
import { plant } from "../secrets/planted.js";

const root = mkdtempSync(join(tmpdir(), "vmferry-search-"));
after(() => rmSync(root, { recursive: true, force: true }));

test("a planted secret that is printed is found, also in two pieces, and is printed all the same", () => {
  let printed = "";
  const stream = new Writable({
    write(chunk: Buffer, _, done): void {
      printed += chunk.toString();
      done();
    },
  }) as unknown as NodeJS.WriteStream;
  const found: readonly string[] = searchOutput(stream);
  const secret = plant("printed");
  stream.write("nothing\n");
  assert.equal(found.length, 0);
  stream.write(`a${secret.slice(0, 9)}`);
  stream.write(Buffer.from(`${secret.slice(9)}b`));
  assert.equal(found.length, 1);
  assert.equal(printed, `nothing\na${secret}b`);
  assert.ok(!found.join().includes(secret));
});

test("a planted secret in a file below a folder is found", () => {
  mkdirSync(join(root, "a/b"), { recursive: true });
  writeFileSync(join(root, "a/fine"), "nothing");
  assert.deepEqual(searchFolder(root), []);
  writeFileSync(join(root, "a/b/left"), plant("left"));
  assert.equal(searchFolder(root).length, 1);
  rmSync(join(root, "a/b/left"));
});
