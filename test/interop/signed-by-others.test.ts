/** Packages that VirtualBox, open-vmdk and openssl sign, as vmferry sees them. */
import assert from "node:assert/strict";
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";
import { ovaOf } from "../support/packages.js";
import { callSign } from "../support/signing.js";
import { lacking, peerPath } from "./peers.js";
import { run } from "./run.js";
import { scratch } from "./scratch.js";
import { accepted, filesOf, fingerprintOf, keys, LANTERN, P256, P384, RSA, sign, signerOf } from "./signing.js";
import { startVirtualBox } from "./virtualbox.js";

const noOpenssl = await lacking("openssl");
const noVirtualBox = await lacking("openssl", "VBoxManage");

describe("a package that others sign", () => {
  it("by VBoxManage signova verifies with its signer, and may be signed again", { skip: noVirtualBox }, async (t) => {
    const folder = await scratch(t);
    const box = await startVirtualBox(t);
    for (const type of ["sha-1", "sha-256", "sha-512"]) {
      const { key, certificate, fingerprint } = await keys(folder, type, ...RSA);
      const archive = join(folder, `${type}.ova`);
      cpSync(LANTERN, archive);
      await box.manage(
        "signova",
        archive,
        "--certificate",
        certificate,
        "--private-key",
        key,
        "--digest-type",
        type,
        "--no-pkcs7",
      );
      assert.equal(await signerOf(archive), fingerprint);
      const other = await keys(folder, `${type}-other`, ...RSA);
      await sign(archive, null, other);
      assert.equal(await signerOf(archive), other.fingerprint);
      assert.equal((await box.importAs(archive, type, 1)).status, 0);
    }
  });

  it("by ova-compose verifies with its signer, and may be signed again", { skip: noOpenssl }, async (t) => {
    const folder = await scratch(t);
    // Made by `ova-compose --sign` (test/fixtures/packages/make.sh).
    const source = resolve("test/fixtures/packages/compose-signed");
    const name = readdirSync(source).find((file) => file.endsWith(".ova")) ?? assert.fail();
    const archive = join(folder, name);
    cpSync(join(source, name), archive);
    const files = await filesOf(t, archive);
    const certificate = join(folder, "cert");
    writeFileSync(certificate, files[name.replace(/ova$/, "cert")] ?? assert.fail());
    assert.equal(await signerOf(archive), await fingerprintOf(certificate));
    assert.ok(await accepted(t, archive));
    const other = await keys(folder, "other", ...RSA);
    await sign(archive, null, other);
    assert.equal(await signerOf(archive), other.fingerprint);
    assert.ok(await accepted(t, archive));
  });

  it("by hand with openssl verifies with its signer", { skip: noOpenssl }, async (t) => {
    const folder = await scratch(t);
    const openssl = await peerPath("openssl");
    for (const [name, how] of Object.entries({ RSA, P256, P384 })) {
      const { key, certificate, fingerprint } = await keys(folder, name, ...how);
      const files = await filesOf(t, LANTERN);
      const manifest = join(folder, "lantern.mf");
      writeFileSync(manifest, files["lantern.mf"] ?? assert.fail());
      const signature = join(folder, "signature");
      await run(openssl, ["dgst", "-sha512", "-sign", key, "-out", signature, manifest]);
      const hex = readFileSync(signature).toString("hex");
      const file = `SHA512(lantern.mf)= ${hex}\n${readFileSync(certificate, "latin1")}`;
      const archive = join(folder, `${name}.ova`);
      writeFileSync(
        archive,
        ovaOf({ "lantern.ovf": files["lantern.ovf"] ?? assert.fail(), ...files, "lantern.cert": Buffer.from(file) }),
      );
      assert.equal(await signerOf(archive), fingerprint);
    }
  });

  it("with a block of CMS of openssl verifies, intermediates with it, and not when it was changed", {
    skip: noOpenssl,
  }, async (t) => {
    const folder = await scratch(t);
    const openssl = await peerPath("openssl");
    const root = await keys(folder, "root", ...RSA);
    const key = join(folder, "leaf.key");
    const request = join(folder, "leaf.csr");
    const leaf = join(folder, "leaf.crt");
    await run(openssl, [
      "req",
      "-new",
      "-nodes",
      "-newkey",
      "rsa:2048",
      "-keyout",
      key,
      "-out",
      request,
      "-subj",
      "/CN=Leaf",
    ]);
    await run(openssl, [
      "x509",
      "-req",
      "-in",
      request,
      "-CA",
      root.certificate,
      "-CAkey",
      root.key,
      "-CAcreateserial",
      "-days",
      "30",
      "-out",
      leaf,
    ]);
    const made = await sign(LANTERN, join(folder, "signed.ova"), { key, certificate: leaf, fingerprint: "" });
    const files = await filesOf(t, made);
    const manifest = join(folder, "lantern.mf");
    writeFileSync(manifest, files["lantern.mf"] ?? assert.fail());
    const sums = ["-md", "sha256", "-signer", leaf, "-inkey", key, "-certfile", root.certificate];
    const { stdout } = await run(openssl, ["cms", "-sign", "-binary", "-outform", "PEM", "-in", manifest, ...sums]);
    const line = new TextDecoder().decode(files["lantern.cert"]);
    for (const label of ["CMS", "PKCS7"]) {
      const block = stdout.replaceAll("CMS-----", `${label}-----`);
      const ordered = { "lantern.ovf": files["lantern.ovf"] ?? assert.fail(), ...files };
      const archive = join(folder, `${label}.ova`);
      writeFileSync(archive, ovaOf({ ...ordered, "lantern.cert": Buffer.from(line + block) }));
      const { exitCode, value } = await callSign("verify", archive, "--trust", root.certificate);
      assert.deepEqual([exitCode, value.signer.fingerprint], [0, await fingerprintOf(leaf)], JSON.stringify(value));
      // The last characters of the block are its signature.
      const wrong = block.replace(
        /(.)(.{9}\n-----END)/,
        (_, one: string, rest: string) => (one === "A" ? "B" : "A") + rest,
      );
      assert.notEqual(wrong, block);
      writeFileSync(archive, ovaOf({ ...ordered, "lantern.cert": Buffer.from(line + wrong) }));
      const { exitCode: refused, codes } = await callSign("verify", archive, "--trust", root.certificate);
      assert.deepEqual(
        [refused, codes.filter((code) => code.startsWith("error signature/")).length],
        [1, 1],
        `${codes}`,
      );
    }
  });
});
