import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fit } from "../../src/appliance/fit.js";
import { samples } from "../../src/appliance/testing/samples.js";
import { parseDiskSpec } from "../../src/platforms/xen/disk-spec.js";
import { exportXl } from "../../src/platforms/xen/export.js";
import { parseXl } from "../../src/platforms/xen/grammar.js";
import { targets } from "../../src/targets/targets.js";
import { journeyAppliances } from "../support/journeys.js";
import { lacking, peerPath } from "./peers.js";
import { run } from "./run.js";
import { scratch } from "./scratch.js";

const skip = await lacking("xl-cfg-check");

/** Settings in every way that xl's grammar has. */
const CONFIG = `# a guest
name = "a \\"guest\\" with it's \\\\ marks"
type='hvm' # firmware
memory = 0x200;
vcpus=2
extra = 'it\\'s'
extra += " more"
vif = [ 'mac=00:16:3e:00:00:01, bridge=br0',
  "", # the second one
]
boot = "dc"
serial = [ "pty", 'file:/l', ]
`;

const DISKS: readonly string[] = [
  "file:/x/a.img,hda,w",
  "/x/b.qcow2,qcow2,hdb,rw",
  "format=vhd, vdev=hdc, access=ro, target=/x/c,d.vhd",
  "/x/e.img,,xvde",
  "tap:qcow2:/x/f,xvdf,r",
  "tap:aio:/x/g.img,hdg:cdrom,r",
  "/x/h.img,raw,xvdh,w,backendtype=qdisk,discard",
  "format=raw, vdev=hdc,devtype=cdrom,target=/a",
  "phy:/dev/x,sda1,w",
  "/dev/x,,hdz:cdrom,r",
  "/x/i.iso,,hdc,cdrom",
  "/x/i.iso,,hdc,,cdrom",
];

test("settings and disks are what Xen's own parser takes them for", { skip, timeout: 60_000 }, async (t) => {
  const folder = await scratch(t, "xl");
  const check = async (text: string): Promise<Record<string, unknown>> => {
    const file = join(folder, "guest.cfg");
    await writeFile(file, text);
    return JSON.parse((await run(await peerPath("xl-cfg-check"), [file], { timeout: 20_000 })).stdout);
  };
  const own = Object.fromEntries([...parseXl(CONFIG).settings].map(([name, { value }]) => [name, value]));
  const theirs = await check(CONFIG);
  assert.deepEqual(Object.keys(own).sort(), Object.keys(theirs).sort());
  for (const [name, value] of Object.entries(theirs)) {
    assert.deepEqual(typeof value === "number" ? Number(own[name]) : own[name], value, name);
  }
  const { disk } = await check(`disk = [ ${DISKS.map((text) => `"${text}"`).join(", ")} ]\n`);
  assert.deepEqual(
    DISKS.map((spec) => {
      const one = parseDiskSpec(spec);
      return {
        spec,
        target: one?.target,
        vdev: one?.vdev,
        format: one?.format,
        readwrite: one?.readOnly === false,
        cdrom: one?.cdrom,
      };
    }),
    disk,
  );
});

test("Xen's own parser takes what is written as it was meant", { skip, timeout: 120_000 }, async (t) => {
  const folder = await scratch(t, "xl-written");
  const target = targets.get("xen");
  for (const [name, make] of Object.entries({ ...samples, ...journeyAppliances })) {
    const fitted = fit(make(), target);
    const { configs } = exportXl(fitted.appliance, {});
    for (const [index, { bytes }] of configs.entries()) {
      const machine = fitted.appliance.machines[index] ?? assert.fail();
      const file = join(folder, "guest.cfg");
      await writeFile(file, bytes);
      const { stdout, stderr, status } = await run(await peerPath("xl-cfg-check"), [file], { timeout: 20_000 });
      assert.equal(status, 0, `${name}: ${stderr}`);
      const theirs = JSON.parse(stdout);
      assert.deepEqual(
        [theirs.name, theirs.memory, theirs.vcpus],
        [machine.name, machine.memoryBytes / 2 ** 20, machine.cpu.count],
        name,
      );
      const drives = machine.attachments.filter(({ device }) => device !== "floppy");
      assert.deepEqual(
        theirs.disk.map(({ cdrom, readwrite }: { cdrom: boolean; readwrite: boolean }) => [cdrom, readwrite]),
        drives.map(({ device, readOnly }) => [device === "cdrom", device === "disk" && !readOnly]),
        name,
      );
      assert.equal((theirs.vif ?? []).length, machine.nics.length, name);
    }
  }
});
