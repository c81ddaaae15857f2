/** What is written for VirtualBox is read again as what it was, and what is not is named. */
import assert from "node:assert/strict";
import { posix } from "node:path";
import { test } from "node:test";
import type { Appliance, Attachment, Machine } from "../../src/appliance/appliance.js";
import { fit } from "../../src/appliance/fit.js";
import type { Bus } from "../../src/base/ids.js";
import { testContext } from "../../src/io/testing/context.js";
import type { ExportPlan } from "../../src/platforms/platform.js";
import { virtualboxPlatform } from "../../src/platforms/virtualbox/platform.js";
import { nodeHash } from "../../src/runtime/node/hash.js";
import { targets } from "../../src/targets/targets.js";
import { anyAppliance } from "../support/arbitrary-appliance.js";
import { fc } from "../support/fast-check.js";

const target = targets.get("virtualbox-7");
const ctx = testContext({ runtime: { hash: nodeHash } });

function readBack(plan: ExportPlan, index: number): Appliance {
  const config = plan.configs[index];
  assert.ok(config !== undefined);
  const name = config.name.replace(/\.vbox$/, "");
  const there = new Set([...plan.disks, ...plan.files].map((file) => file.name));
  const findings: string[] = [];
  const read = virtualboxPlatform.readConfig?.({ name, label: config.name, bytes: config.bytes }, ctx);
  assert.ok(read !== undefined);
  for (const { path, optional } of read.files) assert.ok(optional === true || there.has(path), path);
  const appliance = read.appliance(
    { find: (path) => (there.has(path) ? { name: path, size: 0 } : undefined) },
    (finding) => findings.push(finding.code),
  );
  assert.deepEqual(
    findings.filter((code) => code !== "virtualbox/secure-boot-unseen"),
    [],
  );
  return appliance;
}

/** Drives by bus, rank of their controller, number and file. USB drives share their ports. */
function drivesOf(machine: Machine, nameOf: (attachment: Attachment) => string | null): string[] {
  const rank = (bus: Bus, index: number): number =>
    machine.controllers.filter((c) => c.bus === bus && c.index < index).length;
  return machine.attachments
    .map((attachment) => {
      const c = machine.controllers.find(({ id }) => id === attachment.controller);
      assert.ok(c !== undefined);
      const place = c.bus === "usb" ? "" : `${c.bus === "ide" ? c.index : rank(c.bus, c.index)}:${attachment.slot}`;
      return `${attachment.device} ${c.bus} ${place} ${nameOf(attachment) ?? "-"}`;
    })
    .sort();
}

/** Models of controllers that VirtualBox has a choice for. */
function scsiModels(machine: Machine): (string | null)[] {
  return machine.controllers
    .filter(({ bus }) => bus === "scsi")
    .sort((a, b) => a.index - b.index)
    .map(({ model }) => model);
}

function bootKinds(machine: Machine): string[] {
  const kinds = machine.boot.map(({ device }) => device);
  return kinds.length === 0 ? ["disk", "cdrom"] : [...new Set(kinds)];
}

test("import(export(fit(appliance))) is the fitted appliance, but for what a note names", async () => {
  await fc.assert(
    fc.asyncProperty(anyAppliance, async (source) => {
      const { appliance: fitted, shapes } = fit(source, target);
      const plan = await virtualboxPlatform.exportConfig?.(fitted, shapes, target, {}, ctx);
      assert.ok(plan !== undefined);
      const again = await virtualboxPlatform.exportConfig?.(fitted, shapes, target, {}, ctx);
      assert.deepEqual(again, plan, "the same input gives the same result");
      for (const [index, machine] of fitted.machines.entries()) checkMachine(fitted, machine, plan, index);
    }),
    { numRuns: 300, includeErrorInReport: true },
  );
});

