/** `vmferry edit`: to another place, where the package lies, and what is refused. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { run } from "../../src/cli/program.js";
import { memorySource } from "../../src/io/sources/memory.js";
import { testContext } from "../../src/io/testing/context.js";
import { readTarIndex } from "../../src/package/tar/index.js";
import type { EditResult } from "../../src/report/results.js";
import { type Issued, issue } from "../support/authority.js";
import { descriptorOf, diskFile, layOut, ovaOf, type PackageFiles, packageOf } from "../support/packages.js";
import { pemOfKey, signingFolder, verifySigned } from "../support/signing.js";
import { captureStreams } from "../support/streams.js";

const { fresh, put } = signingFolder();

const PRODUCT = `
    <ProductSection>
      <Info>Product</Info>
      <Property ovf:key="hostname" ovf:type="string" ovf:value="old"/>
      <Property ovf:key="secret" ovf:type="string" ovf:password="true" ovf:value=""/>
    </ProductSection>
  </VirtualSystem>`;
const descriptor = descriptorOf([{ href: "disk.vmdk", use: "disk" }]).replace(/\n *<\/VirtualSystem>/, PRODUCT);
let disk: Uint8Array;
let files: PackageFiles;
let signer: Issued;
let key: string;
before(async () => {
  disk = await diskFile("vmdk", "streamOptimized", {
    sectors: 16_384,
    runs: [{ sector: 9, sectors: 900, content: "noise" }],
  });
  files = packageOf(descriptor, { "disk.vmdk": disk });
  signer = await issue({ name: "Signer", usage: 0x80, key: "rsa" });
  key = put(pemOfKey(signer) + signer.pem, ".pem");
});

interface Call {
  readonly exitCode: number;
  readonly value: EditResult;
  readonly codes: readonly string[];
  readonly error: string | null;
}

async function edit(...words: readonly string[]): Promise<Call> {
  const streams = captureStreams();
  const exitCode = await run(["edit", ...words, "--json", "--workers", "0"], streams, new AbortController().signal);
  const value = JSON.parse(streams.out()) as EditResult & { readonly error?: { readonly code: string } };
  const codes = (value.diagnostics ?? []).map(({ code, severity }) => `${severity} ${code}`);
  return { exitCode, value, codes, error: value.error?.code ?? null };
}

async function verify(file: string): Promise<string> {
  const streams = captureStreams();
  await run(["verify", file, "--json", "--workers", "0"], streams, new AbortController().signal);
  return (JSON.parse(streams.out()) as { readonly verdict: string }).verdict;
}

async function members(file: string): Promise<Readonly<Record<string, Buffer>>> {
  const bytes = readFileSync(file);
  const index = await readTarIndex(memorySource(bytes, file), testContext(), { onDamage: "refuse" });
  return Object.fromEntries(
    index.members.map(({ name, dataAt, size }) => [name, bytes.subarray(dataAt, dataAt + size)]),
  );
}

/** The package as vmferry writes it: with white space behind the descriptor. */
async function withSlack(): Promise<string> {
  const from = put(ovaOf(files), ".ova");
  const file = fresh(".ova");
  const words = ["convert", from, file, "--to", "ova", "--name", "one", "--workers", "0"];
  assert.equal(await run(words, captureStreams(), new AbortController().signal), 0);
  return file;
}

