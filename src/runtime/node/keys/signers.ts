/** Who signs: a key that was read, or a command that has one. */
import { createHash, type KeyObject, sign, X509Certificate } from "node:crypto";
import { toHex } from "../../../base/bytes.js";
import { FerryError } from "../../../base/errors.js";
import type { HashName } from "../../../base/ids.js";
import { printable } from "../../../base/text.js";
import type { SignatureScheme, Signer } from "../../../io/signatures.js";
import { runCommand } from "../run-command.js";
import { digestInfoHead, nodeKeys } from "../signatures.js";
import { signatureReadings } from "./signature-readings.js";

/** The curves whose signatures every importer that takes any takes (NIST). */
const CURVES: ReadonlySet<string> = new Set(["prime256v1", "secp384r1", "secp521r1"]);

/**
 * A signer with a key.
 * @param certificates in DER, in any order; the key's own is found among them and comes first, its issuers follow
 * @throws `sign/unsupported-key`, `sign/no-certificate`, `sign/key-mismatch`
 */
export function keySigner(key: KeyObject, certificates: readonly Uint8Array[]): Signer {
  const kind = kindOf(key);
  if (certificates.length === 0) throw noCertificate();
  const read = certificates.map(readCertificate);
  const own = read.find((certificate) => certificate.checkPrivateKey(key));
  if (own === undefined) {
    const [first] = read;
    throw new FerryError("sign/key-mismatch", `the certificate of ${printable(nameOf(first))} is not that of the key`, {
      hint: "Give the certificate that was issued for this key.",
    });
  }
  return {
    certificates: withIssuers(own, read),
    async sign(data, hash): Promise<Uint8Array> {
      try {
        return new Uint8Array(sign(hash, data, kind === "ec" ? { key, dsaEncoding: "der" } : key));
      } catch (cause) {
        throw new FerryError("sign/failed", "the key could not sign", {
          cause,
          hint: "A short key of RSA has no room for a long digest: use a longer key, or --digest sha256.",
        });
      }
    },
  };
}

function kindOf(key: KeyObject): "rsa" | "ec" {
  const { namedCurve = "" } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === "rsa") return "rsa";
  if (key.asymmetricKeyType === "ec" && CURVES.has(namedCurve)) return "ec";
  const what = namedCurve === "" ? `${key.asymmetricKeyType ?? "unknown"}` : `of the curve ${namedCurve}`;
  throw new FerryError("sign/unsupported-key", `the key is ${what}, which packages are not signed with`, {
    hint: "Use a key of RSA with 2048 bits or more, or of the curves P-256, P-384, P-521.",
  });
}

function readCertificate(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (cause) {
    throw new FerryError("signature/unreadable", "a certificate breaks the rules of X.509", {
      cause,
      hint: "Look at the file with 'openssl x509 -text'.",
    });
  }
}

function nameOf(certificate: X509Certificate | undefined): string {
  return (certificate?.subject ?? "").replaceAll("\n", ", ");
}

/** DER from a certificate up, as far as the others go. */
function withIssuers(own: X509Certificate, others: readonly X509Certificate[]): readonly Uint8Array[] {
  const path = [own];
  for (;;) {
    const last = path.at(-1) ?? own;
    const issuer = others.find((other) => !path.some((one) => one.raw.equals(other.raw)) && last.checkIssued(other));
    if (issuer === undefined || last.checkIssued(last)) return path.map(({ raw }) => new Uint8Array(raw));
    path.push(issuer);
  }
}

/** A command that signs. */
export interface SigningCommand {
  /** Program and arguments: no shell is between. */
  readonly words: readonly string[];
  /** In DER; the first is that of the key that the command signs with. */
  readonly certificates: readonly Uint8Array[];
  readonly timeoutMs: number;
}

/** Bytes that a command may print: a signature of RSA with 16,384 bits in hexadecimal is 4 KiB. */
const MOST_PRINTED = 64 * 1024;

