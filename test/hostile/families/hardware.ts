import type { HostileCase, HostileFamily, Outcome } from "../case.js";
import { changed, DESCRIPTOR, described, packed } from "../make.js";

const CPU = "<rasd:VirtualQuantity>1</rasd:VirtualQuantity>";
const MEMORY = "<rasd:VirtualQuantity>64</rasd:VirtualQuantity>";
const CAPACITY = 'ovf:capacity="8"';
const UNITS = 'ovf:capacityAllocationUnits="byte * 2^20"';
const item = (id: number, type: number, more: string): string =>
  `<Item>${more}<rasd:ElementName>x</rasd:ElementName><rasd:InstanceID>${id}</rasd:InstanceID><rasd:ResourceType>${type}</rasd:ResourceType></Item>`;

/** A change of the good descriptor, its code, what `validate` and others make of it. */
interface Row {
  readonly tries: string;
  readonly descriptor: () => string;
  readonly code: HostileCase["code"];
  readonly runs: HostileCase["runs"];
}

const quantity = (tries: string, value: string, code: HostileCase["code"], outcome: Outcome): Row => ({
  tries,
  descriptor: () => changed(MEMORY, `<rasd:VirtualQuantity>${value}</rasd:VirtualQuantity>`),
  code,
  runs: { validate: outcome },
});

