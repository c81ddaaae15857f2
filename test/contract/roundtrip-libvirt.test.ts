import assert from "node:assert/strict";
import { test } from "node:test";
import type { Appliance, Controller, Machine } from "../../src/appliance/appliance.js";
import { fit } from "../../src/appliance/fit.js";
import { testContext } from "../../src/io/testing/context.js";
import { exportLibvirt } from "../../src/platforms/libvirt/export.js";
import { soundOf, videoOf } from "../../src/platforms/libvirt/hardware.js";
import { libvirtPlatform } from "../../src/platforms/libvirt/platform.js";
import type { ExportPlan } from "../../src/platforms/platform.js";
import { nicChip } from "../../src/targets/chips.js";
import { targets } from "../../src/targets/targets.js";
import { anyAppliance } from "../support/arbitrary-appliance.js";
import { fc } from "../support/fast-check.js";

const target = targets.get("libvirt");

/** A machine in the facts that a domain can say, with files by the names that they have in the result. */
function facts(machine: Machine, fileOf: (id: string | null) => string | null, fitted: boolean): object {
  const { cpu } = machine;
  const controllers = new Map(machine.controllers.map((one) => [one.id, one]));
  /** Numbers of SCSI controllers are told from those of virtio-scsi by their order alone: the two share one count. */
  const rank = (controller: Controller | undefined): number | undefined =>
    controller?.bus === "scsi" || controller?.bus === "virtio-scsi"
      ? machine.controllers.filter(({ bus, index }) => bus === controller.bus && index < controller.index).length
      : controller?.index;
  const ports = machine.serialPorts.map(({ index, backing, target: to }) => ({
    index,
    backing: backing ?? "pty",
    target: backing === null ? null : to,
  }));
  const video = videoOf(machine.video);
  return {
    name: machine.name.trim() === "" ? "machine" : machine.name.replace(/\r\n?/g, "\n"),
    annotation: machine.annotation?.trim() ? machine.annotation.replace(/\r\n?/g, "\n") : null,
    uuid: /^[0-9a-f-]{36}$/.test(machine.uuid ?? "") ? machine.uuid : null,
    count: cpu.count,
    cores: cpu.coresPerSocket,
    nested: cpu.nested,
    memoryBytes: machine.memoryBytes,
    most: Math.max(machine.memoryBytes, machine.dynamicMemory?.maxBytes ?? 0),
    firmware: machine.firmware,
    tpm: machine.tpm,
    clock: fitted ? (machine.clock ?? null) : machine.clock,
    sound: machine.sound === null ? null : soundOf(machine.sound),
    video: [video.type, video.kilobytes, video.heads],
    kernel: machine.directBoot?.kernel == null ? null : fileOf(machine.directBoot.kernel),
    drives: machine.attachments.map((one) => {
      const controller = controllers.get(one.controller ?? "");
      const readOnly = one.device === "disk" && /^(?:scsi|virtio)/.test(controller?.bus ?? "") && one.readOnly;
      const chip = controller?.bus === "scsi" ? controller.model : null;
      const file = fileOf(one.device === "disk" ? one.disk : one.file);
      return [one.device, controller?.bus, rank(controller), one.slot, chip, file, readOnly];
    }),
    nics: machine.nics.map(({ model, mac, connected }) => [nicChip(model ?? ""), mac, connected]),
    serial: fitted && ports.length === 0 ? [{ index: 0, backing: "pty", target: null }] : ports,
  };
}

function roundTrip(fitted: Appliance, plan: ExportPlan): void {
  const given = new Map<string, string>();
  for (const { disk, name } of plan.disks) given.set(disk, name);
  for (const { asset, name } of plan.files) given.set(asset, name);
  const short = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
  for (const [index, machine] of fitted.machines.entries()) {
    const bytes = plan.configs[index]?.bytes as Uint8Array;
    const config = libvirtPlatform.readConfig?.({ name: "m", label: "m.xml", bytes }, testContext());
    const codes: string[] = [];
    const back = config?.appliance({ find: (path) => ({ name: short(path), size: 1 }) }, ({ code }) =>
      codes.push(code),
    );
    const [again] = back?.machines ?? [];
    assert.ok(back !== undefined && again !== undefined);
    assert.deepEqual(codes, []);
    const files = new Map<string, string | null>();
    for (const { id, file } of back.disks) files.set(id, file);
    for (const { id, name } of back.files) files.set(id, name);
    const was = facts(machine, (id) => (id === null ? null : (given.get(id) ?? null)), true) as { clock: unknown };
    const is = facts(again, (id) => (id === null ? null : (files.get(id) ?? null)), false) as { clock: unknown };
    if (was.clock === null) was.clock = is.clock;
    assert.deepEqual(is, was);
  }
}

test("a domain that is read again says what the machine was", async () => {
  await fc.assert(
    fc.property(anyAppliance, (source) => {
      const { appliance: fitted, shapes } = fit(source, target);
      roundTrip(fitted, exportLibvirt(fitted, shapes, target, {}));
    }),
    { numRuns: 300 },
  );
});

test("a range of memory, processors that wait and threads are in the domain, or named", () => {
  fc.assert(
    fc.property(anyAppliance, (source) => {
      const { appliance: fitted, shapes } = fit(source, target);
      const plan = exportLibvirt(fitted, shapes, target, {});
      for (const [index, machine] of fitted.machines.entries()) {
        const bytes = plan.configs[index]?.bytes as Uint8Array;
        const config = libvirtPlatform.readConfig?.({ name: "m", label: "m.xml", bytes }, testContext());
        const again = config?.appliance({ find: () => undefined }, () => {}).machines[0] as Machine;
        const lost = (fact: string): boolean =>
          plan.notes.some(({ data }) => data?.machine === machine.id && data?.fact === fact);
        const { cpu, dynamicMemory } = machine;
        assert.ok((again.cpu.max ?? null) === cpu.max || (cpu.max ?? 0) <= cpu.count || lost("maxCpus"));
        const threads = cpu.threadsPerCore ?? 1;
        assert.ok(threads === (again.cpu.threadsPerCore ?? 1) || lost("threadsPerCore"));
        const same = JSON.stringify(again.dynamicMemory) === JSON.stringify(dynamicMemory);
        assert.ok(same || lost("dynamicMemory"));
        assert.ok(again.virtualization === (machine.virtualization ?? "hvm") || lost("virtualization"));
        assert.ok(machine.chipset === null || again.chipset === machine.chipset || lost("chipset"));
      }
    }),
    { numRuns: 100 },
  );
});
