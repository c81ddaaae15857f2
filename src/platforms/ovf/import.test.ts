import assert from "node:assert/strict";
import { test } from "node:test";
import type { Appliance, Machine } from "../../appliance/appliance.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import { defaultLimits } from "../../base/limits.js";
import { openOvf } from "../../ovf/document.js";
import { parseXml } from "../../xml/parse.js";
import type { ImportChoice } from "../platform.js";
import type { PackageFacts } from "./files.js";
import { importOvf } from "./import.js";

const CIM = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_";
const STREAM = "http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized";
const ALONE: PackageFacts = { name: "test", find: null, references: "report" };

/** What `inner` means in an envelope of OVF 1, with all prefixes declared. */
function importText(inner: string, choice: ImportChoice = {}, facts: PackageFacts = ALONE) {
  const text = `<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"
    xmlns:rasd="${CIM}ResourceAllocationSettingData" xmlns:vssd="${CIM}VirtualSystemSettingData"
    xmlns:vmw="http://www.vmware.com/schema/ovf" xmlns:vbox="http://www.virtualbox.org/ovf/machine" xmlns:x="urn:x">${inner}</Envelope>`;
  const found: Diagnostic[] = [];
  const report = (diagnostic: Diagnostic): void => void found.push(diagnostic);
  const document = openOvf(parseXml(new TextEncoder().encode(text), "test.ovf", defaultLimits), report);
  return { appliance: importOvf(document, facts, choice, report), found, codes: found.map((finding) => finding.code) };
}

/** An item from properties of its CIM class. */
function item(properties: Readonly<Record<string, string | number>>, attributes = "", more = ""): string {
  const children = Object.entries(properties).map(([name, value]) => `<rasd:${name}>${value}</rasd:${name}>`);
  return `<Item ${attributes}>${children.join("")}${more}</Item>`;
}

const CPU = item({ InstanceID: 1, ResourceType: 3, VirtualQuantity: 2 });
const MEMORY = item({ InstanceID: 2, ResourceType: 4, VirtualQuantity: 512, AllocationUnits: "byte * 2^20" });

/** A virtual system with two processors, 512 MiB and what else is given. */
function system(items: string, more = "", id = "m"): string {
  const hardware = `<VirtualHardwareSection><Info/><System><vssd:VirtualSystemType>vmx-13</vssd:VirtualSystemType></System>${CPU}${MEMORY}${items}</VirtualHardwareSection>`;
  return `<VirtualSystem ovf:id="${id}"><Info/>${hardware}${more}</VirtualSystem>`;
}

function disk(id: string, attributes: string): string {
  return `<DiskSection><Info/><Disk ovf:diskId="${id}" ovf:format="${STREAM}" ${attributes}/></DiskSection>`;
}

function only(appliance: Appliance): Machine {
  const [machine] = appliance.machines;
  assert.ok(machine !== undefined && appliance.machines.length === 1);
  return machine;
}

const withCode = (code: string) => (error: unknown) => error instanceof FerryError && error.code === code;

test("reads a plain machine without findings", () => {
  const { appliance, codes } = importText(system(""));
  const machine = only(appliance);
  assert.deepEqual(codes, []);
  assert.deepEqual([machine.id, machine.name, machine.cpu.count, machine.memoryBytes], ["m", "m", 2, 512 * 2 ** 20]);
  assert.deepEqual([machine.firmware, machine.firmwareFrom], ["unknown", null]);
  assert.deepEqual(machine.hardwareTypes, ["vmx-13"]);
});

test("files: an href that leads out of the package is reported and never looked up", () => {
  for (const href of [
    "/etc/passwd",
    "../x.vmdk",
    "a/../../x",
    "..%2fx",
    "%2e%2e/x",
    "file:///etc/passwd",
    "http://x.example/d",
    "C:\\d",
    "\\\\host\\share\\d",
    "c:d",
  ]) {
    const { appliance, codes } = importText(
      `<References><File ovf:id="f" ovf:href="${href}"/></References>${disk("d", 'ovf:fileRef="f" ovf:capacity="1"')}${system("")}`,
      {},
      { name: null, find: () => assert.fail("looked up"), references: "report" },
    );
    assert.deepEqual(codes, ["ovf/href-outside-package"], href);
    assert.equal(appliance.disks[0]?.file, href, "the disk does not become an empty one");
  }
});

