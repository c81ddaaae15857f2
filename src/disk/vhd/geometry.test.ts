import assert from "node:assert/strict";
import { test } from "node:test";
import { GIB, MIB, SECTOR } from "../../base/bytes.js";
import { geometryBytes, geometryOf } from "./geometry.js";

// From the footers of disks that VirtualBox 7.2 made.
const cases: readonly [name: string, bytes: number, geometry: readonly [number, number, number]][] = [
  ["5 MiB and 7 sectors", 5 * MIB + 7 * SECTOR, [150, 4, 17]],
  ["32 MiB", 32 * MIB, [963, 4, 17]],
  ["503 MiB", 503 * MIB, [1021, 16, 63]],
  ["504 MiB and a sector", 504 * MIB + SECTOR, [1024, 16, 63]],
  ["1 GiB", GIB, [2080, 16, 63]],
  ["40 GiB", 40 * GIB, [20_560, 16, 255]],
  ["127 GiB", 127 * GIB, [65_278, 16, 255]],
  ["1 TiB", 1024 * GIB, [65_535, 16, 255]],
];

for (const [name, bytes, [cylinders, heads, sectors]] of cases) {
  test(`the geometry of ${name} is VirtualBox's`, () => {
    assert.deepEqual(geometryOf(bytes), { cylinders, heads, sectors });
  });
}

test("a geometry never reaches past the disk's end, and misses less than a cylinder up to 127 GiB", () => {
  for (let bytes = 3 * MIB; bytes < 127 * GIB; bytes = Math.floor((bytes * 1.13) / SECTOR) * SECTOR) {
    const geometry = geometryOf(bytes);
    const reached = geometryBytes(geometry);
    assert.ok(reached <= bytes, `${bytes}`);
    assert.ok(bytes - reached < (geometry.heads + 1) * geometry.sectors * SECTOR, `${bytes}`);
  }
});
