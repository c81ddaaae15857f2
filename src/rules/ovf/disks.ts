/** Disks, their ids and their files (DSP0243 9.1, 9.13). */
import { parseHostResource } from "../../ovf/host-resource.js";
import { type OvfDisk, OvfSharedDisk } from "../../ovf/views/parts.js";
import { repeated } from "../duplicates.js";
import { type AnyRule, defineRule, ovfSpec } from "../rule.js";

const spec = ovfSpec("9.1");
const FILE = '<File ovf:id="file1" ovf:href="disk1.vmdk"/>';

const SHARED = (id: string): string =>
  `<SharedDiskSection><Info>Shared disks</Info><SharedDisk ovf:diskId="${id}" ovf:capacity="8"/></SharedDiskSection>`;

/** What a disk is called in messages. */
function nameOfDisk({ diskId }: OvfDisk): string {
  return diskId ?? "(without an id)";
}

export const diskRules: readonly AnyRule[] = [
  defineRule({
    code: "ovf/disk-id-missing",
    node: "ovf/disk",
    spec,
    requirements: ["OVF-9.1-1"],
    severity: "warning",
    // The schemas ask for it: their rules say so.
    strict: "off",
    what: "A disk has no ovf:diskId.",
    why: "Hardware refers to disks by their id: nothing can refer to this one.",
    fix: "Give it an ovf:diskId that no other disk has.",
    examples: { invalid: [{ disks: '<Disk ovf:capacity="8"/>', items: "" }], valid: [{}] },
    *check(disk) {
      if (disk.diskId === null) yield {};
    },
  }),
  defineRule({
    code: "ovf/disk-id-repeated",
    node: "ovf",
    spec,
    requirements: ["OVF-9.1-2"],
    severity: "error",
    strict: "error",
    what: 'More than one disk has the ovf:diskId "{id}".',
    why: "Hardware refers to disks by their id.",
    fix: "Give each disk an id of its own.",
    examples: {
      invalid: [{ disks: '<Disk ovf:diskId="disk1" ovf:capacity="8"/><Disk ovf:diskId="disk1" ovf:capacity="9"/>' }],
      valid: [{ disks: '<Disk ovf:diskId="disk1" ovf:capacity="8"/><Disk ovf:diskId="disk2" ovf:capacity="9"/>' }],
    },
    *check({ disks }) {
      yield* repeated(
        disks,
        (disk) => disk.diskId,
        (disk) => disk.element,
      );
    },
  }),
  defineRule({
    code: "ovf/shared-disk-id-repeated",
    node: "ovf",
    spec: ovfSpec("9.13"),
    requirements: ["OVF-9.13-3?"],
    severity: "warning",
    strict: "error",
    what: 'A shared disk has the ovf:diskId "{id}" of another disk.',
    why: "Hardware refers to disks of both sections by the same ids: nobody can tell which is meant.",
    fix: "Give each disk an id of its own.",
    examples: { invalid: [{ sections: SHARED("disk1") }], valid: [{ sections: SHARED("disk2") }] },
    *check({ sharedDisks }, { nodes }) {
      if (sharedDisks.length === 0) return;
      const shared = new Set(sharedDisks.map(({ diskId }) => diskId));
      const seen = new Set<string>();
      yield* repeated(
        nodes.disks,
        (disk) => {
          const { diskId } = disk;
          if (diskId === null || !shared.has(diskId)) return null;
          // Of several in the DiskSection another rule speaks.
          if (seen.has(diskId) && !(disk instanceof OvfSharedDisk)) return null;
          seen.add(diskId);
          return diskId;
        },
        (disk) => disk.element,
      );
    },
  }),
  defineRule({
    code: "ovf/disk-file-unknown",
    node: "ovf/disk",
    spec,
    requirements: ["OVF-9.1-9"],
    severity: "error",
    strict: "error",
    what: 'The disk {disk} refers to the file "{file}", which References does not list.',
    why: "Importers find no content for the disk, and refuse the package.",
    fix: "Add a File with that ovf:id, or correct ovf:fileRef.",
    examples: { invalid: [{ references: "" }], valid: [{}] },
    *check(disk, { index, ovf }) {
      const { fileRef } = disk;
      if (fileRef === null || index.files.has(fileRef)) return;
      // oVirt refers to files by their href.
      if (ovf.flavour === "ovirt" && index.hrefs.has(fileRef)) return;
      yield { values: { disk: nameOfDisk(disk), file: fileRef } };
    },
  }),
  defineRule({
    code: "ovf/disk-file-shared",
    node: "ovf",
    spec,
    requirements: ["OVF-9.1-12"],
    severity: "error",
    strict: "error",
    what: 'More than one disk has its content in the file "{id}".',
    why: "Each disk has a file of its own; VMware's tool refuses the package.",
    fix: "Give each disk its own file, or let both machines use the one disk.",
    examples: {
      invalid: [
        {
          references: FILE,
          disks:
            '<Disk ovf:diskId="disk1" ovf:fileRef="file1" ovf:capacity="8"/><Disk ovf:diskId="disk2" ovf:fileRef="file1" ovf:capacity="8"/>',
        },
      ],
      valid: [{ disks: '<Disk ovf:diskId="disk1" ovf:capacity="8"/><Disk ovf:diskId="disk2" ovf:capacity="8"/>' }],
    },
    *check(_document, { nodes }) {
      yield* repeated(
        nodes.disks,
        ({ fileRef, capacity, capacityUnits }) => (fileRef === null ? null : `${fileRef} ${capacity} ${capacityUnits}`),
        (disk) => disk.element,
        (disk) => disk.fileRef ?? "",
      );
    },
  }),
  defineRule({
    code: "ovf/disk-file-of-several-sizes",
    node: "ovf",
    spec,
    requirements: ["OVF-9.1-12"],
    // VMware's own appliances have one image for disks of several configurations, grown to the capacity of each.
    severity: "info",
    strict: "error",
    what: 'Disks of different capacities have their content in one file ("{id}").',
    why: "By the standard each disk has a file of its own; importers that do not grow the image make disks of a wrong size.",
    fix: "Give each disk its own file.",
    examples: {
      invalid: [
        {
          references: FILE,
          disks:
            '<Disk ovf:diskId="disk1" ovf:fileRef="file1" ovf:capacity="8"/><Disk ovf:diskId="disk2" ovf:fileRef="file1" ovf:capacity="9"/>',
        },
      ],
      valid: [
        {
          references: FILE,
          disks:
            '<Disk ovf:diskId="disk1" ovf:fileRef="file1" ovf:capacity="8"/><Disk ovf:diskId="disk2" ovf:capacity="9"/>',
        },
      ],
    },
    *check(_document, { nodes }) {
      const first = new Map<string, string>();
      for (const { fileRef, capacity, capacityUnits, element } of nodes.disks) {
        if (fileRef === null) continue;
        const size = `${capacity} ${capacityUnits}`;
        const before = first.get(fileRef);
        if (before === undefined) first.set(fileRef, size);
        else if (before !== size) yield { values: { id: fileRef }, location: element.location };
      }
    },
  }),
  defineRule({
    code: "ovf/disk-file-empty",
    node: "ovf/disk",
    spec: null,
    severity: "error",
    strict: "error",
    what: "The disk {disk} has its content in a file of 0 bytes.",
    why: "No image of a disk is that short: even an empty one has a header. VMware's tool refuses such a package. A disk without content names no file.",
    fix: "Write the size of the file, or take ovf:fileRef away where the disk has no content.",
    examples: {
      invalid: [{ references: '<File ovf:id="file1" ovf:href="disk1.vmdk" ovf:size="0"/>' }],
      valid: [{ references: FILE }],
    },
    *check(disk, { index }) {
      const file = disk.fileRef === null ? undefined : index.files.get(disk.fileRef);
      if (file?.size === 0) yield { values: { disk: nameOfDisk(disk) }, location: file.element.location };
    },
  }),
  defineRule({
    code: "ovf/disk-order",
    node: "ovf",
    spec,
    requirements: ["OVF-9.1-13"],
    // VMware's and VirtualBox's own packages have them in any order.
    severity: "off",
    strict: "error",
    what: 'The disk {disk} stands behind one whose file comes after its own ("{file}").',
    why: "Disks stand in the order of the Files that they refer to, so that a package can be read in one pass.",
    fix: "Put the Disk elements, or the File elements, into the same order.",
    examples: {
      invalid: [
        {
          references: '<File ovf:id="a" ovf:href="a.vmdk"/><File ovf:id="b" ovf:href="b.vmdk"/>',
          disks:
            '<Disk ovf:diskId="disk1" ovf:fileRef="b" ovf:capacity="8"/><Disk ovf:diskId="disk2" ovf:fileRef="a" ovf:capacity="8"/>',
        },
      ],
      valid: [
        {
          references: '<File ovf:id="a" ovf:href="a.vmdk"/><File ovf:id="b" ovf:href="b.vmdk"/>',
          disks:
            '<Disk ovf:diskId="disk1" ovf:fileRef="a" ovf:capacity="8"/><Disk ovf:diskId="empty" ovf:capacity="8"/><Disk ovf:diskId="disk2" ovf:fileRef="b" ovf:capacity="8"/>',
        },
      ],
    },
    *check({ disks, references }) {
      const places = new Map<string, number>();
      references.forEach(({ id }, i) => {
        if (id !== null && !places.has(id)) places.set(id, i);
      });
      let last = -1;
      for (const disk of disks) {
        const file = disk.fileRef;
        const place = file === null ? undefined : places.get(file);
        if (place === undefined) continue;
        if (place < last) yield { values: { disk: nameOfDisk(disk), file }, location: disk.element.location };
        else last = place;
      }
    },
  }),
  defineRule({
    code: "ovf/disk-unused",
    node: "ovf",
    spec,
    requirements: ["OVF-9.1-24?"],
    // VMware's own vCenter appliance has such.
    severity: "info",
    strict: "warning",
    what: "No machine has the disk {disk}.",
    why: "It is carried along and never used; most likely an item names another one by mistake.",
    fix: "Name it in the HostResource of an item (ovf:/disk/ and its id), or remove it with its file.",
    examples: {
      invalid: [{ disks: '<Disk ovf:diskId="disk1" ovf:capacity="8"/><Disk ovf:diskId="disk2" ovf:capacity="8"/>' }],
      valid: [
        {
          disks:
            '<Disk ovf:diskId="disk2" ovf:capacity="8"/><Disk ovf:diskId="disk1" ovf:capacity="8" ovf:parentRef="disk2"/>',
        },
      ],
    },
    *check({ flavour, contents }, { nodes, index }) {
      // oVirt's items name their disks otherwise. Where there is no machine that is what is wrong.
      if (flavour === "ovirt" || contents.length === 0) return;
      const used = new Set<string>();
      for (const { hostResources } of nodes.items) {
        for (const text of hostResources) {
          const resource = parseHostResource(text);
          if (resource?.kind !== "disk") continue;
          for (let id: string | null = resource.id; id !== null && !used.has(id); ) {
            used.add(id);
            id = index.disks.get(id)?.parentRef ?? null;
          }
        }
      }
      for (const disk of nodes.disks) {
        const { diskId } = disk;
        if (diskId !== null && !used.has(diskId)) yield { values: { disk: diskId }, location: disk.element.location };
      }
    },
  }),
];
