/** Streams that other programs write, read in one pass from a pipe. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import { open, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { lacking, type PeerName, peerPath } from "./peers.js";
import { prove } from "./proof.js";
import { attempt, type Ran } from "./run.js";
import { scratch } from "./scratch.js";

const CLI = new URL("../../bin/vmferry.js", import.meta.url).pathname;
const LIMIT = 120_000;

type Maker = "qemu-img" | "VBoxManage" | "vmdk-convert";

/** Runs a peer, with settings of its own for VirtualBox. */
async function peer(name: PeerName, args: readonly string[], home: string): Promise<Ran> {
  return attempt(await peerPath(name), args, { timeout: LIMIT, env: { VBOX_USER_HOME: home } });
}

/** 64 MiB, with noise and text in some of its grains. */
async function original(folder: string): Promise<string> {
  const file = join(folder, "disk.raw");
  const handle = await open(file, "w");
  const noise = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i * 31 + (i % 977)) % 256);
  for (const at of [0, 5_000_000, 33_554_000, 60_000_000]) await handle.write(noise, 0, noise.length, at);
  await handle.close();
  await truncate(file, 64 * 2 ** 20);
  return file;
}

/** Converts what a program wrote, from a pipe. Returns what the command said. */
function convertPiped(
  file: string,
  to: string,
  end = Number.POSITIVE_INFINITY,
): Promise<{ code: number | null; err: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, "disk", "convert", "-", to, "--quiet"], { timeout: LIMIT });
    let err = "";
    child.stderr.on("data", (chunk: Buffer) => {
      err += chunk.toString();
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, err }));
    child.stdin.on("error", () => {});
    createReadStream(file, { end }).pipe(child.stdin);
  });
}

const makers: Readonly<Record<Maker, (raw: string, to: string, home: string) => Promise<Ran>>> = {
  "qemu-img": (raw, to, home) =>
    peer("qemu-img", ["convert", "-O", "vmdk", "-o", "subformat=streamOptimized", raw, to], home),
  VBoxManage: (raw, to, home) =>
    peer("VBoxManage", ["convertfromraw", raw, to, "--format", "VMDK", "--variant", "Stream"], home),
  "vmdk-convert": async (raw, to, home) => {
    await peer("qemu-img", ["convert", "-O", "vmdk", raw, `${to}.mono`], home);
    return peer("vmdk-convert", [`${to}.mono`, to], home);
  },
};

for (const maker of ["qemu-img", "VBoxManage", "vmdk-convert"] as const) {
  const make = makers[maker];
  const skip = (await lacking(maker)) || (await lacking("qemu-img"));
  test(`a stream of ${maker} is read from a pipe, and refused where it is cut off`, {
    skip,
    timeout: 4 * LIMIT,
  }, async (t) => {
    const folder = await scratch(t, "stream");
    const raw = await original(folder);
    const stream = join(folder, "stream.vmdk");
    const made = await make(raw, stream, join(folder, "home"));
    assert.equal(made.status, 0, made.stderr);
    for (const format of ["qcow2", "vdi", "vhdx"]) {
      const to = join(folder, `out.${format}`);
      assert.deepEqual(await convertPiped(stream, to), { code: 0, err: "" });
      const compared = await peer("qemu-img", ["compare", "-f", "raw", "-F", format, raw, to], folder);
      assert.equal(compared.status, 0, compared.stdout);
      if (format === "vhdx") continue;
      assert.equal((await peer("qemu-img", ["check", "-f", format, to], folder)).status, 0, format);
    }
    const cut = await convertPiped(stream, join(folder, "cut.qcow2"), Math.floor((await stat(stream)).size / 2));
    assert.equal(cut.code, 3);
    assert.match(cut.err, /disk\/stream-cut-off/);
    const about = { format: "vmdk", variant: "streamOptimized", direction: "read" } as const;
    prove({ ...about, peer: maker, what: "one pass", cannot: null });
  });
}