test("files: one that is not in the package is reported, unless that was done before", () => {
  const text = `<References><File ovf:id="f" ovf:href="gone.vmdk"/></References>${system("")}`;
  assert.deepEqual(importText(text, {}, { name: null, find: () => undefined, references: "report" }).codes, [
    "ovf/file-missing",
  ]);
  assert.deepEqual(importText(text, {}, { name: null, find: () => undefined, references: "reported" }).codes, []);
});

test("files: names and sizes of members count, and pieces and compression are kept", () => {
  const { appliance, codes } = importText(
    `<References><File ovf:id="f" ovf:href="a%20b.vmdk.gz" ovf:size="7" ovf:compression="gzip" ovf:chunkSize="4096"/>
      <File ovf:id="i" ovf:href="cd.iso" ovf:size="9"/><File ovf:id="n" ovf:href="vars"/></References>
      ${disk("d", 'ovf:fileRef="f" ovf:capacity="1" ovf:capacityAllocationUnits="byte * 2^30"')}
      ${system(item({ InstanceID: 5, ResourceType: 32768, Caption: "NVRAM", HostResource: "ovf:/file/n" }))}`,
    {},
    { name: "x", find: (href) => ({ name: href.replace("%20", " "), size: 5 }), references: "report" },
  );
  assert.deepEqual(codes, []);
  assert.deepEqual(appliance.disks, [
    {
      id: "d",
      file: "a b.vmdk.gz",
      format: "vmdk",
      variant: "streamOptimized",
      capacityBytes: 2 ** 30,
      parent: null,
      compression: "gzip",
      chunkBytes: 4096,
    },
  ]);
  assert.deepEqual(appliance.files, [
    { id: "i", name: "cd.iso", role: "iso", size: 5 },
    { id: "n", name: "vars", role: "nvram", size: 5 },
  ]);
});

test("files: those that cannot be used as they are are reported", () => {
  const { codes } = importText(`<References><File ovf:id="a"/><File ovf:href="b"/>
    <File ovf:id="c" ovf:href="c" ovf:compression="bzip2"/><File ovf:id="c" ovf:href="d"/></References>${system("")}`);
  assert.deepEqual(codes, [
    "ovf/incomplete-file",
    "ovf/incomplete-file",
    "ovf/unknown-compression",
    "ovf/duplicate-id",
  ]);
});

test("disks: dangling references, unknown formats and missing or wrong capacities are reported", () => {
  const cases: readonly (readonly [attributes: string, code: string, capacity: number])[] = [
    ['ovf:capacity="1" ovf:fileRef="none"', "ovf/dangling-file-ref", 1],
    ['ovf:capacity="1" ovf:parentRef="none"', "ovf/unknown-parent-disk", 1],
    ["", "ovf/missing-capacity", 0],
    ['ovf:capacity="-1"', "ovf/bad-capacity", 0],
    ['ovf:capacity="ten"', "ovf/bad-capacity", 0],
    ['ovf:capacity="10GB"', "ovf/bad-capacity", 10 * 2 ** 30],
    ['ovf:capacity="9007199254740992"', "ovf/bad-capacity", 0],
    ['ovf:capacity="$' + '{size}"', "ovf/bad-capacity", 0],
    ['ovf:capacity="1" ovf:capacityAllocationUnits="Disk"', "ovf/unknown-unit", 0],
    ['ovf:capacity="1" ovf:capacityAllocationUnits="hertz"', "ovf/unknown-unit", 0],
  ];
  for (const [attributes, code, capacity] of cases) {
    const { appliance, codes } = importText(disk("d", attributes) + system(""));
    assert.deepEqual(codes, [code], attributes);
    assert.equal(appliance.disks[0]?.capacityBytes, capacity, attributes);
  }
  const unknown = importText(
    `<DiskSection><Disk ovf:diskId="d" ovf:capacity="1" ovf:format="urn:x"/><Disk ovf:capacity="1"/></DiskSection>${system("")}`,
  );
  assert.deepEqual(unknown.codes, ["ovf/incomplete-disk", "ovf/unknown-disk-format"]);
});

