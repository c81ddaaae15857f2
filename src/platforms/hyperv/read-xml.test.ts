import assert from "node:assert/strict";
import { test } from "node:test";
import type { Appliance, Machine } from "../../appliance/appliance.js";
import { FerryError } from "../../base/errors.js";
import { defaultLimits } from "../../base/limits.js";
import { detectPackage } from "../../package/detect.js";
import { readHyperv } from "./import.js";
import { exportedMachine, exportedXml, type XmlValues } from "./testing/xml.js";

interface Read {
  readonly appliance: Appliance;
  readonly machine: Machine;
  readonly codes: readonly string[];
  readonly version: string | null;
  readonly paths: readonly string[];
}

function readBytes(bytes: Uint8Array): Read {
  const config = readHyperv({ name: "web", label: "web.xml", bytes }, defaultLimits);
  const codes: string[] = [];
  const appliance = config.appliance({ find: () => undefined }, ({ code }) => codes.push(code));
  const [machine] = appliance.machines;
  assert.ok(machine !== undefined);
  return {
    appliance,
    machine,
    codes,
    version: config.version,
    paths: config.files.map(({ id, path }) => `${id} ${path}`),
  };
}

const read = (values: XmlValues): Read => readBytes(exportedXml(values));
const changed = (change: (values: Record<string, XmlValues>) => void): XmlValues => {
  const values = structuredClone(exportedMachine()) as Record<string, XmlValues>;
  change(values);
  return values;
};
const put = (values: Record<string, XmlValues>, section: string, entry: XmlValues): void => {
  values[section] = { ...values[section], ...entry };
};

test("an exported machine of 2012 R2 is read with its places", () => {
  const { machine, appliance, codes, version, paths } = read(exportedMachine());
  assert.equal(version, "5.0");
  assert.deepEqual([machine.name, machine.annotation, machine.firmware], ["web & more", "a note", "bios"]);
  assert.equal(machine.uuid, "7ffee066-9755-4950-9a16-4c94ac67ad00");
  assert.deepEqual([machine.cpu.count, machine.memoryBytes], [4, 2 ** 31]);
  assert.deepEqual(machine.dynamicMemory, { minBytes: 2 ** 29, maxBytes: 2 ** 33 });
  assert.deepEqual(paths, ["ide0:0 C:\\VMs\\web\\web.vhd", "scsi0:3 C:\\VMs\\web\\data.vhdx"]);
  assert.deepEqual(
    machine.attachments.map(({ device, controller, slot }) => `${device} ${controller}:${slot}`),
    ["disk ide0:0", "cdrom ide1:0", "disk scsi0:3"],
  );
  assert.deepEqual(
    machine.nics.map(({ network, model, mac, connected }) => [network, model, mac, connected]),
    [["Virtual External Switch", "synthetic", "00:15:5d:01:07:dc", true]],
  );
  assert.deepEqual(machine.serialPorts, [{ index: 0, backing: "pipe", target: "\\\\.\\pipe\\web" }]);
  assert.deepEqual(
    machine.boot.map(({ device }) => device),
    ["cdrom", "disk"],
  );
  assert.deepEqual(codes, ["hyperv/checkpoints-dropped"]);
  assert.deepEqual(
    machine.foreign.map(({ name, payload }) => `${name}: ${payload}`),
    ["automatic stop: ShutDown"],
  );
  for (const fact of ["name", "cpu", "memoryBytes", "attachments/2", "nics/0"]) {
    const place = appliance.origins.get(`machines/web & more/${fact}`);
    assert.ok(place?.at === "text" && place.line > 2, fact);
  }
});

test("a machine of generation 2 is EFI with its secure boot, and has its DVD drive on SCSI", () => {
  const { machine } = read(
    changed((values) => {
      put(values, "properties", { subtype: 1 });
      put(values, "_ac6b8dc1-3257-4a70-b1b2-a9c9215659ad_", { secure_boot_enabled: true });
      put(values, "_d7a36e9b-9256-4f0d-be2c-3a13887f7b03_", {
        controller0: { drive1: { pathname: "C:\\os.iso", type: "ISO" } },
      });
      delete values["_83f8638b-8dca-4152-9eda-2ca8b33039b4_"];
    }),
  );
  assert.equal(machine.firmware, "efi-secure");
  assert.deepEqual(
    machine.attachments.map(({ device, controller, slot, file }) => [device, controller, slot, file]),
    [["cdrom", "scsi0", 1, "C:\\os.iso"]],
  );
});

