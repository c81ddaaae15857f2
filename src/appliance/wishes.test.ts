import assert from "node:assert/strict";
import { test } from "node:test";
import { GIB } from "../base/bytes.js";
import { FerryError } from "../base/errors.js";
import { targets } from "../targets/targets.js";
import type { Appliance } from "./appliance.js";
import { fit } from "./fit.js";
import { appliance, biosIdeCd, disk, drive, efiSataVirtio, machine, nic, scsiMultiDisk } from "./testing/samples.js";
import { noWishes, type Wishes } from "./wish.js";
import { applyWishes, unmetWishes } from "./wishes.js";

const wished = (source: Appliance, wishes: Partial<Wishes>): Appliance =>
  applyWishes(source, { ...noWishes, ...wishes }).appliance;
const refused = (source: Appliance, wishes: Partial<Wishes>): string => {
  try {
    wished(source, wishes);
  } catch (error) {
    if (error instanceof FerryError) return error.code;
    throw error;
  }
  return "nothing";
};
const unmet = (
  source: Appliance,
  wishes: Partial<Wishes>,
  id: Parameters<typeof targets.get>[0],
): readonly string[] => {
  const all = { ...noWishes, ...wishes };
  const fitted = fit(applyWishes(source, all).appliance, targets.get(id)).appliance;
  return unmetWishes(fitted, all, id).map(({ message }) => message);
};

/** Two machines that share a disk, each with another one. */
const pair = (): Appliance =>
  appliance({
    disks: [disk("own"), disk("both"), disk("base"), disk("other", { parent: "base" })],
    networks: [{ name: "lan", description: "the wire" }],
    machines: [
      machine({
        id: "a",
        name: "alpha",
        attachments: [drive("disk", { disk: "own" }), drive("disk", { disk: "both" })],
        nics: [nic({ network: "lan", mac: "00:50:56:00:00:01" }), nic({ kind: "nat" })],
        boot: [
          { device: "disk", index: 1 },
          { device: "disk", index: 0 },
        ],
      }),
      machine({
        id: "b",
        name: "beta",
        attachments: [drive("disk", { disk: "both" }), drive("disk", { disk: "other" })],
      }),
    ],
    startup: [
      { machine: "a", order: 1, startDelaySeconds: 0 },
      { machine: "b", order: 2, startDelaySeconds: 0 },
    ],
    groups: [{ id: "g", name: null, members: ["a", "b"] }],
  });

test("nothing wished leaves everything as it is", () => {
  const source = pair();
  assert.deepEqual(applyWishes(source, noWishes), { appliance: source, notes: [], wishes: noWishes });
});

test("one machine comes with its disks, and those of the others stay behind", () => {
  const only = wished(pair(), { only: ["beta"] });
  assert.deepEqual(
    [only.machines, only.disks, only.startup].map((list) =>
      list.map((item) => ("id" in item ? item.id : item.machine)),
    ),
    [["b"], ["both", "base", "other"], ["b"]],
  );
  assert.deepEqual(only.groups[0]?.members, ["b"]);
  assert.equal(refused(pair(), { only: ["gamma"] }), "convert/no-such-machine");
});

test("a disk that is left out takes its place in the boot order along", () => {
  const [a, b] = wished(pair(), { skipDisks: ["own.vmdk"] }).machines;
  assert.deepEqual(
    a?.attachments.map(({ disk: id }) => id),
    ["both"],
  );
  assert.deepEqual(a?.boot, [{ device: "disk", index: 0 }]);
  assert.equal(b?.attachments.length, 2);
  assert.equal(refused(pair(), { skipDisks: ["x"] }), "convert/no-such-disk");
});

test("networks get other names, and cards without one get that of all others", () => {
  const source = wished(pair(), {
    networks: new Map([
      ["lan", "VM Network"],
      ["*", "lab"],
    ]),
  });
  assert.deepEqual(
    source.machines[0]?.nics.map(({ network, kind }) => [network, kind]),
    [
      ["VM Network", "network"],
      ["lab", "network"],
    ],
  );
  assert.deepEqual(
    source.networks.map(({ name }) => name),
    ["VM Network", "lab"],
  );
  assert.equal(refused(pair(), { networks: new Map([["wan", "x"]]) }), "convert/no-such-network");
});

test("addresses, models and sizes are those that are wanted", () => {
  const [a] = wished(pair(), {
    only: ["a"],
    name: "web",
    macs: "new",
    nics: new Map([
      ["*", "virtio"],
      ["1", "e1000"],
    ]),
    cpus: 4,
    memoryBytes: GIB,
    os: "debian12",
  }).machines;
  assert.deepEqual(
    a?.nics.map(({ mac, model }) => [mac, model]),
    [
      [null, "virtio"],
      [null, "e1000"],
    ],
  );
  assert.deepEqual([a?.name, a?.cpu.count, a?.memoryBytes, a?.guestOs.vmware], ["web", 4, GIB, "debian12-64"]);
  assert.equal(refused(pair(), { name: "web" }), "convert/one-name");
  assert.equal(refused(pair(), { os: "debiantwelve" }), "convert/unknown-guest");
});

test("disks hang on the bus that is wanted, or the plan is refused", () => {
  const fitted = fit(
    wished(scsiMultiDisk(), {
      buses: new Map([
        ["*", "sata"],
        ["d3", "virtio-blk"],
      ]),
    }),
    targets.get("libvirt"),
  );
  const [db] = fitted.appliance.machines;
  assert.deepEqual(
    db?.attachments.map(({ disk: id, controller }) => [id, db.controllers.find((c) => c.id === controller)?.bus]),
    [
      ["d0", "sata"],
      ["d1", "sata"],
      ["d2", "sata"],
      ["d3", "virtio-blk"],
    ],
  );
  assert.deepEqual(unmet(scsiMultiDisk(), { buses: new Map([["*", "nvme"]]) }, "libvirt").length, 4);
  assert.deepEqual(unmet(biosIdeCd(), { nics: new Map([["0", "vmxnet3"]]) }, "hyperv-2022"), [
    "old: hyperv-2022 has no network card vmxnet3",
  ]);
  assert.deepEqual(unmet(efiSataVirtio(), { firmware: "bios" }, "libvirt"), []);
  assert.deepEqual(unmet(efiSataVirtio(), { nics: new Map([["*", "E1000"]]) }, "workstation-17"), []);
});