test("disks: a capacity can be a property, in its configuration and as chosen", () => {
  const text = `${disk("d", 'ovf:capacity="$' + '{com.x.size.1}" ovf:capacityAllocationUnits="byte * 2^20"')}
    <DeploymentOptionSection><Configuration ovf:id="small"/><Configuration ovf:id="large"/></DeploymentOptionSection>
    ${system("", '<ProductSection ovf:class="com.x" ovf:instance="1"><Property ovf:key="size" ovf:value="4"><Value ovf:configuration="large" ovf:value="8"/></Property></ProductSection>')}`;
  const capacity = (choice: ImportChoice): number | undefined =>
    importText(text, choice).appliance.disks[0]?.capacityBytes;
  assert.equal(capacity({}), 4 * 2 ** 20);
  assert.equal(capacity({ configuration: "large" }), 8 * 2 ** 20);
  assert.equal(capacity({ configuration: "large", values: { "com.x.size.1": "16" } }), 16 * 2 ** 20);
  assert.equal(capacity({ values: { size: "32" } }), 32 * 2 ** 20);
  assert.throws(() => capacity({ values: { size: { secret: "env:X" } } }), withCode("ovf/secret-capacity"));
});

test("disks: drives that name one disk get copies of it, unless it is shared", () => {
  const drive = (id: number, name: string) =>
    item({ InstanceID: id, ResourceType: 17, HostResource: `ovf:/disk/${name}` });
  const { appliance, codes } = importText(
    `${disk("d", 'ovf:capacity="1"')}<SharedDiskSection><SharedDisk ovf:diskId="s" ovf:capacity="2" ovf:format="${STREAM}"/></SharedDiskSection>
     <VirtualSystemCollection ovf:id="c">${system(drive(5, "d") + drive(6, "s"), "", "a")}${system(drive(5, "d") + drive(6, "s"), "", "b")}</VirtualSystemCollection>`,
  );
  assert.deepEqual(codes, ["ovf/disk-copied"]);
  assert.deepEqual(
    appliance.machines.map((machine) => machine.attachments.map((a) => a.disk)),
    [
      ["d", "s"],
      ["d-2", "s"],
    ],
  );
  assert.deepEqual(
    appliance.disks.map(({ id, capacityBytes }) => [id, capacityBytes]),
    [
      ["d", 1],
      ["s", 2],
      ["d-2", 1],
    ],
  );
});

test("drives: every spelling of a HostResource is read, and what leads nowhere is reported", () => {
  const base = `<References><File ovf:id="cd" ovf:href="cd.iso"/></References>${disk("d", 'ovf:capacity="1"')}`;
  for (const resource of ["ovf:/disk/d", "/disk/d", "ovf://disk/d"]) {
    const { appliance, codes } = importText(
      base + system(item({ InstanceID: 5, ResourceType: 17, HostResource: resource })),
    );
    assert.deepEqual([codes, only(appliance).attachments[0]?.disk], [[], "d"], resource);
  }
  const cd = importText(base + system(item({ InstanceID: 5, ResourceType: 15, HostResource: "ovf:/file/cd" })));
  assert.deepEqual(only(cd.appliance).attachments, [
    { device: "cdrom", disk: null, file: "cd", controller: null, slot: null },
  ]);
  for (const [type, resource] of [
    [17, "ovf:/disk/none"],
    [17, "ovf:/file/cd"],
    [15, "ovf:/file/none"],
    [15, "ovf:/disk/none"],
  ] as const) {
    const { codes } = importText(base + system(item({ InstanceID: 5, ResourceType: type, HostResource: resource })));
    assert.deepEqual(codes, ["ovf/dangling-host-resource"], resource);
  }
  const empty = importText(base + system(item({ InstanceID: 5, ResourceType: 17 })));
  assert.deepEqual([empty.codes, only(empty.appliance).attachments], [["ovf/disk-item-without-disk"], []]);
  assert.equal(only(empty.appliance).foreign.length, 1);
});

test("controllers are numbered on their bus, by address where all have one", () => {
  const controller = (id: number, type: number, subType: string, address: number | null) =>
    item({
      InstanceID: id,
      ResourceType: type,
      ResourceSubType: subType,
      ...(address === null ? {} : { Address: address }),
    });
  const { appliance, codes } = importText(
    system(
      controller(3, 5, "PIIX4", 1) +
        controller(4, 5, "PIIX4", 0) +
        controller(5, 20, "AHCI", null) +
        controller(6, 20, "vmware.nvme.controller", 3) +
        controller(7, 6, "foo, lsilogic", 7) +
        controller(8, 6, "VirtualSCSI", null) +
        controller(9, 23, "vmware.usb.xhci", null) +
        controller(10, 20, "vmware.nvdimm.controller", null),
    ),
  );
  assert.deepEqual(codes, []);
  assert.deepEqual(
    only(appliance).controllers.map(({ id, bus, model, index }) => `${id} ${bus}${index} ${model}`),
    [
      "3 ide1 PIIX4",
      "4 ide0 PIIX4",
      "5 sata0 AHCI",
      "6 nvme0 vmware.nvme.controller",
      "7 scsi0 lsilogic",
      "8 scsi1 VirtualSCSI",
      "9 usb0 vmware.usb.xhci",
    ],
  );
  assert.deepEqual(
    only(appliance).foreign.map(({ name }) => name),
    ["Other storage device vmware.nvdimm.controller"],
  );
});

