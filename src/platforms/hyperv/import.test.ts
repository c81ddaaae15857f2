import assert from "node:assert/strict";
import { test } from "node:test";
import type { Appliance, Machine } from "../../appliance/appliance.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import { defaultLimits } from "../../base/limits.js";
import type { HypervDocument } from "./document.js";
import { readHyperv } from "./import.js";
import { blankAdapter, blankDrive, blankHyperv } from "./testing/document.js";

interface Read {
  readonly appliance: Appliance;
  readonly machine: Machine;
  readonly codes: readonly string[];
  readonly findings: readonly Diagnostic[];
  readonly paths: readonly string[];
}

function readText(text: string): Read {
  const config = readHyperv(
    { name: "web", label: "web.hyperv.json", bytes: new TextEncoder().encode(text) },
    defaultLimits,
  );
  const findings: Diagnostic[] = [];
  const appliance = config.appliance({ find: () => undefined }, (finding) => findings.push(finding));
  const [machine] = appliance.machines;
  assert.ok(machine !== undefined);
  const paths = config.files.map(({ path, role, id }) => `${id} ${role} ${path}`);
  return { appliance, machine, findings, codes: findings.map(({ code }) => code), paths };
}

const read = (document: HypervDocument): Read => readText(JSON.stringify(document, null, 2));
const code = (wanted: string) => (error: unknown) => error instanceof FerryError && error.code === wanted;

test("a generation 2 machine is EFI with its secure boot, TPM and processors", () => {
  const { machine, codes } = read(
    blankHyperv({
      biosGuid: "{7FFEE066-9755-4950-9A16-4C94AC67AD00}",
      notes: "two\r\nlines",
      processors: { count: 4, nested: true, threadsPerCore: 2 },
      memory: { startupBytes: 2 ** 31, dynamic: true, minimumBytes: 2 ** 29, maximumBytes: 2 ** 34 },
      firmware: { secureBoot: true, secureBootTemplate: "MicrosoftWindows", bootOrder: [] },
      security: { tpm: true, shielded: false },
    }),
  );
  assert.deepEqual([machine.firmware, machine.firmwareFrom, machine.tpm], ["efi-secure", "declared", "2.0"]);
  assert.equal(machine.uuid, "7ffee066-9755-4950-9a16-4c94ac67ad00");
  assert.equal(machine.annotation, "two\nlines");
  assert.deepEqual(machine.cpu, { count: 4, coresPerSocket: null, threadsPerCore: 2, max: null, nested: true });
  assert.deepEqual(machine.dynamicMemory, { minBytes: 2 ** 29, maxBytes: 2 ** 34 });
  assert.deepEqual(machine.foreign, [
    { source: "hyperv", name: "secure boot template", payload: "MicrosoftWindows", machine: machine.id },
  ]);
  assert.deepEqual(codes, []);
});

test("0 threads for each core means those of the host, which nobody knows here", () => {
  const processors = { count: 1, nested: false, threadsPerCore: 0 };
  const { machine } = read(blankHyperv({ processors }));
  assert.deepEqual([machine.cpu.threadsPerCore, machine.cpu.nested], [null, false]);
});

test("a generation 1 machine boots by BIOS, by kinds of devices, and from the network by its legacy adapter", () => {
  const { machine } = read(
    blankHyperv({
      generation: 1,
      firmware: null,
      scsiControllers: 2,
      startupOrder: ["CD", "IDE", "LegacyNetworkAdapter", "Floppy"],
      drives: [
        blankDrive({ controllerType: "IDE", path: "C:\\a.vhd" }),
        blankDrive({ controllerType: "IDE", controllerNumber: 1, device: "dvd", path: "D:\\os.iso" }),
        blankDrive({ controllerType: "SCSI", controllerNumber: 1, controllerLocation: 5, path: "C:\\b.vhdx" }),
      ],
      networkAdapters: [blankAdapter(), blankAdapter({ legacy: true })],
    }),
  );
  assert.equal(machine.firmware, "bios");
  assert.deepEqual(
    machine.controllers.map(({ id, model }) => `${id} ${model}`),
    ["scsi0 synthetic", "scsi1 synthetic", "ide0 null", "ide1 null"],
  );
  assert.deepEqual(
    machine.attachments.map(({ device, controller, slot, disk, file }) => [device, controller, slot, disk, file]),
    [
      ["disk", "ide0", 0, "ide0:0", null],
      ["cdrom", "ide1", 0, null, "D:\\os.iso"],
      ["disk", "scsi1", 5, "scsi1:5", null],
    ],
  );
  // It has no floppy drive that anything is in.
  assert.deepEqual(machine.boot, [
    { device: "cdrom", index: 1 },
    { device: "disk", index: 0 },
    { device: "network", index: 1 },
  ]);
});

