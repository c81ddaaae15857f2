import assert from "node:assert/strict";
import { test } from "node:test";
import { CPU, disk, importText, item, MEMORY, only, system } from "../../../test/support/ovf.js";

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
    { device: "cdrom", disk: null, file: "cd", controller: null, slot: null, readOnly: false },
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
  assert.deepEqual(only(appliance).attachments, [
    { device: "disk", disk: "d", file: null, controller: null, slot: 3, readOnly: false },
  ]);
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
    { network: "lab", kind: null, vlan: null, model: "VmxNet3", mac: null, connected: false, portProfile: "p1" },
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

test("the boot order of OVF 2 counts devices of a kind, from 1", () => {
  const source = (text: string) =>
    `<b:CIM_BootSourceSetting><b:StructuredBootString>${text}</b:StructuredBootString></b:CIM_BootSourceSetting>`;
  const order = (...texts: string[]) =>
    `<BootDeviceSection xmlns:b="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_BootSourceSetting"
      xmlns:c="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_BootConfigSetting"><Info/><c:CIM_BootConfigSetting>${texts.map(source).join("")}</c:CIM_BootConfigSetting></BootDeviceSection>`;
  const drives = disk("d", 'ovf:capacity="1"') + disk("e", 'ovf:capacity="1"');
  const items =
    item({ InstanceID: 4, ResourceType: 15 }) +
    item({ InstanceID: 5, ResourceType: 17, HostResource: "ovf:/disk/d" }) +
    item({ InstanceID: 6, ResourceType: 17, HostResource: "ovf:/disk/e" }) +
    item({ InstanceID: 7, ResourceType: 10 });
  const { appliance } = importText(
    drives + system(items, order("CIM:Hard-Disk:2", "CIM:CD/DVD:1", "CIM:Network:1", "CIM:USB:1", "CIM:Hard-Disk:9")),
  );
  assert.deepEqual(only(appliance).boot, [
    { device: "disk", index: 2 },
    { device: "cdrom", index: 0 },
    { device: "network", index: 0 },
    { device: "disk", index: null },
  ]);
  assert.deepEqual(only(appliance).foreign, []);
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