test("a drive with a parent that is no controller keeps its slot and is reported", () => {
  const { appliance, codes } = importText(
    disk("d", 'ovf:capacity="1"') +
      system(item({ InstanceID: 5, ResourceType: 17, HostResource: "ovf:/disk/d", Parent: 1, AddressOnParent: 3 })),
  );
  assert.deepEqual(codes, ["ovf/unknown-parent"]);
  assert.deepEqual(only(appliance).attachments, [{ device: "disk", disk: "d", file: null, controller: null, slot: 3 }]);
});

test("network cards: addresses in every spelling, and networks that are not listed", () => {
  const nic = (properties: Readonly<Record<string, string>>) =>
    item({ InstanceID: 5, ResourceType: 10, ...properties });
  for (const address of ["08:00:27:A1:B2:C3", "08-00-27-a1-b2-c3", "0800.27a1.b2c3", "080027A1B2C3"]) {
    assert.equal(
      only(importText(system(nic({ Address: address }))).appliance).nics[0]?.mac,
      "08:00:27:a1:b2:c3",
      address,
    );
  }
  const { appliance, codes } = importText(
    system(
      nic({
        Connection: "lab",
        ResourceSubType: "VmxNet3",
        AutomaticAllocation: "false",
        Address: "7",
        NetworkPortProfileID: "p1",
      }),
    ),
  );
  assert.deepEqual(codes, ["ovf/unknown-network"]);
  assert.deepEqual(appliance.networks, [{ name: "lab", description: null }]);
  assert.deepEqual(only(appliance).nics, [
    { network: "lab", model: "VmxNet3", mac: null, connected: false, portProfile: "p1" },
  ]);
});

test("VirtualBox's settings complete network cards and firmware, where both describe as many cards", () => {
  const settings = (adapters: string) =>
    `<vbox:Machine ovf:required="false"><Hardware><Boot><Order position="2" device="HardDisk"/><Order position="1" device="DVD"/><Order position="3" device="None"/></Boot>
      <Firmware type="EFI"/><Network>${adapters}</Network></Hardware></vbox:Machine>`;
  const nic = item({ InstanceID: 5, ResourceType: 10 });
  const adapters = `<Adapter slot="1" enabled="true" MACAddress="080027000002" type="virtio" cable="false"/>
    <Adapter slot="0" enabled="true" MACAddress="080027000001"/><Adapter slot="2" MACAddress="080027000003"/>`;
  const both = importText(system(nic + item({ InstanceID: 6, ResourceType: 10 }), settings(adapters)));
  const machine = only(both.appliance);
  assert.deepEqual(both.codes, []);
  assert.deepEqual([machine.firmware, machine.firmwareFrom], ["efi", "vendor"]);
  assert.deepEqual(
    machine.nics.map(({ model, mac, connected }) => [model, mac, connected]),
    [
      ["Am79C973", "08:00:27:00:00:01", true],
      ["virtio", "08:00:27:00:00:02", false],
    ],
  );
  assert.deepEqual(machine.boot, [
    { device: "cdrom", index: null },
    { device: "disk", index: null },
  ]);
  assert.deepEqual(
    machine.foreign.map(({ source, name }) => [source, name]),
    [["virtualbox", "vbox:Machine"]],
  );
  const one = importText(system(nic, settings(adapters)));
  assert.deepEqual([one.codes, only(one.appliance).nics[0]?.mac], [["ovf/hardware-disagrees"], null]);
});

