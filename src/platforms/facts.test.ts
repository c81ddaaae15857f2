import assert from "node:assert/strict";
import { test } from "node:test";
import { appliance, cpu, disk, drive, machine, nic } from "../appliance/testing/samples.js";
import { MIB } from "../base/bytes.js";
import { factLosses, type HeldFact } from "./facts.js";
import { commonLosses } from "./losses.js";

const full = appliance({
  disks: [disk("d", { shared: true })],
  machines: [
    machine({
      uuid: "564d1a2b-3c4d-5e6f-7081-92a3b4c5d6e7",
      chipset: "q35",
      virtualization: "pv",
      tpm: "2.0",
      directBoot: { kernel: null, initrd: null, arguments: "ro", loader: "pygrub" },
      cpu: { ...cpu(2), threadsPerCore: 2, max: 8, nested: true },
      dynamicMemory: { minBytes: 256 * MIB, maxBytes: 512 * MIB },
      serialPorts: [{ index: 0, backing: "pty", target: null }],
      sound: "hda",
      video: { model: "qxl", memoryBytes: null, heads: 2 },
      clock: "localtime",
      attachments: [drive("disk", { disk: "d", readOnly: true })],
      nics: [nic({ kind: "nat", vlan: 7 })],
    }),
  ],
});
const told = (holds: ReadonlySet<HeldFact>): string[] =>
  full.machines.flatMap((m) => factLosses(full, m, "X", holds).map(({ data }) => String(data?.fact)));

test("each fact that a platform does not hold is one note, and none of those that it does", () => {
  const all = told(new Set());
  assert.equal(new Set(all).size, 16);
  for (const fact of all)
    assert.deepEqual(
      told(new Set([fact as HeldFact])),
      all.filter((other) => other !== fact),
    );
});

test("what nobody said is no loss", () => {
  assert.deepEqual(factLosses(full, machine(), "X", new Set()), []);
});

test("a disk that is shared with machines elsewhere is one, too", () => {
  const codes = (holds: readonly HeldFact[]): string[] =>
    commonLosses(full, "X", { files: new Set(), holds: new Set(holds) }).map(({ code }) => code);
  assert.ok(codes([]).includes("platform/disk-shared"));
  assert.ok(!codes(["sharedDisks"]).includes("platform/disk-shared"));
});
