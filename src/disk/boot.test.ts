import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../../test/support/fast-check.js";
import {
  FatImage,
  type FatShape,
  type GptEntry,
  gpt,
  guestDisk,
  type MbrEntry,
  mbr,
  PROTECTIVE,
} from "../../test/support/guest.js";
import { MIB, SECTOR, viewOf } from "../base/bytes.js";
import { FerryError } from "../base/errors.js";
import { testContext } from "../io/testing/context.js";
import { type SparseBytes, sparseSource } from "../io/testing/sparse-bytes.js";
import { zlibCodec } from "../runtime/node/codec.js";
import { type BootFacts, bootFacts } from "./boot.js";
import type { VirtualDisk } from "./model.js";
import { openRaw } from "./raw/read.js";

const LOADER = "EFI/BOOT/BOOTX64.EFI";
/** Where partitions start, in sectors of 512 bytes. */
const FIRST = 2048;
const SIZE = 64 * MIB;

/** Boot facts of a disk, and how many guest bytes were asked for. */
async function look(bytes: SparseBytes, sector: 512 | 4096 = 512): Promise<BootFacts & { readonly bytesRead: number }> {
  const disk = openRaw(sparseSource(bytes, "disk"));
  let bytesRead = 0;
  const counted: VirtualDisk = {
    ...disk,
    info: { ...disk.info, logicalSectorSize: sector },
    reads(range, signal) {
      bytesRead += range.length;
      return disk.reads(range, signal);
    },
  };
  const facts = await bootFacts(counted, testContext({ runtime: { codec: zlibCodec() } }));
  return { ...facts, bytesRead };
}

function fat(shape: Partial<FatShape> = {}): FatImage {
  return new FatImage({ kind: 16, files: [LOADER], ...shape });
}

/** A disk with a GPT whose first partition is a FAT file system. */
function gptDisk(
  entries: readonly GptEntry[],
  esp: FatImage | null,
  how: {
    readonly code?: boolean;
    readonly mbr?: readonly MbrEntry[];
    readonly header?: (header: DataView) => void;
    readonly backup?: boolean;
  } = {},
): SparseBytes {
  const first = gpt(entries, 2, how.header);
  const last = gpt(entries, SIZE / SECTOR - 33);
  return guestDisk(SIZE, {
    0: mbr(how.mbr ?? [PROTECTIVE], { code: how.code === true }),
    [SECTOR]: first.header,
    [2 * SECTOR]: first.table,
    ...(esp === null ? {} : { [FIRST * SECTOR]: esp.bytes }),
    ...(how.backup === true ? { [SIZE - 33 * SECTOR]: last.table, [SIZE - SECTOR]: last.header } : {}),
  });
}

const ESP: GptEntry = { type: "esp", first: FIRST, sectors: 40_000 };
const BIOS: GptEntry = { type: "bios-boot", first: 34, sectors: 10 };
const LINUX: GptEntry = { type: "linux", first: 60_000, sectors: 1000 };

async function expectFacts(bytes: SparseBytes, expected: Partial<BootFacts>, sector: 512 | 4096 = 512): Promise<void> {
  const facts = await look(bytes, sector);
  for (const [name, value] of Object.entries(expected)) {
    assert.deepEqual(facts[name as keyof BootFacts], value, name);
  }
}

