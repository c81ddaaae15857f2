import assert from "node:assert/strict";
import { test } from "node:test";
import { sasName } from "./sas.js";

test("names of drives on SAS controllers are 16 digits of a local name, and no two are the same", () => {
  const names = [0, 1, 2, 3].flatMap((controller) =>
    Array.from({ length: 256 }, (_, slot) => sasName(controller, slot)),
  );
  assert.equal(new Set(names).size, 1024);
  for (const name of names) assert.match(name, /^3[0-9a-f]{15}$/);
});
