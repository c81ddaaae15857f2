import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { after, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { hasCode } from "../../test/support/errors.js";
import { descriptorOf, diskFile, type PackageFiles, packageOf } from "../../test/support/packages.js";
import { everyWay, Workshop } from "../../test/support/workshop.js";
import { MIB } from "../base/bytes.js";
import type { ImageShape } from "../disk/testing/images.js";

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

describe("files that are compressed as a whole", () => {
  const gz = `ovf:compression="gzip"`;
  const packedFiles = (disk: Uint8Array): PackageFiles =>
    packageOf(
      descriptorOf([
        { href: "disk.vmdk.gz", use: "disk", attributes: gz },
        { href: "tools.iso", use: "cdrom", attributes: gz },
      ]),
      { "disk.vmdk.gz": new Uint8Array(gzipSync(disk)), "tools.iso": new Uint8Array(gzipSync(iso)) },
    );

  for (const to of everyWay) {
    it(`are unpacked on the way to ${to}, and nothing of that is left`, async () => {
      for (const disk of [stream, sparse]) {
        const destination = shop.fresh(to === "ova" ? ".ova" : "");
        const before = shop.names();
        const { outcome } = await shop.convert(shop.archive(packedFiles(disk)), destination, { to, prove: true });
        assert.deepEqual([outcome.integrity, outcome.proof?.length], ["intact", 1]);
        const left = shop.names().filter((name) => !before.includes(name));
        assert.deepEqual(
          left.filter((name) => name !== basename(destination) && !name.endsWith(".ova")),
          [],
        );
        const plainIso = outcome.files.find(({ name }) => name.endsWith(".iso"));
        if (to !== "ova" && to !== "ovf" && plainIso !== undefined) {
          assert.deepEqual(new Uint8Array(readFileSync(join(destination, plainIso.name))), iso);
        }
      }
    });
  }

  it("are refused where they unpack to more than such a disk can take, and leave nothing", async () => {
    const bomb = new Uint8Array(100 * MIB);
    bomb.set(stream);
    const source = shop.archive(packedFiles(bomb));
    const before = shop.names();
    await assert.rejects(shop.convert(source, shop.fresh(), { to: "libvirt" }), hasCode("io/limit"));
    assert.deepEqual(shop.names(), before);
  });

  it("are refused where they are damaged, and leave nothing", async () => {
    const files = packedFiles(stream);
    const torn = { ...files, "disk.vmdk.gz": (files["disk.vmdk.gz"] as Uint8Array).subarray(0, 9000) };
    const source = shop.archive(
      packageOf(new TextDecoder().decode(files["box.ovf"]), { "disk.vmdk.gz": torn["disk.vmdk.gz"], "tools.iso": iso }),
    );
    const before = shop.names();
    await assert.rejects(shop.convert(source, shop.fresh(), { to: "libvirt" }), hasCode("io/codec-failed"));
    assert.deepEqual(shop.names(), before);
  });
});
