/**
 * `npm run bench:verify -- [--gib N] [--pairs N] [--scratch FOLDER]`: a signed OVA whose disk is N GiB of hole with data in between is verified,
 * signature included, beside `openssl dgst -sha256` of the same file. Prints seconds, their ratio and the peak of the resident set.
 */
import { execFileSync } from "node:child_process";
import { createHash, createPrivateKey, sign, X509Certificate } from "node:crypto";
import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { parseArgs } from "node:util";
import { serializeManifest } from "../src/package/manifest/text.js";
import { serializeTarHeader, TAR_BLOCK } from "../src/package/tar/header.js";
import { serializeSignatureFile } from "../src/package/trust/signature-file.js";
import { descriptorOf } from "../test/support/packages.js";
import { measure, median, type Run } from "./measure.js";

const { values } = parseArgs({
  options: {
    gib: { type: "string", default: "14" },
    pairs: { type: "string", default: "3" },
    scratch: { type: "string", default: tmpdir() },
  },
});
const GIB = 2 ** 30;
const PIECE = 2 ** 20;

const scratch = mkdtempSync(path.join(values.scratch, "vmferry-bench-"));
try {
  const archive = path.join(scratch, "large.ova");
  const fingerprint = makeArchive(archive, Number(values.gib) * GIB);
  const ours: Run[] = [];
  const theirs: Run[] = [];
  const command = [process.execPath, "dist/bin/vmferry.js", "verify", archive, "--signer", fingerprint];
  for (let pair = 0; pair < Number(values.pairs); pair++) {
    ours.push(await measure({ command: [...command, "--progress", "none", "--quiet"], outputs: [] }, scratch));
    theirs.push(await measure({ command: ["openssl", "dgst", "-sha256", archive], outputs: [] }, scratch));
  }
  const seconds = (runs: readonly Run[]): number => median(runs.map(({ wallSeconds }) => wallSeconds));
  const peak = Math.max(...ours.map(({ peakMib }) => peakMib ?? 0));
  const ratio = seconds(ours) / seconds(theirs);
  console.log(
    `${values.gib} GiB: vmferry ${seconds(ours).toFixed(2)} s, openssl ${seconds(theirs).toFixed(2)} s, ratio ${ratio.toFixed(3)}, peak ${peak.toFixed(0)} MiB`,
  );
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** A sparse archive: one mebibyte of data at the start of every eighth gibibyte of its disk. Returns the signer's fingerprint. */
function makeArchive(file: string, diskBytes: number): string {
  const key = path.join(scratch, "key.pem");
  const certificate = path.join(scratch, "certificate.pem");
  const subject = ["-subj", "/CN=bench", "-days", "30"];
  execFileSync(
    "openssl",
    ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, ...subject],
    {
      stdio: "ignore",
      timeout: 60_000,
    },
  );
  const x509 = new X509Certificate(readFileSync(certificate));
  const descriptor = new TextEncoder().encode(
    descriptorOf([{ href: "disk.img", use: "disk" }]).replace(/(href="disk\.img")/, `$1 ovf:size="${diskBytes}"`),
  );
  const data = Buffer.alloc(PIECE, 0x5a);
  const isData = (at: number): boolean => at % (8 * GIB) === 0;
  const zeros = Buffer.alloc(PIECE);
  const hash = createHash("sha256");
  for (let at = 0; at < diskBytes; at += PIECE) hash.update(isData(at) ? data : zeros);
  const manifest = serializeManifest([
    { name: "box.ovf", algorithm: "sha256", digest: createHash("sha256").update(descriptor).digest("hex") },
    { name: "disk.img", algorithm: "sha256", digest: hash.digest("hex") },
  ]);
  const signature = serializeSignatureFile({
    name: "box.mf",
    algorithm: "sha256",
    signature: sign("sha256", manifest, createPrivateKey(readFileSync(key))),
    certificates: [x509.raw],
  });
  const out = openSync(file, "w");
  let at = 0;
  const put = (name: string, bytes: Uint8Array): void => {
    const header = serializeTarHeader({ name, size: bytes.length, mtime: 0 });
    at += writeSync(out, header, 0, header.length, at);
    writeSync(out, bytes, 0, bytes.length, at);
    at += Math.ceil(bytes.length / TAR_BLOCK) * TAR_BLOCK;
  };
  put("box.ovf", descriptor);
  put("box.mf", manifest);
  put("box.cert", signature);
  const header = serializeTarHeader({ name: "disk.img", size: diskBytes, mtime: 0 });
  at += writeSync(out, header, 0, header.length, at);
  for (let offset = 0; offset < diskBytes; offset += PIECE) {
    if (isData(offset)) writeSync(out, data, 0, PIECE, at + offset);
  }
  ftruncateSync(out, at + diskBytes + 2 * TAR_BLOCK);
  closeSync(out);
  return x509.fingerprint256.replaceAll(":", "").toLowerCase();
}
