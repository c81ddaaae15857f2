import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { platforms } from "../../src/defaults.js";
import { startFerry } from "../support/ferry.js";
import { packageFixtures } from "../support/fixtures.js";

const ferry = startFerry();
const folder = await mkdtemp(join(tmpdir(), "vmferry-corpus-"));
after(async () => {
  await ferry.close();
  await rm(folder, { recursive: true, force: true });
});

const written = platforms.all.filter((platform) => platform.exportConfig !== undefined).map(({ id }) => id);
const fixtures = await packageFixtures();

for (const { name, source, facts } of fixtures) {
  for (const to of written) {
    test(`${name} converted to ${to} is proven, and nothing but what was planned lies there`, async () => {
      const destination = join(folder, `${name}-${to}`);
      const { plan, outcome } = await ferry.convert(source, destination, { to, prove: true });
      assert.equal(outcome.integrity, facts.manifest === null ? "unverifiable" : "intact");
      assert.equal(outcome.proof?.length, facts.appliance?.disks.length);
      const planned = plan.files.map((file) => file.name).sort();
      assert.deepEqual(outcome.files.map((file) => file.name).sort(), planned);
      assert.deepEqual((await readdir(destination)).sort(), planned);
    });
  }

  test(`${name} converted to an OVA and a folder is the same appliance, its descriptor byte for byte`, async () => {
    const archive = join(folder, `${name}.ova`);
    const unpacked = join(folder, `${name}-folder`);
    for (const [destination, to, from] of [
      [archive, "ova", source],
      [unpacked, "ovf", archive],
    ] as const) {
      await ferry.convert(from, destination, { to });
      const { appliance, manifest, certificate, diagnostics } = await ferry.inspect(destination);
      assert.deepEqual(appliance, facts.appliance);
      assert.deepEqual(manifest?.algorithms, ["sha256"]);
      assert.equal(certificate, null);
      assert.deepEqual(
        diagnostics.filter((finding) => finding.severity === "error"),
        [],
      );
    }
    const descriptor = await ferry.descriptor(source);
    assert.deepEqual(await ferry.descriptor(archive), descriptor);
    assert.deepEqual(await ferry.descriptor(unpacked), descriptor);
  });
}
