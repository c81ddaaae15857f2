import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../../test/support/fast-check.js";
import { GIB, MIB } from "../base/bytes.js";
import type { Appliance, Machine, Property } from "./appliance.js";
import { type ApplianceChange, type DiffOptions, diffAppliances } from "./diff.js";
import { portraitOf } from "./portrait.js";
import { biosIdeCd, disk, drive, machine, nic, samples } from "./testing/samples.js";

const ways: readonly DiffOptions["by"][] = ["words", "meaning"];

/** A machine that says all that a portrait can tell. */
function talkative(): Appliance {
  const property: Property = {
    key: "hostname",
    type: "string",
    value: "web01",
    password: false,
    userConfigurable: true,
    label: "Host name",
    description: "What it is called",
    category: "Network",
    qualifiers: "MinLen(1)",
  };
  return {
    ...biosIdeCd(),
    disks: [disk("d1"), disk("d2", { parent: "d1" })],
    networks: [{ name: "LAN", description: "The office" }],
    products: [
      {
        class: "org.example",
        instance: null,
        name: "Web",
        vendor: "Example",
        version: "1.0",
        fullVersion: "1.0.0",
        machine: "m",
        properties: [property, { ...property, key: "secret", password: true, value: "swordfish" }],
      },
    ],
    eulas: [{ machine: null, text: "Be good for two years." }],
    options: [{ id: "small", label: "Small", default: true }],
    startup: [{ machine: "m", order: 1, startDelaySeconds: 5 }],
    groups: [{ id: "vapp", name: "All", members: ["m"] }],
    machines: [
      machine({
        id: "m",
        name: "web",
        annotation: "A note",
        uuid: "6f1e3a3c-0000-4000-8000-000000000001",
        guestOs: { ...machine().guestOs, vmware: "debian12_64Guest" },
        hardwareTypes: ["vmx-19"],
        firmware: "efi",
        tpm: "2.0",
        nvram: "iso",
        virtualization: "pv",
        chipset: "q35",
        directBoot: { kernel: null, initrd: null, arguments: "quiet", loader: null },
        cpu: { count: 4, coresPerSocket: 2, threadsPerCore: 2, max: 8, nested: true },
        memoryBytes: 2 * GIB,
        dynamicMemory: { minBytes: GIB, maxBytes: 4 * GIB },
        bounds: [{ fact: "cpu", min: 1, max: 8 }],
        controllers: [
          { id: "c0", bus: "scsi", model: "lsilogic", index: 0 },
          { id: "c1", bus: "ide", model: null, index: 0 },
        ],
        attachments: [
          drive("disk", { disk: "d1", controller: "c0", slot: 0 }),
          drive("cdrom", { file: "iso", controller: "c1", slot: 0 }),
          drive("floppy", { file: "fd" }),
        ],
        nics: [
          nic({
            network: "LAN",
            kind: "network",
            vlan: 7,
            model: "VmxNet3",
            mac: "00:50:56:00:00:01",
            portProfile: "p",
          }),
        ],
        serialPorts: [{ index: 0, backing: "pty", target: null }],
        sound: "hdaudio",
        video: { model: "vga", memoryBytes: 16 * MIB, heads: 1 },
        clock: "utc",
        boot: [{ device: "network", index: 0 }],
        transports: ["iso"],
        foreign: [{ source: "vmware", name: "extra", payload: "1", machine: null }],
      }),
    ],
  };
}

type Change = (appliance: Appliance, machine: Machine) => void;
const first = <T>([item]: readonly T[]): T => {
  assert.ok(item !== undefined);
  return item;
};

