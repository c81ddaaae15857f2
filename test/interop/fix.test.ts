/** What VirtualBox does with packages of other programs as they are, and after they were mended for it. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { startFerry } from "../support/ferry.js";
import { packageFixtures } from "../support/fixtures.js";
import { diskFile } from "../support/packages.js";
import { lacking, peerPath } from "./peers.js";
import { run } from "./run.js";
import { scratch } from "./scratch.js";
import { startVirtualBox } from "./virtualbox.js";

const ferry = startFerry();
after(() => ferry.close());
const skip = await lacking("VBoxManage", "ova-compose", "mkova");
const fixtures = await packageFixtures();

/** A machine for ova-compose, with what an item of hardware adds. */
function machine(item: string): string {
  return `system:
    name: kelp
    type: vmx-17
    os_vmw: debian11_64Guest
networks:
    net:
        name: "VM Network"
        description: ""
hardware:
    cpus: 1
    memory: 512
    scsi1:
        type: scsi_controller
    rootdisk:
        type: hard_disk
        parent: scsi1
        disk_image: one.vmdk
${item}`;
}

const EMPTY_DISK = "    empty:\n        type: hard_disk\n        parent: scsi1\n        disk_capacity: 64\n";

interface Refusal {
  readonly why: string;
  /** What VirtualBox 7.2 says. */
  readonly says: RegExp;
  readonly program: "ova-compose" | "mkova";
  /** The YAML of ova-compose. */
  readonly yaml?: string;
  readonly args: readonly string[];
}

const REFUSALS: readonly Refusal[] = [
  {
    why: "an archive with pax headers",
    says: /VERR_TAR_UNSUPPORTED_PAX_TYPE/,
    program: "ova-compose",
    yaml: machine(""),
    args: ["-i", "box.yaml", "-o", "box.ova", "--tar-format", "pax"],
  },
  {
    why: "a video card",
    says: /resource type 24|unknown/i,
    program: "ova-compose",
    yaml: machine("    videocard1:\n        type: video_card\n"),
    args: ["-i", "box.yaml", "-o", "box.ova"],
  },
  {
    why: "a disk without a file",
    says: /./,
    program: "ova-compose",
    yaml: machine(EMPTY_DISK),
    args: ["-i", "box.yaml", "-o", "box.ova"],
  },
  {
    why: "a disk whose Parent is empty",
    says: /./,
    program: "mkova",
    args: ["--hw", "20", "box", "one.vmdk", "two.vmdk"],
  },
];

for (const { why, says, program, yaml, args } of REFUSALS) {
  test(`VirtualBox refuses ${why}, and imports the package after it was mended for it`, { skip }, async (t) => {
    const box = await startVirtualBox(t);
    const folder = await scratch(t);
    for (const name of ["one.vmdk", "two.vmdk"]) {
      const disk = await diskFile("vmdk", "streamOptimized", {
        sectors: 8 * 2048,
        runs: [{ sector: 0, sectors: 64, content: "noise" }],
      });
      await writeFile(join(folder, name), disk);
    }
    if (yaml !== undefined) await writeFile(join(folder, "box.yaml"), yaml);
    await run(await peerPath(program), args, { cwd: folder, timeout: 60_000 });
    const before = await box.importAs(join(folder, "box.ova"), "before", 1);
    assert.notEqual(before.status, 0);
    assert.match(before.stderr, says);
    const fixed = await ferry.fix(join(folder, "box.ova"), join(folder, "fixed.ova"), { for: ["virtualbox-7"] });
    const then = await box.importAs(join(folder, "fixed.ova"), "fixed", 1);
    assert.equal(then.status, 0, `${then.stderr}\n${JSON.stringify(fixed.left, null, 1)}`);
    const again = await ferry.fix(join(folder, "fixed.ova"), join(folder, "again.ova"), { for: ["virtualbox-7"] });
    assert.deepEqual(again.changes, []);
  });
}

test("VirtualBox imports every package of other programs that we have, after it was mended for it", {
  skip,
}, async (t) => {
  const box = await startVirtualBox(t);
  const folder = await scratch(t);
  const wrong: string[] = [];
  const others = fixtures.filter(({ facts }) => facts.made.program !== "VBoxManage");
  assert.ok(others.length >= 10);
  for (const { name, source, facts } of others) {
    const fixed = join(folder, `${name}.ova`);
    await ferry.fix(source, fixed, { for: ["virtualbox-7"] });
    const { status, stderr } = await box.importAs(fixed, name, facts.appliance?.machines.length ?? 1);
    if (status !== 0) wrong.push(`${name}: ${stderr}`);
  }
  assert.deepEqual(wrong, []);
});

test("VirtualBox imports its own packages after they were mended to the letter", { skip }, async (t) => {
  const box = await startVirtualBox(t);
  const folder = await scratch(t);
  const wrong: string[] = [];
  for (const { name, source, facts } of fixtures.filter((fixture) => fixture.facts.made.program === "VBoxManage")) {
    const fixed = join(folder, `${name}.ova`);
    await ferry.fix(source, fixed, { level: "strict", for: ["virtualbox-7"] });
    const { status, stderr } = await box.importAs(fixed, name, facts.appliance?.machines.length ?? 1);
    if (status !== 0) wrong.push(`${name}: ${stderr}`);
  }
  assert.deepEqual(wrong, []);
});