test("a generation 1 machine starts its first disk on IDE, however many come before it on SCSI", () => {
  const drives = [
    blankDrive({ path: "C:\\s.vhdx" }),
    blankDrive({ controllerType: "IDE", controllerNumber: 1, path: "C:\\b.vhd" }),
    blankDrive({ controllerType: "IDE", controllerLocation: 1, path: "C:\\a.vhd" }),
  ];
  const bios = { generation: 1, firmware: null, startupOrder: ["IDE"] };
  assert.deepEqual(read(blankHyperv({ ...bios, drives })).machine.boot, [{ device: "disk", index: 2 }]);
  assert.deepEqual(read(blankHyperv({ ...bios, drives: drives.slice(0, 1) })).machine.boot, []);
});

test("the boot order of generation 2 names drives and adapters; entries of the guest's own are passed over", () => {
  const { machine } = read(
    blankHyperv({
      drives: [
        blankDrive({ path: null }),
        blankDrive({ controllerLocation: 1 }),
        blankDrive({ device: "dvd", controllerLocation: 2, path: null }),
      ],
      networkAdapters: [blankAdapter()],
      firmware: {
        secureBoot: false,
        secureBootTemplate: null,
        bootOrder: [
          { type: "File", drive: null, adapter: null, description: "Windows Boot Manager" },
          { type: "Network", drive: null, adapter: 0, description: null },
          { type: "Drive", drive: 1, adapter: null, description: null },
          { type: "Drive", drive: 0, adapter: null, description: null },
          { type: "Drive", drive: 2, adapter: null, description: null },
          { type: "Drive", drive: 99, adapter: 99, description: null },
        ],
      },
    }),
  );
  // The drive without a disk is left out, so that the others have other places.
  assert.deepEqual(machine.boot, [
    { device: "network", index: 0 },
    { device: "disk", index: 0 },
    { device: "cdrom", index: 1 },
  ]);
  assert.equal(machine.foreign[0]?.name, "scsi0:0 without a disk");
});

test("adapters say their switch, kind, address and VLAN", () => {
  const vlan = { accessId: null, nativeId: null, allowed: null };
  const { machine, appliance } = read(
    blankHyperv({
      networkAdapters: [
        blankAdapter({
          switch: "LAN",
          switchType: "External",
          mac: "00155D0107DC",
          macDynamic: false,
          vlan: { ...vlan, mode: "Access", accessId: 42 },
        }),
        blankAdapter({ switch: "Default Switch", switchType: "Nat", mac: "000000000000" }),
        blankAdapter({ switch: "LAN", vlan: { mode: "Trunk", accessId: 0, nativeId: 1, allowed: "10-20" } }),
        blankAdapter({ vlan: { ...vlan, mode: "Untagged", accessId: 0 } }),
      ],
    }),
  );
  assert.deepEqual(
    machine.nics.map(({ network, kind, mac, vlan: tag, connected }) => [network, kind, mac, tag, connected]),
    [
      ["LAN", "bridged", "00:15:5d:01:07:dc", 42, true],
      ["Default Switch", "nat", null, null, true],
      ["LAN", "network", null, null, true],
      [null, null, null, null, false],
    ],
  );
  assert.deepEqual(
    appliance.networks.map(({ name }) => name),
    ["LAN", "Default Switch"],
  );
  assert.deepEqual(
    machine.foreign.map(({ name, payload }) => [name, payload]),
    [["VLANs of Network Adapter", "Trunk 10-20, native 1"]],
  );
});

test("a chain's images are named, the active one first; whoever opens it says what is missing", () => {
  const image = { format: "VHDX", type: "Differencing", sizeBytes: 2 ** 35 };
  const { paths, appliance } = read(
    blankHyperv({
      drives: [
        blankDrive({
          path: "C:\\a_1.avhdx",
          chain: [
            { path: "C:\\a_1.avhdx", ...image },
            { path: "C:\\a.vhdx", ...image, type: "Dynamic" },
          ],
        }),
      ],
    }),
  );
  assert.deepEqual(paths, ["scsi0:0 disk C:\\a_1.avhdx", "scsi0:0/1 disk C:\\a.vhdx"]);
  assert.equal(appliance.disks[0]?.capacityBytes, 2 ** 35);
});

test("disks that no image is behind say what to do, and are mapped by their id", () => {
  const { codes, paths, appliance } = read(
    blankHyperv({
      drives: [
        blankDrive({ path: null, host: "\\\\.\\PHYSICALDRIVE3" }),
        blankDrive({ controllerLocation: 1, path: "C:\\set.vhds" }),
        blankDrive({ controllerLocation: 2, shared: true }),
      ],
    }),
  );
  assert.deepEqual(codes, ["hyperv/pass-through", "hyperv/vhd-set"]);
  assert.equal(paths[0], "scsi0:0 disk \\\\.\\PHYSICALDRIVE3");
  assert.deepEqual(
    appliance.disks.map(({ shared }) => shared),
    [false, true, true],
  );
});

