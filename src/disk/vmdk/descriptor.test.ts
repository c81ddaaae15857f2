import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../../test/support/fast-check.js";
import { descriptorText } from "../../../test/support/vmdk.js";
import {
  extentName,
  innerName,
  looksLikeDescriptor,
  parseVmdkDescriptor,
  serializeVmdkDescriptor,
  type VmdkDescriptor,
} from "./descriptor.js";
import { variantOf } from "./variants.js";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const parse = (text: string): VmdkDescriptor => parseVmdkDescriptor(encode(text), "disk.vmdk");

test("reads what VirtualBox writes: other capitals, blanks, settings without spaces", () => {
  const descriptor = parse(
    [
      "# Disk DescriptorFile",
      "version=1",
      "CID=111060C5",
      "parentCID=ffffffff",
      'createType="streamOptimized"',
      "",
      "# Extent description",
      'RDONLY 24581 SPARSE "my disk.vmdk"',
      "",
      "# The disk Data Base ",
      'ddb.adapterType="ide"',
      'ddb.uuid.parent="00000000-0000-0000-0000-000000000000"',
    ].join("\r\n"),
  );
  assert.equal(descriptor.createType, "streamOptimized");
  assert.equal(descriptor.cid, "111060c5");
  assert.deepEqual(descriptor.extents, [
    { access: "RDONLY", sectors: 24_581, kind: "SPARSE", file: "my disk.vmdk", offset: 0 },
  ]);
  assert.equal(descriptor.ddb.get("adapterType"), "ide");
  assert.equal(descriptor.ddb.get("uuid.parent"), "00000000-0000-0000-0000-000000000000");
});

test("reads every kind of extent line", () => {
  const { extents } = parse(
    descriptorText([
      'RW 63 FLAT "disk-flat.vmdk" 128',
      "RW 100 ZERO",
      'noaccess 7 flat "x"',
      'RW 9 VMFS "disk-flat.vmdk"',
      'RW 10 VMFSSPARSE "disk-delta.vmdk"',
    ]),
  );
  assert.deepEqual(
    extents.map((extent) => [extent.access, extent.sectors, extent.kind, extent.file, extent.offset]),
    [
      ["RW", 63, "FLAT", "disk-flat.vmdk", 128],
      ["RW", 100, "ZERO", null, 0],
      ["NOACCESS", 7, "FLAT", "x", 0],
      ["RW", 9, "VMFS", "disk-flat.vmdk", 0],
      ["RW", 10, "VMFSSPARSE", "disk-delta.vmdk", 0],
    ],
  );
});

test("names are read in the encoding that the descriptor says", () => {
  const name = (encoding: string, bytes: readonly number[]): string | null | undefined => {
    const [before, after] = descriptorText(['RW 1 FLAT "@" 0'], [`encoding="${encoding}"`]).split("@");
    return parseVmdkDescriptor(Uint8Array.from([...encode(before ?? ""), ...bytes, ...encode(after ?? "")]), "d")
      .extents[0]?.file;
  };
  assert.equal(name("windows-1252", [0x47, 0x72, 0xfc, 0xdf, 0x65]), "Grüße");
  assert.equal(name("windows-1252", [0x80, 0x2e]), "\u20ac.");
  assert.equal(name("UTF-8", [...encode("Grüße")]), "Grüße");
  assert.equal(name("Shift_JIS", [0x93, 0xfa, 0x96, 0x7b]), "日本");
  assert.equal(name("no-such-encoding", [...encode("Grüße")]), "Grüße");
});

test("the padding of an embedded descriptor is no part of it", () => {
  const text = descriptorText(['RW 1 SPARSE "a"']);
  assert.equal(parse(`${text}\0\0\0garbage`).extents.length, 1);
});

test("a line that is neither a setting nor an extent is refused with its number", () => {
  assert.throws(() => parse("# Disk DescriptorFile\nversion=1\nRW many SPARSE\n"), {
    code: "vmdk/bad-descriptor",
    location: { at: "text", file: "disk.vmdk", line: 3, column: 1 },
  });
});

test("sizes beyond what any disk can have are refused", () => {
  for (const line of ['RW 99999999999999999999 SPARSE "a"', 'RW 1 FLAT "a" 99999999999999999999']) {
    assert.throws(() => parse(descriptorText([line])), { code: "vmdk/bad-descriptor" });
  }
});

test("an encrypted disk is named as such", () => {
  const text = descriptorText([], ['encryption.keySafe = "vmware:key/list/x"', 'encryption.data="abc"']);
  assert.throws(() => parse(text), { code: "vmdk/encrypted" });
});

test("a descriptor is told by its first comment, in any capitals, after blanks and other comments", () => {
  for (const text of [
    "# Disk DescriptorFile\n",
    "#DISK DESCRIPTORFILE",
    "\n\n# made by hand\n  # disk descriptorfile\r\n",
  ]) {
    assert.ok(looksLikeDescriptor(encode(text)), text);
  }
  for (const text of ["", "version=1\n# Disk DescriptorFile", "# Disk", "KDMV# Disk DescriptorFile"]) {
    assert.ok(!looksLikeDescriptor(encode(text)), text);
  }
});

test("telling a descriptor takes no time on hostile text", () => {
  const before = performance.now();
  for (const text of ["#\n".repeat(512), "# ".repeat(512), `${" \n#".repeat(340)}x`]) looksLikeDescriptor(encode(text));
  assert.ok(performance.now() - before < 1000);
});

test("what is written is read again", () => {
  const extent = fc.record(
    {
      access: fc.constant("RW" as const),
      sectors: fc.integer({ min: 0, max: 2 ** 42 }),
      kind: fc.constantFrom("SPARSE" as const, "FLAT" as const),
      file: fc.string({ unit: "grapheme" }).map((name) => innerName(`${name}.vmdk`)),
      offset: fc.constant(0),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(
      fc.array(extent, { maxLength: 5 }),
      fc.integer({ min: 1, max: 2 ** 40 }),
      (extents, capacitySectors) => {
        const text = serializeVmdkDescriptor({
          createType: "custom",
          cid: "0badcafe",
          extents,
          capacitySectors,
          adapterType: "lsilogic",
        });
        const read = parse(text);
        assert.deepEqual(read.extents, extents);
        assert.equal(read.cid, "0badcafe");
        assert.equal(read.createType, "custom");
        assert.ok(looksLikeDescriptor(encode(text)));
      },
    ),
  );
});

test("the files of a disk are named after it", () => {
  assert.equal(extentName("disk.vmdk", "-flat"), "disk-flat.vmdk");
  assert.equal(extentName("folder/My Disk.VMDK", "-s001"), "folder/My Disk-s001.vmdk");
  assert.equal(extentName("disk", "-f002"), "disk-f002.vmdk");
  assert.equal(innerName('folder/a"b\n.vmdk'), "a_b_.vmdk");
  assert.throws(() => extentName('a"b.vmdk', "-flat"), { code: "vmdk/bad-name" });
  assert.throws(() => extentName("a\nb.vmdk", "-flat"), { code: "vmdk/bad-name" });
});

test("create types are known in every spelling", () => {
  assert.equal(variantOf("2GbMaxExtentSparse"), "twoGbMaxExtentSparse");
  assert.equal(variantOf("twoGbMaxExtentFlat"), "twoGbMaxExtentFlat");
  assert.equal(variantOf("MONOLITHICFLAT"), "monolithicFlat");
  assert.equal(variantOf("fullDevice"), "custom");
  assert.equal(variantOf(""), "custom");
});
