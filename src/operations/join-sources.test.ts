import assert from "node:assert/strict";
import { test } from "node:test";
import type { FolderAccess } from "../io/folder.js";
import type { ByteSource } from "../io/source.js";
import { memorySource } from "../io/sources/memory.js";
import { testContext } from "../io/testing/context.js";
import { joinSources } from "./join-sources.js";
import { openSource } from "./source.js";

function folderOf(label: string, files: Readonly<Record<string, string>>): FolderAccess {
  const bytes = (name: string): Uint8Array => new TextEncoder().encode(files[name]);
  return {
    label,
    list: async () => Object.keys(files).sort(),
    size: async (name) => (Object.hasOwn(files, name) ? bytes(name).length : null),
    open: async (name) => memorySource(bytes(name), `${label}/${name}`),
  };
}

const vmx = (name: string): string =>
  [
    'config.version = "8"',
    'virtualHW.version = "19"',
    `displayName = "${name}"`,
    'scsi0.present = "TRUE"',
    'floppy0.present = "FALSE"',
    'scsi0:0.present = "TRUE"',
    'scsi0:0.fileName = "disk.vmdk"',
  ].join("\n");

const textOf = async (source: ByteSource | null | undefined): Promise<string> =>
  new TextDecoder().decode(await source?.read(0, source.size));

test("files of one name in two sources stay those of their machines, and what an image asks for lies beside it", async () => {
  const ctx = testContext();
  const parts = [];
  for (const name of ["web", "db"]) {
    const folder = folderOf(`vms/${name}`, {
      [`${name}.vmx`]: vmx(name),
      "disk.vmdk": name,
      "base.vmdk": `base of ${name}`,
    });
    parts.push(await openSource({ kind: "folder", folder }, {}, ctx));
  }
  const joined = joinSources("both", parts);
  const appliance = joined.appliance({}, ctx);
  const found = [];
  for (const { name, attachments } of appliance.machines) {
    const disk = appliance.disks.find(({ id }) => id === attachments[0]?.disk);
    const source = await joined.reader.entry(disk?.file ?? "")?.open();
    assert.ok(source !== undefined);
    const base = await joined.reader.resolver.open({ name: "base.vmdk", identity: null, purpose: "parent" }, source);
    found.push([name, await textOf(source), await textOf(base)]);
  }
  assert.deepEqual(found, [
    ["web", "web", "base of web"],
    ["db", "db", "base of db"],
  ]);
  assert.equal(new Set(joined.reader.entries.map(({ name }) => name)).size, joined.reader.entries.length);
  await joined.close();
});

test("all sources are closed where one of them fails to, and a single one stays what it is", async () => {
  const ctx = testContext();
  const closed: string[] = [];
  const parts = [];
  for (const name of ["web", "db", "mail"]) {
    const source = await openSource({ kind: "folder", folder: folderOf(name, { "a.vmx": vmx(name) }) }, {}, ctx);
    const close = async (): Promise<void> => {
      closed.push(name);
      if (name === "db") throw new Error("it does not close");
    };
    parts.push({ ...source, close });
  }
  await assert.rejects(joinSources("all", parts).close(), /does not close/);
  assert.deepEqual(closed, ["web", "db", "mail"]);
  assert.equal(joinSources("one", parts.slice(0, 1)), parts[0]);
});
