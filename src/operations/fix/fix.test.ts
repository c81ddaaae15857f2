import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { diskContext } from "../../../test/support/disks.js";
import { fc } from "../../../test/support/fast-check.js";
import {
  type DescribedFile,
  descriptorOf,
  diskFile,
  manifestOf,
  ovaOf,
  type PackageFiles,
  packageOf,
} from "../../../test/support/packages.js";
import { FerryError } from "../../base/errors.js";
import { diskFormats } from "../../disk/formats.js";
import { openChain } from "../../disk/open.js";
import { noResolver } from "../../io/resolver.js";
import { memorySource } from "../../io/sources/memory.js";
import { memoryFileSet } from "../../io/testing/memory-set.js";
import { openOva } from "../../package/ova/open.js";
import { targets } from "../../targets/targets.js";
import { type FixOptions, type FixPlan, planFix } from "./fix.js";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const read = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
const ctx = diskContext();
let stream: Uint8Array;

before(async () => {
  stream = await diskFile("vmdk", "streamOptimized", {
    sectors: 8 * 2048,
    runs: [{ sector: 2048, sectors: 200, content: "noise" }],
  });
});

const disk = (rest: Partial<DescribedFile> = {}): DescribedFile => ({ href: "disk.vmdk", use: "disk", ...rest });
const box = (files: readonly DescribedFile[] = [disk()], more: PackageFiles = {}): PackageFiles =>
  packageOf(descriptorOf(files), { "disk.vmdk": stream, ...more });

async function withPlan<T>(archive: Uint8Array, options: FixOptions, use: (plan: FixPlan) => Promise<T>): Promise<T> {
  const source = memorySource(archive, "box.ova");
  const plan = await planFix({ kind: "file", source, name: "box.ova", folder: null }, options, ctx);
  try {
    return await use(plan);
  } finally {
    await plan.close();
  }
}

interface Fixed {
  readonly plan: FixPlan;
  /** The archive, and the files in it. */
  readonly archive: Uint8Array;
  readonly files: PackageFiles;
}

async function fix(archive: Uint8Array, options: FixOptions = {}): Promise<Fixed> {
  return withPlan(archive, options, async (plan) => {
    const to = memoryFileSet();
    const readable = { ...to, readBack: async (name: string) => to.source(name) };
    await plan.execute(readable, { kind: "ova", name: "box.ova", modified: new Date(0) }, ctx);
    const made = to.source("box.ova");
    const bytes = await made.read(0, made.size);
    return { plan, archive: bytes, files: await filesOf(bytes) };
  });
}

async function filesOf(archive: Uint8Array): Promise<PackageFiles> {
  const reader = await openOva(memorySource(archive, "box.ova"), ctx);
  assert.equal(reader.tar, "ustar");
  const files: Record<string, Uint8Array> = {};
  for (const entry of reader.entries.flatMap((one) => one.chunks ?? [one])) {
    const source = await entry.open();
    files[entry.name] = await source.read(0, source.size);
  }
  return files;
}

const codes = (findings: FixPlan["left"]): readonly string[] => findings.map(({ code }) => code);

test("a package in order is not changed", async () => {
  const archive = ovaOf(box());
  await withPlan(archive, { level: "strict" }, async (plan) => {
    assert.deepEqual([plan.changed, plan.changes, plan.mended, plan.refused], [false, [], [], false]);
  });
  assert.deepEqual(await filesOf(archive), (await fix(archive)).files);
});

test("sizes, compression, format and capacity become what the files are, with new digests, and nothing else changes", async () => {
  const wrong = disk({
    attributes: 'ovf:size="5" ovf:compression="gzip"',
    disk: 'ovf:capacity="1" ovf:capacityAllocationUnits="byte * 2^30" ovf:format="http://www.vmware.com/specifications/vmdk.html#sparse"',
  });
  const given = box([wrong]);
  const { files, plan } = await fix(ovaOf(given));
  // What is left is that of a small descriptor.
  assert.deepEqual([...new Set(codes(plan.mended))].sort(), [
    "package/capacity-rounded",
    "package/compression-absent",
    "package/disk-is-stream",
    "package/size-differs",
  ]);
  const expected = read(given["box.ovf"])
    .replace('ovf:size="5" ovf:compression="gzip"', `ovf:size="${stream.length}"`)
    .replace(
      'ovf:capacity="1" ovf:capacityAllocationUnits="byte * 2^30"',
      'ovf:capacity="8388608" ovf:capacityAllocationUnits="byte"',
    )
    .replace(
      "http://www.vmware.com/specifications/vmdk.html#sparse",
      "http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized",
    );
  assert.equal(read(files["box.ovf"]), expected);
  const { "box.mf": manifest, ...rest } = files;
  assert.equal(read(manifest), read(manifestOf(rest)));
  assert.deepEqual(Object.keys(files), Object.keys(given));
});

