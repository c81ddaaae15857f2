import assert from "node:assert/strict";
import { test } from "node:test";
import { diskContext } from "../../test/support/disks.js";
import { openSource } from "../operations/source.js";
import { deployedSource } from "./deployed-source.js";
import { textFolder } from "./text-folder.js";

const VMX = `.encoding = "UTF-8"
config.version = "8"
virtualHW.version = "19"
displayName = "web"
guestOS = "debian12-64"
memsize = "64"
serial0.present = "TRUE"
serial0.fileType = "file"
serial0.fileName = "/etc/cron.d/owned"
serial1.present = "TRUE"
serial1.fileType = "pipe"
serial1.fileName = "/run/docker.sock"
`;

test("nothing of the host that a package names is reached by the guests of a deployment", async () => {
  const ctx = diskContext();
  const said: string[] = [];
  const source = await openSource({ kind: "folder", folder: textFolder("web", new Map([["web.vmx", VMX]])) }, {}, ctx);
  const [before] = source.appliance({}, ctx).machines;
  assert.deepEqual(
    before?.serialPorts.map(({ backing }) => backing),
    ["file", "pipe"],
  );
  const deployed = deployedSource(source, {
    ...{ name: "shop", id: "1", generation: 1, kept: new Set<string>(), modified: new Date(0) },
    told: { environment: () => null, ids: new Set(), brought: false },
  });
  const [machine] = deployed.appliance({}, { ...ctx, report: ({ code }) => said.push(code) }).machines;
  assert.deepEqual(
    machine?.serialPorts.map(({ index, backing, target }) => [index, backing, target]),
    [
      [0, null, null],
      [1, null, null],
    ],
  );
  assert.equal(machine?.name, "shop");
  assert.deepEqual(
    said.filter((code) => code.startsWith("deploy/")),
    ["deploy/serial-unplugged", "deploy/serial-unplugged"],
  );
  await source.close();
});