function checkMachine(fitted: Appliance, machine: Machine, plan: ExportPlan, index: number): void {
  const { disks, files: assets, machines } = readBack(plan, index);
  const [got] = machines;
  assert.ok(got !== undefined && machines.length === 1);
  const told = (code: string): boolean =>
    plan.notes.some((note) => note.code === code && (note.data?.machine ?? machine.id) === machine.id);
  const same = (actual: unknown, wanted: unknown, fact: string, unless?: string): void => {
    if (unless !== undefined && told(unless)) assert.notDeepEqual(actual, wanted, `${fact} is named as a loss`);
    else assert.deepEqual(actual, wanted, fact);
  };
  const lines = (text: string | null): string | null => text?.replace(/\r\n|\r/g, "\n") || null;
  same(got.name, machine.name, "name");
  same(lines(got.annotation), lines(machine.annotation), "annotation");
  if (machine.uuid !== null) same(got.uuid, machine.uuid, "uuid", "virtualbox/uuid-dropped");
  if (machine.guestOs.virtualbox !== null) same(got.guestOs.virtualbox, machine.guestOs.virtualbox, "guest system");
  if (machine.chipset !== null) same(got.chipset, machine.chipset, "chip set", "virtualbox/chipset-changed");
  same(got.firmware, machine.firmware, "firmware", "virtualbox/secure-boot-by-hand");
  same(got.tpm, machine.tpm, "tpm");
  same(got.cpu.count, machine.cpu.count, "processors");
  same(got.cpu.nested, machine.cpu.nested, "nested");
  const { max } = machine.cpu;
  if (max !== null && max > machine.cpu.count) same(got.cpu.max, max, "max", "virtualbox/max-cpus-lowered");
  same(got.memoryBytes, machine.memoryBytes, "memory");
  same(got.clock, machine.clock ?? got.clock, "clock");
  if (machine.sound === null) same(got.sound, null, "sound");
  else if (!told("virtualbox/sound-changed")) assert.notEqual(got.sound, null);
  if (machine.video !== null) {
    const changed = told("virtualbox/video-changed");
    assert.ok(changed || got.video?.memoryBytes === machine.video.memoryBytes, "video memory");
    assert.ok(changed || got.video?.heads === (machine.video.heads ?? 1), "screens");
  }
  same(
    got.serialPorts,
    machine.serialPorts,
    "serial ports",
    told("virtualbox/serial-unplugged") ? "virtualbox/serial-unplugged" : "virtualbox/serial-dropped",
  );
  same(bootKinds(got), bootKinds(machine), "boot order");
  checkNics(machine, got, plan);
  const files = new Map(plan.files.map((file) => [file.asset, file.name]));
  const images = new Map(plan.disks.map((disk) => [disk.disk, disk.name]));
  const wanted = drivesOf(
    machine,
    (a) => (a.device === "disk" ? images.get(a.disk ?? "") : files.get(a.file ?? "")) ?? null,
  );
  const found = drivesOf(got, (a) =>
    a.device === "disk"
      ? (disks.find(({ id }) => id === a.disk)?.file ?? null)
      : (assets.find(({ id }) => id === a.file)?.name ?? null),
  );
  assert.deepEqual(found, wanted);
  assert.deepEqual(scsiModels(got), scsiModels(machine));
  for (const disk of fitted.disks) {
    const mine = machine.attachments.filter((a) => a.disk === disk.id);
    const read = disks.find(({ file }) => file === images.get(disk.id));
    if (mine.length === 0 || read === undefined) continue;
    const all = fitted.machines.flatMap(({ attachments }) => attachments.filter((a) => a.disk === disk.id));
    const readOnly = all.every((a) => a.readOnly);
    assert.equal(read.shared, !readOnly && (disk.shared || all.length > 1), "shared");
    const back = got.attachments.filter((a) => a.disk === read.id);
    assert.ok(back.every((a) => a.readOnly === readOnly));
    if (!readOnly && mine.some((a) => a.readOnly)) {
      assert.ok(plan.notes.some(({ code }) => code === "virtualbox/read-only-dropped"));
    }
  }
}

