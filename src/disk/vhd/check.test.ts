import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checked, damage, findingsOf, fixture, guestSum, repaired } from "../../../test/support/damage.js";
import { craftVhd } from "../../../test/support/vhd.js";
import { equalBytes, MIB, viewOf } from "../../base/bytes.js";
import { SparseBytes } from "../../io/testing/sparse-bytes.js";
import { vhd } from "./format.js";
import { sealedDynamicHeader, sealedFooter } from "./header.js";

/** Where qemu-img and VirtualBox put header and table. */
const HEADER_AT = 512;
const TABLE_AT = 1536;

const dynamic = (): Promise<SparseBytes> => fixture("vhd-dynamic");
const entry = (file: SparseBytes, block: number): number => viewOf(file.read(TABLE_AT + 4 * block, 4)).getUint32(0);
const setEntry = (file: SparseBytes, block: number, sector: number): SparseBytes =>
  damage(file, TABLE_AT + 4 * block, sector, "big");
/** Changes a field of the dynamic header, and its checksum with it. */
function setHeader(file: SparseBytes, at: number, value: number | Uint8Array): void {
  damage(file, HEADER_AT + at, value, "big");
  file.write(HEADER_AT, sealedDynamicHeader(file.read(HEADER_AT, 1024)));
}
/** Changes a field of both footers, and their checksums with it. */
function setFooters(file: SparseBytes, at: number, value: number | Uint8Array): void {
  for (const footer of [0, file.size - 512]) {
    damage(file, footer + at, value, "big");
    file.write(footer, sealedFooter(file.read(footer, 512)));
  }
}

describe("VHD check", () => {
  it("finds no fault in what qemu-img and VirtualBox wrote, and mends nothing", async () => {
    for (const [id, findings] of [
      ["vhd-dynamic", []],
      ["vhd-fixed", []],
      ["vhd-geometry", []],
      ["vhd-vbox-dynamic", []],
      ["vhd-vbox-fixed", []],
      ["vhd-vbox-child", []],
    ] as const) {
      const file = await fixture(id);
      assert.deepEqual(await checked(vhd, file), findings, id);
      const { plan } = await repaired(vhd, file);
      assert.deepEqual([plan.patches, plan.fileBytes, plan.mended], [[], null, []], id);
    }
  });

  const damaged: readonly [what: string, findings: readonly string[], change: (file: SparseBytes) => void][] = [
    ["no footer at the end", ["warning vhd/footer-damaged"], (file) => file.truncate(file.size - 512)],
    ["a footer with a wrong checksum", ["warning vhd/footer-damaged"], (file) => damage(file, file.size - 512 + 24, 1)],
    ["a damaged copy", ["warning vhd/footer-damaged"], (file) => damage(file, 24, 1)],
    [
      "two damaged footers",
      ["error vhd/bad-footer"],
      (file) => {
        damage(file, 24, 1);
        damage(file, file.size - 512 + 24, 1);
      },
    ],
    [
      "a copy that is older",
      ["info vhd/footer-copy-differs"],
      (file) => {
        damage(file, 24, 1);
        file.write(0, sealedFooter(file.read(0, 512)));
      },
    ],
    [
      "a copy of another size",
      ["info vhd/footer-stale"],
      (file) => {
        damage(file, 52, 0x100000, "big");
        file.write(0, sealedFooter(file.read(0, 512)));
      },
    ],
    ["a geometry that reaches past the end", ["warning vhd/geometry"], (file) => setFooters(file, 56, 0x03ff103f)],
    ["a geometry that is too small", ["info vhd/geometry"], (file) => setFooters(file, 56, 0x00010111)],
    ["a header with a wrong checksum", ["error vhd/bad-header"], (file) => damage(file, HEADER_AT + 40, 1)],
    ["a header without its cookie", ["error vhd/bad-header"], (file) => damage(file, HEADER_AT, 1)],
    ["a header past the end", ["error vhd/bad-header"], (file) => setFooters(file, 20, 0x7fffffff)],
    ["a table past the end", ["error vhd/bad-table"], (file) => setHeader(file, 20, 0x7fffffff)],
    ["a table that is too short", ["error vhd/bad-table"], (file) => setHeader(file, 28, 1)],
    [
      "a table over the header",
      ["error vhd/overlap"],
      (file) => {
        file.write(HEADER_AT + 1012, new Uint8Array(12).fill(0xff));
        setHeader(file, 20, HEADER_AT + 1012);
      },
    ],
    ["a block past the end of the file", ["error vhd/bad-block"], (file) => setEntry(file, 0, 0x7ffffff)],
    ["a block over the header", ["error vhd/overlap"], (file) => setEntry(file, 0, 2)],
    [
      "two blocks at one place",
      ["error vhd/shared-block", "error vhd/shared-block"],
      (file) => setEntry(file, 1, entry(file, 0)),
    ],
    [
      "blocks that lie over each other by one sector",
      ["warning vhd/bitmap-disagrees", "error vhd/shared-block", "error vhd/shared-block"],
      (file) => setEntry(file, 1, entry(file, 1) - 1),
    ],
    [
      "a sector bitmap that leaves out data",
      ["warning vhd/bitmap-disagrees"],
      (file) => damage(file, entry(file, 0) * 512, 0),
    ],
  ];
  for (const [what, findings, change] of damaged) {
    it(`finds ${what}`, async () => {
      const file = await dynamic();
      change(file);
      assert.deepEqual(await checked(vhd, file), findings);
    });
  }

  it("finds a fixed disk that is cut in the middle, or has bytes too many", async () => {
    const file = await fixture("vhd-fixed");
    const footer = file.read(file.size - 512, 512);
    const resized = (size: number): SparseBytes => {
      const other = new SparseBytes(size);
      other.write(size, footer);
      return other;
    };
    assert.deepEqual(await checked(vhd, resized(file.size - 1024)), ["error vhd/cut-off"]);
    assert.deepEqual(await checked(vhd, resized(file.size)), ["warning vhd/excess-bytes"]);
  });

  it("finds a child that names no parent, and a locator outside of the file", async () => {
    const child = (name: string, id: string, at: number): SparseBytes =>
      craftVhd({
        footer: { type: 4, bytes: 7 * MIB, geometry: [210, 4, 17] },
        header: { parent: { id, name }, locators: [{ platform: "W2ru", space: 1, length: 20, at }] },
        blocks: new Map(),
      });
    const id = "99999999-9999-9999-9999-999999999999";
    assert.deepEqual(await checked(vhd, child("base.vhd", id, 2 ** 40)), ["warning vhd/bad-locator"]);
    assert.deepEqual(await checked(vhd, child("", id, 2 ** 40)), ["warning vhd/bad-locator", "error vhd/no-parent"]);
    const nil = "00000000-0000-0000-0000-000000000000";
    assert.deepEqual(await checked(vhd, child("base.vhd", nil, 2 * MIB)), ["error vhd/no-parent"]);
  });

  it("says which blocks lie over each other", async () => {
    const file = await dynamic();
    setEntry(file, 1, entry(file, 0));
    const fields = (await findingsOf(vhd, file)).map(({ location }) => location?.at === "bytes" && location.field);
    assert.deepEqual(fields, ["BAT entry 0", "BAT entry 1"]);
  });
});

