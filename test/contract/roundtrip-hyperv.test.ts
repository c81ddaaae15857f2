// Long: one law, whose tests share what is written and the host that it is run on.
/**
 * The way to Hyper-V and back, on a host that is not there: the script makes the machine, the collector collects it, and what it collects is
 * what was written beside the script and what is read from either. The host is written from Microsoft's reference (test/support/powershell).
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Appliance, Machine } from "../../src/appliance/appliance.js";
import { fit } from "../../src/appliance/fit.js";
import { biosIdeCd, nvmeSecure } from "../../src/appliance/testing/samples.js";
import { MIB } from "../../src/base/bytes.js";
import { defaultLimits } from "../../src/base/limits.js";
import { testContext } from "../../src/io/testing/context.js";
import { describeChange, readBackConfigs, unexplainedChanges } from "../../src/operations/convert/read-back.js";
import type { HypervDocument, HypervMachine } from "../../src/platforms/hyperv/document.js";
import { exportHyperv, type HypervOptions } from "../../src/platforms/hyperv/export.js";
import { readHyperv } from "../../src/platforms/hyperv/import.js";
import { hypervPlatform } from "../../src/platforms/hyperv/platform.js";
import type { ExportPlan } from "../../src/platforms/platform.js";
import { targets } from "../../src/targets/targets.js";
import { validate } from "../meta/json-schema.js";
import { anyAppliance } from "../support/arbitrary-appliance.js";
import { fc } from "../support/fast-check.js";
import { createHost, type Host } from "../support/powershell/hyperv-host.js";
import { parsePowerShell, type Script } from "../support/powershell/parse.js";
import { runPowerShell } from "../support/powershell/run.js";
import { createShell, SCRIPT_ROOT } from "../support/powershell/shell.js";

const collector = parsePowerShell(readFileSync("share/hyperv/Export-VmferryMachine.ps1", "utf8"));
const schema = JSON.parse(readFileSync("schemas/hyperv.schema.json", "utf8"));
const target = targets.get("hyperv-2025");

interface Written {
  readonly fitted: Appliance;
  readonly plan: ExportPlan;
  readonly scripts: readonly Script[];
  readonly documents: readonly HypervDocument[];
}

function write(source: Appliance, options: Partial<HypervOptions> = {}): Written {
  const { appliance: fitted, shapes } = fit(source, target);
  const plan = exportHyperv(fitted, shapes, target, options);
  const text = (name: RegExp): string[] =>
    plan.configs.filter((c) => name.test(c.name)).map(({ bytes }) => new TextDecoder().decode(bytes));
  return {
    fitted,
    plan,
    scripts: text(/\.ps1$/).map(parsePowerShell),
    documents: text(/\.hyperv\.json$/).map((json) => JSON.parse(json)),
  };
}

/** A host with the files of a result, and switches for all its networks. */
function hostFor({ plan, fitted }: Written): Host {
  const networks = new Set(fitted.machines.flatMap(({ nics }) => nics.flatMap(({ network }) => network ?? [])));
  return createHost({
    files: [...plan.disks, ...plan.files].map(({ name }) => `${SCRIPT_ROOT}\\${name}`),
    switches: [...networks].map((name, i) => ({ name, id: `switch${i}`, type: "External" as const })),
  });
}

function collect(host: Host, name: string): HypervDocument {
  const shell = createShell(host);
  runPowerShell(collector, { Name: [name] }, shell);
  const file = [...host.files].find(([path, text]) => /\.hyperv\.json$/.test(path) && text !== null);
  assert.ok(file !== undefined);
  host.files.delete(file[0]);
  return JSON.parse(file[1] ?? "");
}

