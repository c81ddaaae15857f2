import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { descriptorOf, diskFile, layOut, ovaOf, type PackageFiles, packageOf } from "../../test/support/packages.js";
import { captureStreams } from "../../test/support/streams.js";
import { run } from "../cli/program.js";
import type { VerifyResult } from "../report/results.js";

const folder = mkdtempSync(join(tmpdir(), "vmferry-verify-"));
after(() => rmSync(folder, { recursive: true }));
let counter = 0;

const descriptor = descriptorOf([{ href: "disk.vmdk", use: "disk" }]);
let disk: Uint8Array;
before(async () => {
  disk = await diskFile("vmdk", "streamOptimized", {
    sectors: 16_384,
    runs: [{ sector: 9, sectors: 90, content: "noise" }],
  });
});

interface Verified {
  readonly exitCode: number;
  readonly verdict: VerifyResult["verdict"] | null;
  readonly codes: readonly string[];
  readonly value: VerifyResult;
}

async function verify(name: string, ...options: string[]): Promise<Verified> {
  const streams = captureStreams();
  const exitCode = await run(
    ["verify", name, "--json", "--workers", "0", ...options],
    streams,
    new AbortController().signal,
  );
  const value = JSON.parse(streams.out());
  const codes = (value.diagnostics ?? [value.error]).map((finding: { readonly code: string }) => finding.code).sort();
  return { exitCode, verdict: value.verdict ?? null, codes, value };
}

function archive(files: PackageFiles): string {
  const file = join(folder, `${counter++}.ova`);
  writeFileSync(file, ovaOf(files));
  return file;
}

function inFolder(files: PackageFiles): string {
  return layOut(join(folder, `${counter++}`), files);
}

function changed(files: PackageFiles, name: string, at: number): PackageFiles {
  const bytes = (files[name] ?? assert.fail(name)).slice();
  bytes[at] = ((bytes[at] as number) + 1) % 256;
  return { ...files, [name]: bytes };
}

function without(files: PackageFiles, name: string): PackageFiles {
  return Object.fromEntries(Object.entries(files).filter(([other]) => other !== name));
}

const UNSIGNED = "signature/absent";

describe("verify of an OVA and of a folder", () => {
  const places: readonly (readonly [string, (files: PackageFiles) => string])[] = [
    ["an OVA", archive],
    ["a folder", inFolder],
  ];
  for (const [place, put] of places) {
    it(`${place} that is what its manifest says is intact, and 0 with a warning that it is not signed`, async () => {
      const { exitCode, verdict, codes, value } = await verify(put(packageOf(descriptor, { "disk.vmdk": disk })));
      assert.deepEqual([exitCode, verdict, codes], [0, "intact", [UNSIGNED]]);
      assert.equal(value.signed, "unsigned");
      assert.deepEqual(
        value.files.map(({ name, ok }) => [name, ok]),
        [
          ["box.ovf", true],
          ["disk.vmdk", true],
        ],
      );
    });

    it(`${place} with a byte altered in any file is altered, and 1`, async () => {
      const files = packageOf(descriptor, { "disk.vmdk": disk });
      for (const [name, at] of [
        ["disk.vmdk", disk.length - 1],
        ["disk.vmdk", 70_000],
        ["box.ovf", descriptor.indexOf("a test")],
      ] as const) {
        const { exitCode, verdict, codes } = await verify(put(changed(files, name, at)));
        assert.deepEqual([exitCode, verdict, codes], [1, "altered", ["manifest/digest-mismatch", UNSIGNED]]);
      }
    });

    it(`${place} that lacks a file is altered, and 1`, async () => {
      const { exitCode, verdict, codes } = await verify(
        put(without(packageOf(descriptor, { "disk.vmdk": disk }), "disk.vmdk")),
      );
      assert.deepEqual([exitCode, verdict], [1, "altered"]);
      assert.deepEqual(codes, ["manifest/missing-file", "package/missing-file", UNSIGNED]);
    });

    it(`${place} without a manifest is unverifiable: 0 with a warning, 1 where one is required`, async () => {
      const bare = put(without(packageOf(descriptor, { "disk.vmdk": disk }), "box.mf"));
      for (const [options, exitCode] of [
        [[], 0],
        [["--require-manifest"], 1],
      ] as const) {
        const result = await verify(bare, ...options);
        assert.deepEqual([result.exitCode, result.verdict], [exitCode, "unverifiable"]);
        assert.deepEqual(result.codes, ["manifest/absent", UNSIGNED]);
      }
    });

    it(`${place} whose manifest leaves a file out is not called intact: an altered one would not be seen`, async () => {
      const less = packageOf(descriptor, { "disk.vmdk": disk }, (name) => name !== "disk.vmdk");
      for (const [options, exitCode] of [
        [[], 0],
        [["--require-manifest"], 1],
      ] as const) {
        const result = await verify(put(less), ...options);
        assert.deepEqual([result.exitCode, result.verdict], [exitCode, "unverifiable"]);
        assert.deepEqual(result.codes, ["manifest/not-covered", UNSIGNED]);
      }
    });

    it(`${place} that is not signed is 1 where a signature is required`, async () => {
      const { exitCode, verdict } = await verify(
        put(packageOf(descriptor, { "disk.vmdk": disk })),
        "--require-signature",
      );
      assert.deepEqual([exitCode, verdict], [1, "intact"]);
    });

    it(`${place} with a certificate file that is none is signed by nobody, and that is 1`, async () => {
      const files = { ...packageOf(descriptor, { "disk.vmdk": disk }), "box.cert": new TextEncoder().encode("x") };
      const { exitCode, verdict, codes, value } = await verify(put(files));
      assert.deepEqual([exitCode, verdict, codes, value.signed], [1, "intact", ["signature/unreadable"], "invalid"]);
    });
  }
});