/**
 * A signer that asks a command. It gets the digest as bytes on standard input, and in its environment `VMFERRY_SIGN_ALGORITHM` (sha256),
 * `VMFERRY_SIGN_KEY` (rsa or ec), the digest as `VMFERRY_SIGN_DIGEST_HEX` and `VMFERRY_SIGN_DIGEST_BASE64`, and the digest in the frame that RSA
 * signs (RFC 8017, section 9.2) as `VMFERRY_SIGN_DIGEST_INFO_BASE64`. It prints the signature as bytes, base64 or hexadecimal; of an elliptic
 * curve in DER, or as its two numbers.
 * @throws `sign/no-certificate`, `sign/unsupported-key`
 */
export function commandSigner({ words, certificates, timeoutMs }: SigningCommand): Signer {
  const [own] = certificates;
  if (own === undefined) throw noCertificate();
  const { publicKey } = readCertificate(own);
  const kind = kindOf(publicKey);
  const others = certificates.slice(1).map(readCertificate);
  const spki = new Uint8Array(publicKey.export({ format: "der", type: "spki" }));
  return {
    certificates: withIssuers(readCertificate(own), others),
    async sign(data, hash, signal): Promise<Uint8Array> {
      const digest = new Uint8Array(createHash(hash).update(data).digest());
      const ran = await runCommand(words, {
        input: digest,
        env: environment(kind, hash, digest),
        timeoutMs,
        mostBytes: MOST_PRINTED,
        signal,
      });
      if (ran.end === "failed") throw failed(ran.why, ran.said);
      if (ran.stdout.length === 0) throw failed("it printed nothing", "");
      const scheme: SignatureScheme = { kind: kind === "ec" ? "ecdsa" : "rsa-pkcs1", hash };
      // What it printed may be read in several ways: the one that is right is meant.
      for (const signature of signatureReadings(ran.stdout, kind)) {
        if (nodeKeys.verify({ publicKey: spki, scheme, data, signature }) === "valid") return signature;
      }
      throw new FerryError(
        "sign/wrong-signature",
        "what the command printed is no signature by the certificate's key",
        {
          hint: "Check that the certificate is that of the key, and that the command signs its input as a digest and does not hash it again.",
        },
      );
    },
  };
}

function environment(kind: "rsa" | "ec", hash: HashName, digest: Uint8Array): Readonly<Record<string, string>> {
  return {
    VMFERRY_SIGN_ALGORITHM: hash,
    VMFERRY_SIGN_KEY: kind,
    VMFERRY_SIGN_DIGEST_HEX: toHex(digest),
    VMFERRY_SIGN_DIGEST_BASE64: Buffer.from(digest).toString("base64"),
    VMFERRY_SIGN_DIGEST_INFO_BASE64: Buffer.concat([digestInfoHead(hash), digest]).toString("base64"),
  };
}

function failed(why: string, said: string): FerryError {
  const shown = printable(withoutSecrets(said).replace(/\s+/g, " ").slice(-500));
  return new FerryError(
    "sign/failed",
    `the command of --sign-with failed: ${why}${shown === "" ? "" : `; it said: ${shown}`}`,
    {
      hint: "Run it by hand, with a digest of 32 bytes as its input. --sign-timeout gives it more time.",
    },
  );
}

/** Variables whose values are secrets as a rule: programs that fail like to tell their settings. */
const SECRET_VARIABLE = /pass|secret|token|pin|key|credential|auth/i;

function withoutSecrets(said: string): string {
  let shown = said;
  for (const [name, value = ""] of Object.entries(process.env)) {
    if (value.length >= 4 && SECRET_VARIABLE.test(name)) shown = shown.replaceAll(value, "***");
  }
  return shown;
}

function noCertificate(): FerryError {
  return new FerryError("sign/no-certificate", "there is no certificate for the key", {
    hint: "Name it with --certificate FILE, or put it into the file of the key.",
  });
}
