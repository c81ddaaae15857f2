import { readFile } from "node:fs/promises";
import type { Context } from "../../src/io/context.js";
import { parseCertificate } from "../../src/package/trust/certificate.js";
import { readCms } from "../../src/package/trust/cms.js";
import { readCrl } from "../../src/package/trust/crl.js";
import { judgeSignature } from "../../src/package/trust/judge.js";
import { readCertificates } from "../../src/package/trust/material.js";
import { readPem, writePem } from "../../src/package/trust/pem.js";
import { trustNobody } from "../../src/package/trust/trust.js";
import { readX509 } from "../../src/package/trust/x509.js";
import type { FuzzTarget } from "./target.js";

const folder = "test/fixtures/trust";

async function fixture(name: string): Promise<Uint8Array> {
  return new Uint8Array(await readFile(`${folder}/${name}`));
}

/** The bytes of every block of a text. */
function blocks(text: Uint8Array, label: RegExp): readonly Uint8Array[] {
  const found = readPem(new TextDecoder("latin1").decode(text)).blocks;
  return found.filter((block) => label.test(block.label)).map((block) => block.bytes);
}

const chain = await fixture("chain.cert");
const manifest = await fixture("box.mf");
const anchors = readCertificates(await fixture("root.pem"), "root.pem", { certificateBytes: 65_536 });
const [leafDer = chain] = blocks(chain, /^CERTIFICATE$/);
const leaf = readX509(leafDer, 65_536);
const lists = blocks(await fixture("revoked.crl"), /CRL/);

/** Judges a certificate file of the fixtures' manifest. What it says must not contradict itself. */
function judge(bytes: Uint8Array, ctx: Context): void {
  const judgement = judgeSignature(
    {
      manifest: { name: "box.mf", bytes: manifest },
      certificate: { name: "box.cert", bytes },
      trust: { ...trustNobody, anchors, at: new Date("2030-01-01T00:00:00Z") },
      label: "fuzz.ova",
    },
    ctx,
  );
  const errors = [...judgement.findings, ...judgement.doubts].filter(({ severity }) => severity === "error");
  if ((judgement.signed === "trusted") !== (errors.length === 0)) throw new Error("verdict and findings disagree");
  // Nobody can make a signer up who is trusted: the fuzzer has no key.
  if (judgement.signed === "trusted" && judgement.signer?.id !== leaf.id) throw new Error("a stranger is trusted");
}

/** Signatures, certificates, blocks of CMS and lists of revoked certificates. */
export function trustTargets(packaged: () => Promise<readonly Uint8Array[]>): readonly FuzzTarget[] {
  return [
    {
      name: "certificate",
      async seeds() {
        const files = [...(await packaged()), chain];
        // Half of the changes should hit what the base64 says, not its letters.
        return [...files, ...files.flatMap((file) => blocks(file, /^CERTIFICATE$/).slice(0, 1))];
      },
      async run(bytes, ctx) {
        if (bytes[0] === 0x30) parseCertificate(new TextEncoder().encode(writePem("CERTIFICATE", bytes)), ctx);
        else parseCertificate(bytes, ctx);
      },
    },
    {
      name: "signature",
      seeds: async () => [chain, await fixture("cms.cert"), await fixture("pkcs7.cert")],
      async run(bytes, ctx) {
        judge(bytes, ctx);
      },
    },
    {
      name: "signature-chain",
      // The certificates themselves, behind a signature that is right.
      seeds: async () => blocks(chain, /^CERTIFICATE$/),
      async run(bytes, ctx) {
        const text = new TextDecoder("latin1").decode(chain);
        const line = text.slice(0, text.indexOf("\n") + 1);
        const first = writePem("CERTIFICATE", leafDer);
        const changed = writePem("CERTIFICATE", bytes);
        judge(new TextEncoder().encode(line + changed), ctx);
        judge(new TextEncoder().encode(line + first + changed), ctx);
      },
    },
    {
      name: "cms",
      seeds: async () =>
        (await Promise.all(["cms.cert", "pkcs7.cert"].map(fixture))).flatMap((file) => blocks(file, /CMS|PKCS7/)),
      async run(bytes, ctx) {
        const { signers } = readCms(bytes, manifest, leaf, 65_536, ctx.runtime);
        const stranger = signers.some(({ verdict, certificate }) => verdict === "valid" && certificate?.id !== leaf.id);
        if (stranger) throw new Error("a stranger's signature is valid");
      },
    },
    {
      name: "crl",
      seeds: async () => lists,
      async run(bytes) {
        if (readCrl(bytes).revoked.size > bytes.length) throw new Error("a list has more entries than bytes");
      },
    },
  ];
}
