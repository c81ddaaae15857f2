import assert from "node:assert/strict";
import { test } from "node:test";
import { diskContext } from "../../../test/support/disks.js";
import { openSource } from "../../operations/source.js";
import { textFolder } from "../text-folder.js";
import { deployedSource } from "./deployed-source.js";

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
    told: { environment: () => null, ids: new Set(), brought: false, seeded: false },
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

test("a machine gets a CD for cloud-init where it is asked for, another one for each generation of its disks", async () => {
  const ctx = diskContext();
  const source = await openSource({ kind: "folder", folder: textFolder("web", new Map([["web.vmx", VMX]])) }, {}, ctx);
  const environment = (): string =>
    '<Environment xmlns="http://schemas.dmtf.org/ovf/environment/1" xmlns:oe="http://schemas.dmtf.org/ovf/environment/1"><PropertySection><Property oe:key="hostname" oe:value="shop"/></PropertySection></Environment>';
  const cdOf = async (generation: number): Promise<string> => {
    const deployed = deployedSource(source, {
      ...{ name: "shop", id: "1", generation, kept: new Set<string>(), modified: new Date(0) },
      told: { environment, ids: new Set(), brought: false, seeded: true },
    });
    const { machines, files } = deployed.appliance({}, { ...ctx, report: () => {} });
    const cds = machines.flatMap(({ attachments }) => attachments.filter(({ device }) => device === "cdrom"));
    assert.equal(cds.length, 1);
    const name = files.find(({ id }) => id === cds[0]?.file)?.name ?? "";
    assert.match(name, generation === 1 ? /^shop-cidata-.*\.iso$/ : /^shop\.g2-cidata-.*\.iso$/);
    const image = await deployed.reader.entry(name)?.open();
    assert.ok(image);
    return new TextDecoder("latin1").decode(await image.read(0, image.size));
  };
  const [first, second] = [await cdOf(1), await cdOf(2)];
  for (const cd of [first, second]) {
    assert.match(cd, /CIDATA/i);
    assert.match(cd, /"local-hostname": "shop"/);
  }
  const instance = (cd: string): string | undefined => /"instance-id": "([^"]+)"/.exec(cd)?.[1];
  assert.ok(instance(first) !== undefined && instance(first) !== instance(second));
  await source.close();
});
