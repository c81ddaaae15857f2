import assert from "node:assert/strict";
import { before, test } from "node:test";
import { diskContext } from "../../test/support/disks.js";
import { descriptorOf, diskFile, ovaOf, type PackageFiles, packageOf } from "../../test/support/packages.js";
import { memorySource } from "../io/sources/memory.js";
import { memoryFileSet } from "../io/testing/memory-set.js";
import { openOva } from "../package/ova/open.js";
import { type FixOptions, type FixPlan, planFix } from "./fix/fix.js";

const ctx = diskContext();
let box: PackageFiles;

before(async () => {
  const shape = (content: "text" | "noise") => ({ sectors: 8 * 2048, runs: [{ sector: 64, sectors: 200, content }] });
  const one = await diskFile("vmdk", "streamOptimized", shape("text"));
  const two = await diskFile("vmdk", "streamOptimized", shape("noise"));
  const use = "disk" as const;
  box = packageOf(
    descriptorOf([
      { href: "one.vmdk", use, attributes: `ovf:size="${one.length}"` },
      { href: "two.vmdk", use, attributes: `ovf:size="${two.length}"` },
    ]),
    { "one.vmdk": one, "two.vmdk": two },
  );
});

interface Fixed {
  readonly refused: boolean;
  readonly mended: readonly string[];
  readonly left: readonly string[];
  readonly changes: FixPlan["changes"];
  readonly removed: readonly string[];
  /** `null` where the package is refused. */
  readonly files: PackageFiles | null;
}

async function fix(files: PackageFiles, options: FixOptions = {}): Promise<Fixed> {
  const source = memorySource(ovaOf(files), "box.ova");
  const plan = await planFix({ kind: "file", source, name: "box.ova", folder: null }, options, ctx);
  try {
    const { refused, changes, removed } = plan;
    const [mended, left] = [plan.mended, plan.left].map((all) => all.map(({ code }) => code));
    const told = { refused, mended: mended ?? [], left: left ?? [], changes, removed };
    if (refused) return { ...told, files: null };
    const to = memoryFileSet();
    const readable = { ...to, readBack: async (name: string) => to.source(name) };
    await plan.execute(readable, { kind: "ova", name: "box.ova", modified: new Date(0) }, ctx);
    return { ...told, files: await filesOf(to.source("box.ova")) };
  } finally {
    await plan.close();
  }
}

async function filesOf(ova: Parameters<typeof openOva>[0]): Promise<PackageFiles> {
  const files: Record<string, Uint8Array> = {};
  for (const entry of (await openOva(ova, ctx)).entries) {
    const source = await entry.open();
    files[entry.name] = await source.read(0, source.size);
  }
  return files;
}

const text = (files: PackageFiles, name: string): string => new TextDecoder().decode(files[name]);
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Order does not count: it is that of the archive. */
function assertRestored(fixed: Fixed, code: string): void {
  assert.ok(fixed.mended.includes(code), `${fixed.mended.join()} ${fixed.left.join()}`);
  assert.ok(!fixed.left.includes("manifest/digest-mismatch"));
  assert.ok(fixed.files !== null);
  assert.deepEqual(Object.keys(fixed.files).sort(), Object.keys(box).sort());
  for (const [name, was] of Object.entries(box)) {
    assert.ok(Buffer.from(fixed.files[name] ?? []).equals(was), name);
  }
}

test("line ends, byte order marks and last line ends that a transfer or an editor changed are put back: the digest proves it", async () => {
  const was = text(box, "box.ovf");
  for (const changed of [was.replaceAll("\n", "\r\n"), `\uFEFF${was}`, was.trimEnd(), `${was}\n\n`]) {
    const fixed = await fix({ ...box, "box.ovf": bytes(changed) });
    assertRestored(fixed, "package/line-ends-changed");
    assert.deepEqual(fixed.changes[0], {
      change: "rewrite",
      subject: "box.ovf",
      detail: "line ends as the manifest has them",
    });
  }
});

test("a text in which a single letter differs, too, is refused", async () => {
  const changed = text(box, "box.ovf").replaceAll("\n", "\r\n").replace("A machine", "a machine");
  const fixed = await fix({ ...box, "box.ovf": bytes(changed) });
  assert.deepEqual([fixed.refused, fixed.left.includes("manifest/digest-mismatch")], [true, true]);
});

test("bytes behind the end of a file are cut off where what is before them is what the manifest says", async () => {
  for (const more of [new Uint8Array(3 * 512), bytes("appended")]) {
    const longer = new Uint8Array([...(box["one.vmdk"] ?? []), ...more]);
    assertRestored(await fix({ ...box, "one.vmdk": longer }), "package/bytes-appended");
  }
});

test("files that were exchanged get their names back", async () => {
  const { "one.vmdk": one = new Uint8Array(), "two.vmdk": two = new Uint8Array() } = box;
  assertRestored(await fix({ ...box, "one.vmdk": two, "two.vmdk": one }), "package/files-swapped");
});

test("a file that was written over another one is not put back: its own bytes are gone", async () => {
  const fixed = await fix({ ...box, "one.vmdk": box["two.vmdk"] ?? new Uint8Array() });
  assert.equal(fixed.refused, true);
  assert.deepEqual(
    fixed.left.filter((code) => code.startsWith("manifest/digest") || code.startsWith("package/altered")),
    ["package/altered-but-whole", "manifest/digest-mismatch"],
  );
});

test("a file that was renamed is found by its digest, gets its name back, and keeps its place", async () => {
  const { "one.vmdk": one = new Uint8Array(), ...rest } = box;
  const fixed = await fix({ ...rest, "renamed.bin": one });
  assertRestored(fixed, "package/file-renamed");
  assert.deepEqual(fixed.removed, ["renamed.bin"]);
  assert.ok(!fixed.left.includes("package/missing-file") && !fixed.left.includes("manifest/missing-file"));
});

test("a file that another part of the descriptor uses is not taken for one that is missing", async () => {
  const { "one.vmdk": one = new Uint8Array(), ...rest } = box;
  const other = packageOf(
    descriptorOf([
      { href: "one.vmdk", use: "disk" },
      { href: "copy.vmdk", use: "disk" },
    ]),
    { "one.vmdk": one, "copy.vmdk": one },
  );
  const { "one.vmdk": _, ...without } = other;
  const fixed = await fix(without);
  assert.ok(fixed.left.includes("package/missing-file"));
  assert.ok(rest["two.vmdk"] !== undefined && !fixed.mended.includes("package/file-renamed"));
});

test("what is accepted as it is stays as it is", async () => {
  const changed = bytes(text(box, "box.ovf").replaceAll("\n", "\r\n"));
  const fixed = await fix({ ...box, "box.ovf": changed }, { altered: "accept" });
  assert.equal(fixed.refused, false);
  assert.deepEqual(fixed.files?.["box.ovf"], changed);
});