/** One change for each fact that a portrait knows. */
const portraitChanges: Readonly<Record<string, Change>> = {
  name: (_, m) => (m.name = "web2"),
  annotation: (_, m) => (m.annotation = "Another"),
  uuid: (_, m) => (m.uuid = "6f1e3a3c-0000-4000-8000-000000000002"),
  guestOs: (_, m) => (m.guestOs.vmware = "rhel8_64Guest"),
  firmware: (_, m) => (m.firmware = "bios"),
  tpm: (_, m) => (m.tpm = "1.2"),
  nvram: (_, m) => (m.nvram = null),
  virtualization: (_, m) => (m.virtualization = "pvh"),
  chipset: (_, m) => (m.chipset = "i440fx"),
  directBoot: (_, m) => (m.directBoot = { kernel: null, initrd: null, arguments: "debug", loader: null }),
  "cpu.count": (_, m) => (m.cpu.count = 1),
  "cpu.coresPerSocket": (_, m) => (m.cpu.coresPerSocket = 4),
  "cpu.threadsPerCore": (_, m) => (m.cpu.threadsPerCore = 4),
  "cpu.max": (_, m) => (m.cpu.max = 16),
  "cpu.nested": (_, m) => (m.cpu.nested = false),
  memoryBytes: (_, m) => (m.memoryBytes = 4 * GIB),
  dynamicMemory: (_, m) => (m.dynamicMemory = { minBytes: GIB, maxBytes: 8 * GIB }),
  sound: (_, m) => (m.sound = null),
  video: (_, m) => (m.video = { model: "vga", memoryBytes: 32 * MIB, heads: 1 }),
  clock: (_, m) => (m.clock = "localtime"),
  serialPorts: (_, m) => m.serialPorts.push({ index: 1, backing: "pty", target: null }),
  boot: (_, m) => (m.boot = [{ device: "cdrom", index: null }]),
  disk: (_, m) => m.attachments.splice(0, 1),
  "disk.bus": (_, m) => (first(m.controllers).bus = "sata"),
  "disk.place": (_, m) => (first(m.attachments).slot = 3),
  "disk.controller": (_, m) => (first(m.controllers).model = "VirtualSCSI"),
  "disk.readOnly": (_, m) => (first(m.attachments).readOnly = true),
  "disk.shared": (a) => (first(a.disks).shared = true),
  cdrom: (_, m) => m.attachments.splice(1, 1),
  "cdrom.bus": (_, m) => ((m.controllers[1] as { bus: string }).bus = "sata"),
  "cdrom.image": (_, m) => ((m.attachments[1] as { file: string | null }).file = null),
  floppy: (_, m) => m.attachments.splice(2, 1),
  "floppy.image": (_, m) => ((m.attachments[2] as { file: string | null }).file = null),
  nic: (_, m) => m.nics.push(nic({ network: "LAN" })),
  "nic.network": (_, m) => (first(m.nics).network = "WAN"),
  "nic.kind": (_, m) => (first(m.nics).kind = "internal"),
  "nic.vlan": (_, m) => (first(m.nics).vlan = 8),
  "nic.model": (_, m) => (first(m.nics).model = "E1000"),
  "nic.mac": (_, m) => (first(m.nics).mac = "00:50:56:00:00:02"),
  "nic.connected": (_, m) => (first(m.nics).connected = false),
  "nic.portProfile": (_, m) => (first(m.nics).portProfile = "q"),
};

/** One change for each thing beyond that. */
const otherChanges: Readonly<Record<string, Change>> = {
  "hardware type": (_, m) => (m.hardwareTypes = ["vmx-20"]),
  bounds: (_, m) => (m.bounds = []),
  transport: (_, m) => m.transports.push("com.vmware.guestInfo"),
  extra: (_, m) => (first(m.foreign).payload = "2"),
  "network description": (a) => (first(a.networks).description = "The cellar"),
  "another network": (a) => a.networks.push({ name: "DMZ", description: null }),
  capacity: (a) => (first(a.disks).capacityBytes = 16 * GIB),
  file: (a) => (first(a.disks).file = "other.vmdk"),
  format: (a) => (first(a.disks).variant = "monolithicSparse"),
  parent: (a) => ((a.disks[1] as { parent: string | null }).parent = null),
  "another disk": (a, m) => {
    a.disks.push(disk("d3"));
    m.attachments.push(drive("disk", { disk: "d3", controller: "c0", slot: 1 }));
  },
  "version of a product": (a) => (first(a.products).version = "2.0"),
  "value of a property": (a) => (first(first(a.products).properties).value = "web02"),
  "value of a password": (a) => ((first(a.products).properties[1] as Property).value = "sesame"),
  "type of a property": (a) => (first(first(a.products).properties).type = "uint8"),
  "label of a property": (a) => (first(first(a.products).properties).label = "Name"),
  "qualifiers of a property": (a) => (first(first(a.products).properties).qualifiers = null),
  "one property less": (a) => first(a.products).properties.pop(),
  licence: (a) => (first(a.eulas).text = "Be good for three years."),
  option: (a) => (first(a.options).label = "Tiny"),
  "start order": (a) => (first(a.startup).order = 2),
  "start delay": (a) => (first(a.startup).startDelaySeconds = 6),
  "name of a group": (a) => (first(a.groups).name = "None"),
};

function changed(change: Change): Appliance {
  const appliance = structuredClone(talkative());
  change(appliance, first(appliance.machines));
  return appliance;
}

/** What is told, without what things are called: each side calls them by its own names. */
function told(changes: readonly ApplianceChange[]): string[] {
  return changes
    .map(({ area, fact, kind, from, to, hidden, unsaid }) =>
      JSON.stringify({ area, fact, kind, from, to, hidden, unsaid }),
    )
    .sort();
}

function mirrored(changes: readonly ApplianceChange[]): readonly ApplianceChange[] {
  const kinds = { added: "removed", removed: "added", changed: "changed" } as const;
  return changes.map((change) => ({ ...change, kind: kinds[change.kind], from: change.to, to: change.from }));
}