test("VMware's settings say the firmware, and all others are carried along", () => {
  const config = (key: string, value: string, kind = "Config") =>
    `<vmw:${kind} ovf:required="false" vmw:key="${key}" vmw:value="${value}"/>`;
  const cases: readonly (readonly [
    settings: string,
    firmware: string,
    from: string | null,
    codes: readonly string[],
  ])[] = [
    [config("firmware", "bios"), "bios", "vendor", []],
    [config("firmware", "efi"), "efi", "vendor", []],
    [config("firmware", "EFI") + config("bootOptions.efiSecureBootEnabled", "true"), "efi-secure", "vendor", []],
    [config("firmware", "efi") + config("bootOptions.efiSecureBootEnabled", "false"), "efi", "vendor", []],
    [config("bootOptions.efiSecureBootEnabled", "true"), "efi-secure", "vendor", []],
    [config("bootOptions.efiSecureBootEnabled", "false"), "unknown", null, []],
    [config("firmware", "openfirmware"), "unknown", null, ["ovf/unknown-firmware"]],
  ];
  for (const [settings, firmware, from, codes] of cases) {
    const found = importText(system(settings));
    const machine = only(found.appliance);
    assert.deepEqual(
      [machine.firmware, machine.firmwareFrom, found.codes, machine.foreign],
      [firmware, from, codes, []],
      settings,
    );
  }
  const { appliance } = importText(
    system(
      config("cpuHotAddEnabled", "true") +
        config("svga.present", "TRUE", "ExtraConfig") +
        item({ InstanceID: 9, ResourceType: 24, ElementName: "video" }) +
        item({ InstanceID: 10, ResourceType: 10 }, "", config("wakeOnLanEnabled", "true")),
    ),
  );
  assert.deepEqual(
    only(appliance).foreign.map(({ source, name, payload }) => [source, name, payload.length > 20 ? "..." : payload]),
    [
      ["vmware", "Config cpuHotAddEnabled", "true"],
      ["vmware", "ExtraConfig svga.present", "TRUE"],
      ["ovf", "Graphics controller", "..."],
      ["vmware", "Ethernet Adapter: Config wakeOnLanEnabled", "true"],
    ],
  );
});

test("VMware's boot order names drives and cards by their place", () => {
  const order = (type: string, id: string) => `<vmw:BootOrderSection vmw:type="${type}" vmw:instanceId="${id}"/>`;
  const items =
    item({ InstanceID: 5, ResourceType: 15 }) +
    item({ InstanceID: 6, ResourceType: 15 }) +
    item({ InstanceID: 7, ResourceType: 10 });
  const { appliance } = importText(system(items, order("net", "7") + order("cdrom", "6 5") + order("disk", "99")));
  assert.deepEqual(only(appliance).boot, [
    { device: "network", index: 0 },
    { device: "cdrom", index: 1 },
    { device: "cdrom", index: 0 },
    { device: "disk", index: null },
  ]);
});

test("the chosen configuration decides about hardware; the default one where none is chosen", () => {
  const options =
    '<DeploymentOptionSection><Configuration ovf:id="s"><Label>Small</Label></Configuration><Configuration ovf:id="l" ovf:default="true"/></DeploymentOptionSection>';
  const large = item({ InstanceID: 1, ResourceType: 3, VirtualQuantity: 8 }, 'ovf:configuration="l xl"');
  const cpus = (choice: ImportChoice, text = options + system(large)) =>
    only(importText(text, choice).appliance).cpu.count;
  assert.equal(cpus({}), 8);
  assert.equal(cpus({ configuration: "s" }), 2);
  assert.throws(() => cpus({ configuration: "xl" }), withCode("ovf/unknown-configuration"));
  assert.equal(
    cpus({}, options.replace(' ovf:default="true"', "") + system(large)),
    2,
    "without a default the first counts",
  );
  const two = importText(options.replace('"s"', '"s" ovf:default="true"') + system(large));
  assert.deepEqual([two.codes, only(two.appliance).cpu.count], [["ovf/several-defaults"], 2]);
  assert.deepEqual(two.appliance.options, [
    { id: "s", label: "Small", default: true },
    { id: "l", label: "l", default: true },
  ]);
});

