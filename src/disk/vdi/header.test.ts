import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MIB, viewOf } from "../../base/bytes.js";
import { NIL_GUID } from "../../base/guid.js";
import { hasParent, parseVdiHeader, serializeVdiHeader, type VdiHeader } from "./header.js";

const ID = "01234567-89ab-4cde-8f01-23456789abcd";
const HEADER: VdiHeader = {
  variant: "dynamic",
  comment: "a comment",
  mapAt: MIB,
  dataAt: 2 * MIB,
  size: 5 * MIB + 512,
  blockBytes: MIB,
  extraBytes: 0,
  blocks: 6,
  allocated: 2,
  ids: { create: ID, modify: ID, link: NIL_GUID, parentModify: NIL_GUID },
};

describe("VDI header", () => {
  it("parses what it serializes", () => {
    for (const variant of ["dynamic", "static", "differencing"] as const) {
      assert.deepEqual(parseVdiHeader(serializeVdiHeader({ ...HEADER, variant }), "x.vdi"), { ...HEADER, variant });
    }
  });

  it("stores identifiers as VirtualBox does, the first three fields with the low byte first", () => {
    const bytes = serializeVdiHeader(HEADER);
    assert.deepEqual([...bytes.subarray(392, 402)], [0x67, 0x45, 0x23, 0x01, 0xab, 0x89, 0xde, 0x4c, 0x8f, 0x01]);
  });

  it("takes the shorter header of older versions", () => {
    const bytes = serializeVdiHeader(HEADER);
    viewOf(bytes).setUint32(72, 0x180, true);
    assert.equal(parseVdiHeader(bytes.subarray(0, 456), "x.vdi").size, HEADER.size);
  });

  it("sees a parent where the type or a link says so", () => {
    assert.ok(!hasParent(HEADER));
    assert.ok(hasParent({ ...HEADER, variant: "differencing" }));
    assert.ok(hasParent({ ...HEADER, ids: { ...HEADER.ids, link: ID } }));
  });

  const rejected: readonly [string, string, (view: DataView) => void][] = [
    ["another signature", "vdi/bad-header", (view) => view.setUint32(64, 1, true)],
    ["version 0.1", "vdi/unknown-version", (view) => view.setUint32(68, 1, true)],
    ["version 2.0", "vdi/unknown-version", (view) => view.setUint32(68, 0x20000, true)],
    ["a header of 100 bytes", "vdi/bad-header", (view) => view.setUint32(72, 100, true)],
    ["type 3", "vdi/bad-header", (view) => view.setUint32(76, 3, true)],
    ["blocks of no bytes", "vdi/bad-header", (view) => view.setUint32(376, 0, true)],
    ["blocks of 1,000,000 bytes", "vdi/bad-header", (view) => view.setUint32(376, 1_000_000, true)],
    ["too few blocks", "vdi/bad-header", (view) => view.setUint32(384, 5, true)],
    ["a size above 2^53", "io/limit", (view) => view.setBigUint64(368, 2n ** 60n, true)],
  ];
  for (const [what, code, change] of rejected) {
    it(`rejects ${what}`, () => {
      const bytes = serializeVdiHeader(HEADER);
      change(viewOf(bytes));
      assert.throws(() => parseVdiHeader(bytes, "x.vdi"), { code });
    });
  }

  it("rejects a file that ends in the header", () => {
    for (const length of [0, 68, 455]) {
      assert.throws(() => parseVdiHeader(serializeVdiHeader(HEADER).subarray(0, length), "x.vdi"), {
        code: "vdi/bad-header",
      });
    }
  });
});
