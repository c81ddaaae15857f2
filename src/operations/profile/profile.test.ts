import assert from "node:assert/strict";
import { test } from "node:test";
import { fit } from "../../appliance/fit.js";
import { settleWishes, wishesOfMachine } from "../../appliance/profile.js";
import { appliance, disk, drive, machine, nic } from "../../appliance/testing/samples.js";
import { noWishes, type Wishes } from "../../appliance/wish.js";
import { noDiskWish, wishedDisks } from "../../appliance/wished-disks.js";
import { applyWishes, unmetWishes } from "../../appliance/wishes.js";
import { GIB } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { targets } from "../../targets/targets.js";
import { parseProfile, sectionFor } from "./profile.js";

const two = () =>
  appliance({
    disks: [disk("root", { file: "web.vmdk" }), disk("data", { file: "db.vmdk" })],
    networks: [{ name: "lan", description: null }],
    machines: [
      machine({
        id: "a",
        name: "web",
        controllers: [{ id: "s", bus: "scsi", model: "lsilogic", index: 0 }],
        attachments: [drive("disk", { disk: "root", controller: "s", slot: 0 })],
        nics: [nic({ network: "lan" }), nic({ network: "lan" })],
      }),
      machine({ id: "b", name: "db", attachments: [drive("disk", { disk: "data" })] }),
    ],
  });

function settled(text: string, wishes: Partial<Wishes> = {}, ...words: string[]) {
  const { wishes: profile } = sectionFor(parseProfile(text, "house.yaml"), words);
  return settleWishes(two(), { ...noWishes, ...wishes }, profile);
}

test("what is said of one machine counts before what is said of all, and the command line before both", () => {
  const text = "cpus: 2\nmemory: 4GiB\nnic: virtio\nmachines:\n  db: { cpus: 8, nic: { 1: e1000 }, name: store }\n";
  const { wishes, unused } = settled(text);
  const db = wishesOfMachine(wishes, "b");
  assert.deepEqual(
    [db.cpus, db.memoryBytes, db.name, [...db.nics]],
    [
      8,
      4 * GIB,
      "store",
      [
        ["*", "virtio"],
        ["1", "e1000"],
      ],
    ],
  );
  assert.deepEqual([wishesOfMachine(wishes, "a").cpus, wishesOfMachine(wishes, "a").name, unused], [2, null, []]);
  const given = settled(text, { cpus: 1, nics: new Map([["*", "vmxnet3"]]) }).wishes;
  assert.deepEqual([wishesOfMachine(given, "b").cpus, [...wishesOfMachine(given, "b").nics]], [1, [["*", "vmxnet3"]]]);
  const { machines } = applyWishes(two(), {
    ...noWishes,
    profile: sectionFor(parseProfile(text, "x"), []).wishes,
  }).appliance;
  assert.deepEqual(
    machines.map(({ name, cpu, memoryBytes, nics }) => [name, cpu.count, memoryBytes, nics.map(({ model }) => model)]),
    [
      ["web", 2, 4 * GIB, ["virtio", "virtio"]],
      ["store", 8, 4 * GIB, []],
    ],
  );
});

test("a section of a version counts before its platform's, and that before the top", () => {
  const text = `
bus: sata
networks: { lan: one }
targets:
  vmware: { bus: scsi, networks: { lan: two }, options: { disks: monolithicFlat } }
  vsphere-8: { networks: { lan: three } }
  ova: { flavour: virtualbox, ovf-version: "1.0" }
  ova:vsphere: { cpus: 3 }
`;
  const profile = parseProfile(text, "house.yaml");
  const narrow = sectionFor(profile, ["vmware", "vsphere-8"]);
  assert.deepEqual(
    [narrow.wishes.networks.get("lan"), narrow.wishes.disks.get("*")?.bus, narrow.options.get("disks")],
    ["three", "scsi", "monolithicFlat"],
  );
  const wide = sectionFor(profile, ["libvirt"]);
  assert.deepEqual(
    [wide.wishes.networks.get("lan"), wide.wishes.disks.get("*")?.bus, wide.options.size],
    ["one", "sata", 0],
  );
  const ova = sectionFor(profile, ["ova", "ova:vsphere"]);
  assert.deepEqual([ova.flavour, ova.ovfVersion, ova.wishes.cpus], ["virtualbox", "1.0", 3]);
});

test("buses and formats: of one disk, of a machine, of all, and the command line over each", () => {
  const text = "bus: sata\ndisks: { root: { format: raw }, '*': { format: qcow2 } }\nmachines: { db: { bus: nvme } }\n";
  const of = (wishes: Partial<Wishes> = {}) =>
    [...wishedDisks(two(), settled(text, wishes).wishes)]
      .map(([id, { bus, format }]) => `${id} ${bus} ${format}`)
      .sort();
  assert.deepEqual(of(), ["data nvme qcow2", "root sata raw"]);
  assert.deepEqual(of({ buses: new Map([["*", "ide"]]) }), ["data ide qcow2", "root ide raw"]);
  assert.deepEqual(of({ buses: new Map([["web.vmdk", "ide"]]) }), ["data nvme qcow2", "root ide raw"]);
  assert.deepEqual(of({ disks: new Map([["*", { ...noDiskWish, format: "raw" }]]) }), [
    "data nvme raw",
    "root sata raw",
  ]);
});

