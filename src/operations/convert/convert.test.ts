import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { after, describe, it } from "node:test";
import { hasCode } from "../../../test/support/errors.js";
import { assertGolden } from "../../../test/support/golden.js";
import { DISK_8M, descriptorOf, diskFile, type PackageFiles, packageOf } from "../../../test/support/packages.js";
import { everyWay, Workshop } from "../../../test/support/workshop.js";
import { GIB, MIB, SECTOR } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { ImageShape } from "../../disk/testing/images.js";

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

describe("a plan", () => {
  for (const to of everyWay) {
    it(`for ${to} is the same today as when it was written down, and writes nothing`, async () => {
      // A file that qemu-img made: what zlib makes of a disk has another size on another Node.js.
      const source = shop.archive(mixed(new Uint8Array(readFileSync("test/fixtures/disks/stream.vmdk"))));
      const before = shop.names();
      await shop.plan(source, "out.ova", { to }, async ({ steps, files, losses }) => {
        const golden = { steps, files, losses: losses.map(({ code, severity }) => `${severity} ${code}`) };
        // Sizes of texts change with every word in them.
        const configs = new Set(steps.filter(({ action }) => action === "generate").map(({ subject }) => subject));
        const told = files.map(({ name, size }) => ({ name, size: configs.has(name) ? null : size }));
        assertGolden(`golden/plans/${to}.json`, `${JSON.stringify({ ...golden, files: told }, null, 2)}\n`);
      });
      assert.deepEqual(shop.names(), before);
    });
  }
});

describe("the integrity of the source", () => {
  const change = (files: PackageFiles, name: string, at: number): PackageFiles => {
    const bytes = (files[name] ?? assert.fail(name)).slice();
    bytes[at] = ((bytes[at] as number) + 1) % 256;
    return { ...files, [name]: bytes };
  };
  const inComment = (): number => new TextDecoder().decode(mixed()["box.ovf"]).indexOf("a test");

  for (const [what, alter] of [
    ["a disk", () => change(mixed(), "disk.vmdk", 70_000)],
    ["the text of the descriptor", () => change(mixed(), "box.ovf", inComment())],
    ["an image in a drive", () => change(mixed(), "tools.iso", 39_999)],
  ] as const) {
    it(`gates the result: a byte altered in ${what} leaves nothing, for every target`, async () => {
      for (const to of everyWay) {
        for (const source of [shop.archive(alter()), shop.folder(alter())]) {
          const destination = shop.fresh();
          const before = shop.names();
          await assert.rejects(shop.convert(source, destination, { to }), hasCode("package/not-intact"));
          assert.deepEqual(shop.names(), before);
        }
      }
    });
  }

  it("is not asked for with integrity off", async () => {
    const source = shop.archive(change(mixed(), "box.ovf", inComment()));
    const { outcome } = await shop.convert(source, shop.fresh(), { to: "libvirt", integrity: false });
    assert.deepEqual([outcome.integrity, outcome.findings], ["unchecked", []]);
  });

  it("of a package whose manifest lists less is told beside the result", async () => {
    const files = mixed();
    const descriptor = new TextDecoder().decode(files["box.ovf"]);
    const less = packageOf(descriptor, { "disk.vmdk": stream, "tools.iso": iso }, (name) => name !== "tools.iso");
    const { outcome } = await shop.convert(shop.archive(less), shop.fresh(), { to: "libvirt" });
    assert.deepEqual(
      outcome.findings.map(({ code, severity }) => [code, severity]),
      [["manifest/not-covered", "warning"]],
    );
  });

  it("of a package without a manifest is unknown, and its report says so", async () => {
    const { "box.mf": _, ...files } = mixed();
    const destination = shop.fresh();
    const { outcome } = await shop.convert(shop.archive(files), destination, { to: "libvirt" });
    assert.equal(outcome.integrity, "unverifiable");
    assert.match(readFileSync(join(destination, "REPORT.md"), "utf8"), /no manifest/);
  });
});

describe("disks without a file", () => {
  for (const to of everyWay) {
    it(`are disks of zeros of their capacity for ${to}`, async () => {
      const descriptor = descriptorOf(
        [],
        [`ovf:capacity="${3 * GIB}"`, `ovf:capacity="1" ovf:capacityAllocationUnits="byte * 2^40"`],
      );
      const destination = shop.fresh(to === "ova" ? ".ova" : "");
      const { plan, outcome } = await shop.convert(shop.archive(packageOf(descriptor, {})), destination, {
        to,
        prove: true,
      });
      assert.deepEqual(
        plan.appliance.disks.map((disk) => disk.capacityBytes),
        [3 * GIB, 1024 * GIB],
      );
      if (to === "ova" || to === "ovf") {
        assert.deepEqual(
          outcome.files.map(({ name }) => basename(name)),
          ["box.ovf", "box.mf"],
        );
      } else {
        assert.deepEqual(
          outcome.proof?.map(({ comparedBytes }) => comparedBytes),
          [3 * GIB, 1024 * GIB],
        );
        const stored = readdirSync(destination).reduce(
          (sum, name) => sum + statSync(join(destination, name)).blocks * 512,
          0,
        );
        assert.ok(stored < 64 * MIB, `${stored} bytes take up space`);
      }
    });
  }
});

describe("a disk's capacity", () => {
  const capacities: readonly (readonly [string, number, number, readonly string[]])[] = [
    ["that the descriptor says as the image does", 8 * MIB, 8 * MIB, []],
    [
      "that differs by the rounding of the image to a grain counts as the descriptor says it",
      8 * MIB - 3 * SECTOR,
      8 * MIB - 3 * SECTOR,
      [],
    ],
    ["that is less than a sector short is rounded to a sector", 8 * MIB - 700, 8 * MIB - SECTOR, []],
    [
      "of which the descriptor says more than a grain less counts as the image has it",
      4 * MIB,
      8 * MIB,
      ["disk/capacity-mismatch"],
    ],
    [
      "of which the descriptor says more counts as the descriptor says it",
      9 * MIB,
      9 * MIB,
      ["disk/capacity-mismatch"],
    ],
    ["of which the descriptor says nothing is the image's", 0, 8 * MIB, []],
  ];
  for (const [what, declared, counts, codes] of capacities) {
    it(what, async () => {
      const described = `ovf:capacity="${declared}" ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"`;
      const descriptor = descriptorOf([{ href: "disk.vmdk", use: "disk", disk: described }]);
      const source = shop.archive(packageOf(descriptor, { "disk.vmdk": stream }));
      const { plan, findings, outcome } = await shop.convert(source, shop.fresh(), { to: "libvirt", prove: true });
      assert.equal(plan.appliance.disks[0]?.capacityBytes, counts);
      assert.deepEqual(
        findings.map(({ code }) => code).filter((code) => code.startsWith("disk/")),
        codes,
      );
      assert.equal(outcome.proof?.[0]?.equal, true);
    });
  }
});

it("a disk that is not what the descriptor says, and has no signature, is damaged, not a wrong question", async () => {
  const descriptor = descriptorOf([{ href: "disk.bin", use: "disk", disk: DISK_8M }]);
  const source = shop.archive(packageOf(descriptor, { "disk.bin": new Uint8Array(100_000) }));
  await assert.rejects(shop.convert(source, shop.fresh(), { to: "libvirt" }), (error) => {
    assert.ok(error instanceof FerryError);
    assert.deepEqual([error.code, error.kind], ["vmdk/bad-header", "corrupt"]);
    return true;
  });
});
