import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, test } from "node:test";
import { FerryError } from "../base/errors.js";
import type { FileSet } from "../io/file-set.js";
import { type TestContext, testContext } from "../io/testing/context.js";
import { openFolder } from "../package/folder/open.js";
import type { PackageReader } from "../package/model.js";
import { openOva } from "../package/ova/open.js";
import { ovfReferences } from "../platforms/ovf/references.js";
import { openFolderSet, openSingleFileSet } from "../runtime/node/file-set.js";
import { openFileSource } from "../runtime/node/file-source.js";
import { openFolderAccess } from "../runtime/node/folder.js";
import { nodeHash } from "../runtime/node/hash.js";
import { NO_NATIVE } from "../runtime/node/native.js";
import { nodeKeys } from "../runtime/node/signatures.js";
import type { CarryOptions, CarryOutcome, CarryPlan } from "./carry.js";
import { type PackOptions, planPack } from "./pack.js";
import { planUnpack } from "./unpack.js";
import { checkIntegrity } from "./verify.js";

const fixtures = "test/fixtures/packages";
const native = NO_NATIVE;
const root = mkdtempSync(join(tmpdir(), "vmferry-pack-"));
after(() => rmSync(root, { recursive: true }));
let counter = 0;

function context(signal?: AbortSignal): TestContext {
  const runtime = { hash: nodeHash, keys: nodeKeys, pool: { size: 0, run: () => assert.fail("no pool") } };
  return testContext({ runtime, ...(signal === undefined ? {} : { signal }) });
}

function fresh(extension = ""): string {
  return join(root, `${counter++}${extension}`);
}

async function withPackage<T>(path: string, use: (reader: PackageReader) => Promise<T>): Promise<T> {
  const ctx = context();
  const references = ovfReferences(ctx);
  if (statSync(path).isDirectory()) return use(await openFolder(openFolderAccess(path, native), ctx, { references }));
  const source = await openFileSource(path, native);
  try {
    return await use(await openOva(source, ctx, { references }));
  } finally {
    await source.close();
  }
}

/** What the command does: execute, then commit or abort. */
async function execute(plan: CarryPlan, to: FileSet, options: CarryOptions, ctx: TestContext): Promise<CarryOutcome> {
  try {
    const outcome = await plan.execute(to, options, ctx);
    await to.commit();
    return outcome;
  } catch (cause) {
    await to.abort(cause);
    throw cause;
  }
}

interface Run extends CarryOptions {
  readonly manifest?: PackOptions["manifest"];
  readonly ctx?: TestContext;
}

async function pack(from: string, to: string, run: Run = {}) {
  return withPackage(from, async (reader) => {
    const manifest = run.manifest ?? "keep";
    const plan = planPack(reader, { name: basename(to), modified: new Date(0), manifest });
    return { plan, outcome: await execute(plan, await openSingleFileSet(to), run, run.ctx ?? context()) };
  });
}

async function unpack(from: string, to: string, run: Run = {}) {
  return withPackage(from, async (reader) =>
    execute(planUnpack(reader), await openFolderSet(to), run, run.ctx ?? context()),
  );
}

function files(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  const plain = names.filter((name) => statSync(join(folder, name)).isFile());
  return Object.fromEntries(plain.map((name) => [name, nodeHashOf(join(folder, name))]));
}

function nodeHashOf(file: string): string {
  const hash = nodeHash("sha256");
  hash.update(readFileSync(file));
  return Buffer.from(hash.digest()).toString("hex");
}

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof FerryError && error.code === code;
}

interface Facts {
  readonly source: string;
  readonly package: { readonly members: readonly { readonly name: string; readonly role: string }[] };
  readonly manifest: object | null;
}

for (const name of existsSync(fixtures) ? readdirSync(fixtures) : []) {
  if (!existsSync(join(fixtures, name, "facts.json"))) continue;
  const facts = JSON.parse(readFileSync(join(fixtures, name, "facts.json"), "utf8")) as Facts;

  test(`${name}: unpacked and packed again it holds the same files, byte for byte`, async () => {
    const source = join(fixtures, name, facts.source);
    const [first, ova, second] = [fresh(), fresh(".ova"), fresh()];
    const integrity = facts.manifest === null ? "unverifiable" : "intact";
    if (statSync(source).isDirectory()) cpSync(source, first, { recursive: true });
    else assert.equal((await unpack(source, first)).integrity, integrity);
    const { plan, outcome } = await pack(first, ova);
    assert.equal(outcome.integrity, integrity);
    assert.equal(plan.files[0]?.size, statSync(ova).size);
    await unpack(ova, second);
    assert.deepEqual(files(second), files(first));
    const names = Object.keys(files(first));
    assert.deepEqual(names, facts.package.members.map((member) => member.name).sort());

    const order = await withPackage(ova, async (reader) => reader.entries.map((entry) => entry.role));
    assert.equal(order[0], "descriptor");
    const special = order.filter((role) => role === "manifest" || role === "certificate");
    assert.deepEqual(order.slice(order.length - special.length), special.sort().reverse());
  });
}

