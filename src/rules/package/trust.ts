/** Manifest and certificate (DSP0243 5.1) beyond what their own parsers say. */
import type { Location } from "../../base/diagnostics.js";
import { algorithmOfToken, manifestToken } from "../../package/manifest/algorithms.js";
import { findRole } from "../../package/manifest/read.js";
import type { PackageEntry, PackageReader } from "../../package/model.js";
import { type AnyRule, defineRule, type Edit, ovfSpec } from "../rule.js";

const spec = ovfSpec("5.1");

/** The line of a certificate file: `SHA256(x.mf)= hex`. */
const SIGNATURE_LINE = /^([A-Za-z][A-Za-z0-9_-]*)[ \t]*\(([^\r\n]+)\)[ \t]*=[ \t]*([0-9a-fA-F]+)[ \t]*(?:\r?\n|$)/;

const member = (reader: PackageReader, entry: PackageEntry): Location => ({
  at: "member",
  file: reader.name,
  member: entry.name,
});

/** Takes the certificate away: it proves nothing. */
function dropCertificate(reader: PackageReader): readonly Edit[] {
  const entry = findRole(reader, "certificate");
  return entry === null ? [] : [{ edit: "drop", member: entry.name }];
}

export const trustRules: readonly AnyRule[] = [
  defineRule({
    code: "package/extension-case",
    node: "package",
    spec,
    requirements: ["OVF-5.1-5"],
    severity: "info",
    strict: "error",
    what: "{name} is not written with the ending {wanted} in lower case.",
    why: "Importers on systems that tell cases apart do not find it.",
    fix: "Rename it.",
    examples: null,
    *check(reader) {
      for (const entry of reader.entries) {
        const wanted = { descriptor: ".ovf", manifest: ".mf", certificate: ".cert" }[entry.role as string];
        if (wanted === undefined || entry.name.endsWith(wanted)) continue;
        yield { values: { name: entry.name, wanted }, location: member(reader, entry) };
      }
    },
  }),
  defineRule({
    code: "package/certificate-alone",
    node: "package",
    spec,
    requirements: ["OVF-5.1-25", "OVF-5.3-15"],
    severity: "warning",
    strict: "error",
    what: "There is a certificate {name}, and no manifest that it could be of.",
    why: "A certificate signs the manifest. Without one it vouches for nothing, whatever it seems to say.",
    fix: "Find the manifest, or leave the certificate out.",
    examples: null,
    *check(reader) {
      const entry = findRole(reader, "certificate");
      if (entry === null || findRole(reader, "manifest") !== null) return;
      yield { values: { name: entry.name }, location: member(reader, entry) };
    },
    mend: dropCertificate,
  }),
  defineRule({
    code: "package/certificate-malformed",
    node: "package",
    spec,
    requirements: ["OVF-5.1-28", "OVF-5.1-29", "OVF-5.1-33"],
    severity: "warning",
    strict: "error",
    what: "The certificate file {name} {problem}.",
    why: "It begins with the signature of the manifest, ALGORITHM(name)= DIGITS, and a certificate in PEM follows. Importers refuse a package whose certificate they cannot read.",
    fix: "Sign the package again, or leave the certificate out.",
    examples: null,
    async *check(reader, { files }) {
      const entry = findRole(reader, "certificate");
      const text = (await files?.certificate()) ?? null;
      if (entry === null || text === null) return;
      const block = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/.test(text);
      const problem = !SIGNATURE_LINE.test(text)
        ? "does not begin with a signature line"
        : block
          ? null
          : "holds no certificate in PEM";
      if (problem !== null) yield { values: { name: entry.name, problem }, location: member(reader, entry) };
    },
  }),
  defineRule({
    code: "package/certificate-stale",
    node: "package",
    spec,
    requirements: ["OVF-5.1-29"],
    severity: "warning",
    strict: "error",
    what: "The certificate {name} signs {signed}, and the manifest is {manifest}.",
    why: "It is of another manifest, so it says nothing about this package; importers take the package for altered.",
    fix: "Sign the package again, or leave the certificate out.",
    examples: null,
    async *check(reader, { files }) {
      const entry = findRole(reader, "certificate");
      const manifest = findRole(reader, "manifest");
      const signed = SIGNATURE_LINE.exec((await files?.certificate()) ?? "")?.[2];
      if (entry === null || manifest === null || signed === undefined) return;
      const name = manifest.name.replace(/^.*\//, "");
      const shown = new TextDecoder().decode(Uint8Array.from(signed, (unit) => unit.charCodeAt(0)));
      if (shown === name || shown === manifest.name) return;
      yield { values: { name: entry.name, signed: shown, manifest: name }, location: member(reader, entry) };
    },
    mend: dropCertificate,
  }),
  defineRule({
    code: "package/certificate-algorithm",
    node: "package",
    spec,
    requirements: ["OVF-5.1-30", "OVF-5.1-31?"],
    severity: "off",
    strict: "warning",
    what: "The signature in {name} is made with {algorithm}, where OVF {version} has {wanted}.",
    why: "Importers that go by the letter of the version know no other. Those of today read SHA1, SHA256 and SHA512.",
    fix: "Sign the package again with the algorithm of its version.",
    examples: null,
    async *check(reader, { files, ovf }) {
      const entry = findRole(reader, "certificate");
      const token = SIGNATURE_LINE.exec((await files?.certificate()) ?? "")?.[1];
      if (entry === null || token === undefined) return;
      const wanted = algorithmsOf(ovf.dialect);
      const algorithm = algorithmOfToken(token);
      if (wanted === null || (algorithm !== null && wanted.includes(manifestToken(algorithm)))) return;
      yield {
        values: { name: entry.name, algorithm: token, version: ovf.dialect, wanted: wanted.join(" or ") },
        location: member(reader, entry),
      };
    },
  }),
  defineRule({
    code: "package/manifest-algorithm",
    node: "package",
    spec,
    requirements: ["OVF-5.1-10", "OVF-5.1-11?", "OVF-5.1-12?"],
    severity: "off",
    strict: "warning",
    what: "The manifest uses {algorithm}, where OVF {version} has {wanted}.",
    why: "Importers that go by the letter of the version know no other. Those of today read SHA1, SHA256 and SHA512.",
    fix: "Make the manifest anew with the algorithm of its version, if such an importer has to take the package.",
    examples: null,
    async *check(reader, { files, ovf }) {
      const entry = findRole(reader, "manifest");
      const manifest = (await files?.manifest()) ?? null;
      const wanted = algorithmsOf(ovf.dialect);
      if (entry === null || manifest === null || wanted === null) return;
      const others = new Set(manifest.entries.map(({ algorithm }) => manifestToken(algorithm)));
      for (const token of wanted) others.delete(token);
      if (others.size === 0) return;
      const algorithm = [...others].join(" and ");
      yield {
        values: { algorithm, version: ovf.dialect, wanted: wanted.join(" or ") },
        location: member(reader, entry),
      };
    },
  }),
  defineRule({
    code: "package/manifest-extra",
    node: "package",
    spec,
    requirements: ["OVF-5.1-19"],
    severity: "off",
    strict: "error",
    what: "The manifest lists {name}, to which the descriptor does not refer.",
    why: "A manifest lists the descriptor and what References lists, and nothing else.",
    fix: "Add a File for it to References, or take its line out of the manifest.",
    examples: null,
    async *check(reader, { files }) {
      const manifest = (await files?.manifest()) ?? null;
      if (manifest === null) return;
      const used = [...(reader.descriptor === null ? [] : [reader.descriptor]), ...reader.referenced];
      const wanted = new Set(used.flatMap((entry): readonly PackageEntry[] => entry.chunks ?? [entry]));
      for (const { name, line } of manifest.entries) {
        const entry = reader.entry(name);
        if (entry === undefined || entry.role === "manifest" || entry.role === "certificate") continue;
        const all = entry.chunks ?? [entry];
        if (all.every((one) => wanted.has(one))) continue;
        yield { values: { name }, location: { at: "text", file: manifest.name, line, column: 1 } };
      }
    },
  }),
];

/** The algorithms that a version of OVF has, as manifests write them; `null`: of dialects that no standard describes. */
function algorithmsOf(dialect: string): readonly string[] | null {
  if (/^1\./.test(dialect)) return ["SHA1"];
  return /^2\./.test(dialect) ? ["SHA256", "SHA512"] : null;
}
