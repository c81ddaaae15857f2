import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Appliance, Product, Property } from "../../appliance/appliance.js";
import { appliance, cpu, disk, drive, guestOs, machine, nic } from "../../appliance/testing/samples.js";
import { GIB, MIB } from "../../base/bytes.js";
import { exportOvf } from "./export.js";
import { type OvfFlavour, strictFlavour, vsphereFlavour, type WrittenVersion } from "./flavours.js";

interface Made {
  readonly text: string;
  readonly codes: readonly string[];
}

function made(source: Appliance, flavour: OvfFlavour = vsphereFlavour, version: WrittenVersion = "1.1"): Made {
  const exported = exportOvf(source, { flavour, version });
  const bytes = exported.render({ files: new Map(), populated: new Map() });
  return { text: new TextDecoder().decode(bytes), codes: exported.notes.map(({ code }) => code) };
}

function property(parts: Partial<Property>): Property {
  return {
    key: "k",
    type: "string",
    value: null,
    password: false,
    userConfigurable: true,
    label: null,
    description: null,
    category: null,
    qualifiers: null,
    ...parts,
  };
}

function product(parts: Partial<Product>): Product {
  return {
    class: null,
    instance: null,
    name: "App",
    vendor: null,
    version: null,
    fullVersion: null,
    machine: null,
    properties: [],
    ...parts,
  };
}