describe("a disk with a GPT", () => {
  it("and a loader in an EFI system partition boots by EFI", async () => {
    const efiLoader = "\\EFI\\BOOT\\BOOTX64.EFI";
    await expectFacts(gptDisk([LINUX, ESP], fat()), { partitions: "gpt", efiLoader, biosCode: false, firmware: "efi" });
  });

  it("and code that leads nowhere, as Windows leaves it in the first sector, boots by EFI", async () => {
    await expectFacts(gptDisk([ESP], fat(), { code: true }), { biosCode: false, firmware: "efi" });
  });

  it("and an EFI system partition without a loader boots by nothing", async () => {
    await expectFacts(gptDisk([ESP], fat({ files: ["EFI/BOOT/README.TXT", "BOOTX64.EFI"] })), {
      partitions: "gpt",
      efiLoader: null,
      firmware: null,
    });
    await expectFacts(gptDisk([ESP], null), { efiLoader: null, firmware: null });
  });

  it("with a BIOS boot partition beside the EFI one boots by both, so BIOS counts", async () => {
    const efiLoader = "\\EFI\\BOOT\\BOOTX64.EFI";
    await expectFacts(gptDisk([BIOS, ESP], fat(), { code: true }), { efiLoader, biosCode: true, firmware: "bios" });
    await expectFacts(gptDisk([BIOS, ESP], fat()), { biosCode: false, firmware: "efi" });
  });

  it("with a partition that is marked for BIOSes boots by BIOS", async () => {
    await expectFacts(gptDisk([{ ...LINUX, attributes: 4 }], null, { code: true }), { firmware: "bios" });
    await expectFacts(gptDisk([LINUX], null, { code: true, mbr: [{ ...PROTECTIVE, active: true }] }), {
      firmware: "bios",
    });
    await expectFacts(gptDisk([LINUX], null, { code: true }), { firmware: null });
  });

  it("that an MBR with other partitions has replaced does not count", async () => {
    const replaced = gptDisk([ESP], fat(), {
      code: true,
      mbr: [{ type: 0x83, first: FIRST, sectors: 1000, active: true }],
    });
    await expectFacts(replaced, { partitions: "mbr", efiLoader: null, firmware: "bios" });
  });

  it("whose first header is gone is read by the copy at its end", async () => {
    const broken = (header: DataView): void => header.setUint8(0, 0);
    await expectFacts(gptDisk([ESP], fat(), { header: broken, backup: true }), { partitions: "gpt", firmware: "efi" });
    await expectFacts(gptDisk([ESP], fat(), { header: broken }), { firmware: null });
  });

  it("of sectors of 4096 bytes is read by those", async () => {
    const esp = new FatImage({ kind: 16, files: [LOADER], sector: 4096 });
    const { header, table } = gpt([{ type: "esp", first: 256, sectors: 6000 }], 2);
    const disk = guestDisk(64 * MIB, { 0: mbr([PROTECTIVE]), 4096: header, 8192: table, [256 * 4096]: esp.bytes });
    await expectFacts(disk, { partitions: "gpt", firmware: "efi" }, 4096);
    await expectFacts(disk, { efiLoader: null }, 512);
  });

  const damages: Readonly<Record<string, (header: DataView) => void>> = {
    "entries of no size": (header) => header.setUint32(84, 0, true),
    "entries of a huge size": (header) => header.setUint32(84, 0xffffffff, true),
    "billions of entries": (header) => header.setUint32(80, 0xffffffff, true),
    "a table past the end": (header) => header.setBigUint64(72, 2n ** 40n, true),
    "a table at the end of all numbers": (header) => header.setBigUint64(72, 2n ** 64n - 1n, true),
    "a table in itself": (header) => header.setBigUint64(72, 1n, true),
  };
  for (const [what, header] of Object.entries(damages)) {
    it(`with ${what} is looked at and left`, async () => {
      const facts = await look(gptDisk([ESP, LINUX], fat(), { header }));
      assert.ok(facts.bytesRead <= 2 * MIB);
      assert.equal(facts.partitions, "gpt");
    });
  }

  it("whose partitions start past the end of the disk has no loader", async () => {
    for (const first of [SIZE / SECTOR, 2 ** 45, 2 ** 54]) {
      await expectFacts(gptDisk([{ ...ESP, first }], fat()), { efiLoader: null, firmware: null });
    }
  });
});

describe("a disk with an MBR", () => {
  const part: MbrEntry = { type: 0x83, first: FIRST, sectors: 1000 };
  it("and boot code boots by BIOS, with an active partition or, as GRUB does, without", async () => {
    for (const active of [true, false]) {
      const disk = guestDisk(SIZE, { 0: mbr([{ ...part, active }], { code: true }) });
      await expectFacts(disk, { partitions: "mbr", biosCode: true, firmware: "bios" });
    }
  });

  it("without boot code boots by nothing", async () => {
    const disk = guestDisk(SIZE, { 0: mbr([{ ...part, active: true }]) });
    await expectFacts(disk, { partitions: "mbr", biosCode: false, firmware: null });
  });

  it("and a loader in an EFI system partition boots by EFI, unless there is something for a BIOS too", async () => {
    const esp: MbrEntry = { type: 0xef, first: FIRST, sectors: 40_000 };
    const disk = (table: readonly MbrEntry[], code: boolean): SparseBytes =>
      guestDisk(SIZE, { 0: mbr(table, { code }), [FIRST * SECTOR]: fat({ kind: 12 }).bytes });
    await expectFacts(disk([esp], false), { partitions: "mbr", firmware: "efi" });
    await expectFacts(disk([esp], true), { firmware: "efi" });
    await expectFacts(disk([esp, { ...part, active: true }], true), { firmware: "bios" });
  });

  it("boots by BIOS where it is a boot sector alone, without partitions", async () => {
    await expectFacts(guestDisk(SECTOR, { 0: mbr([], { code: true }) }), { partitions: "none", firmware: "bios" });
  });

  it("boots by nothing where it is not signed, empty, or shorter than a sector", async () => {
    await expectFacts(guestDisk(SIZE, { 0: mbr([part], { code: true, signed: false }) }), {
      partitions: "none",
      firmware: null,
    });
    await expectFacts(guestDisk(SIZE, {}), { partitions: "none", firmware: null });
    await expectFacts(guestDisk(0, {}), { partitions: "none", firmware: null });
  });
});

