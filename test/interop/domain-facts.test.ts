import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { Appliance, Machine } from "../../src/appliance/appliance.js";
import { fit } from "../../src/appliance/fit.js";
import { appliance, machine, samples } from "../../src/appliance/testing/samples.js";
import { MIB } from "../../src/base/bytes.js";
import { exportLibvirt } from "../../src/platforms/libvirt/export.js";
import { libvirtPlatform } from "../../src/platforms/libvirt/platform.js";
import { targets } from "../../src/targets/targets.js";
import { readText } from "../support/partial-model.js";
import { lacking, peerPath } from "./peers.js";
import { run } from "./run.js";
import { scratch } from "./scratch.js";
import { startLibvirt } from "./servers.js";

const skipSchema = await lacking("virt-xml-validate");
const skip =
  (await lacking("libvirtd", "virtlogd", "virsh", "unshare", "qemu-system-x86_64")) ||
  (process.getuid?.() === 0 ? false : "libvirtd of the system needs root");

/** Everything that a domain can say beyond drives and cards. */
const FULL: Partial<Machine> = {
  name: "full",
  uuid: "564d1a2b-3c4d-5e6f-7081-92a3b4c5d6e7",
  annotation: "all of it",
  cpu: { count: 2, coresPerSocket: 1, threadsPerCore: 2, max: 8, nested: true },
  memoryBytes: 256 * MIB,
  dynamicMemory: { minBytes: 256 * MIB, maxBytes: 512 * MIB },
  clock: "localtime",
  sound: "ac97",
  video: { model: "qxl", memoryBytes: 64 * MIB, heads: 2 },
  serialPorts: [
    { index: 0, backing: "pty", target: null },
    { index: 1, backing: "file", target: "/tmp/vmferry-serial.log" },
    { index: 2, backing: "network", target: "telnet://127.0.0.1:4711,server" },
    { index: 3, backing: "pipe", target: "/tmp/vmferry-serial.sock" },
  ],
};

const full = (parts: Partial<Machine>): Appliance => appliance({ machines: [machine({ ...FULL, ...parts })] });

const machines: Readonly<Record<string, Appliance>> = {
  ...Object.fromEntries(Object.entries(samples).map(([name, sample]) => [name, sample()])),
  full: full({}),
  // i440fx, and no nesting.
  old: full({
    name: "old",
    chipset: "i440fx",
    cpu: { count: 3, coresPerSocket: 3, threadsPerCore: null, max: null, nested: false },
  }),
};

/** The domains of an appliance, made for any host. */
function domainsOf(source: Appliance, folder: string): readonly string[] {
  const target = targets.get("libvirt");
  const { appliance: fitted, shapes } = fit(source, target);
  const plan = exportLibvirt(fitted, shapes, target, { type: "qemu", folder });
  return plan.configs.map(({ bytes }) => new TextDecoder().decode(bytes));
}

/** What a domain says, as it is read: what libvirt adds of its own accord is left out. */
function facts(xml: string, written: string): object {
  const { appliance: read } = readText(libvirtPlatform, "domain", xml);
  const [one] = read.machines;
  assert.ok(one);
  const used = new Set(one.attachments.map(({ controller }) => controller));
  const drives = one.attachments
    .map((a) => JSON.stringify([a.device, a.disk, a.controller, a.slot, a.readOnly]))
    .sort();
  return {
    ...one,
    foreign: [],
    hardwareTypes: [],
    controllers: one.controllers.filter(({ id }) => used.has(id)).sort((a, b) => (a.id < b.id ? -1 : 1)),
    attachments: drives,
    boot: [],
    order: [...xml.matchAll(/<boot order=.([0-9]+)/g)].length,
    nics: one.nics.map(({ model, connected, network }) => ({ model, connected, network })),
    uuid: null,
    // Memory that is not said is libvirt's choice.
    video: {
      ...one.video,
      heads: one.video?.heads ?? 1,
      memoryBytes: /vram=/.test(written) ? one.video?.memoryBytes : null,
    },
    disks: read.disks.map(({ file, format }) => [file, format]).sort(),
  };
}

test("domains with everything that libvirt can say are valid by its schema", {
  skip: skipSchema,
  timeout: 120_000,
}, async (t) => {
  const folder = await scratch(t, "facts");
  const all = { ...machines, tpm: full({ tpm: "2.0" }), tpm12: full({ tpm: "1.2" }) };
  for (const [name, source] of Object.entries(all)) {
    for (const [i, xml] of domainsOf(source, folder).entries()) {
      const file = join(folder, `${name}-${i}.xml`);
      await writeFile(file, xml);
      await run(await peerPath("virt-xml-validate"), [file, "domain"], { timeout: 30_000 });
    }
  }
});

test("what libvirt makes of a domain says the same when it is read", { skip, timeout: 200_000 }, async (t) => {
  const folder = await scratch(t, "facts");
  const { virsh } = await startLibvirt(t);
  for (const [name, source] of Object.entries(machines)) {
    for (const [i, xml] of domainsOf(source, folder).entries()) {
      const file = join(folder, `${name}-${i}.xml`);
      await writeFile(file, xml);
      await virsh("define", file);
      const own = /<name>([^<]*)<\/name>/.exec(xml)?.[1] ?? "";
      const kept = (await virsh("dumpxml", "--inactive", own)).stdout;
      assert.deepEqual(facts(kept, xml), facts(xml, xml), name);
      if (/<uuid>/.test(xml)) assert.ok(kept.includes(/<uuid>([^<]*)/.exec(xml)?.[1] ?? "?"));
      await virsh("undefine", own, "--nvram");
    }
  }
});