/** A collected machine as the document beside the script has it: nothing that a host adds, drives in the order of the script. */
function asWritten(collected: HypervMachine, wanted: HypervMachine): HypervMachine {
  const own = (path: string | null): string | null => path?.replace(`${SCRIPT_ROOT}\\`, "") ?? null;
  const place = (d: HypervMachine["drives"][number]): string =>
    `${d.controllerType} ${d.controllerNumber}:${d.controllerLocation}`;
  const order = collected.drives.map((found) => wanted.drives.findIndex((drive) => place(drive) === place(found)));
  const drives = wanted.drives.map((_, index) => {
    const found = collected.drives[order.indexOf(index)];
    assert.ok(found !== undefined, `drive ${index} was not made`);
    return { ...found, path: own(found.path), chain: [] };
  });
  const { firmware } = collected;
  return {
    ...collected,
    id: null,
    biosGuid: null,
    version: null,
    startAction: null,
    startDelaySeconds: null,
    stopAction: null,
    drives,
    processors: {
      count: collected.processors.count,
      nested: wanted.processors.nested === null ? null : collected.processors.nested,
      threadsPerCore: wanted.processors.threadsPerCore === null ? null : collected.processors.threadsPerCore,
    },
    memory: collected.memory.dynamic
      ? collected.memory
      : { ...collected.memory, minimumBytes: null, maximumBytes: null },
    firmware:
      firmware === null
        ? null
        : {
            ...firmware,
            secureBootTemplate: firmware.secureBoot ? firmware.secureBootTemplate : null,
            bootOrder: firmware.bootOrder.map((source) => ({
              ...source,
              drive: source.drive === null ? null : (order[source.drive] ?? -1),
              description: null,
            })),
          },
    networkAdapters: collected.networkAdapters.map((adapter) => ({ ...adapter, switchType: null })),
  };
}

/** Machines as no target can make them are refused before anything is written. One file is no CD image and floppy image at once. */
function possible({ appliance, notes }: ReturnType<typeof fit>): boolean {
  const images = (device: string): string[] =>
    appliance.machines.flatMap((m) => m.attachments.flatMap((a) => (a.device === device ? (a.file ?? []) : [])));
  const cds = images("cdrom");
  return !notes.some(({ severity }) => severity === "error") && !images("floppy").some((file) => cds.includes(file));
}

test("what the script makes is what the document beside it says, the collector finds, and a second run leaves", () => {
  let made = 0;
  fc.assert(
    fc.property(anyAppliance, (source) => {
      if (!possible(fit(source, target))) return;
      const written = write(source);
      const host = hostFor(written);
      for (const [index, script] of written.scripts.entries()) {
        const document = written.documents[index];
        assert.ok(document !== undefined);
        assert.deepEqual(validate(document, schema), []);
        runPowerShell(script, {}, createShell(host));
        made++;
        host.changes.length = 0;
        runPowerShell(script, {}, createShell(host));
        assert.deepEqual(host.changes, [], "a second run changes something");
        const collected = collect(host, document.machine.name);
        assert.deepEqual(validate(collected, schema), []);
        assert.deepEqual(asWritten(collected.machine, document.machine), document.machine);
      }
    }),
    { numRuns: 300, includeErrorInReport: true },
  );
  assert.ok(made > 100, `${made} machines were made`);
});

/** The facts of a machine that Hyper-V can say, as a fitted machine has them. */
function facts(appliance: Appliance, machine: Machine): unknown {
  const bus = new Map(machine.controllers.map((c) => [c.id, `${c.bus}${c.index}`]));
  const drives = machine.attachments.filter((a) => a.device !== "floppy" || a.file !== null);
  const name = (file: string | null): string => appliance.files.find(({ id }) => id === file)?.name ?? "-";
  return {
    name: machine.name,
    annotation: machine.annotation?.replace(/\r\n|\r/g, "\n") || null,
    firmware: machine.firmware,
    cpu: { ...machine.cpu, coresPerSocket: null, max: null },
    memory: machine.memoryBytes,
    drives: drives.map(
      (a) => `${a.device} ${bus.get(a.controller ?? "")}:${a.slot} ${a.device === "disk" ? "" : name(a.file)}`,
    ),
    nics: machine.nics.map((n) => [
      n.model,
      n.mac,
      n.vlan,
      n.connected ? n.network : null,
      n.connected && n.network !== null,
    ]),
  };
}

