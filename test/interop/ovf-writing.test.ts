/** Descriptors that are written anew, as other programs see them. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { fit } from "../../src/appliance/fit.js";
import type { SchemaVersion } from "../../src/ovf/schema/versions.js";
import { exportOvf } from "../../src/platforms/ovf/export.js";
import { strictFlavour, type WrittenVersion } from "../../src/platforms/ovf/flavours.js";
import { targets } from "../../src/targets/targets.js";
import { anyAppliance } from "../support/arbitrary-appliance.js";
import { fc } from "../support/fast-check.js";
import { startFerry } from "../support/ferry.js";
import { packageFixtures } from "../support/fixtures.js";
import { lackingSchemas } from "../support/ovf-schemas.js";
import { lacking, peerPath } from "./peers.js";
import { run } from "./run.js";
import { scratch } from "./scratch.js";
import { startSimulator } from "./servers.js";
import { verdictsOf } from "./xmllint.js";

const ferry = startFerry();
after(() => ferry.close());

const SCHEMAS: Readonly<Record<WrittenVersion, readonly SchemaVersion[]>> = {
  "1.0": ["1.0.0", "1.1.0", "1.1.1"],
  "1.1": ["1.1.0", "1.1.1"],
  "2.0": ["2.0.1"],
  "2.1": ["2.0.1"],
};
const APPLIANCES = 100;

test("xmllint finds descriptors by the standard alone valid, in every version", {
  skip: lackingSchemas || (await lacking("xmllint")),
  timeout: 120_000,
}, async (t) => {
  const folder = await scratch(t, "written");
  const target = targets.get("ovf");
  const appliances = fc.sample(anyAppliance, APPLIANCES).map((source) => fit(source, target).appliance);
  for (const version of strictFlavour.versions) {
    const files: string[] = [];
    for (const [i, fitted] of appliances.entries()) {
      const file = join(folder, `${version}-${i}.ovf`);
      const exported = exportOvf(fitted, { flavour: strictFlavour, version });
      await writeFile(file, exported.render({ files: new Map(), populated: new Map() }));
      files.push(file);
    }
    for (const schema of SCHEMAS[version]) {
      const verdicts = await verdictsOf(files, schema);
      assert.deepEqual(
        files.filter((file) => verdicts.get(file) !== true),
        [],
        `${version} against ${schema}`,
      );
    }
  }
});

/** Packages of machines with what VMware has, to be written anew from the VMX files that they become. */
const MACHINES = ["compose-disks", "compose-efi", "vbox-efi-ovf10", "vbox-nics-ovf10", "vbox-lsilogic-ovf10"];
const V2V = { LIBGUESTFS_BACKEND: "direct", LIBGUESTFS_BACKEND_SETTINGS: "force_tcg" };

test("machines of VMware come as OVAs into the vCenter simulator, and virt-v2v reads them", {
  skip: await lacking("govc", "vcsim", "virt-v2v"),
  timeout: 300_000,
}, async (t) => {
  const { govc } = await startSimulator(t);
  const fixtures = await packageFixtures();
  const imported: string[] = [];
  for (const name of MACHINES) {
    const fixture = fixtures.find((one) => one.name === name);
    assert.ok(fixture, name);
    const folder = await scratch(t, "anew");
    const vmx = join(folder, "vmx");
    const ova = join(folder, `${name}.ova`);
    await ferry.convert(fixture.source, vmx, { to: "vmware", target: "vsphere-8" });
    const { plan } = await ferry.convert(vmx, ova, { to: "ova", prove: true });
    const { errors } = await judged(ova);
    assert.deepEqual(errors, [], name);
    const [machine] = plan.appliance?.machines ?? [];
    assert.ok(machine);
    // The simulator of govmomi 0.24 knows no items of type 20.
    if (machine.controllers.every(({ bus }) => bus === "scsi" || bus === "ide" || bus === "floppy")) {
      await govc("import.ova", "-name", name, ova);
      const { VirtualMachines: seen } = JSON.parse((await govc("vm.info", "-json", name)).stdout);
      assert.equal(seen[0].Config.Hardware.NumCPU, machine.cpu.count, name);
      assert.equal(seen[0].Config.Hardware.MemoryMB, machine.memoryBytes / 2 ** 20, name);
      imported.push(name);
    }
    const told = await run(await peerPath("virt-v2v"), ["-i", "ova", ova, "--print-source"], {
      env: V2V,
      timeout: 60_000,
    });
    assert.match(told.stdout, new RegExp(`nr vCPUs: ${machine.cpu.count}\\b`), told.stdout);
    assert.match(told.stdout, new RegExp(`memory: ${machine.memoryBytes}\\b`), told.stdout);
    const firmware = machine.firmware === "bios" ? "bios" : "uefi";
    assert.match(told.stdout, new RegExp(`target firmware: ${firmware}|firmware: ${firmware}`), told.stdout);
  }
  assert.ok(imported.length >= 2, imported.join(" "));
});

async function judged(ova: string): Promise<{ readonly errors: readonly string[] }> {
  const { diagnostics } = await ferry.validate(ova, { targets: [targets.get("vsphere-8")] });
  return { errors: diagnostics.filter(({ severity }) => severity === "error").map(({ code }) => code) };
}