test("fixing changes no byte beside its edits, and a second time nothing at all", async () => {
  // Whatever stands around the attributes that are mended.
  const space = fc.constantFrom(" ", "  ", "\t", "\r\n      ", "\n");
  const noise = fc.constantFrom("", '<!-- ovf:size="5" -->', " ", "\r\n", "<?pi a='b'?>");
  await fc.assert(
    fc.asyncProperty(
      fc.array(space, { minLength: 4, maxLength: 4 }),
      fc.array(noise, { minLength: 6, maxLength: 6 }),
      fc.constantFrom('"', "'"),
      async (spaces, noises, quote) => {
        const [a, b, c, d] = spaces as [string, string, string, string];
        const file = (size: number | string, compression: string): string =>
          `${a}ovf:size=${quote}${size}${quote}${compression}`;
        const plain = descriptorOf([disk({ attributes: "@file@" })])
          .replace("<References>", `${noises[0]}<References>${noises[1]}`)
          .replace("</References>", `${noises[2]}</References>${noises[3]}`)
          .replace("<DiskSection>", `<DiskSection${b}ovf:required=${quote}true${quote}${c}>`)
          .replace("</Envelope>", `${noises[4]}</Envelope${d}>${noises[5]}`);
        const faulty = plain.replace("@file@", file(5, `${b}ovf:compression="gzip"`));
        const right = plain.replace("@file@", file(stream.length, ""));
        const once = await fix(ovaOf(packageOf(faulty, { "disk.vmdk": stream })));
        assert.equal(read(once.files["box.ovf"]), right);
        assert.deepEqual(once.files["disk.vmdk"], stream);
        await withPlan(once.archive, {}, async (plan) =>
          assert.equal(plan.changed, false, JSON.stringify(plan.changes)),
        );
        assert.deepEqual((await fix(once.archive)).archive, once.archive);
      },
    ),
    { numRuns: 40 },
  );
});

describe("manifest", () => {
  test("is respelled line by line: repeated lines and its own go, files that are missing from it come", async () => {
    const given = box();
    const [descriptor = "", image = ""] = read(given["box.mf"]).split("\n");
    const odd = `\uFEFF${image.replace("SHA256(", "Sha256 (")}\r\n${image}\r\nSHA1(box.mf)= ${"0".repeat(40)}\r\n`;
    const { files, plan } = await fix(ovaOf({ ...given, "box.mf": text(odd) }));
    assert.equal(read(files["box.mf"]), `${descriptor}\n${image}\n`);
    assert.deepEqual(
      new Set(codes(plan.mended)),
      new Set(["manifest/odd-spelling", "manifest/duplicate-entry", "manifest/lists-itself", "manifest/not-covered"]),
    );
  });

  test("keeps the algorithm of each line, and is not touched where nothing is wrong with it", async () => {
    const given = box([disk({ attributes: 'ovf:size="5"' })]);
    const { createHash } = await import("node:crypto");
    const sha1 = (bytes: Uint8Array | undefined): string =>
      createHash("sha1")
        .update(bytes ?? "")
        .digest("hex");
    const old = `SHA1(disk.vmdk)= ${sha1(stream)}\nSHA1(box.ovf)= ${sha1(given["box.ovf"])}\n`;
    const { files } = await fix(ovaOf({ ...given, "box.mf": text(old) }));
    assert.equal(read(files["box.mf"]), `SHA1(disk.vmdk)= ${sha1(stream)}\nSHA1(box.ovf)= ${sha1(files["box.ovf"])}\n`);
  });

  test("is never made anew over a file that was altered, unless the change is accepted", async () => {
    const given = box();
    const altered = { ...given, "disk.vmdk": Uint8Array.from(stream, (byte, i) => (i === 5000 ? byte ^ 1 : byte)) };
    const archive = ovaOf(altered);
    await withPlan(archive, {}, async (plan) => {
      assert.deepEqual([plan.refused, plan.changed, plan.mended, plan.changes], [true, false, [], []]);
      assert.ok(codes(plan.left).includes("manifest/digest-mismatch"));
      await assert.rejects(
        plan.execute(memoryFileSet(), { kind: "folder", files: "all" }, ctx),
        (e) => e instanceof FerryError && e.code === "fix/refused",
      );
    });
    const { files, plan } = await fix(archive, { altered: "accept" });
    assert.ok(codes(plan.mended).includes("manifest/digest-mismatch"));
    const { "box.mf": manifest, ...rest } = files;
    assert.equal(read(manifest), read(manifestOf(rest)));
  });

  test("of which a line cannot be understood vouches for nothing that it did not", async () => {
    const given = box();
    const cut = text(read(given["box.mf"]).slice(0, -10));
    await withPlan(ovaOf({ ...given, "box.mf": cut }), {}, async (plan) => {
      assert.equal(plan.refused, true);
      assert.ok(codes(plan.left).includes("manifest/bad-digest"));
    });
  });

  test("that is not there is not made up; a size is right where a stream proves that it is whole, and stays where nothing does", async () => {
    const sizes = (files: PackageFiles): Uint8Array => {
      const { "box.mf": _, ...given } = files;
      return ovaOf(given);
    };
    const { files } = await fix(sizes(box([disk({ attributes: 'ovf:size="5"' })])));
    assert.match(read(files["box.ovf"]), new RegExp(`ovf:size="${stream.length}"`));
    assert.deepEqual(Object.keys(files), ["box.ovf", "disk.vmdk"]);
    const notes: DescribedFile = { href: "notes.txt", use: "none", attributes: 'ovf:size="5"' };
    await withPlan(sizes(box([disk(), notes], { "notes.txt": text("some notes") })), {}, async (plan) => {
      assert.equal(plan.changed, false);
      assert.deepEqual(
        codes(plan.left).filter((code) => code.startsWith("package/")),
        ["package/size-differs"],
      );
    });
  });
});