function checkNics(machine: Machine, got: Machine, plan: ExportPlan): void {
  // VirtualBox starts no machine with a card that has no address.
  assert.ok(got.nics.every(({ mac }) => mac !== null));
  assert.deepEqual(
    got.nics.map(({ model, mac, connected }) => [model, mac, connected]),
    machine.nics.map(({ model, mac, connected }, i) => [model, mac ?? got.nics[i]?.mac, connected]),
  );
  for (const [index, nic] of machine.nics.entries()) {
    const read = got.nics[index];
    const named = plan.notes.some(
      ({ code, data }) =>
        (code === "virtualbox/network-chosen" || code === "virtualbox/interface-to-choose") &&
        data?.machine === machine.id &&
        data?.nic === index,
    );
    if (named) continue;
    if (nic.kind !== null) assert.equal(read?.kind, nic.kind);
    // NAT, and what says no more than its kind, has no name; an internal network always has one.
    if (nic.network !== null && read?.network !== nic.network) {
      assert.equal(nic.network.toLowerCase().replace(/[^a-z]/g, ""), read?.kind, nic.network);
    }
  }
}

/** How a card is plugged in, as the reader sees it, by the name that the deployment gives its network. */
const PLUGS: Readonly<Record<string, { kind: Machine["nics"][number]["kind"]; network: string | null }>> = {
  nat: { kind: "nat", network: null },
  "natnetwork:shared <one>": { kind: "nat", network: "shared <one>" },
  "bridged:en0: Wi-Fi": { kind: "bridged", network: "en0: Wi-Fi" },
  "hostonly:vboxnet3": { kind: "hostonly", network: "vboxnet3" },
  "intnet:lab": { kind: "internal", network: "lab" },
};

test("for a host that is known, each machine has a folder, its own UUID, and cards plugged in as that host calls it", async () => {
  const names = Object.keys(PLUGS);
  await fc.assert(
    fc.asyncProperty(anyAppliance, async (source) => {
      const { appliance, shapes } = fit(source, target);
      const machines = appliance.machines.map((machine, m) => ({
        ...machine,
        uuid: `00000000-0000-8000-a000-${String(m).padStart(12, "0")}`,
        nics: machine.nics.map((nic, n) => ({ ...nic, network: names[(m + n) % names.length] ?? null })),
      }));
      const options = { folder: "/vms/", group: "/lab", cards: "own", ids: "own" } as const;
      const plan = await virtualboxPlatform.exportConfig?.({ ...appliance, machines }, shapes, target, options, ctx);
      assert.ok(plan !== undefined);
      const there = [...plan.disks, ...plan.files].map(({ name }) => name);
      assert.equal(new Set(there).size, there.length);
      const homes = plan.configs.map(({ name }) => posix.dirname(name));
      assert.equal(new Set(homes).size, homes.length, "no two machines share a folder");
      for (const name of there) assert.ok(homes.includes(posix.dirname(name)), name);
      for (const [i, { name, bytes }] of plan.configs.entries()) {
        const [machine] = machines.slice(i);
        assert.equal(name, `${homes[i]}/${homes[i]}.vbox`);
        const text = new TextDecoder().decode(bytes);
        assert.ok(text.includes(`<Machine uuid="{${machine?.uuid}}"`) && text.includes('<Group name="/lab"/>'));
        const read = virtualboxPlatform.readConfig?.({ name, label: name, bytes }, ctx);
        assert.ok(read !== undefined);
        const places = new Set(there.map((file) => `/vms/${file}`));
        for (const { path, optional } of read.files) {
          assert.ok(optional === true || places.has(posix.resolve("/vms", homes[i] ?? "", path)), path);
        }
        const [got] = read.appliance({ find: (path) => ({ name: path, size: 0 }) }, () => {}).machines;
        const wanted = machine?.nics.map(({ network }) => PLUGS[network ?? ""]);
        assert.deepEqual(
          got?.nics.map(({ kind, network }) => ({ kind, network })),
          wanted,
        );
      }
    }),
    { numRuns: 100, includeErrorInReport: true },
  );
});
