import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fc } from "../../../test/support/fast-check.js";
import { FerryError } from "../../base/errors.js";
import { memorySource } from "../../io/sources/memory.js";
import type { TargetRef } from "../../io/target.js";
import { testContext } from "../../io/testing/context.js";
import { type NodeFileSet, openSingleFileSet } from "../../runtime/node/file-set.js";
import { openFileSource } from "../../runtime/node/file-source.js";
import { nodeHash } from "../../runtime/node/hash.js";
import { NO_NATIVE } from "../../runtime/node/native.js";
import { openOva } from "./open.js";
import { createOva, type OvaWriteOptions, type OvaWriter, ovaBytes } from "./write.js";

const root = mkdtempSync(join(tmpdir(), "vmferry-ova-"));
after(() => rmSync(root, { recursive: true }));
let counter = 0;

function context() {
  return testContext({ runtime: { hash: nodeHash, pool: { size: 0, run: () => assert.fail("no pool") } } });
}

const defaults: OvaWriteOptions = {
  name: "a.ova",
  modified: new Date("2026-01-01T00:00:00Z"),
  digest: "sha256",
  descriptor: null,
};

async function start(
  options: Partial<OvaWriteOptions> = {},
): Promise<{ ova: OvaWriter; file: string; set: NodeFileSet }> {
  const file = join(root, `${counter++}.ova`);
  const set = await openSingleFileSet(file);
  const name = `${counter - 1}.ova`;
  return { ova: await createOva(set, { ...defaults, ...options, name }, context()), file, set };
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

async function put(ova: OvaWriter, name: string, body: Uint8Array, size: number | null = body.length): Promise<void> {
  const target = await ova.create(name, size);
  await target.write(body);
  await target.close();
}

async function members(file: string): Promise<Record<string, string>> {
  const ctx = context();
  const source = memorySource(new Uint8Array(readFileSync(file)), "a.ova");
  const reader = await openOva(source, ctx, { onDamage: "refuse" });
  assert.deepEqual(ctx.codes(), []);
  const bodies: Record<string, string> = {};
  for (const entry of reader.entries) {
    const body = await entry.open();
    bodies[entry.name] = new TextDecoder().decode(await body.read(0, body.size));
  }
  return bodies;
}

function sha256(body: string | Uint8Array): string {
  return createHash("sha256").update(body).digest("hex");
}

test("members stand in the order of their creation, and the same input gives the same bytes", async () => {
  const files: Buffer[] = [];
  for (let run = 0; run < 2; run++) {
    const { ova, file } = await start();
    await put(ova, "a.ovf", text("<Envelope/>"));
    await put(ova, "a.vmdk", text("disk"), null);
    await put(ova, "a.mf", text("manifest"));
    assert.ok(!existsSync(file));
    await ova.commit();
    assert.deepEqual(Object.entries(await members(file)), [
      ["a.ovf", "<Envelope/>"],
      ["a.vmdk", "disk"],
      ["a.mf", "manifest"],
    ]);
    files.push(readFileSync(file));
  }
  assert.deepEqual(files[0], files[1]);
  const sizes = [
    { name: "a.ovf", size: 11 },
    { name: "a.vmdk", size: 4 },
    { name: "a.mf", size: 8 },
  ];
  assert.equal(files[0]?.length, ovaBytes(sizes));
});

test("several members of known size are written at once, in any order, by workers that open the file themselves", async () => {
  const { ova, file } = await start({ descriptor: { name: "a.ovf", room: 20 } });
  const one = await ova.createRandom("1.raw", 1000);
  const two = await ova.createRandom("2.raw", 600);
  const ref = two.ref();
  assert.equal(ref?.kind, "slice");
  if (ref?.kind !== "slice") return;
  const byWorker = (of: TargetRef, offset: number, bytes: Uint8Array): void => {
    let at = offset;
    let file = of;
    for (; file.kind === "slice"; file = file.of) at += file.offset;
    const fd = openSync(file.path, "r+");
    writeSync(fd, bytes, 0, bytes.length, at);
    closeSync(fd);
  };
  byWorker(ref, 590, new Uint8Array(10).fill(0x32));
  await one.writeAt(990, new Uint8Array(10).fill(0x31));
  await one.writeAt(0, new Uint8Array(5).fill(0x41));
  await two.close();
  await one.close();
  await put(ova, "a.ovf", text("<Envelope/>"));
  const digests = await ova.digests();
  await ova.commit();
  const bodies = await members(file);
  assert.deepEqual(Object.keys(bodies), ["a.ovf", "1.raw", "2.raw"]);
  assert.equal(bodies["1.raw"], `AAAAA${"\0".repeat(985)}1111111111`);
  assert.equal(bodies["2.raw"], `${"\0".repeat(590)}2222222222`);
  for (const [name, body] of Object.entries(bodies)) assert.equal(digests.get(name), sha256(body), name);
});

test("a descriptor that comes last stands first, and what is left of its room is white space behind it", async () => {
  for (const [room, padded] of [
    [11, false],
    [512, false],
    [513, true],
    [5000, true],
  ] as const) {
    const { ova, file } = await start({ descriptor: { name: "a.ovf", room } });
    await put(ova, "a.vmdk", text("disk"), null);
    await put(ova, "a.ovf", text("<Envelope/>"));
    const digest = (await ova.digests()).get("a.ovf");
    await ova.commit();
    const bodies = await members(file);
    assert.deepEqual(Object.keys(bodies), ["a.ovf", "a.vmdk"]);
    assert.equal(bodies["a.ovf"]?.trimEnd(), "<Envelope/>");
    assert.equal((bodies["a.ovf"]?.length ?? 0) > 11, padded);
    assert.equal(digest, sha256(bodies["a.ovf"] ?? ""));
  }
});

test("digests are right however a member was written", async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("write" as const), bytes: fc.uint8Array({ maxLength: 40 }) }),
    fc.record({ kind: fc.constant("zeros" as const), length: fc.nat(700) }),
    fc.record({ kind: fc.constant("writeAt" as const), at: fc.nat(900), bytes: fc.uint8Array({ maxLength: 40 }) }),
    fc.record({ kind: fc.constant("truncate" as const), size: fc.nat(900) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
      const { ova, file } = await start();
      const target = await ova.createRandom("x", null);
      let model = new Uint8Array();
      const store = (at: number, bytes: Uint8Array, size: number): void => {
        const next = new Uint8Array(Math.max(model.length, size));
        next.set(model);
        next.set(bytes, at);
        model = next;
      };
      for (const s of steps) {
        const at = target.position;
        if (s.kind === "write") await target.write(s.bytes).then(() => store(at, s.bytes, at + s.bytes.length));
        if (s.kind === "zeros") await target.zeros(s.length).then(() => store(at, new Uint8Array(), at + s.length));
        if (s.kind === "writeAt") {
          await target.writeAt(s.at, s.bytes);
          store(s.at, s.bytes, s.at + s.bytes.length);
        }
        if (s.kind === "truncate" && s.size >= target.position) {
          await target.truncate(s.size);
          model = model.slice(0, s.size);
          store(0, new Uint8Array(), s.size);
        }
      }
      await target.close();
      await put(ova, "a.ovf", text("x"));
      const digests = await ova.digests();
      await ova.commit();
      const reader = await openOva(memorySource(new Uint8Array(readFileSync(file)), "a"), context());
      const body = await reader.entry("x")?.open();
      assert.deepEqual(await body?.read(0, body.size), model);
      assert.equal(digests.get("x"), sha256(model));
    }),
    { numRuns: 60 },
  );
});