test("a disk of the host, an emulated card, a floppy image and a VLAN on a port are told or carried", () => {
  const { machine, codes } = read(
    changed((values) => {
      put(values, "_d7a36e9b-9256-4f0d-be2c-3a13887f7b03_", {
        controller0: { drive0: { pathname: "\\\\.\\PHYSICALDRIVE2", type: "PHYSICAL" } },
      });
      put(values, "_8f0d2762-0b00-4e04-af4f-19010527cb93_", {
        controller0: { drive0: { pathname: "C:\\f.vfd", type: "VFD" } },
      });
      const card = values["_55225880-49c0-4438-9ce2-5a01402fd8cb_"] ?? {};
      put(values, "_55225880-49c0-4438-9ce2-5a01402fd8cb_", {
        Connection: { AltSwitchName: "LAN", "Feature_952C5004-4465-451C-8CB8-FA9AB382B773": { Flags: 0 } },
      });
      values["_00000000-0000-0000-0000-000000000001_"] = { ethernet_card0: { ...card, IsConnected: false } };
      put(values, "manifest", {
        vdev020: {
          device: "118c3be5-0d31-4804-85f0-5c6074abea8f",
          instance: "00000000-0000-0000-0000-000000000001",
          name: "Microsoft Emulated Ethernet Port",
        },
      });
    }),
  );
  assert.ok(codes.includes("hyperv/pass-through"));
  assert.deepEqual(
    machine.nics.map(({ model, network, connected, vlan }) => [model, network, connected, vlan]),
    [
      ["synthetic", "LAN", true, null],
      ["legacy", null, false, null],
    ],
  );
  assert.ok(machine.foreign.some(({ name }) => name === "VLANs of Network Adapter"));
  assert.ok(machine.attachments.some(({ device, file }) => device === "floppy" && file === "C:\\f.vfd"));
});

test("it is told from the settings of other programs, in any encoding", () => {
  const kindOf = (bytes: Uint8Array): string | null =>
    detectPackage({ name: "x.xml", size: bytes.length, head: bytes.subarray(0, 65_536), tail: bytes })?.kind ?? null;
  assert.equal(kindOf(exportedXml(exportedMachine())), "hyperv");
  const text = new TextDecoder("utf-16le").decode(exportedXml(exportedMachine())).replace("UTF-16", "UTF-8");
  assert.equal(kindOf(new TextEncoder().encode(text)), "hyperv");
  assert.equal(readBytes(new TextEncoder().encode(text)).machine.name, "web & more");
  const other =
    '<?xml version="1.0"?><configuration><appSettings><add key="a" value="b"/></appSettings></configuration>';
  assert.equal(kindOf(new TextEncoder().encode(other)), null);
});

test("what says nothing of a machine, or too much, is refused", () => {
  const refused = (bytes: Uint8Array, code: string): void => {
    assert.throws(
      () => readBytes(bytes),
      (error) => error instanceof FerryError && error.code === code,
    );
  };
  const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
  refused(utf8("<configuration/>"), "config/unreadable");
  refused(utf8("<other><properties><name>x</name></properties></other>"), "config/unreadable");
  refused(utf8("<configuration><properties>"), "xml/not-well-formed");
  refused(exportedXml(changed((values) => put(values, "properties", { subtype: 7 }))), "config/unreadable");
  const many = Object.fromEntries(Array.from({ length: 1100 }, (_, i) => [`vdev${i}`, { device: "x", instance: "y" }]));
  refused(exportedXml(changed((values) => put(values, "manifest", many))), "config/unreadable");
  const drives = (n: number): XmlValues =>
    Object.fromEntries(Array.from({ length: n }, (_, i) => [`drive${i}`, { type: "VHD", pathname: "x" }]));
  refused(
    exportedXml(
      changed((values) => {
        values["_83f8638b-8dca-4152-9eda-2ca8b33039b4_"] = { controller0: drives(600), controller1: drives(600) };
      }),
    ),
    "config/unreadable",
  );
  // Numbers that are none count as not said.
  const { machine } = read(changed((values) => put(values, "settings", { processors: { count: "many" } })));
  assert.equal(machine.cpu.count, 1);
});
