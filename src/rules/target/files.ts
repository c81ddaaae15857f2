/** Names and packing of the files that disks are in. */

import { formatOfUri } from "../../ovf/tables/disk-formats.js";
import type { OvfDisk, OvfFile } from "../../ovf/views/parts.js";
import { plainName } from "../../package/names.js";
import { attributeEdits } from "../edits.js";
import type { Facts } from "../facts.js";
import { type AnyRule, defineRule, type Edit } from "../rule.js";
import { asked, readers } from "./reader.js";

const file = (attributes: string): string => `<File ovf:id="file1" ${attributes}/>`;

/** Whether a file is the content of a disk. */
function isDisk({ id }: OvfFile, { index }: Facts): boolean {
  return id !== null && index.diskFiles.has(id);
}

/** The name of a file in the package; `null` for one elsewhere, and where no name stands. */
function nameOf({ href, remote }: OvfFile): string | null {
  return href === null || remote ? null : plainName(href);
}

/** Gives a file another name; empty where another one has it. */
function renamed(from: string, to: string, facts: Facts): readonly Edit[] {
  const taken = facts.nodes.files.some((other) => nameOf(other) === to) || facts.package?.entry(to) !== undefined;
  return taken ? [] : [{ edit: "rename", member: from, name: to }];
}

function extensionOf(disk: OvfDisk | undefined): string | null {
  const format = disk === undefined ? null : formatOfUri(disk.format ?? "");
  if (format === null) return null;
  return format.kind === "iso" ? "iso" : format.format;
}