describe("a descriptor that is written anew", () => {
  it("holds several machines in a collection, with groups and the order in which they start", () => {
    const { text, codes } = made(
      appliance({
        name: "shop",
        machines: [machine({ id: "web", name: "web" }), machine({ id: "db", name: "db" })],
        groups: [
          { id: "all", name: "All of it", members: ["web", "inner"] },
          { id: "inner", name: null, members: ["db"] },
        ],
        startup: [
          { machine: "db", order: 1, startDelaySeconds: 30 },
          { machine: "web", order: 2, startDelaySeconds: 0 },
        ],
      }),
    );
    assert.match(text, /<VirtualSystemCollection ovf:id="all">[\s\S]*<VirtualSystemCollection ovf:id="inner">/);
    assert.match(text, /<Item ovf:id="db" ovf:order="1" ovf:startDelay="30"\/>/);
    assert.deepEqual(codes, []);
  });

  it("holds questions with their categories, and no secret", () => {
    const { text, codes } = made(
      appliance({
        machines: [machine()],
        products: [
          product({
            properties: [
              property({ key: "b", category: "Network", value: "x" }),
              property({ key: "a" }),
              property({ key: "c", category: "Network", password: true, value: { secret: "env:HUSH" } }),
            ],
          }),
          product({ name: "Another" }),
        ],
      }),
    );
    const order = [...text.matchAll(/<Category>|ovf:key="(.)"/g)].map(([all, key]) => key ?? all);
    assert.deepEqual(order, ["a", "<Category>", "b", "c"]);
    assert.ok(!text.includes("HUSH"));
    assert.match(text, /ovf:key="c"[^>]* ovf:password="true"/);
    assert.deepEqual(codes, ["ovf/secret-left-out", "ovf/product-renamed"]);
  });

  it("tells that OVF 1.0 has no passwords", () => {
    const source = appliance({
      machines: [machine()],
      products: [product({ properties: [property({ password: true })] })],
    });
    assert.deepEqual(made(source, strictFlavour, "1.0").codes, ["ovf/password-mark-dropped"]);
  });

  it("raises the hardware version for what the machine uses", () => {
    const type = (parts: Parameters<typeof machine>[0]): string | undefined =>
      /VirtualSystemType>([^<]*)/.exec(made(appliance({ machines: [machine(parts)] })).text)?.[1];
    assert.equal(type({}), "vmx-13");
    assert.equal(type({ tpm: "2.0" }), "vmx-14");
    assert.equal(type({ hardwareTypes: ["vmx-19"] }), "vmx-19");
    assert.equal(type({ hardwareTypes: ["vmx-99"] }), "vmx-13");
    assert.equal(type({ cpu: cpu(200) }), "vmx-15");
    assert.equal(type({ memoryBytes: 7000 * GIB }), "vmx-18");
    assert.equal(type({ cpu: cpu(768, 96) }), "vmx-20");
  });

  it("cuts numbers that the schemas have no room for, and says so", () => {
    const { text, codes } = made(
      appliance({ machines: [machine({ install: { initialBootStopDelaySeconds: 100_000 } })] }),
    );
    assert.match(text, /initialBootStopDelay="65535"/);
    assert.deepEqual(codes, ["ovf/number-cut"]);
  });

  it("counts memory in bytes where it is no number of MiB", () => {
    const { text } = made(appliance({ machines: [machine({ memoryBytes: 512 * MIB + 1 })] }), strictFlavour);
    assert.match(text, /AllocationUnits>byte<[\s\S]*VirtualQuantity>536870913</);
  });

  it("holds boot order, VLAN and shared disks in the second generation, and names them as lost in the first", () => {
    const source = appliance({
      disks: [disk("data", { shared: true })],
      machines: [
        machine({
          controllers: [{ id: "c", bus: "sata", model: null, index: 0 }],
          attachments: [drive("disk", { disk: "data", controller: "c", slot: 0 }), drive("cdrom")],
          nics: [nic({ network: "lan", vlan: 12 })],
          boot: [
            { device: "cdrom", index: null },
            { device: "disk", index: 0 },
            { device: "network", index: 0 },
          ],
        }),
      ],
    });
    const second = made(source, strictFlavour, "2.0");
    assert.deepEqual(second.codes, []);
    assert.match(second.text, /<SharedDisk ovf:diskId="data"/);
    assert.match(second.text, /<epasd:DefaultPortVID>12</);
    assert.deepEqual(
      [...second.text.matchAll(/<boots:StructuredBootString>([^<]+)</g)].map(([, name]) => name),
      ["CIM:CD/DVD:1", "CIM:Hard-Disk:1", "CIM:Network:1"],
    );
    const first = made(source, strictFlavour, "1.1");
    assert.deepEqual([...first.codes].sort(), [
      "ovf/boot-order-dropped",
      "platform/disk-shared",
      "platform/fact-dropped",
    ]);
  });

  it("names devices that importers may leave out, and what of them is cut", () => {
    const source = appliance({
      machines: [
        machine({
          sound: "AC97",
          tpm: "2.0",
          video: { model: "qxl", memoryBytes: 16 * MIB, heads: 2 },
          serialPorts: [{ index: 1, backing: "pipe", target: "/tmp/p" }],
        }),
      ],
    });
    const vsphere = made(source);
    assert.deepEqual(vsphere.codes, []);
    for (const word of ["vmware.vtpm", "vmware.soundcard.hdaudio", "vmware.serialport.pipe", "numDisplays"]) {
      assert.ok(vsphere.text.includes(word), word);
    }
    assert.equal([...vsphere.text.matchAll(/<Item ovf:required="false">/g)].length, 4);
    assert.deepEqual(made(source, strictFlavour).codes, [
      "platform/fact-dropped",
      "platform/fact-dropped",
      "ovf/video-cut",
    ]);
  });

  it("names guest systems by every number and id that is known", () => {
    const of = (names: Parameters<typeof guestOs>[0]): RegExpExecArray | null =>
      /ovf:id="(\d+)"(?: vmw:osType="(\w+)")?>\s*<Info>The operating/.exec(
        made(appliance({ machines: [machine({ guestOs: guestOs(names) })] })).text,
      );
    assert.deepEqual(of({ virtualbox: "Ubuntu_64" })?.slice(1), ["94", "ubuntu64Guest"]);
    assert.deepEqual(of({ vmware: "windows2019srv-64" })?.slice(1), ["102", "windows2019srv_64Guest"]);
    assert.deepEqual(of({ cim: 107 })?.slice(1), ["107", "centos7_64Guest"]);
    assert.deepEqual(of({})?.slice(1), ["102", "otherGuest64"]);
    const { codes } = made(appliance({ machines: [machine({ guestOs: guestOs({ xenserver: "A System 9" }) })] }));
    assert.deepEqual(codes, ["ovf/guest-os-unknown"]);
  });
});
