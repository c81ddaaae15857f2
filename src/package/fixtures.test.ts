import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { toHex } from "../base/bytes.js";
import type { Context } from "../io/context.js";
import { hashSource } from "../io/hash-lane.js";
import { testContext } from "../io/testing/context.js";
import { openFileSource } from "../runtime/node/file-source.js";
import { openFolderAccess } from "../runtime/node/folder.js";
import { nodeHash } from "../runtime/node/hash.js";
import { NO_NATIVE } from "../runtime/node/native.js";
import { readSmallEntry } from "./entries.js";
import { openFolder } from "./folder/open.js";
import { compareManifest, digestsFor } from "./manifest/compare.js";
import { readManifest } from "./manifest/read.js";
import type { PackageEntry, PackageReader, PackageReference } from "./model.js";
import { openOva } from "./ova/open.js";

const fixtures = "test/fixtures/packages";
const native = NO_NATIVE;

interface Facts {
  readonly source: string;
  readonly package: {
    readonly kind: string;
    readonly name: string;
    readonly size: number;
    readonly tar: string | null;
    readonly members: readonly { readonly name: string; readonly size: number; readonly role: string }[];
  };
  readonly manifest: { readonly name: string; readonly algorithms: readonly string[]; readonly entries: number } | null;
}

/** Enough of a descriptor's References for these fixtures; the real reader is in another layer. */
async function hrefs(descriptor: PackageEntry, ctx: Context): Promise<readonly PackageReference[]> {
  const text = new TextDecoder().decode(await readSmallEntry(descriptor, 2 ** 20, ctx));
  return [...text.matchAll(/<(?:\w+:)?File\s[^>]*href="([^"]*)"/g)].map(([, href = ""]) => ({
    href: href.replace(/&#x([0-9A-Fa-f]+);/g, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16))),
    role: null,
    size: null,
    chunkSize: null,
  }));
}

async function open(path: string, ctx: Context): Promise<{ reader: PackageReader; close(): Promise<void> }> {
  const references = (descriptor: PackageEntry) => hrefs(descriptor, ctx);
  if (statSync(path).isDirectory()) {
    return { reader: await openFolder(openFolderAccess(path, native), ctx, { references }), close: async () => {} };
  }
  const source = await openFileSource(path, native);
  return { reader: await openOva(source, ctx, { references }), close: () => source.close() };
}

for (const name of existsSync(fixtures) ? readdirSync(fixtures) : []) {
  const factsFile = join(fixtures, name, "facts.json");
  if (!existsSync(factsFile)) continue;
  const facts = JSON.parse(readFileSync(factsFile, "utf8")) as Facts;

  test(`${name}: members, roles and manifest are as its maker wrote them, and every digest agrees`, async () => {
    const ctx = testContext({ runtime: { hash: nodeHash, pool: { size: 0, run: () => assert.fail("no pool") } } });
    const { reader, close } = await open(join(fixtures, name, facts.source), ctx);
    const { kind, size, tar, entries } = reader;
    const members = entries.map((entry) => ({ name: entry.name, size: entry.size, role: entry.role }));
    assert.deepEqual({ kind, name: reader.name, size, tar, members }, facts.package);

    const manifest = await readManifest(reader, ctx);
    const algorithms = [...new Set(manifest?.entries.map((entry) => entry.algorithm))].sort();
    assert.deepEqual(
      manifest === null ? null : { name: manifest.name, algorithms, entries: manifest.entries.length },
      facts.manifest,
    );
    if (manifest !== null) {
      const digests = new Map<string, Record<string, string>>();
      for (const request of digestsFor(manifest, reader.entry)) {
        const source = await request.entry.open();
        const made = await hashSource(source, request.algorithms, ctx);
        await source.close();
        digests.set(
          request.entry.name,
          Object.fromEntries(request.algorithms.map((a, i) => [a, toHex(made[i] ?? new Uint8Array())])),
        );
      }
      const required = [...(reader.descriptor === null ? [] : [reader.descriptor]), ...reader.referenced];
      const { checks, findings } = compareManifest({ manifest, lookup: reader.entry, required, digests });
      assert.ok(checks.length >= 1 && checks.every((check) => check.ok));
      // VirtualBox leaves CD images out of its manifests.
      const uncovered = findings.filter((finding) => finding.code === "manifest/not-covered");
      assert.ok(uncovered.every((finding) => finding.data?.role === "iso"));
      assert.deepEqual(
        findings.filter((finding) => finding.severity === "error"),
        [],
      );
    }
    assert.deepEqual(
      ctx.findings.filter((finding) => finding.severity !== "info"),
      [],
    );
    await close();
  });
}