describe("verify with sums from outside", () => {
  const sum = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

  it("of an archive vouches for all in it, manifest or not", async () => {
    const files = without(packageOf(descriptor, { "disk.vmdk": disk }), "box.mf");
    const right = await verify(archive(files), "--sha256", sum(ovaOf(files)).toUpperCase());
    assert.deepEqual([right.exitCode, right.verdict], [0, "intact"]);
    const wrong = await verify(archive(files), "--sha256", sum(disk));
    assert.deepEqual([wrong.exitCode, wrong.verdict], [1, "altered"]);
    assert.deepEqual(wrong.codes, ["manifest/absent", "package/sum-mismatch", UNSIGNED]);
  });

  it("that differs is 1 even where the manifest is right", async () => {
    const { exitCode, verdict } = await verify(
      archive(packageOf(descriptor, { "disk.vmdk": disk })),
      "--sha256",
      "0".repeat(64),
    );
    assert.deepEqual([exitCode, verdict], [1, "altered"]);
  });

  it("of a descriptor does not vouch for the disks beside it", async () => {
    const files = without(packageOf(descriptor, { "disk.vmdk": disk }), "box.mf");
    const { exitCode, verdict } = await verify(
      join(inFolder(files), "box.ovf"),
      "--sha256",
      sum(files["box.ovf"] as Uint8Array),
    );
    assert.deepEqual([exitCode, verdict], [0, "unverifiable"]);
  });

  it("of a folder is no question", async () => {
    const { exitCode, codes } = await verify(
      inFolder(packageOf(descriptor, { "disk.vmdk": disk })),
      "--sha256",
      "0".repeat(64),
    );
    assert.deepEqual([exitCode, codes], [2, ["cli/sums-need-a-file"]]);
  });

  it("in a file of sums are found by the package's name", async () => {
    const files = packageOf(descriptor, { "disk.vmdk": disk });
    const ova = archive(files);
    const sums = join(folder, "SHA256SUMS");
    writeFileSync(sums, `${"0".repeat(64)}  other.ova\n${sum(ovaOf(files))} *${ova}\n`);
    assert.deepEqual((await verify(ova, "--sums", sums)).exitCode, 0);
    writeFileSync(sums, `${sum(ovaOf(files))}  other.ova\n`);
    const missing = await verify(ova, "--sums", sums);
    assert.deepEqual([missing.exitCode, missing.codes], [2, ["cli/sum-not-listed"]]);
    assert.deepEqual((await verify(ova, "--sums", join(folder, "gone"))).exitCode, 3);
  });

  it("of no form is wrong use", async () => {
    const { exitCode, codes } = await verify(archive(packageOf(descriptor, { "disk.vmdk": disk })), "--sha256", "abc");
    assert.deepEqual([exitCode, codes], [2, ["cli/invalid-value"]]);
  });
});

describe("verify of damaged archives", () => {
  it("finds one that is cut off altered, whichever member the end lies in", async () => {
    const whole = ovaOf(packageOf(descriptor, { "disk.vmdk": disk }));
    for (const length of [whole.length - 1500, whole.length - 4096, 20_000]) {
      const file = join(folder, `${counter++}.ova`);
      writeFileSync(file, whole.subarray(0, length));
      const { exitCode, verdict, codes, value } = await verify(file);
      assert.equal(exitCode, 1, `${length} bytes: ${codes}`);
      assert.ok(
        verdict === "altered" || codes.includes("package/missing-file"),
        `${length} bytes: ${verdict} ${codes}`,
      );
      assert.equal(new Set(codes).size, codes.length, `each is told once: ${JSON.stringify(value.diagnostics)}`);
    }
  });

  it("refuses what is no package", async () => {
    const file = join(folder, `${counter++}.ova`);
    writeFileSync(file, "hello");
    assert.equal((await verify(file)).exitCode, 2);
  });
});
