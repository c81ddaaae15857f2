import assert from "node:assert/strict";
import { readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { hasCode } from "../../../test/support/errors.js";
import { descriptorOf, diskFile, type PackageFiles, packageOf } from "../../../test/support/packages.js";
import { everyWay, Workshop } from "../../../test/support/workshop.js";
import { FerryError } from "../../base/errors.js";
import type { ImageShape } from "../../disk/testing/images.js";
import type { FileSet } from "../../io/file-set.js";
import type { Pool } from "../../io/pool.js";
import type { ByteTarget, RandomTarget } from "../../io/target.js";

const shop = new Workshop();
after(() => shop.close());
const shape: ImageShape = {
  sectors: 16_384,
  runs: [
    { sector: 100, sectors: 700, content: "noise" },
    { sector: 9000, sectors: 9, content: "text" },
  ],
};
const stream = await diskFile("vmdk", "streamOptimized", shape);
const sparse = await diskFile("vmdk", "monolithicSparse", shape);
const iso = new Uint8Array(40_000).map((_, i) => i % 200);

/** A package with a disk, a CD and an empty disk. */
function mixed(disk: Uint8Array = stream): PackageFiles {
  const descriptor = descriptorOf(
    [
      { href: "disk.vmdk", use: "disk" },
      { href: "tools.iso", use: "cdrom" },
    ],
    [`ovf:capacity="3" ovf:capacityAllocationUnits="byte * 2^20"`],
  );
  return packageOf(descriptor, { "disk.vmdk": disk, "tools.iso": iso });
}

describe("a source that changes while it is converted", () => {
  for (const [place, put] of [
    ["an OVA", (files: PackageFiles) => shop.archive(files)],
    ["a folder", (files: PackageFiles) => shop.folder(files)],
  ] as const) {
    for (const integrity of [true, false]) {
      it(`as ${place}, ${integrity ? "with" : "without"} a manifest's check, leaves nothing`, async () => {
        const files = packageOf(descriptorOf([{ href: "disk.vmdk", use: "disk" }]), { "disk.vmdk": sparse });
        const { "box.mf": _, ...bare } = files;
        for (const to of ["libvirt", "ova"] as const) {
          const source = put(integrity ? files : bare);
          const file = place === "an OVA" ? source : join(source, "disk.vmdk");
          utimesSync(file, 1e9, 1e9);
          let jobs = 0;
          const pool: Pool = {
            size: 0,
            run(kernel, job, options) {
              // A byte that nobody looks at: only the time of the change tells.
              if (jobs++ === 1) writeFileSync(file, readFileSync(file).subarray(0, 1), { flag: "r+" });
              return shop.runtime.pool.run(kernel, job, options);
            },
          };
          const before = shop.names();
          await assert.rejects(shop.convert(source, shop.fresh(), { to, integrity, pool }), hasCode("io/changed"));
          assert.ok(jobs > 1);
          assert.deepEqual(shop.names(), before);
        }
      });
    }
  }
});

/** A file set of which one write fails: the one of a number, counted over everything that writes. Threads get no ref. */
function failing(set: FileSet, at: number, counted: { writes: number }): FileSet {
  const step = (): void => {
    if (counted.writes++ === at) throw new FerryError("io/no-space", "the destination is full");
  };
  const wrapTarget = <T extends ByteTarget>(target: T): T => {
    const random = target as unknown as RandomTarget;
    return {
      label: target.label,
      get position(): number {
        return target.position;
      },
      async write(chunk: Uint8Array): Promise<void> {
        step();
        await target.write(chunk);
      },
      async zeros(length: number): Promise<void> {
        step();
        await target.zeros(length);
      },
      async writeAt(offset: number, chunk: Uint8Array): Promise<void> {
        step();
        await random.writeAt(offset, chunk);
      },
      async truncate(size: number): Promise<void> {
        step();
        await random.truncate(size);
      },
      ref: () => null,
      async close(): Promise<void> {
        step();
        await target.close();
      },
      abort: (reason?: unknown) => target.abort(reason),
    } as unknown as T;
  };
  return {
    label: set.label,
    async create(name, size): Promise<ByteTarget> {
      step();
      return wrapTarget(await set.create(name, size));
    },
    async createRandom(name, size): Promise<RandomTarget> {
      step();
      return wrapTarget((await set.createRandom?.(name, size)) as RandomTarget);
    },
    readBack: (name) => set.readBack?.(name) ?? assert.fail("it is read back"),
    room: () => set.room(),
    commit: () => set.commit(),
    abort: (reason) => set.abort(reason),
  };
}

describe("a destination that fails", () => {
  for (const to of everyWay) {
    it(`at any write of a conversion to ${to} gives that one error and leaves nothing`, async () => {
      const source = shop.archive(mixed());
      const counted = { writes: 0 };
      await shop.convert(source, shop.fresh(), { to, through: (set) => failing(set, -1, counted) });
      const { writes } = counted;
      assert.ok(writes > 8, `${writes} writes`);
      const before = shop.names();
      for (let at = 0; at < writes; at++) {
        const through = (set: FileSet): FileSet => failing(set, at, { writes: 0 });
        await assert.rejects(
          shop.convert(source, shop.fresh(), { to, through }),
          hasCode("io/no-space"),
          `write ${at}`,
        );
        assert.deepEqual(shop.names(), before, `write ${at}`);
      }
    });
  }

  it("that is too small is told before anything is written", async () => {
    const counted = { writes: 0 };
    const through = (set: FileSet): FileSet => ({ ...failing(set, -1, counted), room: async () => 300_000 });
    await assert.rejects(
      shop.convert(shop.archive(mixed()), shop.fresh(), { to: "libvirt", through }),
      hasCode("io/no-space"),
    );
    assert.equal(counted.writes, 0);
  });
});