describe("the difference of two appliances", () => {
  it("is nothing between an appliance and itself", () => {
    for (const by of ways) {
      for (const [name, sample] of Object.entries({ ...samples, talkative })) {
        assert.deepEqual(diffAppliances(sample(), sample(), { by }).changes, [], `${name} by ${by}`);
      }
    }
  });

  it("has a change in this test for every fact that a portrait tells", () => {
    const whole = talkative();
    const known = new Set<string>(portraitOf(whole, first(whole.machines)).map(({ name }) => name));
    for (const name of ["disk.readOnly", "disk.shared", "nic.connected"]) known.add(name);
    assert.deepEqual(
      [...known].filter((name) => !(name in portraitChanges)),
      [],
    );
  });

  for (const [name, change] of Object.entries(portraitChanges)) {
    it(`tells ${name} in exactly one line`, () => {
      for (const by of ways) {
        const { changes } = diffAppliances(talkative(), changed(change), { by });
        assert.equal(changes.length, 1, `${by}: ${JSON.stringify(changes)}`);
      }
    });
  }

  for (const [name, change] of Object.entries(otherChanges)) {
    it(`tells ${name} in one line between packages of one platform`, () => {
      const { changes } = diffAppliances(talkative(), changed(change), { by: "words" });
      assert.equal(changes.length, 1, JSON.stringify(changes));
    });
  }

  it("mirrors that of the sides exchanged, whatever was changed together", () => {
    const all = Object.values({ ...portraitChanges, ...otherChanges });
    fc.assert(
      fc.property(fc.subarray(all), fc.subarray(all), fc.constantFrom(...ways), (some, others, by) => {
        const [a, b] = [some, others].map((list) =>
          list.reduce((appliance, change) => {
            const {
              machines: [only],
            } = appliance;
            // What an earlier change took away cannot be changed.
            try {
              if (only !== undefined) change(appliance, only);
            } catch (cause) {
              if (!(cause instanceof TypeError || cause instanceof assert.AssertionError)) throw cause;
            }
            return appliance;
          }, structuredClone(talkative())),
        ) as [Appliance, Appliance];
        assert.deepEqual(
          told(mirrored(diffAppliances(a, b, { by }).changes)),
          told(diffAppliances(b, a, { by }).changes),
        );
        assert.deepEqual(diffAppliances(a, structuredClone(a), { by }).changes, []);
      }),
      { numRuns: 300 },
    );
  });

  it("never holds the value of a password or of an extra", () => {
    const both = changed((appliance, m) => {
      (first(appliance.products).properties[1] as Property).value = "sesame";
      first(m.foreign).payload = "sesame";
    });
    const { changes } = diffAppliances(talkative(), both, { by: "words" });
    assert.deepEqual(
      changes.map(({ area, hidden }) => [area, hidden]),
      [
        ["property", true],
        ["extra", true],
      ],
    );
    assert.doesNotMatch(JSON.stringify(changes), /swordfish|sesame/);
  });

  it("tells facts that another platform says nothing of apart from those that it says otherwise", () => {
    const silent = changed((_, m) => {
      m.tpm = null;
      m.clock = null;
      m.memoryBytes = GIB;
    });
    silent.products = [];
    const { changes } = diffAppliances(talkative(), silent, { by: "meaning" });
    assert.deepEqual(
      changes.map(({ area, fact, unsaid }) => [area, fact, unsaid]),
      [
        ["machine", "tpm", true],
        ["machine", "memoryBytes", false],
        ["machine", "clock", true],
        ["product", null, true],
      ],
    );
  });

  it("pairs machines by id, by name, and single ones anyway", () => {
    const named = (...ids: readonly [string, string][]): Appliance => ({
      ...talkative(),
      disks: [],
      machines: ids.map(([id, name]) => machine({ id, name })),
    });
    const kinds = (a: Appliance, b: Appliance): readonly string[] =>
      diffAppliances(a, b, { by: "words" })
        .changes.filter(({ area }) => area === "machine")
        .map(({ kind, fact }) => `${kind} ${fact}`);
    assert.deepEqual(kinds(named(["1", "a"], ["2", "b"]), named(["2", "b"], ["1", "a"])), []);
    assert.deepEqual(kinds(named(["1", "a"], ["2", "b"]), named(["3", "b"], ["4", "a"])), []);
    assert.deepEqual(kinds(named(["1", "a"]), named(["2", "b"])), ["changed name"]);
    assert.deepEqual(kinds(named(["1", "a"], ["2", "b"]), named(["3", "c"], ["2", "b"])), [
      "removed null",
      "added null",
    ]);
  });

  it("pairs disks of two platforms by the names of their files, and by where they hang", () => {
    const other = changed((appliance, m) => {
      first(appliance.disks).id = "sda";
      first(appliance.disks).file = "elsewhere.qcow2";
      first(appliance.disks).format = "qcow2";
      first(m.attachments).disk = "sda";
      appliance.disks.pop();
    });
    const here = talkative();
    here.disks.pop();
    const { changes, disks } = diffAppliances(here, other, { by: "meaning" });
    assert.deepEqual(changes, []);
    assert.deepEqual(
      disks.map(([a, b]) => [a?.id, b?.id]),
      [["d1", "sda"]],
    );
  });
});