export const targetFileRules: readonly AnyRule[] = [
  defineRule({
    code: "target/file-chunked",
    node: "ovf/file",
    targets: readers(({ chunks }) => chunks === "refused"),
    spec: null,
    severity: "error",
    strict: "error",
    what: "{reader} does not find {name}, which is cut into chunks.",
    why: "It looks for the file under its own name: VERR_FILE_NOT_FOUND (VirtualBox, tried).",
    fix: "Write it as one file: vmferry convert PACKAGE DEST --to ova does.",
    examples: { invalid: [{ references: file('ovf:href="disk1.vmdk" ovf:chunkSize="65536"') }], valid: [{}] },
    *check(one, facts) {
      if (one.chunkSize === null || !isDisk(one, facts)) return;
      yield { values: { reader: asked(facts).reader.name, name: one.href ?? "" } };
    },
  }),
  defineRule({
    code: "target/file-compressed",
    node: "ovf/file",
    targets: readers(({ compression }) => compression !== null),
    spec: null,
    severity: "error",
    strict: "error",
    what: "{reader} does not unpack {name}, which is packed with {compression}.",
    why: "VirtualBox and Xen Orchestra unpack what is called .gz (tried with VirtualBox: it takes .gz off the name to get the disk's), Proxmox nothing.",
    fix: "Store the disk as it is; its own format can compress.",
    examples: {
      invalid: [{ references: file('ovf:href="disk1.vmdk" ovf:compression="gzip"') }],
      valid: [{}],
    },
    *check(one, facts) {
      const { compression, href } = one;
      if (compression === null || !isDisk(one, facts)) return;
      const { reader } = asked(facts);
      if (reader.compression === "gz-name" && href?.toLowerCase().endsWith(".gz")) return;
      yield { values: { reader: reader.name, name: href ?? "", compression } };
    },
    mend(one, _finding, facts): readonly Edit[] {
      const name = nameOf(one);
      if (asked(facts).reader.compression !== "gz-name" || one.compression !== "gzip" || name === null) return [];
      return renamed(name, `${name}.gz`, facts);
    },
  }),
  defineRule({
    code: "target/file-name",
    node: "ovf/file",
    targets: readers(({ fileNames }) => fileNames !== null),
    spec: null,
    severity: "error",
    strict: "error",
    what: '{reader} refuses the file name "{name}".',
    why: "\"referenced path 'a b.vmdk' is invalid\": Proxmox takes letters, digits, and - . + = _, and no folders.",
    fix: "Rename the file, and in References and the manifest with it.",
    examples: { invalid: [{ references: file('ovf:href="my disk.vmdk"') }], valid: [{}] },
    *check(one, facts) {
      const name = nameOf(one);
      const { reader } = asked(facts);
      if (name === null || !isDisk(one, facts) || reader.fileNames?.test(name) !== false) return;
      yield { values: { reader: reader.name, name } };
    },
    mend(one, _finding, facts): readonly Edit[] {
      const name = nameOf(one);
      if (name === null) return [];
      const plain = name.replace(/^.*\//, "").replaceAll(/[^A-Za-z0-9\-.+=_]+/g, "-");
      return /[A-Za-z0-9]/.test(plain) ? renamed(name, plain, facts) : [];
    },
  }),
  defineRule({
    code: "target/file-extension",
    node: "ovf/file",
    targets: readers(({ extensions }) => extensions === "needed"),
    spec: null,
    severity: "error",
    strict: "error",
    what: "{reader} refuses the disk file {name}: its name has no extension.",
    why: "\"The target disk '{name}' has no extension\" (VirtualBox, tried): it tells the format by the name.",
    fix: "Rename the file to {name}.{extension}, and in References and the manifest with it.",
    examples: {
      invalid: [{ references: file('ovf:href="disk1"') }],
      valid: [{}],
    },
    *check(one, facts) {
      const name = nameOf(one);
      if (name === null || !isDisk(one, facts)) return;
      const { reader } = asked(facts);
      // It takes .gz off a compressed file's name first.
      const own = one.compression === null ? name : name.replace(/\.gz$/i, "");
      if (/\.[^./\\]+$/.test(own)) return;
      const disk = facts.nodes.disks.find(({ fileRef }) => fileRef === one.id);
      yield { values: { reader: reader.name, name, extension: extensionOf(disk) ?? "vmdk" } };
    },
    mend(one, { values }, facts): readonly Edit[] {
      const name = nameOf(one);
      if (name === null || one.compression !== null) return [];
      return renamed(name, `${name}.${String(values?.extension)}`, facts);
    },
  }),
  defineRule({
    code: "target/file-name-escaped",
    node: "ovf/file",
    targets: readers(({ escapedNames }) => escapedNames === "refused"),
    spec: null,
    severity: "error",
    strict: "error",
    what: "{reader} looks for a file that is called {href}, escapes and all.",
    why: "The standard wants a URI reference; these readers take it for a file name: \"OVF references file 'a%20b.vmdk' which was not found in the OVA archive\" (tried).",
    fix: "Write {name}, as those readers do, or rename the file.",
    examples: { invalid: [{ references: file('ovf:href="my%20disk.vmdk"') }], valid: [{}] },
    *check(one, facts) {
      const name = nameOf(one);
      const { href } = one;
      if (name === null || href === null || name === href || !isDisk(one, facts)) return;
      // The file may really be called so.
      if (facts.package?.entry(href)?.name === href) return;
      yield { values: { reader: asked(facts).reader.name, href, name } };
    },
    mend(one, _finding, { ovf }): readonly Edit[] {
      const name = nameOf(one);
      return name === null ? [] : attributeEdits(ovf, one.element, "href", name);
    },
  }),
  defineRule({
    code: "target/file-remote",
    node: "ovf/file",
    targets: readers(({ remoteFiles }) => remoteFiles === "refused"),
    spec: null,
    severity: "error",
    strict: "error",
    what: "{reader} does not fetch {href}.",
    why: "It looks for a file of this name beside the descriptor, and stops where there is none (tried with VirtualBox and virt-v2v).",
    fix: "Put the file into the package: vmferry pack does.",
    examples: { invalid: [{ references: file('ovf:href="http://example.com/disk1.vmdk"') }], valid: [{}] },
    *check(one, facts) {
      if (!one.remote || !isDisk(one, facts)) return;
      yield { values: { reader: asked(facts).reader.name, href: one.href ?? "" } };
    },
  }),
];
