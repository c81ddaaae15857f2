import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../../test/support/fast-check.js";
import { viewOf, writeU64 } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { parseCowdHeader } from "./cowd.js";
import { GD_AT_END, parseSparseHeader, type SparseHeader, serializeSparseHeader } from "./header.js";

const HEADER: SparseHeader = {
  version: 3,
  flags: { redundantDirectory: false, zeroedGrains: false, compressed: true, markers: true },
  capacitySectors: 10_247,
  grainSectors: 128,
  descriptorSector: 1,
  descriptorSectors: 20,
  tableEntries: 512,
  redundantDirectorySector: 0,
  directorySector: GD_AT_END,
  overheadSectors: 128,
  unclean: false,
};

/** The field that an error of parsing names, or its code where that is another one. */
function refused(change: (view: DataView, bytes: Uint8Array) => void): string {
  const bytes = serializeSparseHeader(HEADER);
  change(viewOf(bytes), bytes);
  try {
    parseSparseHeader(bytes, "disk.vmdk", 0);
  } catch (error) {
    assert.ok(error instanceof FerryError);
    if (error.code !== "vmdk/bad-header") return error.code;
    assert.equal(error.location?.at, "bytes");
    return error.location?.at === "bytes" ? (error.location.field ?? "") : "";
  }
  return "accepted";
}

test("what is written is read again", () => {
  const sectors = fc.integer({ min: 0, max: 2 ** 43 });
  const headers = fc.record(
    {
      version: fc.constantFrom(1, 2, 3),
      flags: fc.oneof(
        fc.constant({ redundantDirectory: false, zeroedGrains: false, compressed: true, markers: true }),
        fc.record(
          {
            redundantDirectory: fc.boolean(),
            zeroedGrains: fc.boolean(),
            compressed: fc.constant(false),
            markers: fc.boolean(),
          },
          { noNullPrototype: true },
        ),
      ),
      capacitySectors: sectors,
      grainSectors: fc.constantFrom(1, 8, 128, 131_072),
      descriptorSector: sectors,
      descriptorSectors: sectors,
      tableEntries: fc.integer({ min: 1, max: 65_536 }),
      redundantDirectorySector: sectors,
      directorySector: fc.oneof(sectors, fc.constant(GD_AT_END)),
      overheadSectors: sectors,
      unclean: fc.boolean(),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(headers, (header) => {
      assert.deepEqual(parseSparseHeader(serializeSparseHeader(header), "disk.vmdk", 0), header);
    }),
  );
});

test("refuses each field that is out of its range, and names it", () => {
  assert.equal(
    refused((view) => view.setUint32(0, 0x12345678, true)),
    "magicNumber",
  );
  for (const version of [0, 4, 0xffffffff])
    assert.equal(
      refused((view) => view.setUint32(4, version, true)),
      "version",
    );
  for (const grain of [0, 3, 129, 262_144, 2 ** 40]) {
    assert.equal(
      refused((view) => writeU64(view, 20, grain, true)),
      "grainSize",
    );
  }
  for (const entries of [0, 65_537, 0xffffffff]) {
    assert.equal(
      refused((view) => view.setUint32(44, entries, true)),
      "numGTEsPerGT",
    );
  }
  assert.equal(
    refused((view) => view.setUint16(77, 2, true)),
    "compressAlgorithm",
  );
  assert.equal(
    refused((view) => writeU64(view, 12, 2 ** 52, true)),
    "capacity",
  );
  assert.equal(
    refused((view) => view.setUint32(8, 0x10001, true)),
    "flags",
  );
  for (const at of [12, 20, 28, 36, 48, 64]) {
    assert.equal(
      refused((view) => view.setBigUint64(at, 0xfffffffffffffff0n, true)),
      "io/limit",
    );
  }
  assert.equal(
    refused((_, bytes) => bytes.fill(0)),
    "magicNumber",
  );
});

test("a file that went through a transfer in text mode is refused where its header says how to tell", () => {
  assert.equal(
    refused((_, bytes) => bytes.set([0x0a, 0x20, 0x0a, 0x0a], 73)),
    "newline test",
  );
  assert.equal(
    refused((view) => view.setUint32(8, 0x30000, true)),
    "accepted",
  );
});

test("a header that is cut off is refused", () => {
  for (const length of [0, 4, 511]) {
    assert.throws(() => parseSparseHeader(serializeSparseHeader(HEADER).subarray(0, length), "disk.vmdk", 0), {
      code: "vmdk/bad-header",
    });
  }
});

test("the header of an ESX extent is read, and refused where its tables could not hold the disk", () => {
  const bytes = new Uint8Array(32);
  const view = viewOf(bytes);
  for (const [at, value] of [0x44574f43, 1, 3, 8192, 1, 4, 2].entries()) view.setUint32(4 * at, value, true);
  assert.deepEqual(parseCowdHeader(bytes, "x-delta.vmdk"), {
    capacitySectors: 8192,
    grainSectors: 1,
    directorySector: 4,
    directoryEntries: 2,
  });
  for (const [at, value] of [
    [0, 1],
    [4, 2],
    [16, 0],
    [16, 3],
    [16, 262_144],
    [24, 1],
  ] as const) {
    const changed = bytes.slice();
    viewOf(changed).setUint32(at, value, true);
    assert.throws(() => parseCowdHeader(changed, "x-delta.vmdk"), { code: "vmdk/bad-header" });
  }
  assert.throws(() => parseCowdHeader(bytes.subarray(0, 20), "x-delta.vmdk"), { code: "vmdk/bad-header" });
});
