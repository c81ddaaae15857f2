/** Archives and manifests. */
import type { HashName } from "../../base/ids.js";
import { manifestToken } from "../../package/manifest/algorithms.js";
import { findRole } from "../../package/manifest/read.js";
import { type AnyRule, defineRule } from "../rule.js";
import { asked, readers } from "./reader.js";

export const targetPackageRules: readonly AnyRule[] = [
  defineRule({
    code: "target/tar-dialect",
    node: "package",
    targets: readers(({ tar }) => tar !== null),
    spec: null,
    severity: "error",
    strict: "error",
    what: "{reader} refuses the archive: it has headers of pax.",
    why: "VirtualBox: VERR_TAR_UNSUPPORTED_PAX_TYPE, before it looks at anything else (tried). Xen Orchestra passes over such headers, and over long names with them.",
    fix: "Pack it again in the format ustar: vmferry fix.",
    examples: null,
    *check({ tar }, facts) {
      const { reader } = asked(facts);
      if (tar === "pax" && reader.tar !== null) yield { values: { reader: reader.name } };
    },
    mend: () => [{ edit: "archive" }],
  }),
  defineRule({
    code: "target/manifest-digest",
    node: "package",
    targets: readers(({ manifest }) => manifest !== null),
    spec: null,
    severity: "error",
    strict: "error",
    what: "{target} does not know the digest {digest} of the manifest.",
    why: 'VMware before 6.7: "The manifest file entry (line 1) is invalid" (turnkeylinux/tracker#827, #851). virt-v2v warns that it cannot parse the line, and checks nothing (tried).',
    fix: "Make the manifest anew with {wanted}: vmferry fix.",
    examples: null,
    async *check(reader, facts) {
      const { target, reader: how } = asked(facts);
      const known = how.manifest?.spelling === "no-blanks" ? (["sha256", "sha1"] as const) : target.accepts.digests;
      const manifest = (await facts.files?.manifest()) ?? null;
      const entry = findRole(reader, "manifest");
      if (manifest === null || entry === null || known.length === 0) return;
      const others = new Set<HashName>(manifest.entries.map(({ algorithm }) => algorithm));
      for (const name of known) others.delete(name);
      const [digest] = others;
      if (digest === undefined) return;
      yield {
        values: { digest: manifestToken(digest), wanted: manifestToken(known[0] ?? "sha256") },
        location: { at: "member", file: reader.name, member: entry.name },
        ...(how.manifest?.other === "unchecked" ? { severity: "warning" } : {}),
      };
    },
  }),
  defineRule({
    code: "target/manifest-sha1",
    node: "package",
    targets: ({ id }) => /^vsphere-/.test(id),
    spec: null,
    severity: "warning",
    strict: "warning",
    what: "The manifest has SHA1 digests; clients of {target} differ about them.",
    why: '"Invalid OVF checksum algorithm: SHA1" from the web client of vSphere 6.5 and later (MISP/MISP#3947, OpenCTI-Platform/opencti#1642); other ways of import take it.',
    fix: "Make the manifest anew with SHA256.",
    examples: null,
    async *check(reader, { files }) {
      const manifest = (await files?.manifest()) ?? null;
      const entry = findRole(reader, "manifest");
      if (entry === null || !manifest?.entries.some(({ algorithm }) => algorithm === "sha1")) return;
      yield { location: { at: "member", file: reader.name, member: entry.name } };
    },
  }),
];