const rows: readonly Row[] = [
  quantity("memory of minus one", "-1", "ovf/item-number-invalid", 1),
  quantity("memory of 400 digits", "9".repeat(400), "ovf/item-number-invalid", 1),
  quantity("memory in hexadecimal, which some programs take", "0x40", "ovf/item-number-invalid", 1),
  quantity("memory in words", "lots", "ovf/item-number-invalid", 1),
  {
    tries: "four billion processors",
    descriptor: () => changed(CPU, "<rasd:VirtualQuantity>4294967295</rasd:VirtualQuantity>"),
    code: "fit/too-many-cpus",
    runs: { validate: [0, "ovf/processor-count-implausible"], convert: [3, "convert/blocked"] },
  },
  {
    tries: "no processor",
    descriptor: () => changed(CPU, "<rasd:VirtualQuantity>0</rasd:VirtualQuantity>"),
    code: "ovf/missing-cpu",
    runs: { inspect: 0, convert: 0 },
  },
  {
    tries: "no memory",
    descriptor: () => changed(MEMORY, "<rasd:VirtualQuantity>0</rasd:VirtualQuantity>"),
    code: "ovf/missing-memory",
    runs: { inspect: 0 },
  },
  {
    tries: "a unit of 2^1024 bytes",
    descriptor: () => changed("<rasd:AllocationUnits>byte * 2^20", "<rasd:AllocationUnits>byte * 2^1024"),
    code: "ovf/memory-unit-invalid",
    runs: { validate: 1 },
  },
  {
    tries: "a unit with a chain of factors without end",
    descriptor: () =>
      changed("<rasd:AllocationUnits>byte * 2^20", `<rasd:AllocationUnits>byte${" * 2".repeat(50_000)}`),
    code: "ovf/memory-unit-invalid",
    runs: { validate: 1 },
  },
  {
    tries: "a unit that divides by nothing",
    descriptor: () => changed("<rasd:AllocationUnits>byte * 2^20", "<rasd:AllocationUnits>byte / 0"),
    code: "ovf/memory-unit-invalid",
    runs: { validate: 1 },
  },
  {
    tries: "a disk of 2^63 - 1 bytes",
    descriptor: () => changed(`${CAPACITY} ${UNITS}`, 'ovf:capacity="9223372036854775807"'),
    code: "ovf/bad-capacity",
    runs: { inspect: 1 },
  },
  {
    tries: "a capacity that overflows with its unit",
    descriptor: () =>
      changed(UNITS, 'ovf:capacityAllocationUnits="byte * 2^60"', changed(CAPACITY, 'ovf:capacity="999999999"')),
    code: "ovf/bad-capacity",
    runs: { inspect: 1 },
  },
  {
    tries: "a negative capacity",
    descriptor: () => changed(CAPACITY, 'ovf:capacity="-8"'),
    code: "ovf/disk-capacity-invalid",
    runs: { validate: 1, inspect: [1, "ovf/bad-capacity"] },
  },
  {
    tries: "a capacity smaller than the disk, to cut it off",
    descriptor: () => changed(CAPACITY, 'ovf:capacity="4"'),
    code: "disk/capacity-mismatch",
    runs: { inspect: 0, convert: 0 },
  },
  {
    tries: "disks that are each other's parents",
    descriptor: () =>
      changed(
        'ovf:diskId="disk0" ovf:fileRef="file0"',
        'ovf:diskId="disk0" ovf:fileRef="file0" ovf:parentRef="disk1"',
        changed(
          "</DiskSection>",
          `<Disk ovf:diskId="disk1" ${CAPACITY} ${UNITS} ovf:parentRef="disk0"/></DiskSection>`,
        ),
      ),
    code: "ovf/disk-parent-cycle",
    runs: { validate: 1 },
  },
  {
    tries: "a disk that is its own parent",
    descriptor: () => changed('ovf:diskId="disk0"', 'ovf:diskId="disk0" ovf:parentRef="disk0"'),
    code: "ovf/disk-parent-cycle",
    runs: { validate: 1 },
  },
  {
    tries: "a drive that hangs on itself",
    descriptor: () => changed("<rasd:Parent>3</rasd:Parent>", "<rasd:Parent>10</rasd:Parent>"),
    code: "ovf/unknown-parent",
    runs: { inspect: 0, convert: 0 },
  },
  {
    tries: "a drive on a controller that is not there",
    descriptor: () => changed("<rasd:Parent>3</rasd:Parent>", "<rasd:Parent>99</rasd:Parent>"),
    code: "ovf/parent-missing",
    runs: { validate: 0 },
  },
  {
    tries: "two drives in one place",
    descriptor: () =>
      changed(
        "</VirtualHardwareSection>",
        `<Item><rasd:AddressOnParent>0</rasd:AddressOnParent><rasd:ElementName>x</rasd:ElementName><rasd:InstanceID>40</rasd:InstanceID><rasd:Parent>3</rasd:Parent><rasd:ResourceType>15</rasd:ResourceType></Item></VirtualHardwareSection>`,
      ),
    code: "ovf/address-taken",
    runs: { validate: 0 },
  },
  {
    tries: "a drive at the place 2^31",
    descriptor: () => changed("<rasd:AddressOnParent>0<", "<rasd:AddressOnParent>2147483648<"),
    code: "ovf/address-out-of-range",
    runs: { validate: 0, convert: [0, "fit/drive-renumbered"] },
  },
  {
    tries: "a drive backed by a file of the host",
    descriptor: () => changed("ovf:/disk/disk0", "file:///dev/sda"),
    code: "ovf/host-resource-local",
    runs: { validate: 0 },
  },
  {
    tries: "a drive backed by a device of the host",
    descriptor: () => changed("ovf:/disk/disk0", "/dev/sda"),
    code: "ovf/host-resource-local",
    runs: { validate: 0 },
  },
  {
    tries: "a drive backed by a disk that is not listed",
    descriptor: () => changed("ovf:/disk/disk0", "ovf:/disk/other"),
    code: "ovf/host-resource-missing",
    runs: { validate: 1 },
  },
  {
    tries: "a drive backed by twelve million letters, to use up the stack of a pattern",
    descriptor: () => changed("ovf:/disk/disk0", "a".repeat(12_000_000)),
    code: "ovf/host-resource-local",
    runs: { validate: 0 },
  },
  {
    tries: "two items with one id",
    descriptor: () => changed("</VirtualHardwareSection>", `${item(1, 4, MEMORY)}</VirtualHardwareSection>`),
    code: "ovf/item-id-repeated",
    runs: { validate: 1 },
  },
  {
    tries: "two disks with one id",
    descriptor: () => changed("</DiskSection>", `<Disk ovf:diskId="disk0" ${CAPACITY} ${UNITS}/></DiskSection>`),
    code: "ovf/disk-id-repeated",
    runs: { validate: 1 },
  },
  {
    tries: "no machine at all",
    descriptor: () => DESCRIPTOR.replace(/<VirtualSystem [\s\S]*<\/VirtualSystem>/, ""),
    code: "ovf/no-machine",
    runs: { inspect: 1 },
  },
  {
    tries: "collections nested a hundred deep",
    descriptor: () =>
      changed(
        /<VirtualSystem [\s\S]*<\/VirtualSystem>/,
        `${'<VirtualSystemCollection ovf:id="c"><Info>c</Info>'.repeat(100)}${"</VirtualSystemCollection>".repeat(100)}`,
      ),
    code: "ovf/no-machine",
    runs: { inspect: 1 },
  },
  {
    tries: "a required extension that nobody knows",
    descriptor: () =>
      changed(
        "<DiskSection>",
        '<x:Backdoor xmlns:x="urn:x" ovf:required="true"><Info>x</Info></x:Backdoor><DiskSection>',
      ),
    code: "ovf/extension-not-understood",
    runs: { validate: 0 },
  },
  {
    tries: "a name of the machine that clears the screen",
    descriptor: () => changed('ovf:id="box"', 'ovf:id="box&#x9b;2J&#x202e;"'),
    code: "fit/name-changed",
    runs: { convert: 0, "convert --to libvirt": 0 },
  },
  {
    tries: "a name of the machine that leaves its folder",
    descriptor: () => changed('ovf:id="box"', 'ovf:id="../../../etc/cron.d/x"'),
    code: "libvirt/name-changed",
    runs: { "convert --to libvirt": 0, convert: [0, "fit/firmware-assumed"] },
  },
  {
    tries: "a network whose name is a command",
    descriptor: () =>
      changed(
        "</VirtualHardwareSection>",
        `${item(60, 10, "<rasd:Connection>$(id)`; rm -rf /&apos;</rasd:Connection>")}</VirtualHardwareSection>`,
      ),
    code: "ovf/network-unknown",
    runs: { validate: 0 },
  },
  {
    tries: "a hundred network cards",
    descriptor: () =>
      changed(
        "</VirtualHardwareSection>",
        `${Array.from({ length: 100 }, (_, i) => item(100 + i, 10, "")).join("")}</VirtualHardwareSection>`,
      ),
    code: "fit/too-many-nics",
    runs: { convert: [3, "convert/blocked"] },
  },
];

/** Machines that no platform has. */
export const hardwareFamily: HostileFamily = {
  title: "Hardware",
  cases: rows.map(({ descriptor, ...rest }) => ({ ...rest, lay: packed(() => described(descriptor())) })),
};
