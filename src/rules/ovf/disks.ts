/** The DiskSection (DSP0243 9.1). */
import { repeated } from "../duplicates.js";
import { type AnyRule, defineRule, ovfSpec } from "../rule.js";

const spec = ovfSpec("9.1");
const property = (key: string): string => `\${${key}}`;
const FILE = '<File ovf:id="file1" ovf:href="disk1.vmdk"/>';

export const diskRules: readonly AnyRule[] = [
  defineRule({
    code: "ovf/disk-capacity-missing",
    node: "ovf/disk",
    spec,
    requirements: ["OVF-9.1-3"],
    severity: "error",
    strict: "error",
    what: "The disk {disk} has no ovf:capacity.",
    why: "It is how large the disk is that the guest sees; importers make it by this number.",
    fix: "Add ovf:capacity, in bytes or in the unit of ovf:capacityAllocationUnits.",
    examples: { invalid: [{ disks: '<Disk ovf:diskId="disk1" ovf:fileRef="file1"/>' }], valid: [{}] },
    *check(disk, { ovf }) {
      // oVirt has the capacity in an attribute of its own.
      if (disk.capacity === null && ovf.producer !== "oVirt")
        yield { values: { disk: disk.diskId ?? "(without an id)" } };
    },
  }),
  defineRule({
    code: "ovf/disk-capacity-invalid",
    node: "ovf/disk",
    spec,
    requirements: ["OVF-9.1-4"],
    severity: "error",
    strict: "error",
    what: 'The ovf:capacity "{capacity}" of the disk {disk} is neither a whole number nor a property.',
    why: "Importers make the disk by this number.",
    fix: "Write a whole number, or a property (a dollar sign and its key in braces) for an empty disk whose size is asked for.",
    examples: {
      invalid: ["8 GB", "-1", property("")].map((capacity) => ({
        disks: `<Disk ovf:diskId="disk1" ovf:fileRef="file1" ovf:capacity="${capacity}"/>`,
      })),
      valid: [{ disks: `<Disk ovf:diskId="disk1" ovf:capacity="${property("size")}"/>` }],
    },
    *check(disk) {
      const { capacity } = disk;
      if (capacity === null || /^(?:\+?[0-9]+|\$\{.+\})$/.test(capacity)) return;
      yield { values: { disk: disk.diskId ?? "(without an id)", capacity } };
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
    *check(_document, { nodes }) {
      yield* repeated(
        nodes.disks,
        (disk) => disk.diskId,
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
    *check(disk, { index, nodes }) {
      const { fileRef } = disk;
      // oVirt refers to files by their href.
      if (fileRef === null || index.files.has(fileRef) || nodes.files.some(({ href }) => href === fileRef)) return;
      yield { values: { disk: disk.diskId ?? "(without an id)", file: fileRef } };
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
        (disk) => disk.fileRef,
        (disk) => disk.element,
      );
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
      if (file?.size === 0)
        yield { values: { disk: disk.diskId ?? "(without an id)" }, location: file.element.location };
    },
  }),
];
