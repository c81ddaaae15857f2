import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { viewOf } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { parseExtensions, parseQcow2Header, serializeQcow2Header } from "./header.js";

/** A valid header in a first cluster of 64 KiB, changed by `change`. */
function head(change: (view: DataView, bytes: Uint8Array) => void = () => {}): Uint8Array {
  const bytes = new Uint8Array(65_536);
  bytes.set(
    serializeQcow2Header({
      clusterBits: 16,
      size: 8 * 2 ** 30,
      l1Entries: 16,
      l1Offset: 65_536,
      refcountTableOffset: 131_072,
      refcountTableClusters: 1,
      backing: null,
      compression: "deflate",
    }),
  );
  change(viewOf(bytes), bytes);
  return bytes;
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof FerryError) return error.code;
    throw error;
  }
  return "nothing was thrown";
}

describe("QCOW2 header", () => {
  it("says Zstandard by its type and by the feature that keeps old readers out", () => {
    const bytes = serializeQcow2Header({
      clusterBits: 16,
      size: 512,
      l1Entries: 1,
      l1Offset: 65_536,
      refcountTableOffset: 131_072,
      refcountTableClusters: 1,
      backing: null,
      compression: "zstd",
    });
    // Interop document: "incompatible_features" at 72, bit 3; "header_length" at 100; "compression_type" at 104.
    assert.equal(viewOf(bytes).getBigUint64(72), 8n);
    assert.equal(viewOf(bytes).getUint32(100), 112);
    assert.equal(bytes[104], 1);
    assert.equal(parseQcow2Header(bytes, "x.qcow2").compression, "zstd");
  });

  it("keeps the name of a backing file and its format, up to 1,023 bytes", () => {
    const withName = (backingName: string): Uint8Array =>
      serializeQcow2Header({
        clusterBits: 16,
        size: 512,
        l1Entries: 1,
        l1Offset: 65_536,
        refcountTableOffset: 131_072,
        refcountTableClusters: 1,
        backing: { name: backingName, format: "qcow2" },
        compression: "deflate",
      });
    const name = `${"ä".repeat(508)}.qcow2x`;
    const bytes = withName(name);
    const { backingName, headerBytes } = parseQcow2Header(bytes, "x.qcow2");
    const { offset, length } = backingName ?? assert.fail();
    assert.equal(new TextDecoder().decode(bytes.subarray(offset, offset + length)), name);
    assert.equal(length, 1023);
    assert.equal(parseExtensions(bytes, { headerBytes, end: offset }, "x.qcow2").backingFormat, "qcow2");
    assert.equal(
      codeOf(() => withName(`${name}x`)),
      "qcow2/backing-name",
    );
  });

  it("parses what it serializes", () => {
    const header = parseQcow2Header(head(), "x.qcow2");
    assert.deepEqual(
      [header.version, header.size, header.clusterBytes, header.l1Entries, header.l1Offset, header.refcountTableOffset],
      [3, 8 * 2 ** 30, 65_536, 16, 65_536, 131_072],
    );
    assert.equal(header.refcountBits, 16);
    assert.equal(header.compression, "deflate");
    assert.equal(header.backingName, null);
    assert.deepEqual(
      [header.dirty, header.corrupt, header.externalData, header.extendedL2],
      [false, false, false, false],
    );
  });

  it("takes version 2 as having no features and 16-bit reference counts, whatever follows its 72 bytes", () => {
    const header = parseQcow2Header(
      head((view, bytes) => {
        view.setUint32(4, 2);
        bytes.fill(0xff, 72, 120);
      }),
      "x.qcow2",
    );
    assert.deepEqual([header.dirty, header.refcountBits, header.headerBytes], [false, 16, 72]);
  });

  it("tells dirty, corrupt, external data and extended L2 entries", () => {
    const header = parseQcow2Header(
      head((view) => view.setBigUint64(72, 0b10111n)),
      "x.qcow2",
    );
    assert.deepEqual([header.dirty, header.corrupt, header.externalData, header.extendedL2], [true, true, true, true]);
  });

  const rejected: readonly [string, string, (view: DataView, bytes: Uint8Array) => void][] = [
    ["another signature", "qcow2/bad-header", (view) => view.setUint32(0, 0x51464900)],
    ["version 4", "qcow2/bad-header", (view) => view.setUint32(4, 4)],
    ["clusters of 256 bytes", "qcow2/bad-header", (view) => view.setUint32(20, 8)],
    ["clusters of 4 MiB", "qcow2/bad-header", (view) => view.setUint32(20, 22)],
    ["encryption method 3", "qcow2/bad-header", (view) => view.setUint32(32, 3)],
    ["a header of 103 bytes", "qcow2/bad-header", (view) => view.setUint32(100, 103)],
    ["a header longer than a cluster", "qcow2/bad-header", (view) => view.setUint32(100, 65_544)],
    ["reference counts of 128 bits", "qcow2/bad-header", (view) => view.setUint32(96, 7)],
    ["a compression type without its feature bit", "qcow2/bad-header", (view) => view.setUint8(104, 1)],
    ["the feature bit without a compression type", "qcow2/bad-header", (view) => view.setBigUint64(72, 8n)],
    ["compression type 2", "qcow2/unknown-compression", (view) => view.setUint8(104, 2)],
    ["unknown incompatible features", "qcow2/unknown-feature", (view) => view.setBigUint64(72, 2n ** 40n)],
    ["a size above 2^53", "io/limit", (view) => view.setBigUint64(24, 2n ** 60n)],
    [
      "a backing file name of 1024 bytes",
      "qcow2/bad-header",
      (view) => {
        view.setBigUint64(8, 1024n);
        view.setUint32(16, 1024);
      },
    ],
    [
      "extended L2 entries in small clusters",
      "qcow2/bad-header",
      (view) => {
        view.setBigUint64(72, 16n);
        view.setUint32(20, 13);
      },
    ],
  ];
  for (const [what, code, change] of rejected) {
    it(`rejects ${what}`, () => {
      assert.equal(
        codeOf(() => parseQcow2Header(head(change), "x.qcow2")),
        code,
      );
    });
  }

  it("rejects a file that ends in the header", () => {
    for (const length of [0, 4, 71, 103]) {
      assert.equal(
        codeOf(() => parseQcow2Header(head().subarray(0, length), "x.qcow2")),
        "qcow2/bad-header",
      );
    }
  });

  it("names an unknown feature as the image does", () => {
    const named = head((view, bytes) => {
      view.setBigUint64(72, 2n ** 40n);
      view.setUint32(112, 0x6803f857);
      view.setUint32(116, 48);
      bytes[121] = 40;
      bytes.set(new TextEncoder().encode("time travel"), 122);
    });
    assert.throws(() => parseQcow2Header(named, "x.qcow2"), /time travel/);
  });
});

describe("QCOW2 header extensions", () => {
  it("gives backing format and data file name, and skips what it does not know", () => {
    const bytes = head((view, all) => {
      let at = 112;
      for (const [type, text] of [
        [0x12345678, "unknown"],
        [0xe2792aca, "raw"],
        [0x44415441, "guest.data"],
      ] as const) {
        view.setUint32(at, type);
        view.setUint32(at + 4, text.length);
        all.set(new TextEncoder().encode(text), at + 8);
        at += 8 + Math.ceil(text.length / 8) * 8;
      }
    });
    const extensions = parseExtensions(bytes, { headerBytes: 112, end: 65_536 }, "x.qcow2");
    assert.deepEqual([extensions.backingFormat, extensions.externalDataName], ["raw", "guest.data"]);
  });

  it("rejects one that goes past the first cluster", () => {
    const bytes = head((view) => {
      view.setUint32(112, 0xe2792aca);
      view.setUint32(116, 65_536);
    });
    assert.equal(
      codeOf(() => parseExtensions(bytes, { headerBytes: 112, end: 65_536 }, "x.qcow2")),
      "qcow2/bad-header",
    );
  });
});
