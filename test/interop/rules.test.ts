/** What the rules say that VirtualBox refuses, held against VirtualBox. */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { descriptorOf, type Example, exampleItem, usualItems } from "../../src/rules/example.js";
import { lacking } from "./peers.js";
import { scratch } from "./scratch.js";
import { startVirtualBox } from "./virtualbox.js";

const skip = await lacking("VBoxManage");

const MEMORY = "<rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits>";

const swapped = (from: string, to: string): Example => {
  assert.ok(usualItems.includes(from), from);
  return { items: usualItems.replace(from, to) };
};

const disk = (attributes: string): Example => ({
  disks: `<Disk ovf:diskId="disk1" ovf:fileRef="file1" ${attributes}/>`,
});

/** The rule, what breaks it, and what VirtualBox says of it. */
const REFUSED: readonly (readonly [code: string, example: Example, says: RegExp])[] = [
  ["ovf/parent-missing", swapped("<rasd:Parent>3", "<rasd:Parent>99"), /invalid parent "99"/],
  ["ovf/parent-no-controller", swapped("<rasd:Parent>3", "<rasd:Parent>5"), /invalid parent "5"/],
  [
    "ovf/host-resource-missing",
    swapped("ovf:/disk/disk1", "ovf:/disk/none"),
    /invalid host resource "ovf:\/disk\/none"/,
  ],
  [
    "ovf/item-type-reserved",
    { moreItems: exampleItem({ ElementName: "x", InstanceID: 9, ResourceType: 34 }) },
    /Unknown resource type 34/,
  ],
  ["ovf/item-type-missing", { moreItems: exampleItem({ ElementName: "x", InstanceID: 9 }) }, /ResourceType/],
  ["ovf/memory-unit-invalid", swapped("byte * 2^20", "blocks"), /Invalid allocation unit "blocks"/],
  ["ovf/memory-unit-missing", swapped(MEMORY, ""), /Invalid allocation unit ""/],
  ["ovf/item-unit-spelling", swapped("byte * 2^20", "byte*1024*1024"), /Invalid allocation unit/],
  ["ovf/disk-format-missing", disk('ovf:capacity="8388608"'), /attribute 'format'/],
  ["ovf/disk-capacity-missing", disk('ovf:format="http://www.vmware.com/specifications/vmdk.html"'), /'capacity'/],
];

/** What it takes, so that a refusal is one of the thing that differs. */
const TAKEN: readonly Example[] = [
  {},
  swapped("byte * 2^20", "MegaBytes"),
  swapped("ovf:/disk/disk1", "/disk/disk1"),
  swapped("lsilogic", "buslogic,lsilogic"),
  { moreItems: exampleItem({ ElementName: "x", InstanceID: 9, ResourceType: 34 }, 'ovf:required="false"') },
];

test("VirtualBox refuses what the rules say that it refuses, and nothing else of the same machine", {
  skip,
}, async (t) => {
  const box = await startVirtualBox(t);
  const folder = await scratch(t, "rules");
  const read = async (name: string, example: Example): Promise<{ readonly ok: boolean; readonly said: string }> => {
    await mkdir(join(folder, name));
    const path = join(folder, name, "box.ovf");
    await writeFile(path, descriptorOf(example));
    const ran = await box.tryManage("import", path, "--dry-run");
    return { ok: ran.status === 0, said: ran.stderr };
  };
  for (const [i, example] of TAKEN.entries()) {
    const { ok, said } = await read(`taken-${i}`, example);
    assert.ok(ok, `${JSON.stringify(example)}: ${said}`);
  }
  for (const [code, example, says] of REFUSED) {
    const { ok, said } = await read(code.replace("/", "-"), example);
    assert.ok(!ok, `${code} is taken`);
    assert.match(said, says, code);
  }
});
