/** A package in one archive (DSP0243 5.3): its dialect, and the order of its members. */
import type { Location } from "../../base/diagnostics.js";
import type { PackageEntry, PackageReader } from "../../package/model.js";
import { OCTAL_SIZE_END, TAR_BLOCK, tarHeaderBytes } from "../../package/tar/header.js";
import { type AnyRule, defineRule, type Edit, ovfSpec } from "../rule.js";

const spec = ovfSpec("5.3");

/** Writing the archive anew mends what this file finds. */
const anew = (): readonly Edit[] => [{ edit: "archive" }];

/** The files of an archive one by one, chunks too. */
function membersOf(reader: PackageReader): readonly PackageEntry[] {
  return reader.entries.flatMap((entry) => entry.chunks ?? [entry]);
}

/** Whether a member can be said in the fields of a POSIX header. */
function fitsUstar({ name, size }: PackageEntry): boolean {
  return size < OCTAL_SIZE_END && tarHeaderBytes(name) === TAR_BLOCK;
}

const placeOf = (reader: PackageReader, member: string): Location => ({
  at: "member",
  file: reader.name,
  member,
});

/** Names in the archive's order that stand in another order than `wanted`: the first of each that differ. `null`: none. */
function firstDifference(
  found: readonly PackageEntry[],
  wanted: readonly PackageEntry[],
): { readonly found: PackageEntry; readonly wanted: PackageEntry } | null {
  for (const [i, entry] of found.entries()) {
    const other = wanted[i];
    if (other !== undefined && other !== entry) return { found: entry, wanted: other };
  }
  return null;
}

