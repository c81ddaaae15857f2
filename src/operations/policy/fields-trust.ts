/** Who made the package, and whether anybody changed it. */
import { isWeak, manifestToken } from "../../package/manifest/algorithms.js";
import { defineField, type PolicyField } from "./field.js";

const DIGESTS = ["sha1", "sha256", "sha384", "sha512", "md5"] as const;

/** Settings under `signature` and `manifest`. */
export const trustFields: readonly PolicyField[] = [
  defineField({
    key: "signature.required",
    kind: "choice",
    choices: ["signed", "trusted"],
    what: "The package has to be signed; `trusted`: by somebody whom the policy or the command line names.",
    example: "trusted",
    *check(wanted, { signature, reader }) {
      if (signature === null) {
        yield { code: "policy/required", message: `${reader.name} is not signed` };
      } else if (signature.signed === "invalid" || (wanted === "trusted" && signature.signed !== "trusted")) {
        const why = [...signature.findings, ...signature.doubts].find(({ severity }) => severity === "error");
        yield {
          code: "policy/required",
          message: `the signature of ${reader.name} is ${signature.signed}: ${why?.message ?? ""}`,
        };
      }
    },
  }),
  defineField({
    key: "signature.signers",
    kind: "signers",
    what: "Certificates that are trusted by themselves: a name for people, and the SHA-256. Where there are some, one of them has to have signed.",
    example: "\n    - { name: Example Org, sha256: 913fd0387427a72225c2458db85224176da6e0e11624ea4200336e7540c7d120 }",
  }),
  defineField({
    key: "signature.authorities",
    kind: "files",
    what: "Files of certificates that are trusted, as of `--trust`, relative to the policy.",
    example: "[vendors.pem]",
  }),
  defineField({
    key: "signature.revoked",
    kind: "files",
    what: "Lists of revoked certificates, as of `--crl`, relative to the policy.",
    example: "[vendors.crl]",
  }),
  defineField({
    key: "signature.system-trust",
    kind: "choice",
    choices: ["yes", "no"],
    what: "Whether the authorities of the system are trusted.",
    example: "no",
  }),
  defineField({
    key: "signature.digests",
    kind: "words",
    choices: DIGESTS,
    what: "Digests of the manifest that may be signed.",
    example: "[sha256, sha384, sha512]",
    *check(allowed, { signature }) {
      const digest = signature?.algorithm ?? null;
      if (digest === null || allowed.includes(digest)) return;
      yield {
        code: "policy/not-allowed",
        message: `the signature is of the ${manifestToken(digest)} of the manifest`,
        data: { digest },
      };
    },
  }),
  defineField({
    key: "signature.key-bits",
    kind: "count",
    what: "Bits that a signer's key of RSA or DSA has at least. Keys of elliptic curves are not meant.",
    example: "2048",
    *check(least, { signature }) {
      const key = signature?.key ?? null;
      if (key === null || !/^(?:rsa|rsa-pss|dsa)$/.test(key.kind) || key.bits >= least) return;
      const message = `the signer's key has ${key.bits} bits; at least ${least} are asked for`;
      yield { code: "policy/limit", message, data: { limit: least, actual: key.bits } };
    },
  }),
  defineField({
    key: "manifest.required",
    kind: "choice",
    choices: ["present", "complete"],
    what: "There has to be a manifest; `complete`: one that lists the descriptor and every file that it refers to.",
    example: "complete",
    *check(wanted, { manifest, uncovered, reader }) {
      if (manifest === null) yield { code: "policy/required", message: `${reader.name} has no manifest` };
      else if (wanted === "complete" && uncovered.length > 0) {
        const [first = ""] = uncovered;
        const more = uncovered.length > 1 ? ` and ${uncovered.length - 1} more` : "";
        yield {
          code: "policy/required",
          message: `the manifest does not list ${first}${more}`,
          data: { files: uncovered.slice(0, 100) },
        };
      }
    },
  }),
  defineField({
    key: "manifest.digests",
    kind: "words",
    choices: DIGESTS,
    what: "Digests that the manifest may use.",
    example: "[sha256, sha512]",
    *check(allowed, { manifest }) {
      for (const digest of new Set(manifest?.entries.map(({ algorithm }) => algorithm))) {
        if (allowed.includes(digest)) continue;
        const weak = isWeak(digest) ? ", with which files can be forged" : "";
        yield {
          code: "policy/not-allowed",
          message: `the manifest uses ${manifestToken(digest)}${weak}`,
          data: { digest },
        };
      }
    },
  }),
];