describe("VHD repair", () => {
  const mended: readonly [what: string, code: string, change: (file: SparseBytes) => void][] = [
    ["a missing footer from its copy", "vhd/footer-damaged", (file) => file.truncate(file.size - 512)],
    ["a footer that is cut in its middle", "vhd/footer-damaged", (file) => file.truncate(file.size - 100)],
    ["a damaged footer from its copy", "vhd/footer-damaged", (file) => damage(file, file.size - 450, 1)],
    ["a damaged copy from the footer", "vhd/footer-damaged", (file) => damage(file, 60, 9)],
    ["a copy without its cookie", "vhd/footer-damaged", (file) => damage(file, 0, 0)],
    [
      "a checksum that is wrong in both footers",
      "vhd/bad-footer",
      (file) => {
        damage(file, 64, 1);
        damage(file, file.size - 512 + 64, 1);
      },
    ],
    ["the checksum of the dynamic header", "vhd/bad-header", (file) => damage(file, HEADER_AT + 36, 1)],
    ["a sector bitmap that leaves out data", "vhd/bitmap-disagrees", (file) => damage(file, entry(file, 0) * 512, 0)],
  ];
  for (const [what, code, change] of mended) {
    it(`mends ${what}, and the file is as it was`, async () => {
      const whole = await dynamic();
      const file = await dynamic();
      change(file);
      const done = await repaired(vhd, file);
      assert.deepEqual([done.mended, done.left], [[code], []]);
      assert.ok(equalBytes(done.file.read(0, done.file.size), whole.read(0, whole.size)));
      assert.equal(await guestSum(vhd, done.file), await guestSum(vhd, whole));
    });
  }

  it("mends the checksum of a fixed disk whose size is that of the file", async () => {
    const whole = await fixture("vhd-fixed");
    const file = await fixture("vhd-fixed");
    damage(file, file.size - 512 + 64, 1);
    const done = await repaired(vhd, file);
    assert.deepEqual(done.mended, ["vhd/bad-footer"]);
    assert.ok(equalBytes(done.file.read(0, done.file.size), whole.read(0, whole.size)));
  });

  it("puts a footer behind whatever was appended to the file", async () => {
    const file = await dynamic();
    const before = await guestSum(vhd, file);
    file.truncate(file.size + 5000);
    const done = await repaired(vhd, file);
    assert.deepEqual([done.mended, done.left], [["vhd/footer-damaged"], []]);
    assert.equal(await guestSum(vhd, done.file), before);
  });

  const left: readonly [what: string, codes: readonly string[], change: (file: SparseBytes) => void][] = [
    ["blocks at one place", ["vhd/shared-block", "vhd/shared-block"], (file) => setEntry(file, 1, entry(file, 0))],
    ["a block that is cut off", ["vhd/footer-damaged", "vhd/bad-block"], (file) => file.truncate(file.size - MIB)],
    [
      "footers that are damaged in different ways",
      ["vhd/bad-footer"],
      (file) => {
        damage(file, 24, 1);
        damage(file, file.size - 512 + 24, 2);
      },
    ],
    [
      "a table at another place with a checksum that tells",
      ["vhd/bad-header"],
      (file) => damage(file, HEADER_AT + 20, 4 * MIB, "big"),
    ],
    [
      "another block size with a checksum that tells",
      ["vhd/bad-header"],
      (file) => damage(file, HEADER_AT + 32, MIB, "big"),
    ],
  ];
  for (const [what, codes, change] of left) {
    it(`leaves ${what}, and says so`, async () => {
      const file = await dynamic();
      change(file);
      const { plan, left } = await repaired(vhd, file);
      assert.deepEqual([plan.patches, plan.mended], [[], []]);
      assert.deepEqual(left.slice(0, codes.length), codes);
    });
  }
});