test("a certificate goes where the manifest changes, and where it proves nothing; one that is good stays", async () => {
  const pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  const signed = (name: string, files: PackageFiles): Uint8Array =>
    ovaOf({ ...files, "box.cert": text(`SHA256(${name})= 00ff\n${pem}`) });
  const kept = await fix(signed("box.mf", box()));
  assert.deepEqual([kept.plan.changed, "box.cert" in kept.files], [false, true]);
  for (const archive of [signed("old.mf", box()), signed("box.mf", box([disk({ attributes: 'ovf:size="5"' })]))]) {
    const { files, plan } = await fix(archive);
    assert.deepEqual(plan.removed, ["box.cert"]);
    assert.ok(codes(plan.left).includes("signature/dropped"));
    assert.ok(!("box.cert" in files));
  }
  const { "box.mf": _, ...unlisted } = box();
  assert.ok(!("box.cert" in (await fix(signed("box.mf", unlisted))).files));
});

test("an archive is put in order, and keeps the order that it has where that is allowed", async () => {
  const given = box([disk(), disk({ href: "two.vmdk" })], { "two.vmdk": stream });
  const arranged = (...names: string[]): Uint8Array =>
    ovaOf(Object.fromEntries(names.map((name) => [name, given[name] ?? assert.fail(name)])));
  const mixed = await fix(arranged("two.vmdk", "box.mf", "box.ovf", "disk.vmdk"));
  assert.deepEqual(Object.keys(mixed.files), ["box.ovf", "disk.vmdk", "two.vmdk", "box.mf"]);
  const early = await fix(arranged("box.ovf", "box.mf", "disk.vmdk", "two.vmdk"));
  assert.deepEqual(Object.keys(early.files), ["box.ovf", "box.mf", "disk.vmdk", "two.vmdk"]);
  assert.equal(early.plan.changed, false);
});

