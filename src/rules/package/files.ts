/** What References says of files, against the files themselves (DSP0243 7.1). */
import type { OvfFile } from "../../ovf/views/parts.js";
import type { PackageEntry } from "../../package/model.js";
import { attributeEdits } from "../edits.js";
import type { Facts } from "../facts.js";
import { isGzip } from "../files.js";
import { type AnyRule, defineRule, ovfSpec } from "../rule.js";

const spec = ovfSpec("7.1");

/** The file of the package that a File names; `null`: none, which was said when the package was opened. */
export function entryOf({ href }: OvfFile, facts: Facts): PackageEntry | null {
  return href === null ? null : (facts.package?.entry(href) ?? null);
}

/** Whether a disk has its content in a file. */
function holdsDisk(file: OvfFile, { index }: Facts): boolean {
  return file.id !== null && index.diskFiles.has(file.id);
}

export const fileRules: readonly AnyRule[] = [
  defineRule({
    code: "package/reference-to-trust",
    node: "ovf/file",
    spec: ovfSpec("5.1"),
    requirements: ["OVF-5.1-37?"],
    severity: "warning",
    strict: "error",
    what: "References lists {name}, the package's own {role}.",
    why: "It is made after the descriptor, whose digest it holds: no digest of it can be right.",
    fix: "Take its File out of References.",
    examples: null,
    *check(file, facts) {
      const entry = entryOf(file, facts);
      if (entry === null || (entry.role !== "manifest" && entry.role !== "certificate")) return;
      yield { values: { name: entry.name, role: entry.role } };
    },
  }),
  defineRule({
    code: "package/reference-to-itself",
    node: "ovf/file",
    spec,
    requirements: ["OVF-7.1-29?"],
    severity: "warning",
    strict: "error",
    what: "References lists {name}, the descriptor itself.",
    why: "References lists what the descriptor needs beside itself; importers take it for one more file.",
    fix: "Take its File out of References.",
    examples: null,
    *check(file, facts) {
      const entry = entryOf(file, facts);
      if (entry !== null && entry === facts.package?.descriptor) yield { values: { name: entry.name } };
    },
  }),
  defineRule({
    code: "package/compression-unmarked",
    node: "ovf/file",
    spec,
    requirements: ["OVF-7.1-15"],
    severity: "warning",
    strict: "error",
    what: "{name} is packed with gzip, and its File does not say so.",
    why: "Importers take the packed bytes for the disk itself.",
    fix: 'Add ovf:compression="gzip" to its File.',
    examples: null,
    async *check(file, facts) {
      const entry = file.compression === null && holdsDisk(file, facts) ? entryOf(file, facts) : null;
      const window = entry === null ? null : await facts.files?.window(entry);
      if (entry !== null && window && isGzip(window)) yield { values: { name: entry.name } };
    },
    mend: (file, _finding, { ovf }) => attributeEdits(ovf, file.element, "compression", "gzip"),
  }),
  defineRule({
    code: "package/compression-absent",
    node: "ovf/file",
    spec,
    requirements: ["OVF-7.1-16"],
    severity: "warning",
    strict: "error",
    what: "The File of {name} says that it is packed with gzip, and it is not.",
    why: "Importers that unpack it fail.",
    fix: "Take ovf:compression away.",
    examples: null,
    async *check(file, facts) {
      const entry = file.compression === "gzip" ? entryOf(file, facts) : null;
      const window = entry === null ? null : await facts.files?.window(entry);
      if (entry !== null && window && !isGzip(window)) yield { values: { name: entry.name } };
    },
    mend: (file, _finding, { ovf }) => attributeEdits(ovf, file.element, "compression", null),
  }),
  defineRule({
    code: "package/not-in-chunks",
    node: "ovf/file",
    spec,
    requirements: ["OVF-7.1-19", "OVF-7.1-21", "OVF-7.1-22", "OVF-7.1-23", "OVF-7.1-27?"],
    severity: "warning",
    strict: "error",
    what: "The File of {name} says that it is cut into chunks, and the package has it whole.",
    why: "Importers look for {name}.000000000 and the chunks behind it, and do not find them.",
    fix: "Take ovf:chunkSize away.",
    examples: null,
    *check(file, facts) {
      const entry = file.chunkSize === null ? null : entryOf(file, facts);
      if (entry !== null && entry.chunks === undefined) yield { values: { name: entry.name } };
    },
    mend: (file, _finding, { ovf }) => attributeEdits(ovf, file.element, "chunkSize", null),
  }),
  defineRule({
    code: "package/chunks-unmarked",
    node: "ovf/file",
    spec,
    requirements: ["OVF-7.1-19", "OVF-7.1-21"],
    severity: "warning",
    strict: "error",
    what: "{name} is cut into chunks, and its File has no ovf:chunkSize.",
    why: "Importers look for a whole file of that name, and do not find it.",
    fix: "Add ovf:chunkSize: the size of every chunk but the last.",
    examples: null,
    *check(file, facts) {
      const entry = file.chunkSize === null ? entryOf(file, facts) : null;
      const { chunks } = entry ?? {};
      if (entry !== null && chunks !== undefined) yield { values: { name: entry.name, size: chunks[0]?.size ?? 0 } };
    },
    mend(file, _finding, facts) {
      const { chunks = [] } = entryOf(file, facts) ?? {};
      const size = chunks[0]?.size ?? 0;
      // Of one chunk nobody can tell where it would have ended; of unequal ones something is missing.
      const equal = chunks.length > 1 && chunks.every((chunk, i) => i === chunks.length - 1 || chunk.size === size);
      return equal && size > 0 ? attributeEdits(facts.ovf, file.element, "chunkSize", String(size)) : [];
    },
  }),
];