test("processors and memory: sums, limits, units that are missing, unknown or vague", () => {
  const hardware = (items: string) =>
    `<VirtualSystem ovf:id="m"><VirtualHardwareSection>${items}</VirtualHardwareSection></VirtualSystem>`;
  const memory = (properties: Readonly<Record<string, string | number>>, attributes = "") =>
    item({ InstanceID: 2, ResourceType: 4, ...properties }, attributes);
  const cases: readonly (readonly [items: string, memoryBytes: number, codes: readonly string[]])[] = [
    [CPU + memory({ VirtualQuantity: 2048 }), 2048 * 2 ** 20, ["ovf/missing-unit"]],
    [CPU + memory({ VirtualQuantity: 1073741824 }), 2 ** 30, []],
    [CPU + memory({ VirtualQuantity: 4, AllocationUnits: "GigaBytes" }), 2 ** 32, []],
    [CPU + memory({ VirtualQuantity: 4, AllocationUnits: "spoons" }), 0, ["ovf/unknown-unit", "ovf/bad-quantity"]],
    [CPU + memory({ VirtualQuantity: "many", AllocationUnits: "byte" }), 0, ["ovf/bad-quantity"]],
    [CPU, 0, ["ovf/missing-memory"]],
    [MEMORY, 512 * 2 ** 20, ["ovf/missing-cpu"]],
    [CPU + MEMORY + memory({ InstanceID: 3, VirtualQuantity: 1, AllocationUnits: "byte * 2^30" }), 1536 * 2 ** 20, []],
  ];
  for (const [items, memoryBytes, codes] of cases) {
    const found = importText(hardware(items));
    assert.deepEqual([only(found.appliance).memoryBytes, found.codes], [memoryBytes, codes], items);
  }
  const bounds = importText(
    hardware(
      CPU +
        memory({ VirtualQuantity: 1, AllocationUnits: "byte * 2^30" }, 'ovf:bound="min"') +
        memory({ VirtualQuantity: 4, AllocationUnits: "byte * 2^30" }, 'ovf:bound="max"'),
    ),
  );
  assert.deepEqual(bounds.codes, []);
  assert.equal(only(bounds.appliance).memoryBytes, 2 ** 30, "the lower bound counts where nothing else is said");
  assert.deepEqual(only(bounds.appliance).bounds, [{ fact: "memory", min: 2 ** 30, max: 2 ** 32 }]);
});

test("collections: ids are made unique, groups keep their members, start orders their machines", () => {
  const { appliance, codes } = importText(`<VirtualSystemCollection ovf:id="app"><Name>The App</Name>
    <StartupSection><Item ovf:id="app" ovf:order="2" ovf:startDelay="30"/><Item ovf:id="tier" ovf:order="1"/></StartupSection>
    ${system("", "", "app")}<VirtualSystemCollection ovf:id="tier">${system("", "", "app")}</VirtualSystemCollection></VirtualSystemCollection>`);
  assert.deepEqual(codes, ["ovf/duplicate-id"]);
  assert.deepEqual(
    appliance.machines.map((machine) => machine.id),
    ["app", "app-2"],
  );
  assert.deepEqual(appliance.groups, [
    { id: "app", name: "The App", members: ["app", "tier"] },
    { id: "tier", name: null, members: ["app-2"] },
  ]);
  assert.deepEqual(appliance.startup, [{ machine: "app", order: 2, startDelaySeconds: 30 }]);
  assert.deepEqual(
    appliance.foreign.map(({ name }) => name),
    ["StartupSection tier"],
  );
});

test("a package without machines, and machines without id or hardware, are reported", () => {
  assert.deepEqual(importText("").codes, ["ovf/no-machine"]);
  const { appliance, codes } = importText("<VirtualSystem><Name>Web</Name></VirtualSystem>");
  assert.deepEqual(codes, ["ovf/missing-id", "ovf/no-hardware"]);
  assert.equal(only(appliance).id, "Web");
});

test("properties: values as chosen, passwords never from the package, unknown keys refused", () => {
  const text = system(
    "",
    `<ProductSection ovf:class="c"><Product>P</Product><Property ovf:key="host" ovf:type="string" ovf:value="a" ovf:userConfigurable="true"/>
      <Category>Access</Category><Property ovf:key="pw" ovf:type="string" ovf:value="secret" ovf:password="true" vmw:qualifiers="MinLen(8)"/>
      <Property ovf:key="only" ovf:configuration="other"/><Property ovf:type="string"/></ProductSection>`,
  );
  const { appliance, codes } = importText(text, { values: { "c.host": "b", "c.pw": { secret: "env:PW" } } });
  assert.deepEqual(codes, ["ovf/missing-id"]);
  const values = appliance.products[0]?.properties.map(({ key, value, category, qualifiers }) => [
    key,
    value,
    category,
    qualifiers,
  ]);
  assert.deepEqual(values, [
    ["host", "b", null, null],
    ["pw", { secret: "env:PW" }, "Access", "MinLen(8)"],
  ]);
  assert.equal(importText(text).appliance.products[0]?.properties[1]?.value, null);
  assert.throws(() => importText(text, { values: { nothing: "x" } }), withCode("ovf/unknown-property"));
});

