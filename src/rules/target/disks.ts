/** Disks that a target cannot take as they are. */
import { alignUp, SECTOR } from "../../base/bytes.js";
import { parseUnit, scaleQuantity } from "../../ovf/tables/units.js";
import type { OvfDisk } from "../../ovf/views/parts.js";
import type { XmlElement } from "../../xml/tree.js";
import { attributeEdits } from "../edits.js";
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

/** Bytes of the empty disk that VirtualBox makes; `null`: it makes none. */
function bytesMade({ capacity, format }: OvfDisk, formats: readonly string[]): number | null {
  const bytes = /^[0-9]{1,15}$/.test(capacity ?? "") ? Math.floor(Number(capacity) / 2 ** 20) : 0;
  return bytes > 0 && bytes % SECTOR === 0 && formats.includes(format ?? "") ? bytes : null;
}

/**
 * Gives a disk without a file an image in which nothing is: what any importer would make of it. Nothing where its capacity is not known.
 */
function filled(disk: OvfDisk, { ovf, package: reader, index }: Facts): readonly Edit[] {
  const capacity = capacityOf(disk);
  const references = ovf.scope.child(ovf.xml.root, "References");
  if (capacity === null || capacity <= 0 || references === undefined) return [];
  // What follows from the id of a disk is another for each.
  const stem = `empty-${(disk.diskId ?? "disk").replaceAll(/[^A-Za-z0-9_-]/g, "_")}`;
  const free = (taken: (name: string) => boolean, ending: string): string => {
    for (let n = 1; ; n++) {
      const name = `${stem}${n === 1 ? "" : `-${n}`}${ending}`;
      if (!taken(name)) return name;
    }
  };
  const href = free((name) => index.hrefs.has(name) || reader?.entry(name) !== undefined, ".vmdk");
  const id = free((name) => index.files.has(name), "");
  const file = references.create(references.namespace, "File");
  const [there] = ovf.references;
  const own = there === undefined ? ovf.scope.namespace : namespaceOf(there.element, "id", ovf.scope.namespace);
  file.setAttribute(own, "id", id);
  file.setAttribute(own, "href", href);
  const folder = /^.*\//.exec(reader?.descriptor?.name ?? "")?.[0] ?? "";
  return [
    { edit: "xml", element: references, change: { insert: file } },
    ...attributeEdits(ovf, disk.element, "fileRef", id),
    ...attributeEdits(ovf, disk.element, "format", URI),
    { edit: "empty-disk", member: folder + href, capacity: alignUp(capacity, SECTOR) },
  ];
}

function namespaceOf({ attributes }: XmlElement, name: string, otherwise: string): string {
  return attributes.find((attribute) => attribute.name === name)?.namespace ?? otherwise;
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
    why: 'virt-v2v: "error parsing disk fileRef". VirtualBox makes one that is 2^20 times too small, 8192 bytes for 8 GiB, whatever the unit, and none where that is no whole sector: "The given disk size 64 is not aligned on a sector boundary"; in an archive it says "Unexpected end of OVA package" (all tried). Proxmox and VM Import leave it out.',
    fix: "Give the disk an empty image, as `vmferry fix` does, or leave it out and add one after the import.",
    examples: {
      invalid: [{ disks: disks('ovf:capacity="8" ovf:capacityAllocationUnits="byte * 2^20"'), references: "" }],
      valid: [{}],
    },
    *check(disk, facts) {
      if (disk.fileRef !== null) return;
      const { reader } = asked(facts);
      const archived = facts.package?.kind === "ova";
      const { emptyDisks: empty } = reader;
      const values = { disk: disk.diskId ?? "(without an id)", reader: reader.name };
      const made = typeof empty === "string" || archived ? null : bytesMade(disk, empty.formats);
      if (empty === "skipped") yield { values: { ...values, does: "leaves it out" }, severity: "warning" };
      else if (made === null) yield { values: { ...values, does: "refuses the package" } };
      else yield { values: { ...values, does: `makes one of ${made} bytes` }, severity: "warning" };
    },
    mend: (disk, _finding, facts) => (asked(facts).reader.emptyDisks === "skipped" ? [] : filled(disk, facts)),
  }),
  defineRule({
    code: "target/disk-format-missing",
    node: "ovf/disk",
    targets: readers(({ diskFormats }) => diskFormats === "needed"),
    spec: null,
    severity: "error",
    strict: "error",
    what: "The disk {disk} does not say its format; {reader} refuses the package.",
    why: "\"missing or invalid attribute 'format' in 'DiskSection' element\" (VirtualBox, tried): it wants one of empty disks too, though it goes by the name of the file.",
    fix: "Add ovf:format with the URI of the format.",
    examples: {
      invalid: [{ disks: '<Disk ovf:diskId="disk1" ovf:fileRef="file1" ovf:capacity="8388608"/>' }],
      valid: [{}],
    },
    *check(disk, facts) {
      if (disk.format !== null) return;
      yield { values: { disk: disk.diskId ?? "(without an id)", reader: asked(facts).reader.name } };
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