describe("edit to another place", () => {
  it("writes an archive in one pass: the descriptor's own lines, the manifest's digest, all else as it was", async () => {
    const file = put(ovaOf(files), ".ova");
    const to = fresh(".ova");
    const { exitCode, value, codes } = await edit(file, to, "--set", "property.hostname=web01");
    assert.deepEqual([exitCode, codes, value.way, value.applied], [0, [], "copied", true]);
    const [old, now] = [await members(file), await members(to)];
    assert.deepEqual(Object.keys(now), Object.keys(old));
    assert.equal(now["box.ovf"]?.toString(), descriptor.replace('ovf:value="old"', 'ovf:value="web01"'));
    assert.ok(now["disk.vmdk"]?.equals(disk));
    assert.deepEqual(value.manifest, { name: "box.mf", action: "updated", kept: 1, checked: true });
    assert.equal(await verify(to), "intact");
    assert.ok(readFileSync(file).equals(Buffer.from(ovaOf(files))));
  });

  it("refuses a package whose files are not what the manifest says, unless that is accepted", async () => {
    const bad = Uint8Array.from(disk);
    bad[bad.length - 600] = 77;
    const file = put(ovaOf({ ...files, "disk.vmdk": bad }), ".ova");
    const to = fresh(".ova");
    assert.equal((await edit(file, to, "--cpus", "3")).error, "package/not-intact");
    assert.equal(existsSync(to), false);
    assert.equal((await edit(file, to, "--cpus", "3", "--accept-changes")).exitCode, 0);
    assert.equal(await verify(to), "intact");
  });

  it("signs the result, or drops the signature with a warning", async () => {
    const signed = fresh(".ova");
    const { exitCode, value } = await edit(put(ovaOf(files), ".ova"), signed, "--cpus", "3", "--key", key);
    assert.deepEqual([exitCode, value.signature, value.signer?.fingerprint], [0, "made", signer.fingerprint]);
    assert.deepEqual(await verifySigned(signed, signer), [0, "intact", "trusted"]);
    const dropped = fresh(".ova");
    const again = await edit(signed, dropped, "--cpus", "4");
    assert.deepEqual([again.codes, again.value.signature], [["warning signature/dropped"], "dropped"]);
    assert.deepEqual(Object.keys(await members(dropped)), ["box.ovf", "disk.vmdk", "box.mf"]);
    const bare = fresh(".ova");
    const { "box.mf": _, ...body } = files;
    assert.equal(
      (await edit(put(ovaOf(body), ".ova"), bare, "--cpus", "3", "--key", key)).value.manifest?.action,
      "made",
    );
    assert.deepEqual(await verifySigned(bare, signer), [0, "intact", "trusted"]);
  });

  it("adds a disk beside the others, makes one larger, and takes one away", async () => {
    const image = put(Buffer.alloc(3 * 2 ** 20, "data"), ".img");
    const added = fresh(".ova");
    const qcow = fresh(".qcow2");
    const converted = ["disk", "convert", image, qcow, "--from", "raw", "--to", "qcow2", "--workers", "0"];
    assert.equal(await run(converted, captureStreams(), new AbortController().signal), 0);
    const one = await edit(put(ovaOf(files), ".ova"), added, "--add-disk", qcow);
    assert.equal(one.exitCode, 0);
    const name = one.value.files.find(({ change }) => change === "add")?.name ?? "";
    assert.match(name, /^\d+\.vmdk$/);
    const text = (await members(added))["box.ovf"]?.toString() ?? "";
    assert.match(
      text,
      new RegExp(`ovf:href="${name}" ovf:id="[^"]*" ovf:size="${(await members(added))[name]?.length}"`),
    );
    assert.equal(await verify(added), "intact");
    const compare = ["disk", "compare", `${added}!${name}`, image, "--json"];
    assert.equal(await run(compare, captureStreams(), new AbortController().signal), 0);
    const larger = fresh(".ova");
    const id = /ovf:diskId="([^"]*)"/.exec(text)?.[1] ?? "";
    assert.equal((await edit(added, larger, "--resize-disk", `${id}=1GiB`)).exitCode, 0);
    assert.equal(await verify(larger), "intact");
    const gone = fresh(".ova");
    assert.equal((await edit(larger, gone, "--remove", `disk.${id}`)).exitCode, 0);
    assert.equal("disk.vmdk" in (await members(gone)), false);
    assert.equal(await verify(gone), "intact");
  });

  it("takes a patch in YAML, with the options over it, and says where one is wrong", async () => {
    const patch = put(
      "cpus: 2\nset: { property.hostname: from-patch }\nadd-nic:\n  - network: DMZ\n  - LAN,mac=00:50:56:01:02:03\n",
      ".yaml",
    );
    const to = fresh(".ova");
    const { value } = await edit(put(ovaOf(files), ".ova"), to, "--patch", patch, "--cpus", "8");
    const words = value.changes.map(({ edit: word, detail }) => `${word} ${detail}`);
    assert.ok(
      words.some((word) => /^cpus .*-> 8$/.test(word)),
      words.join("\n"),
    );
    assert.equal(words.filter((word) => word.startsWith("add-nic card")).length, 2);
    for (const [content, code] of [
      ["cpu: 2\n", "config/unknown-key"],
      ["cpus: many\n", "config/bad-value"],
      ["cpus: 2\ncpus: 3\n", "config/bad-yaml"],
      ["add-nic: [{ net: LAN }]\n", "config/bad-value"],
      ["a: [\n", "config/bad-yaml"],
    ] as const) {
      assert.equal(
        (await edit(put(ovaOf(files), ".ova"), fresh(".ova"), "--patch", put(content, ".yaml"))).error,
        code,
        content,
      );
    }
  });
});

