/** The law of round trips: what a package says of a fitted appliance is what is read from it again, in every flavour and version. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Appliance, Machine } from "../../src/appliance/appliance.js";
import { fit } from "../../src/appliance/fit.js";
import { defaultLimits } from "../../src/base/limits.js";
import { openOvf } from "../../src/ovf/document.js";
import { checkStructure } from "../../src/ovf/schema/check.js";
import type { SchemaVersion } from "../../src/ovf/schema/versions.js";
import { bootSequence } from "../../src/platforms/boot-sequence.js";
import { exportOvf, type OvfExport } from "../../src/platforms/ovf/export.js";
import { flavours, type OvfFlavour, profileOf, type WrittenVersion } from "../../src/platforms/ovf/flavours.js";
import { importOvf } from "../../src/platforms/ovf/import.js";
import { nicChip, scsiChip } from "../../src/targets/chips.js";
import { parseXml } from "../../src/xml/parse.js";
import { anyAppliance } from "../support/arbitrary-appliance.js";
import { fc } from "../support/fast-check.js";

const SCHEMAS: Readonly<Record<WrittenVersion, SchemaVersion>> = {
  "1.0": "1.0.0",
  "1.1": "1.1.0",
  "2.0": "2.0.1",
  "2.1": "2.0.1",
};

function fittedFor(source: Appliance, flavour: OvfFlavour): Appliance {
  return fit(source, profileOf(flavour)).appliance;
}

function written(exported: OvfExport): Uint8Array {
  const files = new Map(exported.files.map(({ name }, i) => [name, 1000 + i]));
  return exported.render({ files, populated: new Map() });
}

function readBack(exported: OvfExport): { readonly appliance: Appliance; readonly errors: readonly string[] } {
  const errors: string[] = [];
  const document = openOvf(parseXml(written(exported), exported.name, defaultLimits), () => {});
  const find = (href: string): { name: string; size: number } | undefined =>
    exported.files.some(({ name }) => name === href) ? { name: href, size: 1000 } : undefined;
  const facts = { name: exported.name, find, references: "report" } as const;
  const appliance = importOvf(document, facts, {}, ({ severity, code, message }) => {
    if (severity === "error") errors.push(`${code} ${message}`);
  });
  return { appliance, errors };
}

/** A text as a descriptor brings it back: line ends are one character, and blanks at the ends are layout. */
function asXml(text: string | null): string | null {
  return text === null ? null : text.replace(/\r\n?/g, "\n").trim() || null;
}

/** The devices that are tried, by their places. */
function bootOf(machine: Machine): readonly string[] {
  if (machine.boot.length === 0) return [];
  return bootSequence(machine).map((step) =>
    "drive" in step ? `drive ${machine.attachments.indexOf(step.drive)}` : `card ${machine.nics.indexOf(step.nic)}`,
  );
}

/** What a package says of a machine, ids and words of flavours left aside. */
function seen(appliance: Appliance, machine: Machine, { vmware }: OvfFlavour, version: WrittenVersion): unknown {
  const controllers = new Map(machine.controllers.map((controller) => [controller.id, controller]));
  const ranks = new Map<string, number>();
  for (const bus of new Set(machine.controllers.map((c) => c.bus))) {
    const same = machine.controllers.filter((c) => c.bus === bus).sort((a, b) => a.index - b.index);
    for (const [i, { id }] of same.entries()) ranks.set(id, i);
  }
  const place = (id: string | null): string | null => {
    const controller = id === null ? undefined : controllers.get(id);
    return controller === undefined || controller.bus === "floppy"
      ? null
      : `${controller.bus} ${ranks.get(controller.id)}`;
  };
  return {
    name: machine.name,
    annotation: asXml(machine.annotation),
    cpus: machine.cpu.count,
    cores: vmware ? machine.cpu.coresPerSocket : null,
    memory: machine.memoryBytes,
    bounds: machine.bounds,
    firmware: vmware ? machine.firmware : null,
    install: machine.install,
    transports: machine.transports,
    controllers: machine.controllers
      .filter(({ bus }) => bus !== "floppy")
      .map((c) => `${place(c.id)} ${vmware && c.bus === "scsi" ? scsiChip(c.model ?? "") : ""}`)
      .sort(),
    drives: machine.attachments.map(({ device, disk, file, controller, slot }) => ({
      device,
      capacity: appliance.disks.find(({ id }) => id === disk)?.capacityBytes ?? null,
      image: file !== null && appliance.files.some(({ id }) => id === file),
      place: place(controller),
      slot,
    })),
    nics: machine.nics.map(({ network, mac, model, connected }) => ({
      network,
      mac,
      connected,
      chip: model === null ? null : (nicChip(model) ?? model),
    })),
    boot: vmware || version.startsWith("2.") ? bootOf(machine) : [],
  };
}

for (const flavour of flavours) {
  for (const version of flavour.versions) {
    test(`${flavour.id} ${version}: a package says what was fitted, and is built as the schemas want`, () => {
      fc.assert(
        fc.property(anyAppliance, (source) => {
          const fitted = fittedFor(source, flavour);
          const exported = exportOvf(fitted, { flavour, version });
          const again = readBack(exported);
          assert.deepEqual(again.errors, []);
          const machines = new Map(again.appliance.machines.map((machine) => [machine.name, machine]));
          assert.equal(machines.size, fitted.machines.length);
          for (const machine of fitted.machines) {
            const back = machines.get(machine.name);
            assert.ok(back !== undefined, machine.name);
            assert.deepEqual(seen(again.appliance, back, flavour, version), seen(fitted, machine, flavour, version));
          }
          const xml = parseXml(written(exported), exported.name, defaultLimits);
          assert.deepEqual(
            [...checkStructure(xml, SCHEMAS[version])]
              .map(({ message }) => message)
              .filter((message) => !message.startsWith("vmw:BootOrderSection is a section that the schema")),
            [],
          );
        }),
        { numRuns: 60, includeErrorInReport: true },
      );
    });
  }
}

test("nothing of one vendor is in a package by the standard alone", () => {
  const [strict] = flavours.filter(({ id }) => id === "strict");
  assert.ok(strict !== undefined);
  fc.assert(
    fc.property(anyAppliance, (source) => {
      for (const version of strict.versions) {
        const text = new TextDecoder().decode(
          written(exportOvf(fittedFor(source, strict), { flavour: strict, version })),
        );
        assert.doesNotMatch(text, /xmlns:(?!ovf|rasd|vssd|epasd|bootc|boots|xsi)/);
      }
    }),
    { numRuns: 50 },
  );
});
