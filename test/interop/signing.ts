/** Keys by openssl, and packages that they sign, for the tests about signatures. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { TestContext } from "node:test";
import { callSign } from "../support/signing.js";
import { peerPath } from "./peers.js";
import { run } from "./run.js";
import { scratch } from "./scratch.js";

/** An OVA of VirtualBox. */
export const LANTERN: string = resolve("test/fixtures/packages/vbox-efi-ovf20/lantern.ova");

/** A key and its certificate. */
export interface Keys {
  readonly key: string;
  readonly certificate: string;
  readonly fingerprint: string;
}

/** A key with a certificate by itself, made by openssl. @param how arguments of `req -newkey` */
export async function keys(folder: string, name: string, ...how: readonly string[]): Promise<Keys> {
  const [key, certificate] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)];
  const subject = ["-subj", `/O=Example/CN=${name}`, "-days", "30"];
  await run(await peerPath("openssl"), [
    "req",
    "-x509",
    "-nodes",
    "-newkey",
    ...how,
    "-keyout",
    key,
    "-out",
    certificate,
    ...subject,
  ]);
  return { key, certificate, fingerprint: await fingerprintOf(certificate) };
}

/** SHA-256 of a certificate, lower-case hexadecimal. */
export async function fingerprintOf(certificate: string): Promise<string> {
  const args = ["x509", "-in", certificate, "-noout", "-fingerprint", "-sha256"];
  const { stdout } = await run(await peerPath("openssl"), args);
  return stdout.trim().replace(/^.*=/, "").replaceAll(":", "").toLowerCase();
}

/** Arguments for keys. */
export const RSA: readonly string[] = ["rsa:2048"];
export const P256: readonly string[] = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
export const P384: readonly string[] = ["ec", "-pkeyopt", "ec_paramgen_curve:P-384"];
export const P521: readonly string[] = ["ec", "-pkeyopt", "ec_paramgen_curve:P-521"];

/** Signs with `vmferry sign`; returns where the result is. */
export async function sign(
  source: string,
  destination: string | null,
  { key, certificate }: Keys,
  ...more: readonly string[]
): Promise<string> {
  const place = destination === null ? [source] : [source, destination];
  const signed = await callSign("sign", ...place, "--key", key, "--certificate", certificate, ...more);
  assert.equal(signed.exitCode, 0, JSON.stringify(signed.value));
  return destination ?? source;
}

/** Who signed, by `vmferry verify`, which has to find nothing wrong but that nobody vouches. */
export async function signerOf(source: string): Promise<string> {
  const { value, codes } = await callSign("verify", source);
  assert.deepEqual(
    codes.filter((code) => code.startsWith("error")),
    ["error signer/untrusted"],
    source,
  );
  return value.signer.fingerprint;
}

/** The files of an archive or a folder. */
export async function filesOf(t: TestContext, source: string): Promise<Readonly<Record<string, Uint8Array>>> {
  let folder = source;
  if (source.endsWith(".ova")) {
    folder = await scratch(t, "unpacked");
    await run(await peerPath("tar"), ["xf", source, "-C", folder]);
  }
  return Object.fromEntries(
    readdirSync(folder).map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]),
  );
}

/**
 * Whether a package is signed as open-vmdk's own tests ask (pytest/test_signing.py): lines of exactly this shape, digests that are right, and a
 * certificate; and whether openssl finds the signature right, as they do not ask.
 */
export async function accepted(t: TestContext, source: string): Promise<boolean> {
  const files = await filesOf(t, source);
  const name = Object.keys(files).find((file) => file.endsWith(".mf")) ?? assert.fail("no manifest");
  const manifest = files[name] ?? assert.fail();
  for (const line of new TextDecoder().decode(manifest).trimEnd().split("\n")) {
    const [, token = "", file = "", digest = ""] = /^(SHA1|SHA256|SHA512)\((.+)\)= ([0-9a-f]+)$/.exec(line) ?? [];
    const bytes = files[file] ?? assert.fail(line);
    if (createHash(token.toLowerCase()).update(bytes).digest("hex") !== digest) return false;
  }
  const folder = await scratch(t, "openssl");
  const put = (file: string, bytes: Uint8Array | string): string => {
    writeFileSync(join(folder, file), bytes);
    return join(folder, file);
  };
  const text = new TextDecoder().decode(files[name.replace(/mf$/, "cert")]);
  const [, token = "", signed = "", hex = ""] =
    /^(SHA\d+)\((.+)\)= ([0-9a-f]+)\n-----BEGIN CERTIFICATE-----\n/.exec(text) ?? [];
  assert.equal(signed, name);
  const openssl = await peerPath("openssl");
  const { stdout } = await run(openssl, ["x509", "-in", put("cert", text), "-pubkey", "-noout"]);
  const signature = ["-signature", put("signature", Buffer.from(hex, "hex")), put(name, manifest)];
  const { stdout: said } = await run(openssl, [
    "dgst",
    `-${token.toLowerCase()}`,
    "-verify",
    put("key", stdout),
    ...signature,
  ]);
  return said.includes("Verified OK");
}