test("what is not of the machine's hardware is told or carried", () => {
  const { codes, machine, findings } = read(
    blankHyperv({
      state: "Running",
      security: { tpm: true, shielded: true },
      checkpoints: [{ name: "before", created: null }],
      comPorts: [
        { number: 1, path: "\\\\.\\pipe\\web" },
        { number: 2, path: "" },
      ],
      gpuPartitions: 1,
      startAction: "Start",
      startDelaySeconds: 30,
      stopAction: "ShutDown",
      integrationServicesOff: ["Time Synchronization"],
    }),
  );
  assert.deepEqual(codes, ["hyperv/not-off", "hyperv/checkpoints-dropped", "hyperv/shielded"]);
  assert.deepEqual(machine.serialPorts, [{ index: 0, backing: "pipe", target: "\\\\.\\pipe\\web" }]);
  assert.deepEqual(
    machine.foreign.map(({ name, payload }) => `${name}: ${payload}`),
    [
      "automatic start: Start, after 30 seconds",
      "automatic stop: ShutDown",
      "partitions of graphics cards: 1",
      "integration service that is off: Time Synchronization",
    ],
  );
  const [running] = findings;
  assert.ok(running?.location?.at === "text" && running.location.line > 1);
});

test("places of facts are lines and columns of the document", () => {
  const { appliance } = read(blankHyperv({ drives: [blankDrive()], networkAdapters: [blankAdapter()] }));
  const text = JSON.stringify(blankHyperv({ drives: [blankDrive()], networkAdapters: [blankAdapter()] }), null, 2);
  const at = appliance.origins.get("machines/web/attachments/0");
  assert.ok(at?.at === "text");
  assert.equal(text.split("\n")[at.line - 1]?.[at.column - 1], "{");
  assert.ok(text.split("\n")[at.line - 2]?.includes('"drives"'));
  for (const fact of ["name", "cpu", "memoryBytes", "firmware", "nics/0"]) {
    assert.ok(appliance.origins.has(`machines/web/${fact}`), fact);
  }
});

test("a value of another type counts as not said, and is a finding with its place", () => {
  const text = JSON.stringify(blankHyperv()).replace('"count":2', '"count":"2"').replace('"drives":[]', '"drives":[7]');
  const { codes, machine, findings } = readText(text);
  assert.deepEqual(codes, ["config/wrong-type", "config/wrong-type"]);
  assert.equal(machine.cpu.count, 1);
  assert.ok(findings[0]?.location?.at === "text" && findings[0].location.column > 10);
});

test("arrays are read as Windows PowerShell writes them: one thing alone, and with a count", () => {
  const drive = JSON.stringify(blankDrive());
  for (const drives of [drive, `{"value":[${drive}],"Count":1}`]) {
    const { machine, codes } = readText(JSON.stringify(blankHyperv()).replace('"drives":[]', `"drives":${drives}`));
    assert.deepEqual([machine.attachments.length, codes.length], [1, 0], drives);
  }
});

test("UTF-16 with its mark is read, as Windows PowerShell's redirection writes it", () => {
  const text = `\ufeff${JSON.stringify(blankHyperv({ name: "Gerät" }))}`;
  for (const bytes of [Buffer.from(text, "utf16le"), Buffer.from(text, "utf16le").swap16(), Buffer.from(text)]) {
    const config = readHyperv({ name: "x", label: "x.json", bytes }, defaultLimits);
    assert.equal(config.appliance({ find: () => undefined }, () => {}).machines[0]?.name, "Gerät");
  }
});

test("what is no document of a machine is refused with its place", () => {
  const sound = JSON.stringify(blankHyperv());
  for (const text of [
    "",
    "{",
    sound.slice(0, -1),
    `${sound} x`,
    "[1,]",
    '{"a" 1}',
    '{"schema":"vmferry/hyperv@2","machine":{"name":"x"}}',
    '{"schema":"vmferry/hyperv@1"}',
    '{"schema":"vmferry/hyperv@1","machine":{}}',
    '{"schema":"vmferry/hyperv@1","machine":[]}',
    '"\\x"',
    '"a\nb"',
    "01",
    "nul",
    `${"[".repeat(100)}${"]".repeat(100)}`,
    sound.replace('"drives":[]', `"drives":[${"{},".repeat(1000)}{}]`),
    `[${"1,".repeat(200_000)}1]`,
  ]) {
    assert.throws(() => readText(text), code("config/unreadable"), text.slice(0, 60));
  }
  assert.throws(
    () => readHyperv({ name: "x", label: "x", bytes: Uint8Array.of(0x7b, 0xff) }, defaultLimits),
    code("config/unreadable"),
  );
  assert.throws(() => read(blankHyperv({ generation: 3 })), code("config/unreadable"));
});
