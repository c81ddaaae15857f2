import assert from "node:assert/strict";
import { posix, win32 } from "node:path";
import { test } from "node:test";
import { fc } from "../../test/support/fast-check.js";
import { percentDecoded, problemOfName, resolveName, stripDotSlash, withoutExtension } from "./names.js";

test("a name that is found safe stays inside its folder on POSIX and on Windows", () => {
  const part = fc.constantFrom("..", ".", "", "a", "C:", "c:b", "/", "\\", "x y", "\0", "é", "con", "a.b");
  fc.assert(
    fc.property(
      fc.array(part, { maxLength: 5 }).map((p) => p.join("/")),
      fc.constantFrom("", "/", "\\", "./"),
      (n, pre) => {
        const name = pre + n;
        if (problemOfName(name) !== null) return;
        assert.ok(posix.join("/root/", name).startsWith("/root/"));
        assert.ok(win32.join("D:\\root\\", name).startsWith("D:\\root\\"));
        assert.ok(!posix.isAbsolute(name) && !win32.isAbsolute(name));
      },
    ),
    { numRuns: 1000 },
  );
});

test("references are relative to the folder of the file that asks and never leave the package", () => {
  assert.equal(resolveName("", "a.vmdk"), "a.vmdk");
  assert.equal(resolveName("d/", "./e/a.vmdk"), "d/e/a.vmdk");
  for (const outside of ["../a", "/a", "http://h/a", "file:a", "C:\\a", "C:a", "", "d\\a"]) {
    assert.equal(resolveName("d/", outside), null, outside);
  }
});

test("names lose ./ in front and their last extension only", () => {
  assert.equal(stripDotSlash("././/a"), "a");
  assert.equal(stripDotSlash(".a"), ".a");
  assert.equal(withoutExtension("d.x/a.b.ovf"), "d.x/a.b");
  assert.equal(withoutExtension("d.x/a"), "d.x/a");
});

test("percent escapes are replaced where they are whole", () => {
  assert.equal(percentDecoded("a%20b.vmdk"), "a b.vmdk");
  assert.equal(percentDecoded("100%.vmdk"), null);
  assert.equal(percentDecoded("plain"), null);
});
