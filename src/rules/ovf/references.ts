/** References (DSP0243 7.1): what a descriptor says about the files of its package. */
import { plainName, stripDotSlash } from "../../package/names.js";
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
  defineRule({
    code: "ovf/file-href-invalid",
    node: "ovf/file",
    spec,
    requirements: ["OVF-7.1-3", "OVF-7.1-7"],
    severity: "warning",
    strict: "error",
    what: 'The ovf:href "{href}" is no relative path as a URL writes it.',
    why: "It is a URL relative to the descriptor: with / between folders, no / at its beginning, and other characters as %20 and so on. Readers differ in what they make of anything else.",
    fix: "Write {right}.",
    examples: {
      invalid: ["folder\\disk.vmdk", "/disk.vmdk", "my disk.vmdk"].map((href) => ({
        references: `<File ovf:id="file1" ovf:href="${href}"/>`,
      })),
      valid: ["disk%201.vmdk", "folder/disk.vmdk", "http://example.com/disk.vmdk", "file:///disk.vmdk"].map((href) => ({
        references: `<File ovf:id="file1" ovf:href="${href}"/>`,
      })),
    },
    *check({ href }) {
      if (href === null || /^[a-z][a-z0-9+.-]*:/i.test(href)) return;
      if (!/[\\\s<>"{}|^`]|^\//.test(href)) return;
      const right = encodeURI(plainName(href).replaceAll("\\", "/").replace(/^\/+/, "")).replaceAll("#", "%23");
      yield { values: { href, right } };
    },
  }),
  defineRule({
    code: "ovf/file-scheme-unknown",
    node: "ovf/file",
    spec,
    requirements: ["OVF-7.1-5"],
    severity: "warning",
    strict: "warning",
    what: 'The file "{href}" is to be fetched by {scheme}.',
    why: "Importers know files of the package, and the schemes file, http and https.",
    fix: "Put the file into the package.",
    examples: {
      invalid: [{ references: '<File ovf:id="file1" ovf:href="ftp://example.com/disk.vmdk"/>' }],
      valid: [{ references: '<File ovf:id="file1" ovf:href="https://example.com/disk.vmdk"/>' }],
    },
    *check({ href }) {
      const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(href ?? "")?.[1];
      if (scheme !== undefined && !/^(?:file|https?)$/i.test(scheme)) yield { values: { href, scheme } };
    },
  }),
  defineRule({
    code: "ovf/file-href-repeated",
    node: "ovf",
    spec,
    requirements: ["OVF-7.1-9"],
    severity: "warning",
    strict: "error",
    what: 'More than one File points at "{id}".',
    why: "Each is fetched and checked by itself, and a disk that is written twice is lost.",
    fix: "Keep one File, and refer to that.",
    examples: {
      invalid: [
        { references: '<File ovf:id="file1" ovf:href="disk1.vmdk"/><File ovf:id="file2" ovf:href="./disk1.vmdk"/>' },
      ],
      valid: [
        { references: '<File ovf:id="file1" ovf:href="disk1.vmdk"/><File ovf:id="file2" ovf:href="disk2.vmdk"/>' },
      ],
    },
    *check(_document, { nodes }) {
      yield* repeated(
        nodes.files,
        ({ href }) => (href === null ? null : stripDotSlash(plainName(href))),
        ({ element }) => element,
      );
    },
  }),
  defineRule({
    code: "ovf/file-is-descriptor",
    node: "ovf/file",
    spec,
    requirements: ["OVF-7.1-29?"],
    severity: "warning",
    strict: "error",
    what: "References lists the descriptor itself.",
    why: "It is part of the package without being listed, and its size and digest change with the entry.",
    fix: "Remove the File.",
    examples: {
      invalid: [{ references: '<File ovf:id="file1" ovf:href="example.ovf"/>' }],
      valid: [{}],
    },
    *check({ href }, { ovf }) {
      if (href !== null && stripDotSlash(plainName(href)) === ovf.xml.file) yield {};
    },
    mend: ({ element }) => [{ edit: "xml", element, change: "remove" }],
  }),
  defineRule({
    code: "ovf/file-compression-unknown",
    node: "ovf/file",
    spec,
    requirements: ["OVF-7.1-16", "OVF-7.1-17"],
    severity: "error",
    strict: "error",
    what: 'The file is compressed by "{compression}", which the standard does not have.',
    why: "Importers cannot unpack it. The one compression of the standard is gzip.",
    fix: "Pack it with gzip, or store it as it is.",
    examples: {
      invalid: [{ references: '<File ovf:id="file1" ovf:href="disk1.vmdk.bz2" ovf:compression="bzip2"/>' }],
      valid: ["gzip", "identity", ""].map((compression) => ({
        references: `<File ovf:id="file1" ovf:href="disk1.vmdk" ovf:compression="${compression}"/>`,
      })),
    },
    *check(file) {
      const compression = file.attribute("compression");
      if (compression !== null && compression !== "gzip" && compression !== "identity")
        yield { values: { compression } };
    },
  }),
  defineRule({
    code: "ovf/file-outside",
    node: "ovf/file",
    spec: null,
    severity: "warning",
    strict: "warning",
    what: 'The file "{href}" lies outside of the package.',
    why: "A package that is moved loses it, and one from a stranger could name any file of yours: vmferry and others do not open it.",
    fix: "Put the file beside the descriptor.",
    examples: {
      invalid: ["../disk1.vmdk", "file:///etc/passwd", "a/../../b"].map((href) => ({
        references: `<File ovf:id="file1" ovf:href="${href}"/>`,
      })),
      valid: [{ references: '<File ovf:id="file1" ovf:href="a/../b.vmdk"/>' }],
    },
    *check({ href }) {
      if (href !== null && (/^file:/i.test(href) || leaves(plainName(href)))) yield { values: { href } };
    },
  }),
];

/** Whether a relative path goes above where it starts. */
function leaves(path: string): boolean {
  if (/^[a-z][a-z0-9+.-]+:/i.test(path)) return false;
  let depth = 0;
  for (const part of path.split(/[/\\]/)) {
    if (part === "..") depth--;
    else if (part !== "." && part !== "") depth++;
    if (depth < 0) return true;
  }
  return false;
}
