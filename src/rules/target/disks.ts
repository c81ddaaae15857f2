/** Disks that a target cannot take as they are. */
import { parseUnit, scaleQuantity } from "../../ovf/tables/units.js";
import type { OvfDisk } from "../../ovf/views/parts.js";
import { attributeEdits, removal } from "../edits.js";
import type { Facts } from "../facts.js";
import { type AnyRule, defineRule, type Edit } from "../rule.js";
import { asked, readers } from "./reader.js";

const URI = "http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized";

function disks(attributes: string): string {
  return `<Disk ovf:diskId="disk1" ${attributes} ovf:format="${URI}"/>`;
}

function capacityOf({ capacity, capacityUnits }: OvfDisk): number | null {
  const unit = parseUnit(capacityUnits ?? "byte");
  return unit === null || unit.base !== "byte" || capacity === null ? null : scaleQuantity(capacity, unit);
}

/** Whether the number of a capacity is one of bytes. */
function inBytes({ capacityUnits }: OvfDisk): boolean {
  return capacityUnits === null || /^bytes?$/i.test(capacityUnits);
}

/** Takes a disk out, with the items that are it. */
function withoutDisk(disk: OvfDisk, { nodes }: Facts): readonly Edit[] {
  const id = disk.diskId ?? "";
  const items = nodes.items.filter(({ properties }) =>
    [`ovf:/disk/${id}`, `/disk/${id}`, `ovf://disk/${id}`].includes(properties.get("HostResource") ?? ""),
  );
  return [removal(disk.element), ...items.map(({ item }) => removal(item.element))];
}

export const targetDiskRules: readonly AnyRule[] = [
  defineRule({
    code: "target/disk-empty",
    node: "ovf/disk",
    targets: readers(({ emptyDisks }) => emptyDisks !== "made"),
    spec: null,
    severity: "error",
    strict: "error",
    what: "The disk {disk} has no file; {reader} {does}.",
    why: 'virt-v2v: "error parsing disk fileRef". VirtualBox makes an empty disk only in the format #sparse, of as many bytes as ovf:capacity says, whatever its unit: "Could not create the medium storage unit" (both tried). Proxmox and VM Import leave it out.',
    fix: "Give the disk a file, or leave it out and add one after the import.",
    examples: {
      invalid: [{ disks: disks('ovf:capacity="8" ovf:capacityAllocationUnits="byte * 2^20"'), references: "" }],
      valid: [{}],
    },
    *check(disk, facts) {
      if (disk.fileRef !== null) return;
      const { reader } = asked(facts);
      const { emptyDisks: empty } = reader;
      const values = { disk: disk.diskId ?? "(without an id)", reader: reader.name };
      if (empty === "skipped") yield { values: { ...values, does: "leaves it out" }, severity: "warning" };
      else if (typeof empty === "string") yield { values: { ...values, does: "refuses the package" } };
      else if (!inBytes(disk)) yield { values: { ...values, does: "takes its capacity for bytes" } };
      else if (!empty.formats.includes(disk.format ?? "")) {
        yield { values: { ...values, does: "cannot make one in this format" } };
      }
    },
    mend(disk, _finding, facts): readonly Edit[] {
      const { emptyDisks: empty } = asked(facts).reader;
      if (typeof empty === "string") return empty === "refused" ? withoutDisk(disk, facts) : [];
      const bytes = capacityOf(disk);
      const [format] = empty.formats;
      if (bytes === null || bytes <= 0 || format === undefined) return [];
      // Nothing is in it: its format says only how it will be stored.
      const set = (name: string, value: string | null): readonly Edit[] =>
        attributeEdits(facts.ovf, disk.element, name, value);
      return [...set("capacity", String(bytes)), ...set("capacityAllocationUnits", "byte"), ...set("format", format)];
    },
  }),
  defineRule({
    code: "target/capacity-property",
    node: "ovf/disk",
    targets: readers(({ capacityProperties }) => capacityProperties === "refused"),
    spec: null,
    severity: "error",
    strict: "error",
    what: "The capacity of the disk {disk} is {capacity}: {reader} asks for no properties and wants a number.",
    why: "VirtualBox: \"missing or invalid attribute 'capacity' in 'DiskSection' element\" (tried). Proxmox counts with the text.",
    fix: "Write the number of bytes.",
    examples: {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how OVF writes properties
      invalid: [{ disks: disks('ovf:fileRef="file1" ovf:capacity="${disk.size}"') }],
      valid: [{}],
    },
    *check(disk, facts) {
      const { capacity } = disk;
      if (capacity === null || !capacity.startsWith("$")) return;
      const { reader } = asked(facts);
      yield { values: { disk: disk.diskId ?? "(without an id)", capacity, reader: reader.name } };
    },
  }),
  defineRule({
    code: "target/disk-parent",
    node: "ovf/disk",
    targets: readers(({ parentDisks }) => parentDisks === "taken-for-whole"),
    spec: null,
    severity: "error",
    strict: "error",
    what: "{reader} takes the disk {disk} for a whole one; it holds only what differs from {parent}.",
    why: "It does not look at ovf:parentRef (tried with VirtualBox and virt-v2v): the machine gets a disk that is mostly empty, and nothing says so.",
    fix: "Join the disks: vmferry convert PACKAGE DEST --to ova writes whole ones.",
    examples: {
      invalid: [
        {
          disks:
            disks('ovf:fileRef="file1" ovf:capacity="8388608"') +
            disks('ovf:fileRef="file1" ovf:parentRef="disk1" ovf:capacity="8388608"').replace("disk1", "disk2"),
        },
      ],
      valid: [{}],
    },
    *check(disk, facts) {
      const parent = disk.parentRef;
      if (parent === null) return;
      yield { values: { reader: asked(facts).reader.name, disk: disk.diskId ?? "(without an id)", parent } };
    },
  }),
  defineRule({
    code: "target/disk-id",
    node: "ovf/disk",
    targets: readers(({ diskIds }) => diskIds !== null),
    spec: null,
    severity: "error",
    strict: "error",
    what: '{reader} leaves the disk out: the id "{id}" has characters other than letters, digits, and - . _ ~.',
    why: 'It takes ids for parts of a URI and warns: "invalid host resource, skipping".',
    fix: "Give disks and files ids of such characters.",
    examples: {
      invalid: [{ disks: disks('ovf:fileRef="file1" ovf:capacity="8388608"').replace("disk1", "disk 1") }],
      valid: [{}],
    },
    *check(disk, facts) {
      const { reader } = asked(facts);
      for (const id of [disk.diskId, disk.fileRef]) {
        if (id === null || reader.diskIds?.test(id) !== false) continue;
        yield { values: { reader: reader.name, id } };
        return;
      }
    },
  }),
];
