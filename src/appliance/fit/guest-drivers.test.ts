import assert from "node:assert/strict";
import { test } from "node:test";
import type { TargetId } from "../../base/ids.js";
import { targets } from "../../targets/targets.js";
import type { Appliance } from "../appliance.js";
import { type FitResult, fit } from "../fit.js";
import { efiSataVirtio, scsiMultiDisk } from "../testing/samples.js";
import type { GuestHints, KnownDriver } from "./guest-drivers.js";

const known = (
  driver: string,
  available: KnownDriver["available"],
  sure: KnownDriver["sure"] = "read",
): KnownDriver => ({
  driver,
  available,
  sure,
  reason: "the test says so",
});

function fitted(
  source: Appliance,
  id: TargetId,
  drivers: readonly KnownDriver[],
  parts: Partial<GuestHints> = {},
): FitResult {
  const hints: GuestHints = { drivers, sourceDriver: null, diskMoves: true, nicChanges: () => true, ...parts };
  return fit(source, targets.get(id), new Map(source.machines.map((machine) => [machine.id, hints])));
}

/** Disks with the bus and the model that they hang on. */
function places({ appliance: { machines } }: FitResult): readonly string[] {
  return machines.flatMap(({ attachments, controllers }) =>
    attachments.flatMap(({ disk, controller }) => {
      const own = controllers.find(({ id }) => id === controller);
      return disk === null ? [] : [`${disk} ${own?.bus} ${own?.model ?? "-"}`];
    }),
  );
}
const codes = ({ notes }: FitResult): readonly string[] => notes.map(({ code }) => code);

test("a boot disk goes where the guest has a driver, with the disks beside it, and the others stay", () => {
  const plain = fit(scsiMultiDisk(), targets.get("libvirt"));
  assert.deepEqual(places(plain).slice(0, 2), ["d0 scsi mptsas1068", "d1 scsi mptsas1068"]);
  const result = fitted(scsiMultiDisk(), "libvirt", [known("mptsas", "no"), known("ahci", "yes", "likely")]);
  assert.deepEqual(places(result), ["d0 sata -", "d1 sata -", ...places(plain).slice(2)]);
  const note = result.notes.find(({ code }) => code === "fit/bus-by-guest");
  assert.deepEqual(
    [note?.severity, note?.data?.driver, note?.data?.lacking, note?.data?.sure],
    ["info", "ahci", "mptsas", "likely"],
  );
});

test("a model of the same bus is a place, too, and the machine's other shape has more", () => {
  const pvscsi = fitted(scsiMultiDisk(), "libvirt", [known("mptsas", "no"), known("vmw_pvscsi", "yes")]);
  assert.deepEqual(places(pvscsi).slice(0, 2), ["d0 scsi pvscsi", "d1 scsi pvscsi"]);
  const piix = fitted(scsiMultiDisk(), "libvirt", [known("mptsas", "no"), known("ata_piix", "yes")]);
  assert.deepEqual([places(piix)[0], piix.shapes.get("db")?.id], ["d0 ide -", "pc"]);
});

test("nothing moves where a place was wanted, nothing is known, the driver is there, or no place is better", () => {
  const usual = places(fit(scsiMultiDisk(), targets.get("libvirt")));
  const lacks = [known("mptsas", "no"), known("ahci", "yes")];
  for (const [what, drivers, parts] of [
    ["wanted", lacks, { diskMoves: false }],
    ["unknown", [known("mptsas", "unknown"), known("ahci", "yes")], {}],
    ["there", [known("mptsas", "yes"), known("ahci", "yes")], {}],
    ["not told", [known("ahci", "yes")], {}],
    ["nowhere else", [known("mptsas", "no"), known("xen_blkfront", "yes"), known("ahci", "no")], {}],
    ["elsewhere perhaps", [known("mptsas", "no"), known("ahci", "unknown")], {}],
    ["needed by the old machine", [known("mptsas", "source-only"), known("ahci", "yes")], { sourceDriver: "mptsas" }],
    ["it ran with it", [known("mptsas", "no", "likely"), known("ahci", "yes")], { sourceDriver: "mptsas" }],
  ] as const) {
    const result = fitted(scsiMultiDisk(), "libvirt", drivers, parts);
    assert.deepEqual([places(result), codes(result).includes("fit/bus-by-guest")], [usual, false], what);
  }
});

test("what the old machine needed is there on the same bus alone", () => {
  const drivers = [known("mptsas", "source-only"), known("ahci", "source-only"), known("virtio_blk", "source-only")];
  const result = fitted(scsiMultiDisk(), "libvirt", drivers, { sourceDriver: "ahci" });
  assert.deepEqual(places(result)[0], "d0 sata -");
});

test("a machine of Hyper-V's second generation has one bus, and stays on it", () => {
  const drivers = [known("hv_storvsc", "no"), known("ata_piix", "yes"), known("ahci", "yes")];
  const result = fitted(efiSataVirtio(), "hyperv-2025", drivers);
  assert.deepEqual([result.shapes.get("web")?.id, places(result)], ["gen2", ["vmdisk1 scsi synthetic"]]);
});

test("a network card becomes a model that the kernel has a driver for, unless one was wanted", () => {
  const lacks = [known("vmxnet3", "no"), known("e1000", "yes"), known("virtio_net", "yes")];
  const models = ({ appliance }: FitResult): readonly (string | null)[] =>
    appliance.machines.flatMap(({ nics }) => nics.map(({ model }) => model));
  const result = fitted(scsiMultiDisk(), "libvirt", lacks);
  assert.equal(models(result)[0], "e1000");
  assert.ok(codes(result).includes("fit/nic-by-guest"));
  const wanted = fitted(scsiMultiDisk(), "libvirt", lacks, { nicChanges: () => false });
  assert.deepEqual([models(wanted), codes(wanted).includes("fit/nic-by-guest")], [["vmxnet3"], false]);
});
