import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { hasCode } from "../../test/support/errors.js";
import { DISK_8M, descriptorOf, diskFile, type PackageFiles, packageOf } from "../../test/support/packages.js";
import { craftSparse, descriptorText, GRAIN, PLACES } from "../../test/support/vmdk.js";
import { Workshop } from "../../test/support/workshop.js";
import { MIB, SECTOR } from "../base/bytes.js";
import { diskFormats } from "../disk/formats.js";
import { openChain } from "../disk/open.js";
import { readGuest } from "../disk/read.js";
import { noResolver } from "../io/resolver.js";
import { openFileSource } from "../runtime/node/file-source.js";
import { createContext } from "../runtime/node/runtime.js";

const shop = new Workshop();
after(() => shop.close());

const SECTORS = (8 * MIB) / SECTOR;
const base = await diskFile("vmdk", "streamOptimized", {
  sectors: SECTORS,
  runs: [{ sector: 0, sectors: 3 * (GRAIN / SECTOR), content: "text" }],
});
const baseCid = /^CID=(.*)$/m.exec(new TextDecoder("latin1").decode(base))?.[1] ?? assert.fail();

/** A delta of 8 MiB: the first grain is its own, the second one zeros, the rest the parent's. */
function delta(parentCid: string, fill = 7): Uint8Array {
  const settings = parentCid === "" ? [] : [`parentCID=${parentCid}`, 'parentFileNameHint="elsewhere-000001.vmdk"'];
  const file = craftSparse({
    header: {
      capacitySectors: SECTORS,
      flags: { redundantDirectory: true, zeroedGrains: true, compressed: false, markers: false },
    },
    descriptor: descriptorText([`RW ${SECTORS} SPARSE "x.vmdk"`], settings),
    grains: { 0: PLACES.grains, 1: 1 },
  });
  file.write(PLACES.grains * SECTOR, new Uint8Array(GRAIN).fill(fill));
  return file.read(0, file.size);
}

/** A package whose machine has the last of some disks alone; `parents`: the number of the disk below each. */
function chain(disks: readonly Uint8Array[], parents: readonly (number | null)[], packed = false): PackageFiles {
  const names = disks.map((_, i) => `disk${i}.vmdk${packed && i === 0 ? ".gz" : ""}`);
  let descriptor = descriptorOf(
    names.map((href, i) => ({
      href,
      use: "disk",
      disk: `${DISK_8M}${parents[i] === null ? "" : ` ovf:parentRef="disk${parents[i]}"`}`,
      ...(packed && i === 0 ? { attributes: 'ovf:compression="gzip"' } : {}),
    })),
  );
  for (let i = 0; i < disks.length - 1; i++) {
    descriptor = descriptor.replace(new RegExp(`^.*ovf:/disk/disk${i}<.*\n`, "m"), "");
  }
  const files = names.map((name, i) => [name, packed && i === 0 ? gzipSync(disks[i] ?? base) : disks[i]]);
  return packageOf(descriptor, Object.fromEntries(files));
}

/** The only disk of a result: the first byte of each of its first four grains. */
async function firstBytes(folder: string): Promise<readonly (number | undefined)[]> {
  const [name = assert.fail(), ...more] = readdirSync(folder).filter((file) => file.endsWith(".qcow2"));
  assert.deepEqual(more, []);
  const source = await openFileSource(join(folder, name), shop.runtime.native);
  const ctx = createContext(shop.runtime);
  const disk = await openChain({ bytes: source }, { formats: diskFormats, resolver: noResolver, format: null }, ctx);
  const bytes = await readGuest(disk, { offset: 0, length: 4 * GRAIN }, ctx);
  await disk.close();
  await source.close();
  return [0, 1, 2, 3].map((grain) => bytes[grain * GRAIN]);
}

describe("a disk that the descriptor bases on another one (ovf:parentRef)", () => {
  it("becomes one disk, read over its parent's file, whatever its image calls it", async () => {
    for (const source of [
      shop.archive(chain([base, delta(baseCid)], [null, 0])),
      shop.folder(chain([base, delta(baseCid)], [null, 0])),
      shop.archive(chain([base, delta(baseCid)], [null, 0], true)),
    ]) {
      const destination = shop.fresh();
      const { plan, outcome, findings } = await shop.convert(source, destination, { to: "libvirt", prove: true });
      const [own, zero, below, nothing] = await firstBytes(destination);
      assert.deepEqual([own, zero, below === undefined || below === 0, nothing], [7, 0, false, 0]);
      assert.ok(outcome.proof?.every(({ equal }) => equal));
      assert.ok(plan.losses.some(({ code }) => code === "platform/disk-merged"));
      assert.ok(!findings.some(({ code }) => code === "disk/parent-changed"));
    }
  });

  it("is read over a chain of several, and a parent that it was not made on is a finding", async () => {
    // A crafted disk's content id is 12345678.
    const disks = [base, delta(baseCid, 5), delta("12345678", 9)];
    const destination = shop.fresh();
    const good = await shop.convert(shop.archive(chain(disks, [null, 0, 1])), destination, { to: "libvirt" });
    assert.ok(!good.findings.some(({ code }) => code === "disk/parent-changed"));
    assert.equal((await firstBytes(destination))[0], 9);
    const wrong = shop.archive(chain([base, delta("0badcafe")], [null, 0]));
    const { findings } = await shop.convert(wrong, shop.fresh(), { to: "libvirt" });
    assert.ok(findings.some(({ code }) => code === "disk/parent-changed"));
  });

  it("is refused where its image does not say that it has a parent, and in packages that stay packages", async () => {
    const lone = shop.archive(chain([base, delta("")], [null, 0]));
    await assert.rejects(shop.convert(lone, shop.fresh(), { to: "libvirt" }), hasCode("disk/unsupported-parent"));
    for (const to of ["ova", "ovf"] as const) {
      const source = shop.archive(chain([base, delta(baseCid)], [null, 0]));
      await assert.rejects(shop.convert(source, shop.fresh(), { to }), hasCode("disk/unsupported-parent"));
    }
  });

  it("is refused where the descriptor bases it on itself, in one step or several", async () => {
    const own = shop.archive(chain([delta("12345678")], [0]));
    await assert.rejects(shop.convert(own, shop.fresh(), { to: "libvirt" }), hasCode("disk/chain-loop"));
    const circle = shop.archive(chain([delta("12345678"), delta("12345678", 3)], [1, 0]));
    await assert.rejects(shop.convert(circle, shop.fresh(), { to: "libvirt" }), hasCode("disk/chain-loop"));
  });
});
