import assert from "node:assert/strict";
import { test } from "node:test";
import type { Appliance } from "../appliance/appliance.js";
import { fit } from "../appliance/fit.js";
import { efiSataVirtio, scsiMultiDisk } from "../appliance/testing/samples.js";
import { type DiskWish, noDiskWish } from "../appliance/wished-disks.js";
import type { PlatformId, TargetId } from "../base/ids.js";
import { diskFormats } from "../disk/formats.js";
import { targets } from "../targets/targets.js";
import { type ChosenDisks, chooseDiskFiles } from "./disk-files.js";
import { platforms } from "./platforms.js";

function choose(
  source: Appliance,
  to: PlatformId,
  disks: Readonly<Record<string, Partial<DiskWish>>>,
  id?: TargetId,
): ChosenDisks {
  const platform = platforms.get(to);
  const target = targets.get(id ?? platform.defaultTarget ?? "ovf");
  const { appliance, shapes } = fit(source, target);
  const wanted = new Map(Object.entries(disks).map(([disk, wish]) => [disk, { ...noDiskWish, ...wish }] as const));
  return chooseDiskFiles(platform, appliance, shapes, wanted);
}

const [one = "", two = ""] = scsiMultiDisk().disks.map(({ id }) => id);

test("every kind of disk that a platform lets choose is one that can be written", () => {
  for (const { id, disks = [] } of platforms.all) {
    for (const { format, variants } of disks) {
      const { plan, writes } = diskFormats.get(format);
      assert.ok(plan !== undefined, `${id}: ${format}`);
      for (const variant of variants) assert.ok(writes.includes(variant), `${id}: ${format} ${variant}`);
    }
  }
});

test("a format brings its ending, a name its format, and a variant the format that has it", () => {
  const { files, problems } = choose(scsiMultiDisk(), "libvirt", {
    [one]: { format: "raw" },
    [two]: { name: "data.raw" },
  });
  assert.deepEqual(problems, []);
  assert.deepEqual([files.get(one)?.kind?.extension, files.get(two)?.kind?.format], [".raw", "raw"]);
  const packed = choose(scsiMultiDisk(), "libvirt", { [one]: { variant: "compressed" } });
  assert.deepEqual([packed.files.get(one)?.kind?.format, packed.files.get(one)?.variant], ["qcow2", "compressed"]);
});

test("what the platform does not make is refused, and it is said what it makes", () => {
  for (const [wish, told] of [
    [{ format: "vdi" }, /qcow2 \(uncompressed, compressed; \.qcow2\), raw/],
    [{ format: "raw", variant: "compressed" }, /qcow2/],
    [{ format: "raw", name: "x.qcow2" }, /qcow2/],
    [{ name: "x.vdi" }, /qcow2/],
    [{ name: "no-ending" }, /qcow2/],
    [{ name: "../x.raw" }, /letters, digits/],
    [{ name: "con.raw" }, /letters, digits/],
    [{ name: "a/b.raw" }, /letters, digits/],
  ] as const) {
    const { files, problems } = choose(scsiMultiDisk(), "libvirt", { [one]: wish });
    assert.deepEqual([files.size, problems.map(({ disk }) => disk)], [0, [one]], JSON.stringify(wish));
    assert.match(problems[0]?.hint ?? "", told);
  }
});

test("two disks cannot have one name, however its letters are written", () => {
  const { problems } = choose(scsiMultiDisk(), "libvirt", { [one]: { name: "a.raw" }, [two]: { name: "A.raw" } });
  assert.deepEqual(
    problems.map(({ disk }) => disk),
    [two],
  );
});

test("a machine of Hyper-V's second generation has no VHD, one of the first has", () => {
  const [efi = ""] = efiSataVirtio().disks.map(({ id }) => id);
  assert.equal(choose(efiSataVirtio(), "hyperv", { [efi]: { format: "vhd" } }).problems.length, 1);
  assert.deepEqual(choose(scsiMultiDisk(), "hyperv", { [one]: { format: "vhd" } }).problems, []);
});

test("where disks are part of an archive there is nothing to choose", () => {
  assert.equal(choose(scsiMultiDisk(), "xenserver", { [one]: { format: "vhd" } }).problems.length, 1);
  assert.deepEqual(choose(scsiMultiDisk(), "xenserver", { [one]: { bus: "ide" } }).problems, []);
});
