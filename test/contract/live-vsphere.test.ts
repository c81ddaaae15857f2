/** Machines of a vCenter as sources where something goes wrong, in this process: each error says what it was, and no lease is held afterwards. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { planConversion } from "../../src/index.js";
import type { LiveMachine } from "../../src/lifecycle/live.js";
import { createContext, createRuntime, openFolderSet } from "../../src/node.js";
import type { FakeOptions } from "../fakes/vsphere-objects.js";
import { says, startVsphereDeployments, type VsphereDeployments } from "../support/vsphere-deployments.js";

let runtime: ReturnType<typeof createRuntime>;
before(() => {
  runtime = createRuntime({ workers: 1 });
});
after(() => runtime.pool.close());

interface World extends VsphereDeployments {
  /** Converts the machine, and returns the codes of what was found. */
  convert(reading?: "once", signal?: AbortSignal): Promise<readonly string[]>;
  /** Leases that are held. */
  leases(): number;
  written(): Promise<readonly string[]>;
  readonly folder: string;
}

const NAMED: LiveMachine = { name: "shop", uuid: null };

async function world(t: TestContext, options?: FakeOptions): Promise<World> {
  const here = await startVsphereDeployments(runtime, t, options);
  await here.deploy();
  const folder = await mkdtemp(join(tmpdir(), "live-vsphere-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const driver = here.driver();
  return {
    ...here,
    folder,
    async convert(reading, signal) {
      const found: string[] = [];
      const report = ({ code }: { readonly code: string }): void => void found.push(code);
      const ctx = createContext(runtime, { report, ...(signal === undefined ? {} : { signal }) });
      const once = reading === undefined ? {} : { reading };
      const scope = { native: runtime.native, scratch: folder, options: once };
      const source = await driver.live?.open([NAMED], scope, ctx);
      assert.ok(source !== undefined);
      try {
        const wish = { platform: "libvirt", exportOptions: { folder: "/vms" }, ...once } as const;
        const conversion = await planConversion(source, wish, ctx);
        found.push(...conversion.findings.map(({ code }) => code));
        const to = await openFolderSet(join(folder, "out"), { native: runtime.native });
        try {
          await conversion.plan.execute(to, { integrity: true }, ctx);
          await to.commit();
        } catch (cause) {
          await to.abort(cause);
          throw cause;
        } finally {
          await conversion.close();
        }
      } finally {
        await source.close();
      }
      return found;
    },
    leases: () => [...here.fake.center.leases.values()].filter(({ state }) => state === "ready").length,
    written: () => readdir(folder),
  };
}

test("a machine comes in one pass or is fetched first, its digests are compared, and its lease is given back", async (t) => {
  const here = await world(t);
  const { fake } = here;
  const codes = await here.convert("once");
  assert.ok(codes.includes("disk/one-pass") && codes.includes("deploy/described"), `${codes}`);
  assert.ok(!codes.includes("deploy/fetched"));
  const whole = await readFile(join(here.folder, "out", "REPORT.md"), "utf8");
  assert.match(whole, /one pass/);
  await rm(join(here.folder, "out"), { recursive: true });
  assert.ok((await here.convert()).includes("deploy/fetched"));
  assert.equal(here.leases(), 0);
  assert.deepEqual(
    fake.calls.filter((call) => call === "HttpNfcLeaseComplete").length,
    3,
    "of the import, and of two exports",
  );
  assert.deepEqual(await here.written(), ["out"]);
  assert.equal(fake.center.machines.size, 1, "the machine is as it was");
});

test("other bytes than the host sent, a download that breaks off, and a stranger in place of the host leave no result", async (t) => {
  const here = await world(t);
  const { faults } = here.fake;
  for (const reading of ["once", undefined] as const) {
    faults.otherBytes = true;
    await assert.rejects(here.convert(reading), says("deploy/damaged", /other bytes/));
    delete faults.otherBytes;
    faults.cutDownload = 8192;
    await assert.rejects(here.convert(reading), says("deploy/unreachable", /broke off/));
    delete faults.cutDownload;
  }
  faults.otherHost = true;
  await assert.rejects(here.convert(), says("deploy/untrusted", /certificate/));
  delete faults.otherHost;
  assert.equal(here.leases(), 0);
  assert.deepEqual(await here.written(), []);
  assert.ok((await here.convert("once")).length > 0, "and the machine can be exported again");
});

test("a lease that ends under a download says so, and one of which the session ends goes on", async (t) => {
  const here = await world(t, { leaseTimeout: 1 });
  const { faults } = here.fake;
  faults.deaf = true;
  faults.bytesPerSecond = 4096;
  await assert.rejects(here.convert(), says("deploy/refused", /keep the export alive[\s\S]*timed out/));
  delete faults.deaf;
  delete faults.bytesPerSecond;
  assert.deepEqual(await here.written(), []);
  faults.expireBefore = "CreateDescriptor";
  assert.ok((await here.convert("once")).includes("disk/one-pass"));
});

test("a machine that runs is refused before anything begins, and Ctrl-C gives the lease back", async (t) => {
  const here = await world(t);
  const [machine] = here.fake.center.machines.values();
  assert.ok(machine !== undefined);
  machine.power = "poweredOn";
  await assert.rejects(here.convert(), says("deploy/running", /poweredOn/));
  assert.ok(!here.fake.calls.includes("ExportVm"));
  machine.power = "poweredOff";
  here.fake.faults.bytesPerSecond = 20_000;
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 700);
  await assert.rejects(here.convert(undefined, stop.signal), says("run/canceled", /./));
  assert.equal(here.leases(), 0);
  assert.deepEqual(await here.written(), []);
});
