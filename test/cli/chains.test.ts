/** Chains and snapshots on the command line: kept, flattened, found where they were said to be. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { run } from "../../src/cli/program.js";
import { qcow2Bytes, qcow2Fixtures } from "../support/qcow2.js";
import { captureStreams } from "../support/streams.js";

const root = mkdtempSync(join(tmpdir(), "vmferry-chains-"));
after(() => rmSync(root, { recursive: true }));

async function vmferry(...argv: string[]): Promise<{ exitCode: number; out: string; code: string | null }> {
  const streams = captureStreams();
  const exitCode = await run([...argv, "--quiet"], streams, new AbortController().signal);
  return { exitCode, out: streams.out(), code: /^error\[(.+?)\]/m.exec(streams.err())?.[1] ?? null };
}

/** A folder with fixtures of qemu-img in it. */
async function folderWith(...names: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(root, "f"));
  for (const name of names) writeFileSync(join(folder, name), await qcow2Bytes(name));
  return folder;
}

async function digestOf(...argv: string[]): Promise<string> {
  const { exitCode, out, code } = await vmferry("disk", "hash", ...argv, "--json");
  assert.equal(exitCode, 0, `${argv.join(" ")}: ${code}`);
  return JSON.parse(out).digest;
}

const overlaySum = (await qcow2Fixtures()).find(({ name }) => name === "overlay.qcow2")?.guestSha256 ?? assert.fail();

describe("disk convert --keep-chain", () => {
  for (const extension of [".qcow2", ".vhd"]) {
    it(`writes a ${extension} for each layer beside the destination, and proves each`, async () => {
      const folder = await folderWith("overlay.qcow2", "base.qcow2");
      const into = join(folder, "into");
      mkdirSync(into);
      const top = join(into, `top${extension}`);
      const how = ["--keep-chain", "--allow-external", "--prove", "--json"];
      const { exitCode, out } = await vmferry("disk", "convert", join(folder, "overlay.qcow2"), top, ...how);
      assert.equal(exitCode, 0);
      assert.deepEqual(
        JSON.parse(out).proof.map((disk: { name: string; equal: boolean }) => [disk.name, disk.equal]),
        [
          [`base${extension}`, true],
          [`top${extension}`, true],
        ],
      );
      assert.deepEqual(readdirSync(into).sort(), [`base${extension}`, `top${extension}`]);
      assert.equal(await digestOf(top, "--allow-external"), overlaySum);
      assert.equal((await vmferry("disk", "hash", top)).code, "disk/parent-missing");
    });
  }

  it("is refused for a format that has no parents here, and writes nothing", async () => {
    const folder = await folderWith("overlay.qcow2", "base.qcow2");
    const into = join(folder, "top.vhdx");
    const how = ["--keep-chain", "--allow-external"];
    const said = await vmferry("disk", "convert", join(folder, "overlay.qcow2"), into, ...how);
    assert.deepEqual([said.exitCode, said.code], [3, "disk/cannot-keep-chain"]);
    assert.deepEqual(readdirSync(folder).sort(), ["base.qcow2", "overlay.qcow2"]);
  });

  it("replaces no parent of another chain that lies where it writes, and writes nothing then", async () => {
    const folder = await folderWith("overlay.qcow2", "base.qcow2");
    const how = ["--keep-chain", "--allow-external"];
    const said = await vmferry("disk", "convert", join(folder, "overlay.qcow2"), join(folder, "new.qcow2"), ...how);
    assert.equal(said.code, "io/exists");
    assert.deepEqual(readdirSync(folder).sort(), ["base.qcow2", "overlay.qcow2"]);
  });

  it("shows a file for each layer in a plan", async () => {
    const folder = await folderWith("overlay.qcow2", "base.qcow2");
    const how = ["--keep-chain", "--allow-external", "--dry-run", "--json"];
    const { out } = await vmferry("disk", "convert", join(folder, "overlay.qcow2"), join(folder, "new.vhd"), ...how);
    const plan = JSON.parse(out);
    assert.deepEqual(
      plan.files.map(({ name }: { name: string }) => name),
      ["base.vhd", "new.vhd"],
    );
    assert.match(plan.steps[0].detail, /vhd dynamic/);
    assert.match(plan.steps[1].detail, /vhd differencing/);
  });
});

