import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { diskFixtures, packageFixtures, placeDisk, sizeOf } from "../support/fixtures.js";
import { lacking, peerPath, peerSearchPath } from "./peers.js";
import { guestReaders } from "./readings.js";
import { run } from "./run.js";
import { scratch } from "./scratch.js";

const MAKERS = ["VBoxManage", "ova-compose", "mkova", "vmdk-convert", "govc", "vcsim-export", "openssl"] as const;

test("packages made afresh have the facts of the committed ones: sizes, and guest content as their maker reads it", {
  skip: await lacking(...MAKERS, "tar"),
  timeout: 480_000,
}, async (t) => {
  const folder = await scratch(t, "fresh");
  const env = { PATH: peerSearchPath() };
  await run("test/fixtures/packages/make.sh", [folder], { env, timeout: 240_000 });
  const readers = await guestReaders(t);
  for (const { name, source, facts } of await packageFixtures(folder)) {
    assert.equal(await sizeOf(source), facts.package.size, name);
    let members = source;
    if (facts.package.kind === "ova") {
      members = await scratch(t, "members");
      await run(await peerPath("tar"), ["xf", source, "-C", members], { timeout: 30_000 });
    }
    for (const disk of facts.disks) {
      const sum = await readers[disk.readBy](join(members, disk.file), disk.capacityBytes);
      assert.equal(sum, disk.guestSha256, `${name}: ${disk.file}`);
    }
  }
});

test("qemu-img reads the committed disks as when they were made", {
  skip: await lacking("qemu-img"),
  timeout: 240_000,
}, async (t) => {
  const readers = await guestReaders(t);
  for (const disk of await diskFixtures()) {
    const path = await placeDisk(disk, await scratch(t, "disk"));
    assert.equal(await readers["qemu-img"](path, disk.capacityBytes), disk.guestSha256, disk.id);
  }
});
