/** The YAML of an appliance says what the appliance says: written and read again, it is the same one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Appliance } from "../../src/appliance/appliance.js";
import { writeSpec } from "../../src/operations/build/write-spec.js";
import { macFromText, uuidFromText } from "../../src/platforms/names-of-devices.js";
import { anyAppliance } from "../support/arbitrary-appliance.js";
import { fc } from "../support/fast-check.js";
import { factsIn, readAgain } from "../support/spec.js";

/** Appliances without what no machine has: drives with disks that are not there, files without names, addresses that are none. */
const sane: fc.Arbitrary<Appliance> = anyAppliance.map((appliance) => {
  const disks = appliance.disks.map((disk, i) => ({ ...disk, file: disk.file === null ? null : `disk${i}.img` }));
  const known = new Set(disks.map(({ id }) => id));
  const images = new Set(appliance.files.map(({ id }) => id));
  const [first] = known;
  return {
    ...appliance,
    disks,
    networks: [...new Map(appliance.networks.map((network) => [network.name, network])).values()],
    files: appliance.files.map((file, i) => ({ ...file, name: `file${i}.bin` })),
    machines: appliance.machines.map((machine) => ({
      ...machine,
      nvram: images.has(machine.nvram ?? "") ? machine.nvram : null,
      uuid: uuidFromText(machine.uuid),
      cpu: {
        ...machine.cpu,
        count: Math.max(1, machine.cpu.count),
        coresPerSocket: machine.cpu.coresPerSocket || null,
        threadsPerCore: machine.cpu.threadsPerCore || null,
        max: machine.cpu.max || null,
      },
      attachments: machine.attachments.map((drive) =>
        drive.device !== "disk"
          ? { ...drive, disk: null, file: images.has(drive.file ?? "") ? drive.file : null }
          : first === undefined
            ? { ...drive, device: "cdrom", disk: null, file: null }
            : { ...drive, disk: known.has(drive.disk ?? "") ? drive.disk : first, file: null },
      ),
      nics: machine.nics.map((nic) => ({ ...nic, mac: macFromText(nic.mac) })),
      boot: machine.boot.map((step) => ({ ...step, index: null })),
    })),
  } satisfies Appliance;
});

test("an appliance that is written as YAML and read again says the same facts", async () => {
  await fc.assert(
    fc.asyncProperty(sane, async (appliance) => {
      const { text } = writeSpec({ appliance, options: new Map(), fileName: (name) => name });
      const again = await readAgain(text);
      assert.deepEqual(factsIn(again), factsIn(appliance), text);
    }),
  );
});

test("what an option changes is written, and nothing else", async () => {
  await fc.assert(
    fc.asyncProperty(sane, fc.integer({ min: 1, max: 64 }), async (appliance, cpus) => {
      const options = [
        { id: "usual", label: "Usual", default: true },
        { id: "large", label: "Large", default: false },
      ];
      const usual: Appliance = { ...appliance, options };
      const machines = usual.machines.map((machine) => ({ ...machine, cpu: { ...machine.cpu, count: cpus } }));
      const large = new Map([["large", { ...usual, machines }]]);
      const { text } = writeSpec({ appliance: usual, options: large, fileName: (name) => name });
      const said = await readAgain(text, (machine, authored) => {
        const own = authored.machines.get(machine.id)?.options ?? [];
        assert.deepEqual(
          own.map((one) => [one.option, one.cpus]),
          machine.cpu.count === cpus ? [] : [["large", cpus]],
        );
      });
      assert.deepEqual(said.options, options);
    }),
  );
});
