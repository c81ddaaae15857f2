import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import { startFerry } from "../support/ferry.js";
import { diskFixtures, packageFixtures, placeDisk, sizeOf } from "../support/fixtures.js";
import { lacking, peerPath, peerSearchPath } from "./peers.js";
import { guestReaders, hashFile } from "./readings.js";
import { run } from "./run.js";
import { scratch } from "./scratch.js";
import { startVirtualBox } from "./virtualbox.js";

const MAKERS = ["VBoxManage", "ova-compose", "mkova", "vmdk-convert", "govc", "vcsim-export", "openssl"] as const;

const ferry = startFerry();
after(() => ferry.close());

test("packages made afresh have the facts of the committed ones: by inspect, and guest content as their maker reads it", {
  skip: await lacking(...MAKERS, "tar"),
  timeout: 480_000,
}, async (t) => {
  const folder = await scratch(t, "fresh");
  const env = { PATH: peerSearchPath() };
  await run("test/fixtures/packages/make.sh", [folder], { env, timeout: 240_000 });
  const readers = await guestReaders(t);
  for (const { name, source, facts } of await packageFixtures(folder)) {
    const { schema: _schema, diagnostics, ...told } = await ferry.inspect(source);
    const { source: _source, made: _made, disks: _disks, ...expected } = facts;
    assert.equal(told.package.size, await sizeOf(source), name);
    // VirtualBox's descriptors differ by a few bytes from run to run: their size is no fact of how they were made.
    const sizes = new Map(told.package.members.map((member) => [member.name, member.size]));
    const asMade = expected.package.members.map((member) =>
      member.role === "descriptor" ? { ...member, size: sizes.get(member.name) ?? member.size } : member,
    );
    assert.deepEqual(
      told,
      { ...expected, package: { ...expected.package, size: told.package.size, members: asMade } },
      name,
    );
    assert.deepEqual(
      diagnostics.filter((finding) => finding.severity === "error"),
      [],
      name,
    );
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
    if (disk.readBy !== undefined) continue;
    const path = await placeDisk(disk, await scratch(t, "disk"));
    // A log that waits is applied by qemu-img only when it is told to repair.
    if (disk.findings?.includes("vhdx/log-replayed")) {
      await run(await peerPath("qemu-img"), ["check", "-q", "-r", "all", path], { timeout: 30_000 });
    }
    assert.equal(await readers["qemu-img"](path, disk.capacityBytes), disk.guestSha256, disk.id);
  }
});

test("VBoxManage reads the committed disks as when it made them", {
  skip: await lacking("VBoxManage"),
  timeout: 240_000,
}, async (t) => {
  const box = await startVirtualBox(t);
  for (const disk of await diskFixtures()) {
    if (disk.readBy !== "VBoxManage") continue;
    const folder = await scratch(t, "disk");
    const path = await placeDisk(disk, folder);
    const raw = join(folder, "read.raw");
    for (let left = 4; ; left--) {
      // It finds parents among the disks that its service has seen, by their UUIDs. On a busy machine the service may end between two calls.
      for (const parent of disk.files.slice(1)) await box.manage("showmediuminfo", "disk", join(folder, parent.name));
      const cloned = await box.tryManage("clonemedium", "disk", path, raw, "--format", "RAW");
      if (cloned.status === 0) break;
      assert.ok(left > 1 && /is not found in the media registry/.test(cloned.stderr), cloned.stderr);
    }
    assert.equal(await hashFile(raw, disk.capacityBytes), disk.guestSha256, disk.id);
  }
});
