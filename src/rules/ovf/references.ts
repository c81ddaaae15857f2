/** References (DSP0243 7.1): what a descriptor says about the files of its package. */
import { repeated } from "../duplicates.js";
import { type AnyRule, defineRule, ovfSpec } from "../rule.js";

const spec = ovfSpec("7.1");

export const referenceRules: readonly AnyRule[] = [
  defineRule({
    code: "ovf/file-id-missing",
    node: "ovf/file",
    spec,
    requirements: ["OVF-7.1-1"],
    severity: "warning",
    strict: "error",
    what: "A File has no ovf:id.",
    why: "Disks and hardware refer to files by their id: nothing can refer to this one.",
    fix: "Give it an ovf:id that no other File has.",
    examples: {
      invalid: [{ references: '<File ovf:href="disk1.vmdk"/>', disks: "" }],
      valid: [{}],
    },
    *check(file) {
      if (file.id === null) yield {};
    },
  }),
  defineRule({
    code: "ovf/file-id-repeated",
    node: "ovf",
    spec,
    requirements: ["OVF-7.1-2"],
    severity: "error",
    strict: "error",
    what: 'More than one File has the ovf:id "{id}".',
    why: "Nobody can tell which of them is meant where it is referred to.",
    fix: "Give each File an id of its own, and refer to the right one.",
    examples: {
      invalid: [
        { references: '<File ovf:id="file1" ovf:href="disk1.vmdk"/><File ovf:id="file1" ovf:href="disk2.vmdk"/>' },
      ],
      valid: [{ references: '<File ovf:id="file1" ovf:href="disk1.vmdk"/><File ovf:id="file2" ovf:href="x.iso"/>' }],
    },
    *check(_document, { nodes }) {
      yield* repeated(
        nodes.files,
        (file) => file.id,
        (file) => file.element,
      );
    },
  }),
  defineRule({
    code: "ovf/file-href-missing",
    node: "ovf/file",
    spec,
    requirements: ["OVF-7.1-3"],
    severity: "error",
    strict: "error",
    what: "A File has no ovf:href.",
    why: "Nothing says where its content is.",
    fix: "Give it an ovf:href: the name of the file, relative to the descriptor.",
    examples: { invalid: [{ references: '<File ovf:id="file1"/>' }], valid: [{}] },
    *check(file) {
      if (file.href === null) yield {};
    },
  }),
  defineRule({
    code: "ovf/file-size-invalid",
    node: "ovf/file",
    spec,
    requirements: ["OVF-7.1-11"],
    severity: "error",
    strict: "error",
    what: 'The ovf:size "{size}" of a File is no number of bytes.',
    why: "Importers reserve space and check downloads by it.",
    fix: "Write the size of the file in bytes, digits alone.",
    examples: {
      invalid: ["abcd", "-5", "1.5"].map((size) => ({
        references: `<File ovf:id="file1" ovf:href="disk1.vmdk" ovf:size="${size}"/>`,
      })),
      valid: [{ references: '<File ovf:id="file1" ovf:href="disk1.vmdk" ovf:size="18446744073709551615"/>' }],
    },
    *check(file) {
      const size = file.attribute("size");
      if (size !== null && !/^\+?[0-9]+$/.test(size)) yield { values: { size } };
    },
  }),
  defineRule({
    code: "ovf/file-chunk-size-invalid",
    node: "ovf/file",
    spec,
    requirements: ["OVF-7.1-19", "OVF-7.1-25"],
    severity: "error",
    strict: "error",
    what: 'The ovf:chunkSize "{size}" of a File is no positive number of bytes.',
    why: "It says how long each piece of the file is.",
    fix: "Write the size of a piece in bytes, or leave it out where the file is whole.",
    examples: {
      invalid: ["0", "-1", "2GB"].map((size) => ({
        references: `<File ovf:id="file1" ovf:href="disk1.vmdk" ovf:chunkSize="${size}"/>`,
      })),
      valid: [{ references: '<File ovf:id="file1" ovf:href="disk1.vmdk" ovf:chunkSize="2147483648"/>' }],
    },
    *check(file) {
      const size = file.attribute("chunkSize");
      if (size !== null && (!/^\+?[0-9]+$/.test(size) || /^\+?0+$/.test(size))) yield { values: { size } };
    },
  }),
];