test("what is read from the document beside the script is the fitted machine in every fact that Hyper-V can say", () => {
  fc.assert(
    fc.property(anyAppliance, (source) => {
      const { fitted, plan } = write(source);
      const documents = plan.configs.filter(({ name }) => name.endsWith(".json"));
      // Files have other names in the result.
      const renamed = new Map(plan.files.map(({ asset, name }) => [asset, name]));
      const files = fitted.files.map((file) => ({ ...file, name: renamed.get(file.id) ?? file.name }));
      for (const [index, machine] of fitted.machines.entries()) {
        const bytes = documents[index]?.bytes ?? new Uint8Array();
        const config = readHyperv({ name: "x", label: "x.json", bytes }, defaultLimits);
        const found: string[] = [];
        const read = config.appliance({ find: () => undefined }, ({ code }) => found.push(code));
        const [back] = read.machines;
        assert.ok(back !== undefined);
        assert.deepEqual(found, []);
        const kept = machine.attachments.map((a) =>
          a.file !== null && !renamed.has(a.file) ? { ...a, file: null } : a,
        );
        const wanted = facts({ ...fitted, files }, { ...machine, attachments: kept });
        assert.deepEqual(facts(read, back), wanted);
        const template = back.foreign.find(({ name }) => name === "secure boot template")?.payload ?? null;
        assert.equal(template === null, machine.firmware !== "efi-secure");
      }
    }),
    { numRuns: 300, includeErrorInReport: true },
  );
});

/** One machine with all that the script can make. */
function everything(): Appliance {
  const source = nvmeSecure();
  const [machine] = source.machines;
  assert.ok(machine !== undefined);
  machine.tpm = "2.0";
  machine.cpu = { ...machine.cpu, nested: true, threadsPerCore: 2 };
  machine.dynamicMemory = { minBytes: 512 * MIB, maxBytes: 8192 * MIB };
  machine.serialPorts = [{ index: 1, backing: "pipe", target: "\\\\.\\pipe\\it's" }];
  for (const nic of machine.nics) nic.vlan = 42;
  machine.foreign = [
    { source: "hyperv", name: "secure boot template", payload: "OpenSourceShieldedVM", machine: machine.id },
  ];
  return source;
}

test("TPM, dynamic memory, nesting, threads, VLANs, pipes and a template that came along are made", () => {
  const written = write(everything());
  const host = hostFor(written);
  runPowerShell(written.scripts[0] as Script, {}, createShell(host));
  const [vm] = host.vms;
  assert.ok(vm !== undefined);
  assert.deepEqual([vm.tpm, vm.secureBoot, vm.template], [true, true, "OpenSourceShieldedVM"]);
  assert.deepEqual(vm.processors, { ...vm.processors, nested: true, threads: 2 });
  assert.deepEqual([vm.memory.dynamic, vm.memory.minimum, vm.memory.maximum], [true, 512 * MIB, 8192 * MIB]);
  assert.deepEqual(vm.ports, ["", "\\\\.\\pipe\\it's"]);
  assert.ok(vm.adapters.length > 0 && vm.adapters.every(({ vlan }) => vlan === 42));
  assert.deepEqual(
    written.plan.notes.map(({ code }) => code).filter((code) => /foreign|fact-dropped/.test(code)),
    [],
  );
});

test("-WhatIf changes nothing, and asks about the machine as a whole", () => {
  const written = write(everything());
  const host = hostFor(written);
  const shell = createShell(host, "what if");
  runPowerShell(written.scripts[0] as Script, {}, shell);
  assert.deepEqual([host.vms.length, host.changes.length], [0, 0]);
  assert.equal(shell.asked.length, 1);
  runPowerShell(written.scripts[0] as Script, {}, createShell(host));
  // Also where a part of the machine is to be made again.
  for (const vm of host.vms) vm.adapters = [];
  host.changes.length = 0;
  runPowerShell(written.scripts[0] as Script, {}, createShell(host, "what if"));
  assert.deepEqual(host.changes, []);
  const again = createShell(host, "what if");
  runPowerShell(written.scripts[0] as Script, { Remove: true }, again);
  assert.deepEqual([host.vms.length, host.changes.length, again.asked.length], [1, 0, 1]);
});

test("-Remove takes away the machine that the script made, no other one, and none that runs", () => {
  const written = write(everything());
  const script = written.scripts[0] as Script;
  const host = hostFor(written);
  // Nothing is there: nothing happens.
  runPowerShell(script, { Remove: true }, createShell(host));
  runPowerShell(script, {}, createShell(host));
  const [vm] = host.vms;
  const [drive] = vm?.drives ?? [];
  assert.ok(vm !== undefined && drive !== undefined);
  vm.state = "Running";
  assert.throws(() => runPowerShell(script, { Remove: true }, createShell(host)), /is not off/);
  vm.state = "Off";
  const { path } = drive;
  drive.path = "D:\\Machines\\other.avhdx";
  assert.throws(() => runPowerShell(script, { Remove: true }, createShell(host)), /has not the disk/);
  drive.path = path;
  runPowerShell(script, { Remove: true }, createShell(host));
  assert.equal(host.vms.length, 0);
});

