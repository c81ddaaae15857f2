import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startFerry } from "../support/ferry.js";
import { packageFixtures } from "../support/fixtures.js";

const ferry = startFerry();
after(() => ferry.close());

for (const { name, source, facts } of await packageFixtures()) {
  test(`inspect tells of ${name} what its maker put into it`, async () => {
    const {
      package: container,
      descriptor,
      manifest,
      certificate,
      appliance,
      diagnostics,
    } = await ferry.inspect(source);
    const told = { package: container, descriptor, manifest, certificate, appliance };
    const { source: _source, made: _made, disks: _disks, ...expected } = facts;
    assert.deepEqual(told, expected);
    assert.deepEqual(
      diagnostics.filter((finding) => finding.severity === "error"),
      [],
    );
  });
}
