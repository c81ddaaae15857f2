/** Disks that are served over NBD, as QEMU reads them. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { lacking, peerPath } from "./peers.js";
import { run } from "./run.js";
import { scratch } from "./scratch.js";

const skip = await lacking("qemu-img", "qemu-io");
const LIMIT = { timeout: 60_000 };
const COMMAND = resolve("dist/bin/vmferry.js");

/** The addresses of disks that a server of its own serves until the test ends. */
async function serve(
  t: TestContext,
  args: readonly string[],
  cwd: string,
): Promise<{ readonly uris: readonly string[]; readonly child: ChildProcess }> {
  const child = spawn(process.execPath, [COMMAND, "disk", "serve", ...args], {
    cwd,
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill());
  const disks = args.filter((arg) => /\.(?:vmdk|vhdx?|vdi|qcow2|raw)$/.test(arg) && !arg.startsWith("-")).length;
  const uris: string[] = [];
  for await (const line of createInterface({ input: child.stdout ?? assert.fail() })) {
    uris.push(line);
    if (uris.length === disks) break;
  }
  assert.equal(uris.length, disks);
  return { uris, child };
}

test("qemu-img reads every format over NBD as it reads the file, holes too, and an overlay runs over it", {
  skip,
  timeout: 240_000,
}, async (t) => {
  const folder = await scratch(t, "nbd");
  const img = async (...args: string[]): Promise<string> =>
    (await run(await peerPath("qemu-img"), args, { cwd: folder, ...LIMIT })).stdout;
  const io = async (file: string, format: string, ...commands: string[]): Promise<string> =>
    (
      await run(await peerPath("qemu-io"), ["-f", format, ...commands.flatMap((c) => ["-c", c]), file], {
        cwd: folder,
        ...LIMIT,
      })
    ).stdout;
  await img("create", "-q", "-f", "raw", "disk.raw", "64M");
  await io("disk.raw", "raw", "write -P 1 0 3M", "write -P 2 20M 512k", "write -P 3 63M 1M");
  const files = ["disk.raw"];
  for (const [name, format, options] of [
    ["stream.vmdk", "vmdk", "subformat=streamOptimized"],
    ["sparse.vmdk", "vmdk", "subformat=monolithicSparse"],
    ["disk.qcow2", "qcow2", "compression_type=zlib"],
    ["disk.vdi", "vdi", ""],
    ["disk.vhdx", "vhdx", "subformat=dynamic"],
  ] as const) {
    await img(
      "convert",
      "-O",
      format,
      ...(options === "" ? [] : ["-o", options]),
      ...(format === "qcow2" ? ["-c"] : []),
      "disk.raw",
      name,
    );
    files.push(name);
  }
  const { uris, child } = await serve(t, files, folder);
  for (const [i, uri] of uris.entries()) {
    assert.match(await img("compare", "-f", "raw", "-F", "raw", uri, "disk.raw"), /identical/, files[i]);
    const map: readonly { readonly zero: boolean; readonly length: number }[] = JSON.parse(
      await img("map", "-f", "raw", "--output=json", uri),
    );
    const zeros = map.filter(({ zero }) => zero).reduce((sum, { length }) => sum + length, 0);
    assert.ok(zeros >= 40 * 2 ** 20, `${files[i]}: ${zeros} bytes are told to be zeros`);
  }
  const [, stream = ""] = uris;
  await img("create", "-q", "-f", "qcow2", "-F", "raw", "-b", stream, "overlay.qcow2");
  await io(
    "overlay.qcow2",
    "qcow2",
    "write -P 9 1M 64k",
    "read -P 9 1M 64k",
    "read -P 1 2M 64k",
    "read -P 2 20M 512k",
    "read -P 0 40M 1M",
  );
  await assert.rejects(io(stream, "raw", "write -P 1 0 512"), /read-only|Permission|permission/i);
  // A copy of a sparse disk is one.
  await img("create", "-q", "-f", "raw", "copy.raw", "64M");
  await img("convert", "-n", "-f", "raw", "-O", "raw", "--target-is-zero", stream, "copy.raw");
  assert.ok((await stat(join(folder, "copy.raw"))).blocks * 512 < 8 * 2 ** 20);
  child.kill("SIGTERM");
  const [code] = await once(child, "exit");
  assert.equal(code, 0);
});

test("a member of an archive is served where it lies, by socket and by port", { skip, timeout: 120_000 }, async (t) => {
  const folder = await scratch(t, "nbd-member");
  const archive = resolve("test/fixtures/packages/compose-efi/moor.ova");
  const member = `${archive}!moor.vmdk`;
  await run(process.execPath, [COMMAND, "disk", "convert", member, "moor.raw"], { cwd: folder, ...LIMIT });
  for (const how of [[], ["--port", "0"]]) {
    const { uris, child } = await serve(t, [member, ...how], folder);
    const { stdout } = await run(
      await peerPath("qemu-img"),
      ["compare", "-f", "raw", "-F", "raw", uris[0] ?? "", "moor.raw"],
      { cwd: folder, ...LIMIT },
    );
    assert.match(stdout, /identical/);
    child.kill("SIGTERM");
    await once(child, "exit");
  }
});
