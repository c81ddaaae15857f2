import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Compares a text with `test/fixtures/NAME`. `UPDATE_GOLDEN=1` writes the file instead: read the difference before you commit it. */
export function assertGolden(name: string, actual: string): void {
  const path = join("test/fixtures", name);
  if (process.env.UPDATE_GOLDEN === "1") {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, actual);
  }
  assert.equal(actual, readFileSync(path, "utf8"));
}
