import assert from "node:assert/strict";
import { test } from "node:test";
import type { Appliance, Machine } from "../../src/appliance/appliance.js";
import { type GuestHints, lackingDriver } from "../../src/appliance/fit/guest-drivers.js";
import { fit } from "../../src/appliance/fit.js";
import type { Diagnostic } from "../../src/base/diagnostics.js";
import { targets } from "../../src/targets/targets.js";
import { anyAppliance } from "../support/arbitrary-appliance.js";
import { fc } from "../support/fast-check.js";

/** Facts of a machine, each with the codes that may speak of its change. */
const FACTS: readonly (readonly [fact: string, read: (m: Machine) => unknown, codes: RegExp])[] = [
  ["name", (m) => m.name, /^fit\/name-changed$/],
  ["annotation", (m) => m.annotation, /^fit\/text-cleaned$/],
  ["firmware", (m) => m.firmware, /^fit\/(?:firmware-assumed|secure-boot-dropped|no-such-firmware)$/],
  ["cpus", (m) => m.cpu.count, /^fit\/cpus-raised$/],
  ["cores per socket", (m) => m.cpu.coresPerSocket, /^fit\/cores-per-socket-dropped$/],
  ["memory", (m) => m.memoryBytes, /^fit\/memory-raised$/],
  [
    "number of drives",
    (m) => m.attachments.length,
    /^fit\/(?:drive-without-disk|no-room-for-disk|cdrom-dropped|floppy-dropped)$/,
  ],
  ["addresses", (m) => m.nics.map((n) => n.mac?.toLowerCase() ?? null), /^fit\/mac-dropped$/],
  ["boot order", (m) => m.boot.map((b) => b.device), /^fit\/boot-device-dropped$/],
];

function notesOf(notes: readonly Diagnostic[], machine: Machine): string[] {
  return notes.filter((n) => n.data?.machine === machine.id).map((n) => n.code);
}

/** Where a disk was: its bus, where the source names one. */
function busOf(m: Machine, disk: string | null): (string | null)[] {
  return m.attachments
    .filter((a) => a.device === "disk" && a.disk === disk)
    .map((a) => m.controllers.find((c) => c.id === a.controller)?.bus ?? null);
}

for (const target of targets.all) {
  test(`${target.id}: every change that fit makes has a note, and the result is what the target takes`, () => {
    fc.assert(
      fc.property(anyAppliance, (source) => {
        const before = JSON.stringify(source);
        const result = fit(source, target);
        assert.equal(JSON.stringify(source), before);
        for (const [index, machine] of source.machines.entries()) {
          const fitted = result.appliance.machines[index] as Machine;
          const codes = notesOf(result.notes, machine);
          for (const [fact, read, expected] of FACTS) {
            if (JSON.stringify(read(machine)) === JSON.stringify(read(fitted))) continue;
            assert.ok(
              codes.some((code) => expected.test(code)),
              `${fact}: ${JSON.stringify(read(machine))} -> ${JSON.stringify(read(fitted))}`,
            );
          }
          for (const disk of source.disks) {
            const [was, is] = [busOf(machine, disk.id), busOf(fitted, disk.id)];
            const moved = was.length === is.length && was.some((bus, i) => bus !== null && bus !== is[i]);
            if (moved) assert.ok(codes.includes("fit/disk-moved"), disk.id);
          }
          checkShape(result.appliance, fitted, result);
        }
      }),
      { numRuns: 150 },
    );
  });
}

/** A guest of which some drivers are known. */
const anyHints: fc.Arbitrary<GuestHints> = fc.record({
  drivers: fc.uniqueArray(
    fc.record({
      driver: fc.constantFrom("ata_piix", "ahci", "nvme", "mptsas", "vmw_pvscsi", "virtio_blk", "hv_storvsc", "e1000"),
      available: fc.constantFrom("yes", "no", "source-only", "unknown"),
      sure: fc.constantFrom("read", "likely"),
      reason: fc.constant("it is so"),
    }),
    { selector: ({ driver }) => driver },
  ),
  sourceDriver: fc.constantFrom(null, "ahci", "mptsas"),
  diskMoves: fc.boolean(),
  nicChanges: fc.constant(() => true),
});

for (const target of targets.all) {
  test(`${target.id}: what is known of guests' drivers moves boot disks to where they are driven, and costs no drive`, () => {
    fc.assert(
      fc.property(anyAppliance, anyHints, (source, hints) => {
        const plain = fit(source, target);
        const result = fit(source, target, new Map(source.machines.map(({ id }) => [id, hints])));
        for (const [index, machine] of source.machines.entries()) {
          const fitted = result.appliance.machines[index] as Machine;
          const usual = plain.appliance.machines[index] as Machine;
          checkShape(result.appliance, fitted, result);
          const note = result.notes.find(
            ({ code, data }) => code === "fit/bus-by-guest" && data?.machine === machine.id,
          );
          if (note === undefined) {
            assert.deepEqual([fitted.controllers, fitted.attachments], [usual.controllers, usual.attachments]);
            continue;
          }
          assert.ok(hints.diskMoves);
          const disks = (m: Machine): number => m.attachments.filter(({ device }) => device === "disk").length;
          assert.equal(disks(fitted), disks(usual));
          const driver = hints.drivers.find((known) => known.driver === note.data?.driver);
          assert.ok(driver?.available === "yes" || driver?.driver === hints.sourceDriver);
          assert.equal(lackingDriver(fitted, new Set(source.disks.map(({ id }) => id)), hints), null);
        }
      }),
      { numRuns: 60 },
    );
  });
}

function checkShape(appliance: Appliance, machine: Machine, result: ReturnType<typeof fit>): void {
  const shape = result.shapes.get(machine.id);
  assert.ok(shape !== undefined);
  const places = new Set<string>();
  const ids = machine.controllers.map((c) => c.id);
  assert.equal(new Set(ids).size, ids.length);
  const numbers = machine.controllers.map((c) => `${c.bus} ${c.index}`);
  assert.equal(new Set(numbers).size, numbers.length);
  for (const controller of machine.controllers) {
    const bus = shape.buses[controller.bus];
    assert.ok(bus !== undefined && controller.index < bus.controllers);
    if (bus.models !== undefined) assert.ok(bus.models.includes(controller.model ?? ""));
  }
  for (const drive of machine.attachments) {
    const controller = machine.controllers.find((c) => c.id === drive.controller);
    assert.ok(controller !== undefined);
    const bus = shape.buses[controller.bus];
    const slot = drive.slot;
    assert.ok(bus !== undefined && slot !== null && slot < bus.slots && bus.reserved?.includes(slot) !== true);
    if (drive.device === "cdrom" && shape.cdromBuses !== undefined)
      assert.ok(shape.cdromBuses.includes(controller.bus));
    assert.equal(drive.device === "floppy", controller.bus === "floppy");
    const place = `${drive.controller} ${slot}`;
    assert.ok(!places.has(place));
    places.add(place);
    if (drive.device === "disk") assert.ok(appliance.disks.some((d) => d.id === drive.disk));
  }
  for (const nic of machine.nics) if (shape.nicModels.length > 0) assert.ok(shape.nicModels.includes(nic.model ?? ""));
}