test("a complete member can be read back before the commit, and the whole archive after it is finished", async () => {
  const { ova, set, file } = await start();
  await put(ova, "a.ovf", text("<E/>"));
  const member = await ova.readBack("a.ovf");
  assert.equal(new TextDecoder().decode(await member.read(0, member.size)), "<E/>");
  await member.close();
  await ova.finish();
  const whole = await set.readBack(file.slice(root.length + 1));
  const reader = await openOva(whole, context());
  assert.equal(reader.entries.length, 1);
  await whole.close();
  assert.ok(!existsSync(file));
  await ova.commit();
  assert.ok(existsSync(file));
});

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof FerryError && error.code === code;
}

test("refuses names that are unsafe or taken, and members that lie about their size", async () => {
  const { ova } = await start();
  await put(ova, "a.ovf", text("x"));
  await assert.rejects(ova.create("../x", 1), hasCode("internal/bug"));
  await assert.rejects(ova.create("A.OVF", 1), hasCode("package/duplicate-name"));
  const small = await ova.createRandom("b", 3);
  await assert.rejects(small.write(text("1234")), hasCode("internal/bug"));
  await assert.rejects(small.writeAt(3, text("4")), hasCode("internal/bug"));
  await assert.rejects(small.truncate(2), hasCode("internal/bug"));
  await ova.createRandom("c", null);
  await assert.rejects(ova.create("d", 1), hasCode("internal/bug"));
  await ova.abort();
});

test("an archive with an open, aborted or missing member is not committed, and abort leaves nothing", async () => {
  const cases: ((ova: OvaWriter) => Promise<unknown>)[] = [
    (ova) => ova.create("x", 1),
    async (ova) => (await ova.create("x", 1)).abort(),
    async () => {},
  ];
  for (const spoil of cases) {
    const { ova, file } = await start({ descriptor: { name: "a.ovf", room: 100 } });
    await spoil(ova);
    await assert.rejects(ova.commit(), hasCode("internal/bug"));
    await ova.abort();
    assert.ok(!existsSync(file));
  }
});

test("offsets and sizes above 4 and 8 GiB are kept, in a sparse file", async () => {
  const size = 9 * 2 ** 30 + 5;
  const { ova, file } = await start({ digest: null });
  const disk = await ova.createRandom("big.raw", size);
  await disk.writeAt(size - 3, text("end"));
  await disk.close();
  await put(ova, "a.ovf", text("<E/>"));
  await ova.commit();
  const source = await openFileSource(file, NO_NATIVE);
  const ctx = context();
  const reader = await openOva(source, ctx);
  assert.equal(reader.tar, "gnu");
  const big = await reader.entry("big.raw")?.open();
  assert.equal(big?.size, size);
  assert.equal(new TextDecoder().decode(await big?.read(size - 3, 3)), "end");
  assert.equal((await reader.entry("a.ovf")?.open())?.size, 4);
  await source.close();
  rmSync(file);
});

const hasTar = spawnSync("tar", ["--version"], { encoding: "utf8" }).stdout?.includes("GNU tar") ?? false;
test("GNU tar reads what is written here", { skip: hasTar ? false : "GNU tar is absent" }, async () => {
  const { ova, file } = await start({ descriptor: { name: "a.ovf", room: 2000 } });
  await put(ova, `${"n".repeat(150)}.vmdk`, text("disk"), null);
  await put(ova, "a.ovf", text("<Envelope/>"));
  await ova.commit();
  const listed = execFileSync("tar", ["-tvf", file, "--utc"], { encoding: "utf8", timeout: 10_000 }).trim().split("\n");
  assert.match(listed[0] ?? "", /^-rw-r--r-- 0\/0 +2048 2026-01-01 00:00 a\.ovf$/);
  assert.match(listed[1] ?? "", / 4 2026-01-01 00:00 n{150}\.vmdk$/);
  assert.equal(listed.length, 2);
});
