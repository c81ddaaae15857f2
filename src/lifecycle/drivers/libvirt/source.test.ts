import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { diskContext } from "../../../../test/support/disks.js";
import { hasCode } from "../../../../test/support/errors.js";
import { FerryError } from "../../../base/errors.js";
import { NO_NATIVE } from "../../../runtime/node/native.js";
import { libvirtMachine, libvirtMachines } from "./source.js";
import type { Answer, Virsh } from "./virsh.js";

test("the address of a machine is its libvirt and its name", () => {
  assert.deepEqual(libvirtMachine("libvirt:///system/web"), { target: "libvirt:///system", machine: "web" });
  assert.deepEqual(libvirtMachine("libvirt+ssh://a@b:22/session/a%20b"), {
    target: "libvirt+ssh://a@b:22/session",
    machine: "a b",
  });
  for (const other of [
    "libvirt:///system",
    "libvirt:///system/",
    "libvirt:///system/a/b",
    "vsphere://h/a",
    "web.ova",
  ]) {
    assert.equal(libvirtMachine(other), null, other);
  }
  assert.throws(() => libvirtMachine("libvirt:///system/50%"), hasCode("deploy/bad-target"));
});

const UUID = "00000000-0000-8000-a000-000000000000";
const XML = `<domain type='kvm'><name>web</name><memory unit='MiB'>64</memory><vcpu>1</vcpu><os><type>hvm</type></os>
<devices><disk type='file' device='disk'><driver type='raw'/><source file='/far/disk.raw'/><target dev='vda' bus='virtio'/></disk></devices></domain>`;

/** A libvirt of one machine; every call is written down. */
function fakeVirsh(state: string, volume: Uint8Array, calls: string[]): Virsh {
  const answer = async (words: readonly string[]): Promise<Answer> => {
    calls.push(words.join(" "));
    const to = words.find((word) => word.startsWith("--file="))?.slice(7);
    switch (words[0]) {
      case "list":
        return { ok: true, text: ` ${UUID}  web\n` };
      case "domstate":
        return { ok: true, text: `${state}\n` };
      case "dominfo":
        return { ok: true, text: "Managed save:   no\n" };
      case "dumpxml":
        return { ok: true, text: XML };
      case "vol-dumpxml":
        return { ok: true, text: "<volume><name>x</name><physical unit='bytes'>1024</physical></volume>" };
      case "vol-download":
        if (words.includes("--sparse")) return { ok: false, why: "sparse streams are not supported" };
        await writeFile(to ?? "", volume);
        return { ok: true, text: "" };
      default:
        return { ok: false, why: "unknown" };
    }
  };
  return {
    try: answer,
    async run(words) {
      const said = await answer(words);
      if (said.ok) return said.text;
      throw new FerryError("deploy/refused", said.why);
    },
  };
}

async function world(t: TestContext, state: string, volume: Uint8Array) {
  const scratch = await mkdtemp(join(tmpdir(), "vmferry-volumes-"));
  t.after(() => rm(scratch, { recursive: true }));
  const calls: string[] = [];
  const live = libvirtMachines(fakeVirsh(state, volume, calls), { uri: "qemu+ssh://far/system", local: false });
  const scope = { native: NO_NATIVE, scratch, options: {} };
  return { live, scope, scratch, calls, ctx: diskContext() };
}

test("a volume comes without holes where the daemon knows none, once, and is gone when the source is closed", async (t) => {
  const bytes = new Uint8Array(1024).fill(5);
  const { live, scope, scratch, calls, ctx } = await world(t, "shut off", bytes);
  const source = await live.open([{ name: "web", uuid: null }], scope, ctx);
  const appliance = source.appliance({}, ctx);
  const entry = source.reader.entry(appliance.disks[0]?.file ?? "");
  for (let i = 0; i < 2; i++) {
    const file = await entry?.open();
    assert.deepEqual(await file?.read(0, 1024), bytes);
    await file?.close();
  }
  assert.equal(calls.filter((call) => call.startsWith("vol-download")).length, 2, `${calls}`);
  await source.close();
  assert.deepEqual(await readdir(scratch), []);
});

test("a volume that is shorter than its pool says is refused, and so are a machine that runs and a name that is none", async (t) => {
  const short = await world(t, "shut off", new Uint8Array(1000));
  const source = await short.live.open([{ name: "web", uuid: null }], short.scope, short.ctx);
  const entry = source.reader.entry("disk.raw");
  await assert.rejects(async () => entry?.open(), hasCode("io/changed"));
  await source.close();
  assert.deepEqual(await readdir(short.scratch), []);
  const running = await world(t, "paused", new Uint8Array());
  await assert.rejects(
    running.live.open([{ name: "web", uuid: null }], running.scope, running.ctx),
    hasCode("deploy/running"),
  );
  for (const name of ["3", "we", "--all"]) {
    const opening = running.live.open([{ name, uuid: null }], running.scope, running.ctx);
    await assert.rejects(opening, hasCode("deploy/no-machine"), name);
  }
  assert.equal(await running.live.describe({ name: "we", uuid: null }, running.ctx), null);
});
