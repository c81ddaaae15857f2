import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { descriptorOf, diskFile, type PackageFiles, packageOf } from "../../test/support/packages.js";
import { Workshop } from "../../test/support/workshop.js";
import { MIB } from "../base/bytes.js";
import type { ImageShape } from "../disk/testing/images.js";
import type { InspectResult } from "../report/results.js";

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
const inspect = (files: PackageFiles): Promise<InspectResult> => shop.inspect(shop.archive(files));

describe("an inspection", () => {
  it("of a package with a damaged disk tells of it, and of all others", async () => {
    const descriptor = descriptorOf([
      { href: "one.vmdk", use: "disk" },
      { href: "two.vmdk", use: "disk" },
      { href: "three.vmdk", use: "disk" },
    ]);
    const zeros = new Uint8Array(sparse.length);
    const cut = sparse.slice(0, 2000);
    const result = await inspect(packageOf(descriptor, { "one.vmdk": zeros, "two.vmdk": sparse, "three.vmdk": cut }));
    const errors = result.diagnostics.filter(({ severity }) => severity === "error");
    assert.equal(errors.length, 2, JSON.stringify(errors));
    assert.ok(errors.every(({ code }) => code.startsWith("vmdk/")));
    assert.deepEqual(
      result.appliance?.disks.map(({ variant }) => variant),
      ["streamOptimized", "monolithicSparse", "streamOptimized"],
    );
  });

  it("of a package with compressed disks unpacks nothing, and says so", async () => {
    const descriptor = descriptorOf([{ href: "disk.vmdk.gz", use: "disk", attributes: `ovf:compression="gzip"` }]);
    const result = await inspect(packageOf(descriptor, { "disk.vmdk.gz": new Uint8Array(gzipSync(stream)) }));
    assert.deepEqual(
      result.diagnostics.map(({ code, severity }) => [code, severity]),
      [["disk/compressed", "info"]],
    );
    assert.equal(result.appliance?.disks[0]?.capacityBytes, 8 * MIB);
  });
});