const kelp = join(fixtures, "compose-dir", "kelp");
const needsFixtures = { skip: existsSync(kelp) ? false : "the fixtures are absent" };

/** A copy of a small package, without its manifest or with one byte of its disk changed. */
function copyOfKelp(change: "no-manifest" | "altered"): string {
  const folder = fresh();
  cpSync(kelp, folder, { recursive: true });
  if (change === "no-manifest") rmSync(join(folder, "kelp.mf"));
  else {
    const disk = readFileSync(join(folder, "kelp.vmdk"));
    disk[1000] = (disk[1000] ?? 0) ^ 1;
    writeFileSync(join(folder, "kelp.vmdk"), disk);
  }
  return folder;
}

test("adds a manifest where there is none and one is asked for, and it agrees", needsFixtures, async () => {
  const folder = copyOfKelp("no-manifest");
  const plain = fresh(".ova");
  assert.deepEqual(
    (await pack(folder, plain)).plan.steps.map((step) => step.action),
    ["copy", "copy"],
  );
  const signed = fresh(".ova");
  const { plan } = await pack(folder, signed, { manifest: "add" });
  assert.deepEqual(plan.steps.at(-1)?.subject, "kelp.mf");
  assert.equal(plan.files[0]?.size, statSync(signed).size);
  await withPackage(signed, async (reader) => {
    const { verdict, findings } = await checkIntegrity(reader, context());
    assert.deepEqual([verdict, findings], ["intact", []]);
    assert.equal(reader.entries.at(-1)?.role, "manifest");
  });
});

test("the same files and time make the same archive", needsFixtures, async () => {
  const [one, two] = [fresh(".ova"), fresh(".ova")];
  await pack(kelp, one);
  await pack(kelp, two);
  assert.deepEqual(readFileSync(one), readFileSync(two));
});

test("an altered file is refused with nothing left behind, and carried with integrity off", needsFixtures, async () => {
  const folder = copyOfKelp("altered");
  const ova = fresh(".ova");
  await assert.rejects(pack(folder, ova), hasCode("package/not-intact"));
  assert.ok(!existsSync(ova));
  const { outcome } = await pack(folder, ova, { integrity: false });
  assert.equal(outcome.integrity, "unchecked");
  const out = fresh();
  await assert.rejects(unpack(ova, out), hasCode("package/not-intact"));
  assert.ok(!existsSync(out));
  await unpack(ova, out, { integrity: false });
  assert.deepEqual(files(out), files(folder));
  assert.deepEqual(
    readdirSync(root).filter((name) => name.includes("partial")),
    [],
  );
});

test("an interrupted run is canceled and leaves nothing behind", needsFixtures, async () => {
  const stop = new AbortController();
  stop.abort();
  const ova = fresh(".ova");
  await assert.rejects(pack(kelp, ova, { ctx: context(stop.signal) }), hasCode("run/canceled"));
  assert.ok(!existsSync(ova));
  assert.deepEqual(
    readdirSync(root).filter((name) => name.includes("partial")),
    [],
  );
});

test("a destination without room is told before anything is written", needsFixtures, async () => {
  const created: string[] = [];
  const target = async (name: string): Promise<never> => {
    created.push(name);
    throw new Error("nothing may be created");
  };
  const full: FileSet = {
    label: "full",
    create: target,
    createRandom: target,
    readBack: async () => assert.fail("nothing was written"),
    room: async () => 1000,
    commit: async () => {},
    abort: async () => {},
  };
  await withPackage(kelp, async (reader) => {
    const options = { name: "x.ova", modified: new Date(0), manifest: "keep" } as const;
    await assert.rejects(planPack(reader, options).execute(full, {}, context()), hasCode("io/no-space"));
    await assert.rejects(planUnpack(reader).execute(full, {}, context()), hasCode("io/no-space"));
    const { createRandom, ...inOrder } = { ...full, room: async () => null };
    await assert.rejects(
      planPack(reader, options).execute(inOrder, {}, context()),
      hasCode("package/needs-random-target"),
    );
  });
  assert.deepEqual(created, []);
});