describe("disk convert --round-to", () => {
  it("rounds the capacity up, and the rest reads as zeros", async () => {
    const folder = await folderWith("zeros.qcow2");
    const image = join(folder, "azure.vhd");
    const how = ["--variant", "fixed", "--round-to", "1MiB", "--prove"];
    assert.equal((await vmferry("disk", "convert", join(folder, "zeros.qcow2"), image, ...how)).exitCode, 0);
    const { capacityBytes, fileBytes, variant } = JSON.parse((await vmferry("disk", "info", image, "--json")).out);
    assert.deepEqual([capacityBytes % 2 ** 20, fileBytes - capacityBytes, variant], [0, 512, "fixed"]);
    assert.equal((await vmferry("disk", "compare", image, join(folder, "zeros.qcow2"))).exitCode, 0);
  });

  for (const word of ["7", "1000", "0", "1XB", "-1MiB", "99999999999TiB"]) {
    it(`does not take ${word}`, async () => {
      const said = await vmferry("disk", "convert", "a.raw", "b.vhd", `--round-to=${word}`);
      assert.deepEqual([said.exitCode, said.code], [2, "cli/invalid-value"]);
    });
  }
});

describe("--map-disk", () => {
  it("answers a name that an image uses with a file that lies elsewhere, whatever --allow-external says", async () => {
    const folder = await folderWith("overlay.qcow2", "base.qcow2");
    const elsewhere = join(root, "elsewhere.qcow2");
    renameSync(join(folder, "base.qcow2"), elsewhere);
    const overlay = join(folder, "overlay.qcow2");
    assert.equal((await vmferry("disk", "hash", overlay, "--allow-external")).code, "disk/parent-missing");
    assert.equal(await digestOf(overlay, "--map-disk", `base.qcow2=${elsewhere}`), overlaySum);
    assert.match((await vmferry("disk", "map", overlay)).out, /absent/);
    const mapped = await vmferry("disk", "map", overlay, "--map-disk", `base.qcow2=${elsewhere}`);
    assert.equal(mapped.exitCode, 0);
    assert.doesNotMatch(mapped.out, /absent/);
    assert.equal(
      (await vmferry("disk", "hash", overlay, "--map-disk", `other=${elsewhere}`)).code,
      "disk/parent-missing",
    );
    rmSync(elsewhere);
    assert.equal(
      (await vmferry("disk", "hash", overlay, "--map-disk", `base.qcow2=${elsewhere}`)).code,
      "io/not-found",
    );
  });

  for (const word of ["base.qcow2", "=base.qcow2", "base.qcow2="]) {
    it(`does not take ${JSON.stringify(word)}`, async () => {
      const said = await vmferry("disk", "hash", "a.qcow2", "--map-disk", word);
      assert.deepEqual([said.exitCode, said.code], [2, "cli/invalid-value"]);
    });
  }
});

describe("--snapshot", () => {
  it("reads a disk as it was, by id or name, and lists what there is where the word is wrong", async () => {
    const image = join(await folderWith("snapshots.qcow2"), "snapshots.qcow2");
    const [now, first, named, second] = [
      await digestOf(image),
      await digestOf(image, "--snapshot", "1"),
      await digestOf(image, "--snapshot", 'before the "change"'),
      await digestOf(image, "--snapshot", "second"),
    ];
    assert.equal(first, named);
    assert.equal(new Set([now, first, second]).size, 3);
    const flat = `${image}.raw`;
    assert.equal((await vmferry("disk", "convert", image, flat, "--snapshot", "second", "--prove")).exitCode, 0);
    assert.equal(await digestOf(flat), second);
    assert.equal((await vmferry("disk", "compare", image, flat, "--snapshot", "second")).exitCode, 0);
    assert.equal((await vmferry("disk", "compare", image, flat)).exitCode, 1);
    assert.equal((await vmferry("disk", "info", image, "--snapshot", "second")).exitCode, 0);
    const [then, today] = [
      (await vmferry("disk", "map", image, "--snapshot", "1")).out,
      (await vmferry("disk", "map", image)).out,
    ];
    assert.ok(then !== "" && then !== today);
    const wrong = await vmferry("disk", "hash", image, "--snapshot", "third");
    assert.deepEqual([wrong.exitCode, wrong.code], [2, "disk/unknown-snapshot"]);
    assert.equal((await vmferry("disk", "hash", flat, "--snapshot", "1")).code, "disk/no-snapshots");
  });
});
