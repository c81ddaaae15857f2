/** What is written for XenServer is what xapi's importer takes, and what is read back is what was fitted. */
import assert from "node:assert/strict";
import { it } from "node:test";
import type { Appliance, Machine } from "../../src/appliance/appliance.js";
import { fit } from "../../src/appliance/fit.js";
import { testContext } from "../../src/io/testing/context.js";
import { xvaBytes } from "../../src/package/xva/testing/archive.js";
import { exportXenserver } from "../../src/platforms/xenserver/export.js";
import { ownUuid } from "../../src/platforms/xenserver/export-records.js";
import { readOvaXml } from "../../src/platforms/xenserver/import.js";
import { targets } from "../../src/targets/targets.js";
import { anyAppliance } from "../support/arbitrary-appliance.js";
import { fc } from "../support/fast-check.js";
import { importXva } from "../support/xapi.js";

function fitted(appliance: Appliance): Appliance {
  return fit(appliance, targets.get("xenserver-8")).appliance;
}

/** Written and read. Disks of no bytes have no chunks, so that the archive is the description alone. */
function again(appliance: Appliance): Appliance {
  const disks = appliance.disks.map((disk) => ({ ...disk, capacityBytes: 0 }));
  const { configs } = exportXenserver({ ...appliance, disks }, {});
  const bytes = configs[0]?.bytes ?? assert.fail();
  importXva(xvaBytes([["ova.xml", bytes]]));
  const read = readOvaXml({ name: "x", label: "x.xva", bytes }, testContext());
  return read.appliance({ find: (path) => ({ name: path, size: 1 }) }, () => {});
}

/** Facts that the records say, in the words of the target. */
function facts(machine: Machine, appliance: Appliance): object {
  const hvm = (machine.virtualization ?? "hvm") === "hvm";
  const kinds = [...new Set(machine.boot.map(({ device }) => device))];
  const { dynamicMemory: range, memoryBytes } = machine;
  const step = appliance.startup.find((start) => start.machine === machine.id);
  return {
    name: machine.name,
    annotation: machine.annotation || null,
    virtualization: machine.virtualization ?? "hvm",
    firmware: hvm ? machine.firmware : null,
    tpm: machine.tpm === null ? null : "2.0",
    cpus: [machine.cpu.count, machine.cpu.coresPerSocket],
    nested: hvm ? machine.cpu.nested : null,
    memory: [
      memoryBytes,
      Math.min(range?.minBytes ?? memoryBytes, memoryBytes),
      Math.max(range?.maxBytes ?? memoryBytes, memoryBytes),
    ],
    boot: hvm ? (kinds.length === 0 ? "default" : kinds) : null,
    video: hvm ? (machine.video?.memoryBytes ?? null) : null,
    disks: machine.attachments
      .filter(({ device }) => device === "disk")
      .map(({ readOnly }) => readOnly)
      .sort(),
    cds: machine.attachments.filter(({ device }) => device === "cdrom").length,
    nics: machine.nics.map(({ model, mac, connected }) => [model, mac, connected]),
    networks: machine.nics.map(({ network }) => network ?? "Pool-wide network associated with eth0"),
    start: (step?.order ?? 0) > 0 || (step?.startDelaySeconds ?? 0) > 0 ? [step?.order, step?.startDelaySeconds] : null,
  };
}

/** An order that was left out is XenServer's own. */
function settled(of: object): object {
  const { boot, ...rest } = of as { boot: unknown };
  return { ...rest, boot: boot === "default" ? ["disk", "cdrom", "network"] : boot };
}

/** References are given out in the order of writing. */
function withoutReferences({ disks, ...rest }: Appliance): object {
  return { ...rest, disks: disks.map((disk) => ({ ...disk, file: null })), origins: null };
}

it("an appliance that was fitted comes back with every fact that the records say", () => {
  fc.assert(
    fc.property(anyAppliance, (appliance) => {
      const before = fitted(appliance);
      const after = again(before);
      assert.equal(after.machines.length, before.machines.length);
      for (const [i, machine] of before.machines.entries()) {
        const back = after.machines[i] ?? assert.fail();
        const own = ownUuid(machine, before);
        if (own !== null) assert.equal(back.uuid, own);
        assert.deepEqual(settled(facts(back, after)), settled(facts(machine, before)));
      }
    }),
    { numRuns: 150 },
  );
});

it("what was read is written as it was: nothing changes the second time", () => {
  fc.assert(
    fc.property(anyAppliance, (appliance) => {
      const once = again(fitted(appliance));
      const twice = again(once);
      assert.deepEqual(withoutReferences(twice), withoutReferences(once));
    }),
    { numRuns: 100 },
  );
});
