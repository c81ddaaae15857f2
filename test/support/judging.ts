/** Judging certificate files of our own making. */
import { testContext } from "../../src/io/testing/context.js";
import { judgeSignature, type SignatureJudgement } from "../../src/package/trust/judge.js";
import { type Trust, trustNobody } from "../../src/package/trust/trust.js";
import { readX509, type X509 } from "../../src/package/trust/x509.js";
import { nodeHash } from "../../src/runtime/node/hash.js";
import { nodeKeys } from "../../src/runtime/node/signatures.js";
import { type Issued, issue } from "./authority.js";

/** What is signed. */
export const manifest: Uint8Array = new TextEncoder().encode(`SHA256(box.ovf)= ${"0".repeat(64)}\n`);

const ctx = testContext({ runtime: { hash: nodeHash, keys: nodeKeys } });

/** What differs from the usual. */
export interface Judging {
  readonly trust?: Partial<Trust>;
  readonly manifest?: Uint8Array | null;
  readonly name?: string;
}

/** Judges a certificate file; without a manifest where it is `null`. */
export function judge(
  file: string | Uint8Array,
  { trust, manifest: bytes = manifest, name = "box.mf" }: Judging = {},
): SignatureJudgement {
  const certificate = {
    name: "box.cert",
    bytes: typeof file === "string" ? Uint8Array.from(file, (unit) => unit.charCodeAt(0)) : file,
  };
  return judgeSignature(
    {
      certificate,
      manifest: bytes === null ? null : { name, bytes },
      trust: { ...trustNobody, ...trust },
      label: "box.ova",
    },
    ctx,
  );
}

/** Severities and codes of all findings. */
export function codesOf({ findings, doubts }: SignatureJudgement): string[] {
  return [...findings, ...doubts].map(({ code, severity }) => `${severity} ${code}`);
}

/** A certificate as the core reads it. */
export const x509 = ({ der }: Issued): X509 => readX509(der, 65_536);
/** Whoever trusts these. */
export const anchors = (...authorities: readonly Issued[]): Judging => ({ trust: { anchors: authorities.map(x509) } });

/** An authority, one below it, a signer below that, and a signer of its own making with a key of RSA. */
export interface Cast {
  readonly root: Issued;
  readonly middle: Issued;
  readonly signer: Issued;
  readonly rsa: Issued;
}

/** Makes them. */
export async function cast(): Promise<Cast> {
  const root = await issue({ name: "Root", authority: true, usage: 0x06 });
  const middle = await issue({ name: "Middle", issuer: root, authority: true, usage: 0x06 });
  const signer = await issue({ name: "Signer", organization: "Vendor", issuer: middle, authority: false, usage: 0x80 });
  return { root, middle, signer, rsa: await issue({ name: "RSA signer", key: "rsa" }) };
}
