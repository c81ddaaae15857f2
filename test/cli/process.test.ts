import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { version } from "../../src/base/version.js";

/** The command as users get it. `npm run build` makes it. */
const command = "dist/bin/vmferry.js";
const folder = mkdtempSync(join(tmpdir(), "vmferry-process-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("the bundled command answers --version from its entry file alone", () => {
  const { stdout, status } = spawnSync(process.execPath, [command, "--version"], { encoding: "utf8" });
  assert.equal(stdout, `${version}\n`);
  assert.equal(status, 0);
});

test("the bundled command loads its worker threads from beside itself", () => {
  const disk = "test/fixtures/packages/vbox-efi-ovf20/lantern.ova!lantern-disk001.vmdk";
  const { stdout, status } = spawnSync(process.execPath, [command, "disk", "hash", disk, "--workers", "2"], {
    encoding: "utf8",
  });
  assert.match(stdout, /^[0-9a-f]{64} {2}/);
  assert.equal(status, 0);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`${signal} in the middle of a conversion exits with 130 and leaves nothing behind`, async () => {
    const source = join(folder, "source.raw");
    const file = openSync(source, "w");
    const noise = randomBytes(2 ** 20);
    for (let i = 0; i < 192; i++) writeSync(file, noise);
    closeSync(file);
    const argv = [command, "disk", "convert", source, join(folder, "result.vmdk"), "--variant", "streamOptimized"];
    const child = spawn(process.execPath, [...argv, "--level", "9", "--progress", "json"]);
    let err = "";
    child.stderr.on("data", (chunk: Buffer) => {
      if (err === "") child.kill(signal);
      err += chunk.toString();
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), 60_000);
    const exitCode = await new Promise<number | null>((resolve) => child.on("close", resolve));
    clearTimeout(timer);
    assert.equal(exitCode, 130, err);
    assert.match(err, /^error\[run\/canceled\]: /m);
    assert.deepEqual(readdirSync(folder), ["source.raw"]);
  });
}

test("a reader that goes away is no error", () => {
  const line = `"${process.execPath}" ${command} help convert | head -c 1; echo "\${PIPESTATUS[0]}"`;
  const { stdout, stderr } = spawnSync("bash", ["-c", line], { encoding: "utf8" });
  assert.equal(stdout, "U0\n");
  assert.equal(stderr, "");
});