test("prefixes that nothing declares are declared by what everybody means by them, others stay", async () => {
  const plain = descriptorOf([disk()]);
  const bare = plain
    .replace(/ xmlns:(?:rasd|vssd)="[^"]*"/g, "")
    .replace("<Info>A machine</Info>", "<Info>A machine</Info><odd:x ovf:required='false'/>");
  const { files, plan } = await fix(ovaOf(packageOf(bare, { "disk.vmdk": stream })));
  assert.match(read(files["box.ovf"]), /<Envelope [^>]*xmlns:rasd="http:[^"]*CIM_ResourceAllocationSettingData"[^>]*>/);
  assert.match(read(files["box.ovf"]), /<Envelope [^>]*xmlns:vssd="http:/);
  assert.equal(plan.mended.filter(({ code }) => code === "xml/undeclared-prefix").length, 2);
  assert.deepEqual(
    plan.left.filter(({ code }) => code === "xml/undeclared-prefix").map(({ data }) => data),
    [{ prefix: "odd" }],
  );
});

test("a disk without a file gets an empty image where a target makes none, of its capacity and once", async () => {
  const options: FixOptions = { targets: [targets.get("virtualbox-7")] };
  const plain = descriptorOf([disk()], ['ovf:capacity="3" ovf:capacityAllocationUnits="byte * 2^30"']);
  const { files, archive, plan } = await fix(ovaOf(packageOf(plain, { "disk.vmdk": stream })), options);
  assert.ok(codes(plan.mended).includes("target/disk-empty"));
  assert.deepEqual(Object.keys(files), ["box.ovf", "disk.vmdk", "empty-empty0.vmdk", "box.mf"]);
  assert.match(read(files["box.ovf"]), /<File ovf:id="empty-empty0" ovf:href="empty-empty0.vmdk"\/>/);
  assert.match(read(files["box.mf"]), /\(empty-empty0.vmdk\)/);
  const image = memorySource(files["empty-empty0.vmdk"] ?? new Uint8Array(), "empty-empty0.vmdk");
  const opened = await openChain({ bytes: image }, { formats: diskFormats, resolver: noResolver, format: null }, ctx);
  assert.deepEqual([opened.info.variant, opened.info.size], ["streamOptimized", 3 * 2 ** 30]);
  for await (const { kind } of opened.extents()) assert.equal(kind, "zero");
  await withPlan(archive, options, async (again) => assert.equal(again.changed, false));
  // Nobody can tell how large one is whose size is asked for.
  const property = `\${disk.size}`;
  const asked = descriptorOf([disk()], [`ovf:capacity="${property}"`]);
  await withPlan(ovaOf(packageOf(asked, { "disk.vmdk": stream })), options, async (plan) => {
    assert.ok(codes(plan.left).includes("target/disk-empty"));
  });
});

test("a file that a target does not take by its name gets another: in the archive, in References and in the manifest", async () => {
  const options: FixOptions = { targets: [targets.get("virtualbox-7")] };
  const given = packageOf(descriptorOf([disk({ href: "disk1" })]), { disk1: stream });
  const { files, archive, plan } = await fix(ovaOf(given), options);
  assert.ok(codes(plan.mended).includes("target/file-extension"), codes(plan.left).join(" "));
  assert.deepEqual(Object.keys(files), ["box.ovf", "disk1.vmdk", "box.mf"]);
  assert.equal(read(files["box.ovf"]), read(given["box.ovf"]).replace('"disk1"', '"disk1.vmdk"'));
  const { "box.mf": manifest, ...rest } = files;
  assert.equal(read(manifest), read(manifestOf(rest)));
  assert.deepEqual(plan.removed, ["disk1"]);
  await withPlan(archive, options, async (again) => assert.equal(again.changed, false));
  await withPlan(ovaOf(given), options, async (place) => {
    const to = memoryFileSet();
    await place.execute(to, { kind: "folder", files: "changed" }, ctx);
    assert.deepEqual([...to.files.keys()].sort(), ["box.mf", "box.ovf", "disk1.vmdk"]);
  });
});

test("a package that is cut off is not copied without its end", async () => {
  const archive = ovaOf(box());
  await withPlan(archive.subarray(0, archive.length - 8000), {}, async (plan) => {
    assert.deepEqual([plan.refused, plan.changed], [true, false]);
    assert.ok(codes(plan.left).includes("tar/cut-off"));
  });
});

test("as a folder, where the package lies only what changed is written", async () => {
  const archive = ovaOf(box([disk({ attributes: 'ovf:size="5"' })]));
  await withPlan(archive, {}, async (plan) => {
    for (const [files, names] of [
      ["changed", ["box.mf", "box.ovf"]],
      ["all", ["box.mf", "box.ovf", "disk.vmdk"]],
    ] as const) {
      const to = memoryFileSet();
      await plan.execute(to, { kind: "folder", files }, ctx);
      assert.deepEqual([...to.files.keys()].sort(), names);
    }
  });
});