test("parameters choose name, folders and switches; what is missing is told before anything is made", () => {
  const written = write(everything());
  const script = written.scripts[0] as Script;
  const empty = createHost();
  assert.throws(() => runPowerShell(script, {}, createShell(empty)), /is not there/);
  assert.equal(empty.vms.length, 0);
  const host = createHost({
    files: [...written.plan.disks, ...written.plan.files].map(({ name }) => `E:\\x\\${name}`),
  });
  const shell = createShell(host);
  runPowerShell(script, { Name: "other", DiskFolder: "E:\\x", MachineFolder: "E:\\vms" }, shell);
  assert.deepEqual([host.vms[0]?.name, host.vms[0]?.folder], ["other", "E:\\vms"]);
  // There is no switch: the adapters stay unconnected, with a warning each.
  assert.equal(shell.warnings.length, written.fitted.machines[0]?.nics.filter(({ connected }) => connected).length);
});

test("a machine of another generation, or another disk in a place, ends the script before it changes anything", () => {
  const written = write(everything());
  const script = written.scripts[0] as Script;
  const host = hostFor(written);
  const bios = write(biosIdeCd());
  for (const { name } of [...bios.plan.disks, ...bios.plan.files])
    host.files.set(`${SCRIPT_ROOT}\\${name}`.toLowerCase(), null);
  const name = written.fitted.machines[0]?.name ?? "";
  runPowerShell(bios.scripts[0] as Script, { Name: name }, createShell(host));
  host.changes.length = 0;
  assert.throws(() => runPowerShell(script, {}, createShell(host)), /is not of generation 2/);
  assert.deepEqual(host.changes, []);
});

test("VHD is written for generation 1 alone, and not for large disks", () => {
  const plan = write(biosIdeCd(), { format: "vhd" }).plan;
  assert.deepEqual([plan.disks[0]?.format, plan.disks[0]?.name.endsWith(".vhd")], ["vhd", true]);
  const second = write(everything(), { format: "vhd" }).plan;
  assert.equal(second.disks[0]?.format, "vhdx");
  assert.ok(second.notes.some(({ code }) => code === "hyperv/vhd-impossible"));
});

test("the interpreter refuses what a real PowerShell would refuse", () => {
  const host = createHost();
  for (const text of [
    "Get-Nothing",
    "Get-VM -Nonsense 1",
    "Get-VM -Name",
    "$x",
    "$x = 'a",
    "if ($true) { 1",
    "(Get-VMSwitch).Name.Nothing",
    "Set-StrictMode -Version Latest; $x = @{ a = 1 }; $x.b",
    "New-VM -Name 'x' -Generation 3 -MemoryStartupBytes 1073741824",
    "Get-VM Name",
  ]) {
    assert.throws(() => runPowerShell(parsePowerShell(text), {}, createShell(host)), Error, text);
  }
});

/** A machine without what is made by chance alone: drives with files that are not there, one disk in two drives, boot devices that are none. */
function sound(source: Appliance, machine: Machine): Machine {
  const known = new Set(source.files.map(({ id }) => id));
  const attachments = machine.attachments
    .map((a) => ({ ...a, file: a.file !== null && known.has(a.file) ? a.file : null }))
    .filter((a, index, all) => a.disk === null || all.findIndex(({ disk }) => disk === a.disk) === index);
  const boot = machine.boot.filter(({ device, index }) =>
    device === "network"
      ? machine.nics[index ?? 0] !== undefined
      : index !== null && attachments[index]?.device === device,
  );
  // Lines end as they do in the model.
  const annotation = machine.annotation?.replace(/\r\n?/g, "\n") ?? null;
  return { ...machine, annotation, nvram: null, attachments, boot };
}

test("what is read back differs from the fitted machine in nothing that no note accounts for", () => {
  const ctx = testContext();
  fc.assert(
    fc.property(anyAppliance, (source) => {
      const machines = source.machines.map((machine) => sound(source, machine));
      const { fitted, plan } = write({ ...source, machines });
      const back = readBackConfigs(hypervPlatform, plan, ctx);
      assert.ok(back !== null);
      assert.deepEqual(unexplainedChanges(fitted, plan, back).map(describeChange), []);
    }),
    { numRuns: 300, includeErrorInReport: true },
  );
});
