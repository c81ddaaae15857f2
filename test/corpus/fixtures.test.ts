import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { diskFileBytes, diskFixtures, packageFixtures, sizeOf } from "../support/fixtures.js";

const SMALL_PACKAGE = 300_000;
const ALL_PACKAGES = 4_300_000;

for (const { name, source, facts } of await packageFixtures()) {
  test(`the facts of ${name} fit the files that lie there`, async () => {
    const size = await sizeOf(source);
    assert.equal(size, facts.package.size);
    assert.ok(size <= SMALL_PACKAGE);
    if (facts.package.kind === "directory") {
      const names = facts.package.members.map((member) => member.name);
      assert.deepEqual((await readdir(source)).sort(), names);
    }
    const files = facts.appliance?.disks.flatMap((disk) => disk.file ?? []).sort();
    const inPackage = facts.package.members.filter((member) => member.role === "disk").map((member) => member.name);
    assert.deepEqual(files, inPackage.sort());
    assert.deepEqual(facts.disks.map((disk) => disk.file).sort(), files);
  });
}

test("the packages stay small together", async () => {
  const sizes = (await packageFixtures()).map(({ facts }) => facts.package.size);
  assert.ok(sizes.length > 40);
  assert.ok(sizes.reduce((sum, size) => sum + size, 0) < ALL_PACKAGES);
});

test("every package and disk that lies there has its facts", async () => {
  const folders = (await readdir("test/fixtures/packages")).filter((name) => name !== "make.sh").sort();
  assert.deepEqual(
    (await packageFixtures()).map(({ name }) => name),
    folders,
  );
  const listed = (await diskFixtures()).flatMap((disk) => disk.files);
  const names = listed.map((file) => (file.packed === null ? file.name : `${file.name}.gz`));
  const present = (await readdir("test/fixtures/disks")).filter(
    (name) => !["make.sh", "tear-vhdx.mjs", "facts.json"].includes(name),
  );
  assert.deepEqual(names.sort(), present.sort());
});

test("the list of fixtures names every package", async () => {
  const readme = await readFile("test/fixtures/README.md", "utf8");
  for (const { name } of await packageFixtures()) {
    const [stem, variant] = [name.slice(0, name.lastIndexOf("-")), name.slice(name.lastIndexOf("-"))];
    assert.ok(readme.includes(`\`${name}\``) || (readme.includes(stem) && readme.includes(`\`${variant}\``)), name);
  }
});

test("a flat disk's extent holds the guest content that its facts name", async () => {
  const flat = (await diskFixtures()).find((disk) => disk.id === "vmdk-flat");
  const extent = flat?.files[1];
  assert.ok(flat !== undefined && extent !== undefined);
  const content = (await diskFileBytes(extent)).subarray(0, flat.capacityBytes);
  assert.equal(createHash("sha256").update(content).digest("hex"), flat.guestSha256);
});

test("a packed disk unpacks to its own signature", async () => {
  const packed = (await diskFixtures()).filter((disk) => disk.files[0]?.packed === "gzip");
  assert.ok(packed.length > 3);
  const signatures = new Map([
    ["vmdk", "KDMV"],
    ["vhd", "conectix"],
    ["vhdx", "vhdxfile"],
    ["vdi", "<<< QEMU"],
    ["qcow2", "QFI\u00fb"],
  ]);
  for (const disk of packed) {
    const file = disk.files[0];
    assert.ok(file !== undefined);
    const head = Buffer.from(await diskFileBytes(file)).toString("latin1", 0, 8);
    assert.ok(head.startsWith(signatures.get(disk.format) ?? "nothing"), disk.id);
  }
});