test("names of other sources mean nothing, and are said", () => {
  const text =
    "networks: { wan: x, lan: y }\ndisks: { other: { bus: ide } }\nskip-disks: [gone, db.vmdk]\nmachines: { mail: { cpus: 2 } }\nonly: [web, mail]\n";
  const { wishes, unused } = settled(text);
  assert.deepEqual([...unused].sort(), [
    "disks.other",
    "machines.mail",
    "networks.wan",
    "only.mail",
    "skip-disks.gone",
  ]);
  assert.deepEqual([wishes.only, wishes.skipDisks, [...wishes.networks]], [["web"], ["db.vmdk"], [["lan", "y"]]]);
  const { notes } = applyWishes(two(), { ...noWishes, profile: sectionFor(parseProfile(text, "x"), []).wishes });
  assert.ok(notes.some(({ code }) => code === "fit/profile-unused"));
  assert.throws(
    () => applyWishes(two(), { ...noWishes, profile: sectionFor(parseProfile("only: [mail]", "x"), []).wishes }),
    {
      code: "convert/no-such-machine",
    },
  );
});

test("what a target cannot give one machine is an error, as it is for all", () => {
  const profile = sectionFor(parseProfile("machines: { web: { firmware: efi-secure } }", "x"), []).wishes;
  const target = targets.get("virtualbox-7");
  const { appliance: wished, wishes } = applyWishes(two(), { ...noWishes, profile });
  const none = unmetWishes(fit(wished, target).appliance, wishes, target.id);
  const aws = unmetWishes(
    { ...wished, machines: wished.machines.map((one) => ({ ...one, firmware: "bios" })) },
    wishes,
    "x",
  );
  assert.deepEqual([none.length, aws.map(({ code }) => code)], [0, ["fit/wish-not-met"]]);
});

for (const [what, text, code, line, column] of [
  ["a setting that is none", "cpu: 2\n", "config/unknown-key", 1, 1],
  ["a bus that is none", "cpus: 2\nbus: mfm\n", "config/bad-value", 2, 6],
  ["a number that is none", "cpus: many\n", "config/bad-value", 1, 7],
  ["no processors", "cpus: 0\n", "config/bad-value", 1, 7],
  ["a size that is none", "memory: 4 apples\n", "config/bad-value", 1, 9],
  ["a guest that nobody knows", "os: templeos\n", "config/bad-value", 1, 5],
  ["firmware that is none", "firmware: coreboot\n", "config/bad-value", 1, 11],
  ["a network without a name", "networks:\n  lan: ''\n", "config/bad-value", 2, 8],
  ["a list in place of names", "networks: [lan]\n", "config/bad-value", 1, 11],
  ["a card that has no number", "nic: { first: e1000 }\n", "config/bad-value", 1, 8],
  ["a disk with what disks do not have", "disks: { a: { size: 3 } }\n", "config/unknown-key", 1, 15],
  ["a machine with what machines do not have", "machines:\n  a: { networks: {} }\n", "config/unknown-key", 2, 8],
  ["options at the top", "options: { disks: raw }\n", "config/unknown-key", 1, 1],
  ["a target that is none", "targets: { vmwre: {} }\n", "config/bad-value", 1, 12],
  [
    "an option that the platform lacks",
    "targets: { libvirt: { options: { storage: x } } }\n",
    "config/unknown-key",
    1,
    34,
  ],
  [
    "a word that an option does not take",
    "targets: { libvirt: { options: { disks: vdi } } }\n",
    "config/bad-value",
    1,
    41,
  ],
  ["a flavour for a platform", "targets: { libvirt: { flavour: vsphere } }\n", "config/unknown-key", 1, 23],
  ["options for a package", "targets: { ova: { options: {} } }\n", "config/unknown-key", 1, 19],
  ["a setting twice", "cpus: 1\ncpus: 2\n", "config/bad-yaml", 2, 1],
  ["no map at all", "- cpus\n", "config/bad-value", 1, 1],
] as const) {
  test(`refused with its place: ${what}`, () => {
    assert.throws(
      () => parseProfile(text, "house.yaml"),
      (error: unknown) => {
        assert.ok(error instanceof FerryError);
        const place = error.location;
        assert.ok(place?.at === "text", what);
        assert.deepEqual([error.code, place.file, place.line, place.column], [code, "house.yaml", line, column]);
        return true;
      },
    );
  });
}
