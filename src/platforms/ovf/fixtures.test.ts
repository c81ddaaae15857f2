import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { test } from "node:test";
import { packageFixtures } from "../../../test/support/fixtures.js";
import type { Appliance } from "../../appliance/appliance.js";
import type { Context } from "../../io/context.js";
import { testContext } from "../../io/testing/context.js";
import { openFolder } from "../../package/folder/open.js";
import type { PackageReader } from "../../package/model.js";
import { openOva } from "../../package/ova/open.js";
import { openFileSource } from "../../runtime/node/file-source.js";
import { openFolderAccess } from "../../runtime/node/folder.js";
import { NO_NATIVE } from "../../runtime/node/native.js";
import { readDescriptorEntry } from "./descriptor.js";
import { importOvf } from "./import.js";
import { readMessageFiles } from "./message-files.js";
import { factsOf } from "./platform.js";
import { ovfReferences } from "./references.js";

const native = NO_NATIVE;

async function withPackage(
  path: string,
  use: (files: PackageReader, ctx: ReturnType<typeof testContext>) => Promise<void>,
) {
  const ctx = testContext();
  const references = ovfReferences(ctx);
  if (statSync(path).isDirectory()) {
    await use(await openFolder(openFolderAccess(path, native), ctx, { references }), ctx);
    return;
  }
  const source = await openFileSource(path, native);
  try {
    await use(await openOva(source, ctx, { references }), ctx);
  } finally {
    await source.close();
  }
}

function pick<T, K extends keyof T>(all: T, keys: readonly K[]): Pick<T, K> {
  return Object.fromEntries(keys.map((key) => [key, all[key]])) as Pick<T, K>;
}

/** An appliance in the words of the JSON contract, as far as the descriptor alone can tell. */
function told(appliance: Appliance): unknown {
  const fileNames = new Map(appliance.files.map((file) => [file.id, file.name]));
  return {
    name: appliance.name,
    machines: appliance.machines.map((machine) => ({
      id: machine.id,
      name: machine.name,
      annotation: machine.annotation,
      guestOs: pick(machine.guestOs, ["cim", "vmware", "virtualbox", "description"]),
      cpu: pick(machine.cpu, ["count", "coresPerSocket"]),
      memoryBytes: machine.memoryBytes,
      firmware: machine.firmware,
      firmwareFrom: machine.firmwareFrom,
      hardwareTypes: machine.hardwareTypes,
      controllers: machine.controllers,
      attachments: machine.attachments.map(({ readOnly: _, ...a }) => ({
        ...a,
        file: a.file === null ? null : fileNames.get(a.file),
      })),
      nics: machine.nics.map(({ network, model, mac }) => ({ network, model, mac })),
      transports: machine.transports,
    })),
    networks: appliance.networks,
    disks: appliance.disks.map(({ id, file, format, capacityBytes, parent }) => ({
      id,
      file,
      format,
      capacityBytes,
      parent,
    })),
    products: appliance.products,
    eulas: appliance.eulas,
    deploymentOptions: appliance.options,
    startup: appliance.startup,
  };
}

async function imported(files: PackageReader, ctx: Context): Promise<Appliance> {
  const { descriptor } = files;
  assert.ok(descriptor !== null);
  const document = await readDescriptorEntry(descriptor, ctx, ctx.report);
  const messages = await readMessageFiles(document, files, ctx, ctx.report);
  return importOvf(document, { ...factsOf(files), messages }, {}, ctx.report);
}

for (const { name, source, facts } of await packageFixtures()) {
  test(`${name} is imported with every fact that its descriptor tells`, async () => {
    await withPackage(source, async (files, ctx) => {
      const { descriptor } = files;
      assert.ok(descriptor !== null && facts.appliance !== null && facts.descriptor !== null);
      const appliance = await imported(files, ctx);
      // The image tells the variant, and the boot disk the firmware where nobody else does: both are looked at later.
      const expected = {
        ...facts.appliance,
        machines: facts.appliance.machines.map((machine) =>
          machine.firmwareFrom === "disk" ? { ...machine, firmware: "unknown", firmwareFrom: null } : machine,
        ),
        disks: facts.appliance.disks.map(({ variant: _, ...disk }) => disk),
      };
      assert.deepEqual(told(appliance), expected);
      // VirtualBox's archives end without the blocks that tar wants.
      assert.deepEqual(
        ctx.codes().filter((code) => code !== "tar/no-end"),
        [],
      );
      const document = await readDescriptorEntry(descriptor, ctx, ctx.report);
      assert.equal(document.dialect, facts.descriptor.version);
      assert.equal(document.producer, facts.descriptor.producer);
      const roles = Object.fromEntries(files.entries.map((entry) => [entry.name, entry.role]));
      const members = facts.package.members.map((member) => [member.name, member.role]);
      assert.deepEqual(roles, Object.fromEntries(members));
    });
  });
}

test("every machine, disk and network of the fixtures has an origin in its descriptor", async () => {
  for (const { source } of await packageFixtures()) {
    await withPackage(source, async (files, ctx) => {
      const appliance = await imported(files, ctx);
      for (const machine of appliance.machines) {
        for (const fact of ["name", "memoryBytes", "cpu", "hardwareTypes"]) {
          assert.equal(appliance.origins.get(`machines/${machine.id}/${fact}`)?.at, "text", `${machine.id}/${fact}`);
        }
      }
      for (const disk of appliance.disks) assert.ok(appliance.origins.has(`disks/${disk.id}`));
      for (const network of appliance.networks) assert.ok(appliance.origins.has(`networks/${network.name}`));
    });
  }
});
