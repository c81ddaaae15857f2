import assert from "node:assert/strict";
import { test } from "node:test";
import { memorySource } from "../../io/sources/memory.js";
import { testContext } from "../../io/testing/context.js";
import type { PackageReader } from "../model.js";
import { readCertificate } from "./read.js";

/** A package of which nothing but its certificate's bytes is asked. */
function withCertificate(bytes: Uint8Array | null): PackageReader {
  const entry = (content: Uint8Array) =>
    ({
      name: "a.cert",
      size: content.length,
      role: "certificate",
      open: async () => memorySource(content, "a.cert"),
    }) as const;
  return {
    kind: "ova",
    name: "a.ova",
    size: 0,
    tar: "ustar",
    descriptor: null,
    resolver: { open: () => assert.fail("nothing is resolved") },
    entries: bytes === null ? [] : [entry(bytes)],
    referenced: [],
    entry: () => undefined,
    disks: async () => [],
    close: async () => {},
  };
}

test("a package without a certificate has none", async () => {
  assert.equal(await readCertificate(withCertificate(null), testContext()), null);
});

test("a certificate that cannot be read is a finding, and its facts are unknown", async () => {
  const ctx = testContext();
  const read = await readCertificate(withCertificate(new TextEncoder().encode("-----BEGIN PKCS7-----")), ctx);
  assert.deepEqual(read, { name: "a.cert", facts: null });
  assert.deepEqual(
    ctx.findings.map(({ code, severity, location }) => ({ code, severity, location })),
    [
      {
        code: "signature/unreadable",
        severity: "warning",
        location: { at: "member", file: "a.ova", member: "a.cert" },
      },
    ],
  );
});

test("a certificate file beyond the limit is not read into memory", async () => {
  const ctx = testContext({ limits: { manifestBytes: 10 } });
  await assert.rejects(readCertificate(withCertificate(new Uint8Array(11)), ctx), { code: "io/limit" });
});
