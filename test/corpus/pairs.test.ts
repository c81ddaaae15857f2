/** From every platform to every other one, with real disks: each conversion proves its disks and its configuration. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { platforms } from "../../src/defaults.js";
import { startFerry } from "../support/ferry.js";
import { packageFixtures } from "../support/fixtures.js";

const ferry = startFerry();
const folder = await mkdtemp(join(tmpdir(), "vmferry-pairs-"));
after(async () => {
  await ferry.close();
  await rm(folder, { recursive: true, force: true });
});

const written = platforms.all.filter(({ exportConfig }) => exportConfig !== undefined).map(({ id }) => id);
const read = platforms.all
  .filter(({ exportConfig, readConfig }) => exportConfig !== undefined && readConfig !== undefined)
  .map(({ id }) => id);
/** Two machines with two disks each by two makers: EFI and BIOS, SATA and SCSI. */
const wanted = ["vbox-pair-ovf20", "vbox-efi-ovf10", "compose-disks"];
const fixtures = (await packageFixtures()).filter(({ name }) => wanted.includes(name));
assert.equal(fixtures.length, wanted.length);

/** What a result is opened by: its folder, or the archive in it. */
async function sourceOf(result: string): Promise<string> {
  const [only, another] = await readdir(result);
  const archive = (await readdir(result)).find((name) => /\.xva$/.test(name));
  if (archive !== undefined) return join(result, archive);
  return another === undefined && only !== undefined ? join(result, only) : result;
}

for (const { name, source, facts } of fixtures) {
  for (const home of [...read, "ova"] as const) {
    describe(`${name} at home on ${home}`, () => {
      let from = "";
      it("arrives there", async () => {
        const result = join(folder, `${name}-${home}${home === "ova" ? ".ova" : ""}`);
        await ferry.convert(source, result, { to: home, prove: true });
        from = home === "ova" ? result : await sourceOf(result);
        const { appliance, diagnostics } = await ferry.inspect(from);
        assert.equal(appliance?.machines.length, facts.appliance?.machines.length);
        assert.deepEqual(
          diagnostics.filter(({ severity }) => severity === "error"),
          [],
        );
        assert.deepEqual(
          appliance?.disks.map(({ capacityBytes }) => capacityBytes).sort(),
          facts.appliance?.disks.map(({ capacityBytes }) => capacityBytes).sort(),
        );
      });

      for (const to of [...written, "ova", "ovf"] as const) {
        it(`goes on to ${to}`, async () => {
          const result = join(folder, `${name}-${home}-${to}${to === "ova" ? ".ova" : ""}`);
          const { outcome } = await ferry.convert(from, result, { to, prove: true });
          assert.equal(
            outcome.proof?.every(({ equal }) => equal),
            true,
          );
          // A package describes empty disks without an image.
          const images = facts.appliance?.disks.filter(({ file }) => file !== null).length ?? 0;
          assert.ok((outcome.proof?.length ?? 0) >= images);
        });
      }
    });
  }
}
