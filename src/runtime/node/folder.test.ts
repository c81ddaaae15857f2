import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { FerryError } from "../../base/errors.js";
import { NO_NATIVE } from "../../runtime/node/native.js";
import { openFolderAccess } from "./folder.js";

const root = mkdtempSync(join(tmpdir(), "vmferry-folder-"));
after(() => rmSync(root, { recursive: true }));
mkdirSync(join(root, "sub"));
writeFileSync(join(root, "b.ovf"), "12345");
writeFileSync(join(root, "sub", "d.vmdk"), "678");
symlinkSync(join(root, "sub", "d.vmdk"), join(root, "a.vmdk"));
symlinkSync("sub", join(root, "link"));
symlinkSync("loop", join(root, "loop"));
const folder = openFolderAccess(root, NO_NATIVE);

test("lists files and links to files, sorted, without folders", async () => {
  assert.deepEqual(await folder.list(), ["a.vmdk", "b.ovf"]);
});

test("tells the size of a file, and null for anything else", async () => {
  assert.equal(await folder.size("b.ovf"), 5);
  assert.equal(await folder.size("sub/d.vmdk"), 3);
  for (const name of ["sub", "gone", "b.ovf/x", "loop", "n".repeat(5000)]) assert.equal(await folder.size(name), null);
});

test("opens a file below the folder, and nothing outside", async () => {
  const source = await folder.open("sub/d.vmdk");
  assert.equal(new TextDecoder().decode(await source.read(0, source.size)), "678");
  await source.close();
  for (const name of ["../x", "sub/../../x", ""]) {
    await assert.rejects(
      async () => folder.open(name),
      (e) => e instanceof FerryError && e.code === "internal/bug",
    );
  }
});

test("a folder that does not exist is not found", async () => {
  const gone = openFolderAccess(join(root, "gone"), NO_NATIVE);
  await assert.rejects(gone.list(), (e) => e instanceof FerryError && e.code === "io/not-found");
});
