import assert from "node:assert/strict";
import { test } from "node:test";
import { targets } from "../targets/targets.js";
import type { Appliance } from "./appliance.js";
import { fit } from "./fit.js";
import { scsiMultiDisk } from "./testing/samples.js";
import { noWishes, type Wishes } from "./wish.js";
import { type DiskWish, noDiskWish, wishedDisks } from "./wished-disks.js";
import { applyWishes, unmetWishes } from "./wishes.js";

const of = (disks: Readonly<Record<string, Partial<DiskWish>>>): Wishes => ({
  ...noWishes,
  disks: new Map(Object.entries(disks).map(([id, wish]) => [id, { ...noDiskWish, ...wish }])),
});

/** Where each disk hangs: bus, and the controller's model. */
function places({ machines }: Appliance): readonly string[] {
  return machines.flatMap(({ attachments, controllers }) =>
    attachments.flatMap(({ disk, controller }) => {
      const own = controllers.find(({ id }) => id === controller);
      return disk === null ? [] : [`${disk} ${own?.bus} ${own?.model ?? "-"}`];
    }),
  );
}

test("what is said of one disk counts before what is said of all others, and a bus of its own before --bus", () => {
  const source = scsiMultiDisk();
  const [first = "", second = ""] = source.disks.map(({ id }) => id);
  const wishes: Wishes = {
    ...of({ [first]: { format: "raw", bus: "sata" }, "*": { format: "qcow2", variant: "compressed" } }),
    buses: new Map([
      [first, "ide"],
      ["*", "nvme"],
    ]),
  };
  const wanted = wishedDisks(source, wishes);
  assert.deepEqual(wanted.get(first), { ...noDiskWish, format: "raw", bus: "sata" });
  assert.deepEqual(wanted.get(second), { ...noDiskWish, format: "qcow2", variant: "compressed", bus: "nvme" });
});

test("a disk is named by its id or its file, and one that is not there is refused", () => {
  const source = scsiMultiDisk();
  const [disk] = source.disks;
  assert.ok(disk?.file != null);
  assert.equal(wishedDisks(source, of({ [disk.file]: { format: "raw" } })).get(disk.id)?.format, "raw");
  assert.throws(() => wishedDisks(source, of({ nowhere: { format: "raw" } })), { code: "convert/no-such-disk" });
});

test("a controller's model is a place by itself: its chip, by any platform's word for it", () => {
  const source = scsiMultiDisk();
  const [first = ""] = source.disks.map(({ id }) => id);
  const wishes = of({ [first]: { controller: "lsisas1068" } });
  const { appliance } = applyWishes(source, wishes);
  const [before] = places(source);
  assert.notEqual(before, `${first} scsi lsisas1068`);
  assert.equal(places(appliance)[0], `${first} scsi lsisas1068`);
  assert.deepEqual(places(appliance).slice(1), places(source).slice(1));
  const vmware = fit(appliance, targets.get("workstation-17")).appliance;
  assert.deepEqual(unmetWishes(vmware, wishes, "workstation-17"), []);
  const virtio = of({ [first]: { controller: "virtio-scsi-pci" } });
  assert.match(places(applyWishes(source, virtio).appliance)[0] ?? "", /virtio-scsi/);
});

test("a bus or a model that the target lacks is an error", () => {
  const source = scsiMultiDisk();
  const [first = ""] = source.disks.map(({ id }) => id);
  for (const [wish, id] of [
    [{ controller: "buslogic" }, "libvirt"],
    [{ bus: "nvme" }, "libvirt"],
  ] as const) {
    const wishes = of({ [first]: wish });
    const fitted = fit(applyWishes(source, wishes).appliance, targets.get(id)).appliance;
    const unmet = unmetWishes(fitted, wishes, id);
    assert.deepEqual(
      unmet.map(({ code, severity }) => [code, severity]),
      [["fit/wish-not-met", "error"]],
      JSON.stringify(wish),
    );
  }
});
