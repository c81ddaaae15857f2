/** The package as files. */
import { formatBytes, plural } from "../../base/text.js";
import type { PolicyFacts } from "./facts.js";
import { atMost, defineField, type PolicyField, type Violation } from "./field.js";

/** Settings under `package` and `disks`. */
export const packageFields: readonly PolicyField[] = [
  defineField({
    key: "package.size",
    kind: "size",
    what: "Bytes that the package has at most.",
    example: "40GiB",
    check: (most, { reader }) => atMost(reader.size, most, `${reader.name} has`, formatBytes),
  }),
  defineField({
    key: "package.files",
    kind: "count",
    what: "Files that the package has at most.",
    example: "100",
    check: (most, { reader }) => atMost(reader.entries.length, most, `${reader.name} has`, (n) => plural(n, "file")),
  }),
  defineField({
    key: "package.machines",
    kind: "count",
    what: "Machines that the package has at most.",
    example: "8",
    check: (most, { appliance, reader }) =>
      atMost(appliance.machines.length, most, `${reader.name} has`, (n) => plural(n, "machine")),
  }),
  defineField({
    key: "package.archives",
    kind: "words",
    choices: ["ustar", "gnu", "pax", "v7", "folder"],
    what: "Dialects of tar that an archive may be of; `folder`: no archive.",
    example: "[ustar, gnu]",
    *check(allowed, { reader }) {
      const kind = reader.kind === "ova" ? (reader.tar ?? "v7") : "folder";
      if (!allowed.includes(kind))
        yield {
          code: "policy/not-allowed",
          message: `${reader.name} is ${kind === "folder" ? "a folder" : `an archive of the kind ${kind}`}`,
          data: { kind },
        };
    },
  }),
  defineField({
    key: "package.producers",
    kind: "words",
    what: "Programs that may have written the descriptor, as `inspect` names them. Anybody can write anything there: it keeps mistakes out, not attackers.",
    example: "[VMware, VirtualBox, open-vmdk]",
    *check(allowed, { document }) {
      const { producer } = document;
      if (producer === null || !allowed.some((name) => name.toLowerCase() === producer.toLowerCase())) {
        yield {
          code: "policy/not-allowed",
          message: `the descriptor was written by ${producer ?? "nobody that is known"}`,
          data: { producer },
        };
      }
    },
  }),
  defineField({
    key: "package.external-references",
    kind: "choice",
    choices: ["forbidden", "allowed"],
    what: "Whether the descriptor may refer to files outside of the package.",
    example: "forbidden",
    check: (word, facts) => forbidden(word, facts, ["audit/external-reference"]),
  }),
  defineField({
    key: "package.unlisted-files",
    kind: "choice",
    choices: ["forbidden", "allowed"],
    what: "Whether the package may hold files to which nothing refers.",
    example: "forbidden",
    check: (word, facts) => forbidden(word, facts, ["audit/unlisted-file"]),
  }),
  defineField({
    key: "package.compressed-files",
    kind: "choice",
    choices: ["forbidden", "allowed"],
    what: "Whether files may be packed with gzip as a whole: how large they are is known when they are unpacked.",
    example: "forbidden",
    *check(word, { document }) {
      if (word === "allowed") return;
      for (const { href, compression } of document.references) {
        if (compression !== null && compression !== "identity") {
          yield { code: "policy/forbidden", message: `${href ?? "a file"} is compressed as a whole`, data: { href } };
        }
      }
    },
  }),
  defineField({
    key: "disks.formats",
    kind: "words",
    choices: ["vmdk", "vhd", "vhdx", "vdi", "qcow2", "raw", "unknown"],
    what: "Formats that disks may have, as the descriptor declares them; `unknown`: one that nobody knows, or none.",
    example: "[vmdk]",
    *check(allowed, { appliance }) {
      for (const { id, format } of appliance.disks) {
        if (!allowed.includes(format ?? "unknown")) {
          yield {
            code: "policy/not-allowed",
            message: `the disk ${id} is of ${format === null ? "a format that nobody knows" : `the format ${format}`}`,
            data: { disk: id, format },
          };
        }
      }
    },
  }),
  defineField({
    key: "disks.capacity",
    kind: "size",
    what: "Bytes that a guest sees of one disk at most, as the descriptor says.",
    example: "2TiB",
    *check(most, { appliance }) {
      for (const { id, capacityBytes } of appliance.disks)
        yield* atMost(capacityBytes, most, `the disk ${id} has`, formatBytes);
    },
  }),
  defineField({
    key: "disks.total",
    kind: "size",
    what: "Bytes that guests see of all disks together at most, as the descriptor says.",
    example: "4TiB",
    check: (most, { appliance }) =>
      atMost(
        appliance.disks.reduce((sum, { capacityBytes }) => sum + capacityBytes, 0),
        most,
        "all disks together have",
        formatBytes,
      ),
  }),
  defineField({
    key: "disks.parents",
    kind: "choice",
    choices: ["forbidden", "allowed"],
    what: "Whether disks may be changes to other disks.",
    example: "forbidden",
    *check(word, { appliance }) {
      if (word === "allowed") return;
      for (const { id, parent } of appliance.disks) {
        if (parent !== null)
          yield {
            code: "policy/forbidden",
            message: `the disk ${id} is a change to ${parent}`,
            data: { disk: id, parent },
          };
      }
    },
  }),
];

/** What an audit found of some codes, where that is forbidden. */
export function* forbidden(word: string, facts: PolicyFacts, codes: readonly string[]): Iterable<Violation> {
  if (word === "allowed") return;
  for (const { code, message, data } of facts.audit()) {
    if (codes.includes(code)) {
      yield { code: "policy/forbidden", message, data: { ...data, finding: code } };
    }
  }
}