export const archiveRules: readonly AnyRule[] = [
  defineRule({
    code: "package/tar-pax",
    node: "package",
    spec,
    requirements: ["OVF-5.3-3", "OVF-5.3-4?"],
    severity: "warning",
    strict: "error",
    what: "The archive has pax headers.",
    why: "The standard wants the format USTAR. VirtualBox refuses archives with pax headers, before it looks at anything else.",
    fix: "Pack it again in the format ustar: `vmferry fix`, or `tar --format=ustar`.",
    examples: null,
    *check(reader) {
      if (reader.tar === "pax") yield {};
    },
    mend: anew,
  }),
  defineRule({
    code: "package/tar-not-ustar",
    node: "package",
    spec,
    requirements: ["OVF-5.3-3"],
    severity: "info",
    strict: "error",
    what: "The archive is in {dialect}, not USTAR.",
    why: "The standard wants the format of POSIX; importers of today read both.",
    fix: "Pack it again in the format ustar: `vmferry fix`, or `tar --format=ustar`.",
    examples: null,
    *check(reader) {
      const { kind, tar } = reader;
      if (kind !== "ova" || tar === "ustar" || tar === "pax") return;
      // Sizes and names that only GNU tar can say leave no choice: another rule's.
      if (!membersOf(reader).every(fitsUstar)) return;
      yield { values: { dialect: tar === "gnu" ? "the format of GNU tar" : "a format older than POSIX" } };
    },
    mend: anew,
  }),
  defineRule({
    code: "package/tar-beyond-ustar",
    node: "package",
    spec,
    requirements: ["OVF-5.3-4?"],
    severity: "off",
    strict: "warning",
    what: "The member {name} cannot be said in the format USTAR: it has {reason}.",
    why: "Its size has eleven octal digits, so that it ends at 8 GiB, and its names 255 bytes. Importers of today read the additions of GNU tar.",
    fix: "Cut the file into chunks, or use a shorter name.",
    examples: null,
    *check(reader) {
      if (reader.kind !== "ova") return;
      for (const entry of membersOf(reader)) {
        if (fitsUstar(entry)) continue;
        const reason = entry.size >= OCTAL_SIZE_END ? `${entry.size} bytes` : "a name that is too long";
        yield { values: { name: entry.name, reason }, location: placeOf(reader, entry.name) };
      }
    },
  }),
  defineRule({
    code: "package/archive-name",
    node: "package",
    spec,
    requirements: ["OVF-5.3-2"],
    severity: "off",
    strict: "error",
    what: "The archive is called {name}, which does not end in .ova.",
    why: "File dialogs and importers tell a package by this ending.",
    fix: "Rename it.",
    examples: null,
    *check({ kind, name }) {
      const plain = name.replace(/[?#].*$/, "");
      if (kind === "ova" && !plain.endsWith(".ova")) yield { values: { name: plain } };
    },
  }),
  defineRule({
    code: "package/descriptor-not-first",
    node: "package",
    spec,
    requirements: ["OVF-5.3-10"],
    severity: "warning",
    strict: "error",
    what: "The descriptor {name} is not the first member of the archive.",
    why: "Importers that read an archive as it arrives know nothing of the files before it, and refuse them.",
    fix: "Pack it again with the descriptor first: `vmferry fix`.",
    examples: null,
    *check(reader) {
      const { descriptor, kind, entries } = reader;
      if (kind !== "ova" || descriptor === null || entries[0] === descriptor) return;
      yield { values: { name: descriptor.name }, location: placeOf(reader, descriptor.name) };
    },
    mend: anew,
  }),
  defineRule({
    code: "package/manifest-misplaced",
    node: "package",
    spec,
    requirements: ["OVF-5.3-11", "OVF-5.3-12"],
    severity: "info",
    strict: "error",
    what: "{names} stand neither behind the descriptor nor at the end of the archive, together and in this order.",
    why: "Importers that read an archive as it arrives look for the manifest and its certificate there. The tools of open-vmdk part the two.",
    fix: "Pack it again: `vmferry fix`.",
    examples: null,
    *check(reader) {
      if (reader.kind !== "ova") return;
      const special = (["manifest", "certificate"] as const).flatMap((role) =>
        reader.entries.filter((entry) => entry.role === role),
      );
      const others = reader.entries.filter((entry) => !special.includes(entry));
      const at = special.map((entry) => reader.entries.indexOf(entry));
      const start = at[0];
      if (start === undefined) return;
      const together = at.every((place, i) => place === start + i);
      // Where the descriptor is not first, that is said already.
      const early = others.indexOf(reader.descriptor ?? (reader.entries[0] as PackageEntry)) + 1;
      if (together && (start === early || start === others.length)) return;
      const names = special.map(({ name }) => name).join(" and ");
      yield { values: { names }, location: placeOf(reader, special[0]?.name ?? "") };
    },
    mend: anew,
  }),
  defineRule({
    code: "package/member-order",
    node: "package",
    spec,
    requirements: ["OVF-5.3-13", "OVF-5.3-14"],
    severity: "info",
    strict: "error",
    what: "{found} stands in the archive where the order of References has {wanted}.",
    why: "Importers that read an archive as it arrives take its files in the order of References.",
    fix: "Pack it again: `vmferry fix`.",
    examples: null,
    *check(reader) {
      if (reader.kind !== "ova") return;
      const wanted = reader.referenced.filter(
        ({ role, outside }) => role !== "manifest" && role !== "certificate" && outside === undefined,
      );
      const among = new Set(wanted);
      const found = reader.entries.filter((entry) => among.has(entry));
      const difference = firstDifference(found, wanted);
      if (difference === null) return;
      const values = { found: difference.found.name, wanted: difference.wanted.name };
      yield { values, location: placeOf(reader, difference.found.name) };
    },
    mend: anew,
  }),
  defineRule({
    code: "package/chunks-apart",
    node: "package",
    spec,
    requirements: ["OVF-5.3-16?"],
    severity: "off",
    strict: "warning",
    what: "The chunk {name} does not follow the one before it in the archive.",
    why: "Importers that read an archive as it arrives take the chunks of a file one after the other.",
    fix: "Pack it again: `vmferry fix`.",
    examples: null,
    *check(reader) {
      const place = new Map((reader.stored ?? []).map((name, i) => [name, i]));
      for (const { chunks = [] } of reader.kind === "ova" ? reader.entries : []) {
        for (const [i, { name }] of chunks.entries()) {
          const before = chunks[i - 1];
          if (before === undefined || (place.get(name) ?? 0) === (place.get(before.name) ?? 0) + 1) continue;
          yield { values: { name }, location: placeOf(reader, name) };
          break;
        }
      }
    },
    mend: anew,
  }),
  defineRule({
    code: "package/file-unlisted",
    node: "package",
    spec,
    requirements: ["OVF-5.3-17?"],
    severity: "info",
    strict: "warning",
    what: "{name} is in the archive, and References does not list it.",
    why: "No importer uses it, and whoever packs the package again by its descriptor loses it.",
    fix: "Add a File for it to References, or leave it out.",
    examples: null,
    *check(reader) {
      if (reader.kind !== "ova") return;
      const known = new Set<PackageEntry | null>([reader.descriptor, ...reader.referenced]);
      for (const entry of reader.entries) {
        if (known.has(entry) || entry.role === "manifest" || entry.role === "certificate") continue;
        yield { values: { name: entry.name }, location: placeOf(reader, entry.name) };
      }
    },
  }),
];