describe("edit where the package lies", () => {
  it("changes descriptor and manifest of an archive with white space, and moves nothing", async () => {
    const file = await withSlack();
    const old = readFileSync(file);
    const { exitCode, value, codes } = await edit(file, "--in-place", "--cpus", "7", "--annotation", "x".repeat(3000));
    assert.deepEqual([exitCode, value.way, codes], [0, "patched", ["info edit/not-checked"]]);
    const now = readFileSync(file);
    assert.equal(now.length, old.length);
    assert.equal(await verify(file), "intact");
    const copied = fresh(".ova");
    assert.equal((await edit(file, copied, "--cpus", "7")).exitCode, 0);
    assert.deepEqual(await members(copied), await members(file));
    assert.deepEqual(
      readdirSync(join(file, "..")).filter((name) => name.includes("undo")),
      [],
    );
  });

  it("drops or makes the signature there too", async () => {
    const file = await withSlack();
    assert.equal((await edit(file, "--in-place", "--cpus", "2", "--key", key)).value.way, "patched");
    assert.deepEqual(await verifySigned(file, signer), [0, "intact", "trusted"]);
    assert.ok((await edit(file, "--in-place", "--cpus", "3")).codes.includes("warning signature/dropped"));
    assert.equal(await verify(file), "intact");
  });

  it("writes an archive anew where there is no room, which a dry run says before", async () => {
    const file = put(ovaOf(files), ".ova");
    const words = ["--in-place", "--annotation", "x".repeat(3000)];
    const plan = await edit(file, ...words, "--dry-run");
    assert.deepEqual(
      [plan.value.way, plan.value.applied, plan.codes],
      ["rewritten", false, ["info edit/written-anew"]],
    );
    assert.match(plan.value.diff, /^\+ *<Annotation>x/m);
    assert.ok(readFileSync(file).equals(Buffer.from(ovaOf(files))));
    const done = await edit(file, ...words);
    assert.deepEqual([done.exitCode, done.value.way, done.codes], [0, "rewritten", ["info edit/written-anew"]]);
    assert.equal(await verify(file), "intact");
  });

  it("replaces the files of a folder that change, and no other", async () => {
    const folder = layOut(fresh(""), files);
    const before = statSync(join(folder, "disk.vmdk"));
    const { exitCode, value } = await edit(folder, "--in-place", "--cpus", "5");
    assert.deepEqual([exitCode, value.way], [0, "replaced"]);
    assert.deepEqual(readdirSync(folder).sort(), ["box.mf", "box.ovf", "disk.vmdk"]);
    const after = statSync(join(folder, "disk.vmdk"));
    assert.deepEqual([after.ino, after.mtimeMs], [before.ino, before.mtimeMs]);
    assert.equal(await verify(folder), "intact");
  });

  it("does not vouch for a descriptor that is not what the manifest says", async () => {
    const changed = Buffer.from(descriptor.replace("A machine", "My machine"));
    const file = put(ovaOf({ ...files, "box.ovf": changed }), ".ova");
    assert.equal((await edit(file, "--in-place", "--cpus", "3")).error, "package/not-intact");
    assert.equal((await edit(file, "--in-place", "--cpus", "3", "--accept-changes")).exitCode, 0);
    assert.equal(await verify(file), "intact");
  });
});

describe("edit refuses", () => {
  it("what is no call", async () => {
    const file = put(ovaOf(files), ".ova");
    const cases: readonly (readonly [string, ...(readonly string[])])[] = [
      ["cli/usage", file, "--cpus", "2"],
      ["cli/usage", file, fresh(".ova"), "--in-place", "--cpus", "2"],
      ["cli/usage", "https://127.0.0.1:1/x.ova", "--in-place", "--cpus", "2"],
      ["edit/nothing", file, fresh(".ova")],
      ["cli/invalid-value", file, fresh(".ova"), "--memory", "much"],
      ["cli/invalid-value", file, fresh(".ova"), "--add-nic", "net=LAN"],
      ["cli/invalid-value", file, fresh(".ova"), "--remove", "everything"],
      ["cli/invalid-value", file, fresh(".ova"), "--set", "hostname=x"],
      ["edit/plain-secret", file, fresh(".ova"), "--set", "property.secret=hunter2"],
      ["secret/unavailable", file, fresh(".ova"), "--set", "property.secret=env:VMFERRY_NOT_SET"],
      ["edit/no-target", file, fresh(".ova"), "--machine", "other", "--cpus", "2"],
    ];
    for (const [code, ...words] of cases) assert.equal((await edit(...words)).error, code, words.join(" "));
    assert.ok(readFileSync(file).equals(Buffer.from(ovaOf(files))));
  });

  it("to show a secret, which is in the result all the same", async () => {
    process.env.VMFERRY_EDIT_SECRET = "hunter2";
    const to = fresh(".ova");
    const { value } = await edit(put(ovaOf(files), ".ova"), to, "--set", "property.secret=env:VMFERRY_EDIT_SECRET");
    assert.doesNotMatch(JSON.stringify(value), /hunter2/);
    assert.match((await members(to))["box.ovf"]?.toString() ?? "", /ovf:value="hunter2"/);
  });
});
