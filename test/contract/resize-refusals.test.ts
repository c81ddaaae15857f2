/** Disks that are not resized where they lie, by every format: what would be wrong afterwards, or is not known to be right. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { viewOf } from "../../src/base/bytes.js";
import { diskFormats } from "../../src/disk/formats.js";
import type { ByteSource } from "../../src/io/source.js";
import { memorySource } from "../../src/io/sources/memory.js";
import { type SparseBytes, sparseSource } from "../../src/io/testing/sparse-bytes.js";
import { fixture } from "../support/damage.js";
import { diskContext } from "../support/disks.js";
import { hasCode } from "../support/errors.js";
import { diskFile } from "../support/packages.js";
import { qcow2Source } from "../support/qcow2.js";
import { craftVhdx } from "../support/vhdx.js";
import { craftSparse, descriptorText } from "../support/vmdk.js";

const MIB = 2 ** 20;
const TARGET = 2 ** 30;

const sparse = (file: SparseBytes, name: string): ByteSource => sparseSource(file, name);
const linked = descriptorText(
  ['RW 131072 SPARSE "disk.vmdk"'],
  ["parentCID=0badcafe", 'parentFileNameHint="base.vmdk"'],
);

/** Children hold nothing of their parent, so that what is new could not be told from what the parent holds past their end. */
const CHILDREN: Readonly<Record<string, () => Promise<ByteSource>>> = {
  qcow2: () => qcow2Source("overlay.qcow2"),
  vhd: async () => sparse(await fixture("vhd-vbox-child"), "child.vhd"),
  vhdx: async () =>
    sparse(
      craftVhdx({ diskBytes: 4 * MIB, blockBytes: MIB, entries: [], parent: { relative_path: "base.vhdx" } }),
      "child.vhdx",
    ),
  vdi: async () => {
    const bytes = await diskFile("vdi", "dynamic", { sectors: 4096, runs: [] });
    // Image type 4, differencing, at byte 76 (VirtualBox, VDICore.h).
    viewOf(bytes).setUint32(76, 4, true);
    return memorySource(bytes, "child.vdi");
  },
  vmdk: async () => sparse(craftSparse({ descriptor: linked }), "child.vmdk"),
};

const SPLIT = ["RW 4192256 SPARSE", '"disk-s001.vmdk"'].join(" ");

/** Disks of one format that have more than what can be changed at once. */
const OTHERS: Readonly<Record<string, () => ByteSource>> = {
  "a VMDK in several files": () =>
    memorySource(new TextEncoder().encode(descriptorText([SPLIT], ['createType="twoGbMaxExtentSparse"'])), "disk.vmdk"),
  "a VMDK whose data is a file of its own": () =>
    memorySource(
      new TextEncoder().encode(descriptorText(['RW 4096 FLAT "disk-flat.vmdk" 0'], ['createType="monolithicFlat"'])),
      "disk.vmdk",
    ),
  "one of several files of a VMDK": () => sparse(craftSparse({ descriptor: null }), "disk-s001.vmdk"),
  "a VMDK that was not closed": () => sparse(craftSparse({ header: { unclean: true } }), "disk.vmdk"),
};

async function refused(format: string, source: ByteSource): Promise<void> {
  const { amend } = diskFormats.find(format) ?? assert.fail();
  const plan = amend?.(source, { change: "resize", size: TARGET }, diskContext()) ?? assert.fail();
  await assert.rejects(plan, hasCode("disk/cannot-amend"));
}

describe("a resize where the disk lies is refused", () => {
  for (const [format, make] of Object.entries(CHILDREN)) {
    it(`for a child: ${format}`, async () => {
      await refused(format, await make());
    });
  }
  it("for a child of every format that is written over a parent", () => {
    const written = diskFormats.all.filter(({ overlays }) => overlays !== undefined);
    assert.deepEqual(
      written.map(({ id }) => id).filter((id) => !(id in CHILDREN)),
      [],
    );
  });
  for (const [what, make] of Object.entries(OTHERS)) {
    it(`for ${what}`, async () => {
      await refused("vmdk", make());
    });
  }
});