describe("a FAT file system", () => {
  for (const kind of [12, 16, 32] as const) {
    it(`of kind ${kind} is followed through chains of clusters to a loader of any vendor`, async () => {
      for (const spread of [0, 3]) {
        const files = ["AUTORUN.INF", "EFI/README", "EFI/DEBIAN/GRUB.CFG", "EFI/DEBIAN/SHIMX64.EFI", "boot/x.efi"];
        const disk = gptDisk([ESP], fat({ kind, files, spread }));
        await expectFacts(disk, { efiLoader: "\\EFI\\DEBIAN\\SHIMX64.EFI", firmware: "efi" });
      }
    });
  }

  it("of kind 32 with few clusters, as small system partitions are, is read as what it is", async () => {
    await expectFacts(gptDisk([ESP], fat({ kind: 32, clusters: 3000 })), { firmware: "efi" });
  });

  it("is read with large clusters", async () => {
    await expectFacts(gptDisk([ESP], fat({ sectorsPerCluster: 16, clusters: 4200 })), { firmware: "efi" });
  });

  it("holds no loader where a folder or a file only looks like one", async () => {
    for (const files of [["EFI"], ["EFI/BOOTX64.EFI"], ["EFI/BOOT/X.EFI/Y"], ["EFX/BOOT/X.EFI"], []]) {
      await expectFacts(gptDisk([ESP], fat({ files })), { efiLoader: null, firmware: null });
    }
  });

  it("whose chains lead in circles is left soon", async () => {
    for (const kind of [12, 16, 32] as const) {
      const many = Array.from({ length: 60 }, (_, i) => `EFI/V${i}/A.TXT`);
      const image = fat({ kind, files: many, sectorsPerCluster: 4, spread: 1 });
      for (let cluster = 2; cluster < 190; cluster++)
        image.link(cluster, cluster % 2 === 0 ? cluster + 1 : cluster - 1);
      const started = process.cpuUsage();
      const facts = await look(gptDisk([ESP], image));
      assert.equal(facts.efiLoader, null);
      assert.ok(facts.bytesRead <= 2 * MIB, `${facts.bytesRead}`);
      assert.ok(process.cpuUsage(started).user < 3e6);
    }
  });

  it("whose folders are folders of themselves is left soon", async () => {
    const image = fat({ files: ["EFI/A/B"] });
    const cluster = image.bytes.read(image.dataAt, image.clusterBytes);
    for (let at = 0; at < cluster.length; at += 32) {
      cluster.set(new TextEncoder().encode("EFI        "), at);
      cluster[at + 11] = 0x10;
      viewOf(cluster).setUint16(at + 26, 2, true);
    }
    for (let i = 0; i < 10; i++) image.bytes.write(image.dataAt + i * image.clusterBytes, cluster);
    image.link(2, 2);
    const facts = await look(gptDisk([ESP], image));
    assert.equal(facts.efiLoader, null);
  });

  it("that is damaged anywhere holds a loader or none, and never fails", async () => {
    const disk = gptDisk([ESP, BIOS], fat({ kind: 12, spread: 1 }), { code: true, backup: true });
    const places = fc.oneof(
      fc.record({ at: fc.nat(3 * SECTOR), value: fc.nat(255) }),
      fc.record({ at: fc.nat(4 * SECTOR).map((at) => FIRST * SECTOR + at), value: fc.nat(255) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(places, { minLength: 1, maxLength: 12 }), async (changes) => {
        const damaged = guestDisk(SIZE, { 0: disk });
        for (const { at, value } of changes) damaged.write(at, Uint8Array.of(value));
        const facts = await look(damaged);
        assert.ok(facts.bytesRead <= 2 * MIB);
        assert.equal(facts.firmware, facts.biosCode ? "bios" : facts.efiLoader === null ? null : "efi");
      }),
      { numRuns: 150 },
    );
  });
});

it("what cannot be read of the image is told, not taken for a disk that boots by nothing", async () => {
  const disk: VirtualDisk = {
    ...openRaw(sparseSource(guestDisk(SIZE, {}), "disk")),
    reads: async () => {
      throw new FerryError("io/codec-failed", "a grain is damaged");
    },
  };
  await assert.rejects(bootFacts(disk, testContext({ runtime: { codec: zlibCodec() } })), { code: "io/codec-failed" });
});