test("texts come in the chosen language", () => {
  const text = `<Strings xml:lang="de"><Msg ovf:msgid="eula">Bedingungen</Msg><Msg ovf:msgid="net">Netz</Msg></Strings>
    <NetworkSection><Network ovf:name="n"><Description ovf:msgid="net">net</Description></Network></NetworkSection>
    ${system("", '<EulaSection><License ovf:msgid="eula">Terms</License></EulaSection><AnnotationSection><Annotation>Note</Annotation></AnnotationSection>')}`;
  const german = importText(text, { locale: "de" }).appliance;
  assert.deepEqual(
    [german.eulas, german.networks[0]?.description, german.machines[0]?.annotation],
    [[{ machine: "m", text: "Bedingungen" }], "Netz", "Note"],
  );
  assert.deepEqual(importText(text).appliance.eulas, [{ machine: "m", text: "Terms" }]);
});

test("what is nobody's is carried along with its source", () => {
  const { appliance, codes } = importText(
    `<x:FooSection><x:Bar/></x:FooSection>${system(
      item({ InstanceID: 8, ResourceType: 99 }) +
        item({ InstanceID: 9, ResourceType: 77 }, 'ovf:required="false"') +
        item({ InstanceID: 11, ResourceType: 35, ResourceSubType: "ensoniq1371" }),
      "<x:BarSection/>",
    )}`,
  );
  assert.deepEqual(appliance.foreign, [
    { source: "urn:x", name: "FooSection", payload: "<x:FooSection><x:Bar/></x:FooSection>", machine: null },
  ]);
  assert.deepEqual(
    only(appliance).foreign.map(({ source, name }) => [source, name]),
    [
      ["urn:x", "BarSection"],
      ["ovf", "resource type 99"],
      ["ovf", "resource type 77"],
      ["ovf", "Sound card ensoniq1371"],
    ],
  );
  assert.deepEqual(codes, ["ovf/unknown-resource-type", "ovf/unknown-resource-type"]);
});

test("an OVF 0.9 style annotation of the envelope goes to the only machine", () => {
  const note = "<AnnotationSection><Annotation>All of it</Annotation></AnnotationSection>";
  assert.equal(only(importText(note + system("")).appliance).annotation, "All of it");
  const two = importText(
    `${note}<VirtualSystemCollection ovf:id="c">${system("", "", "a")}${system("", "", "b")}</VirtualSystemCollection>`,
  ).appliance;
  assert.deepEqual([two.machines[0]?.annotation, two.foreign.map(({ name }) => name)], [null, ["AnnotationSection"]]);
});

test("findings stand at their line", () => {
  const { found } = importText(`\n\n   ${disk("d", 'ovf:capacity="x"')}${system("")}`);
  assert.deepEqual(found[0]?.location, { at: "text", file: "test.ovf", line: 5, column: 24 });
});

test("hundreds of thousands of entries are read in linear time", () => {
  const count = 10_000;
  const many = (make: (i: number) => string): string => Array.from({ length: count }, (_, i) => make(i)).join("");
  const text = `<References>${many((i) => `<File ovf:id="f${i}" ovf:href="d${i}.vmdk"/>`)}</References>
    <DiskSection>${many((i) => `<Disk ovf:diskId="d${i}" ovf:fileRef="f${i}" ovf:capacity="$` + `{k${i}}"/>`)}</DiskSection>
    ${system(
      many((i) => item({ InstanceID: i + 10, ResourceType: 17, HostResource: "ovf:/disk/d0", Parent: 5 })) +
        many((i) => item({ InstanceID: i + 100_000, ResourceType: 10, Connection: `n${i}` })),
      `<ProductSection>${many((i) => `<Property ovf:key="k${i}" ovf:value="${i}"/>`)}</ProductSection>`,
    )}`;
  const start = performance.now();
  const { appliance } = importText(text);
  assert.equal(appliance.disks.length, 2 * count - 1);
  assert.ok(performance.now() - start < 20_000, "quadratic work takes minutes");
});
