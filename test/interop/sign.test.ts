/** Packages that vmferry signs, as VirtualBox, openssl and open-vmdk see them. */
import assert from "node:assert/strict";
import { cpSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";
import { ovaOf } from "../support/packages.js";
import { callSign } from "../support/signing.js";
import { lacking, peerPath } from "./peers.js";
import { scratch } from "./scratch.js";
import { accepted, filesOf, keys, LANTERN, P256, P384, P521, RSA, sign, signerOf } from "./signing.js";
import { startVirtualBox } from "./virtualbox.js";

const HARBOUR = resolve("test/fixtures/packages/vbox-folder-ovf10/harbour");
const noOpenssl = await lacking("openssl");
const noVirtualBox = await lacking("openssl", "VBoxManage");

describe("a package that vmferry signs", () => {
  it("is right for openssl and for open-vmdk's own check, with every key and digest", {
    skip: noOpenssl,
  }, async (t) => {
    const folder = await scratch(t);
    for (const [name, how] of Object.entries({ RSA, P256, P384, P521 })) {
      const signer = await keys(folder, name, ...how);
      for (const digest of ["sha1", "sha256", "sha512"]) {
        const archive = await sign(LANTERN, join(folder, `${name}-${digest}.ova`), signer, "--digest", digest);
        assert.ok(await accepted(t, archive), archive);
        assert.equal(await signerOf(archive), signer.fingerprint);
      }
    }
  });

  it("by a command of openssl is right for openssl", { skip: noOpenssl }, async (t) => {
    const folder = await scratch(t);
    const openssl = await peerPath("openssl");
    for (const [name, how] of Object.entries({ RSA, P256 })) {
      const { key, certificate, fingerprint } = await keys(folder, name, ...how);
      for (const command of [
        `${openssl} pkeyutl -sign -inkey ${key} -pkeyopt digest:sha256`,
        `sh -c '${openssl} pkeyutl -sign -inkey ${key} -pkeyopt digest:"$VMFERRY_SIGN_ALGORITHM" | ${openssl} base64'`,
      ]) {
        const archive = join(folder, `${name}.ova`);
        const how_ = ["--certificate", certificate, "--sign-with", command, "--force"];
        assert.equal((await callSign("sign", LANTERN, archive, ...how_)).exitCode, 0, command);
        assert.ok(await accepted(t, archive));
        assert.equal(await signerOf(archive), fingerprint);
      }
    }
  });

  it("is imported by VirtualBox, by every key that it takes, in place and beside", {
    skip: noVirtualBox,
  }, async (t) => {
    const folder = await scratch(t);
    const box = await startVirtualBox(t);
    const rsa = await keys(folder, "RSA", ...RSA);
    const long = await keys(folder, "RSA-4096", "rsa:4096");
    const curve = await keys(folder, "P256", ...P256);
    const curve384 = await keys(folder, "P384", ...P384);
    const copy = join(folder, "in-place.ova");
    cpSync(LANTERN, copy);
    const packages = [
      await sign(copy, null, rsa),
      await sign(LANTERN, join(folder, "sha1.ova"), rsa, "--digest", "sha1"),
      await sign(LANTERN, join(folder, "sha512.ova"), rsa, "--digest", "sha512"),
      await sign(LANTERN, join(folder, "long.ova"), long),
      await sign(LANTERN, join(folder, "curve.ova"), curve),
      await sign(LANTERN, join(folder, "curve384.ova"), curve384),
    ];
    for (const [i, archive] of packages.entries()) {
      const ran = await box.importAs(archive, `signed-${i}`, 1);
      assert.equal(ran.status, 0, `${archive}: ${ran.stderr}`);
      // It looked at the signature.
      assert.match(ran.stdout + ran.stderr, /self signed certificate was used/, archive);
    }
    const folderPackage = await sign(HARBOUR, join(folder, "harbour"), rsa);
    const ovf = readdirSync(folderPackage).find((name) => name.endsWith(".ovf")) ?? assert.fail();
    const ran = await box.importAs(join(folderPackage, ovf), "folder", 1);
    assert.equal(ran.status, 0, ran.stderr);
    assert.match(ran.stdout + ran.stderr, /self signed certificate was used/);
  });

  it("is imported by VirtualBox with the issuers' certificates and without", { skip: noVirtualBox }, async (t) => {
    const folder = await scratch(t);
    const box = await startVirtualBox(t);
    for (const [name, options] of [
      ["own", []],
      ["chain", ["--chain"]],
    ] as const) {
      const archive = join(folder, `${name}.ova`);
      const signed = await callSign("sign", LANTERN, archive, "--key", "test/fixtures/keys/open.p12", ...options);
      assert.equal(signed.exitCode, 0);
      const ran = await box.importAs(archive, name, 1);
      assert.equal(ran.status, 0, ran.stderr);
    }
  });

  it("is refused by VirtualBox and by vmferry when a byte was changed", { skip: noVirtualBox }, async (t) => {
    const folder = await scratch(t);
    const box = await startVirtualBox(t);
    for (const [name, how] of Object.entries({ RSA, P256 })) {
      const archive = await sign(LANTERN, join(folder, `${name}.ova`), await keys(folder, name, ...how));
      const files = await filesOf(t, archive);
      for (const [member, text] of [
        ["lantern.cert", /\)= [0-9a-f]{20}/],
        ["lantern.mf", /\)\s*= [0-9a-f]{20}/],
        ["lantern.ovf", /Debian_6/],
      ] as const) {
        const bytes = files[member] ?? assert.fail(member);
        const match = text.exec(new TextDecoder("latin1").decode(bytes)) ?? assert.fail(member);
        const at = match.index + match[0].length - 1;
        const other = bytes[at] === 0x30 ? 0x31 : 0x30;
        const ordered = ["lantern.ovf", "lantern.mf", "lantern.cert", "lantern-disk001.vmdk"];
        const changed = Object.fromEntries(ordered.map((file) => [file, files[file] ?? assert.fail(file)]));
        const wrong = join(folder, `${name}-${member}.ova`);
        writeFileSync(wrong, ovaOf({ ...changed, [member]: bytes.with(at, other) }));
        assert.equal((await callSign("verify", wrong)).exitCode, 1, wrong);
        const { status, stdout, stderr } = await box.tryManage(
          "import",
          wrong,
          "--vsys",
          "0",
          "--vmname",
          `${name}-${member}`,
          "--basefolder",
          box.machines,
        );
        assert.equal(status, 1, `${wrong}: ${stdout}${stderr}`);
      }
    }
  });

  it("with SHA384 is not read by VirtualBox, as sign warns", { skip: noVirtualBox }, async (t) => {
    const folder = await scratch(t);
    const box = await startVirtualBox(t);
    const archive = await sign(
      LANTERN,
      join(folder, "sha384.ova"),
      await keys(folder, "RSA", ...RSA),
      "--digest",
      "sha384",
    );
    const { status, stderr } = await box.tryManage("import", archive, "--vsys", "0", "--basefolder", box.machines);
    assert.equal(status, 1);
    assert.match(stderr, /VERR_MANIFEST_ATTR_TYPE_NOT_FOUND/);
  });
});
