/** Deployments to a fake vCenter, carried out in this process. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { TestContext } from "node:test";
import { type Diagnostic, FerryError, openSource } from "../../src/index.js";
import { executeDeployment, removeDeployment } from "../../src/lifecycle/deployment/deploy.js";
import { type PlannedDeployment, planDeployment } from "../../src/lifecycle/deployment/plan.js";
import { type DeploymentState, renderState } from "../../src/lifecycle/deployment/state.js";
import { openDeploymentStore } from "../../src/lifecycle/deployment/store.js";
import type { Access, Driver, Place } from "../../src/lifecycle/driver.js";
import { openDriver } from "../../src/lifecycle/drivers/drivers.js";
import { createContext, type NodeRuntime, openPath } from "../../src/node.js";
import { type FakeVsphere, PASSWORD, startVsphere, USER } from "../fakes/vsphere.js";
import type { FakeOptions } from "../fakes/vsphere-objects.js";
import { attempt } from "../interop/run.js";

/** Two machines, the second one in the file first: its number says so. */
const SPEC = `
appliance: 1
name: pair
startup: [{ machine: web, order: 2 }, { machine: db, order: 1 }]
machines:
  web:
    memory: 64MiB
    firmware: bios
    drives: [kelp/kelp.vmdk]
    nics: [LAN]
    transports: [iso]
    products: [{ name: Web, properties: { secret: { password: true } } }]
  db: { memory: 64MiB, firmware: bios, drives: [kelp/kelp.vmdk], nics: [LAN] }
`;
const KELP = resolve("test/fixtures/packages/compose-dir/kelp");
/** One machine with one disk and a card on `LAN`. */
const SINGLE = join(KELP, "kelp.ovf");

/** A fake, and deployments to it by this process. */
export interface VsphereDeployments {
  readonly fake: FakeVsphere;
  driver(access?: Partial<Access>, password?: string): Driver;
  /** Plans and carries out. */
  deploy(how?: How): Promise<DeploymentState>;
  plan(how?: How): Promise<readonly Diagnostic[]>;
  destroy(): Promise<unknown>;
  /** The text of the state's file. */
  stateText(): string;
  /** Puts a state back that an earlier moment had. */
  rewrite(state: DeploymentState): Promise<void>;
  /** What a deployment can leave: folders, machines, states. */
  left(): Promise<readonly string[]>;
}

/** How something is deployed. */
export interface How {
  readonly driver?: Driver;
  readonly place?: Partial<Place>;
  readonly start?: true;
  readonly autostart?: true;
  readonly emulate?: true;
  readonly signal?: AbortSignal;
  /** The package of two machines in place of one. */
  readonly pair?: true;
}

/** What guests are told. */
export const ENVIRONMENT = '<Environment secret="c0rrect &amp; h0rse"/>';

/** Starts a fake, which ends with the test. */
export async function startVsphereDeployments(
  runtime: NodeRuntime,
  t: TestContext,
  options: FakeOptions = {},
): Promise<VsphereDeployments> {
  const folder = await mkdtemp(join(tmpdir(), "vsphere-faults-"));
  const fake = await startVsphere(t, options);
  const drivers: Driver[] = [];
  t.after(async () => {
    for (const driver of drivers) await driver.close();
    await rm(folder, { recursive: true, force: true });
  });
  const states = join(folder, "states");
  const store = openDeploymentStore(states);
  const target = `vsphere://127.0.0.1:${fake.port}/Berlin`;
  const way = { user: USER, password: "env:VC", thumbprint: fake.certificate.fingerprint, authorities: null };
  const open: VsphereDeployments["driver"] = (access = {}, password = PASSWORD) => {
    const driver = openDriver({ target, ...way, ...access }, { reveal: async () => password, env: {} });
    drivers.push(driver);
    return driver;
  };
  const pair = async (): Promise<string> => {
    const [spec, ova] = [join(folder, "pair.yaml"), join(folder, "pair.ova")];
    await writeFile(spec, SPEC.replaceAll("kelp/", `${KELP}/`));
    const words = [resolve("dist/bin/vmferry.js"), "build", spec, ova, "--allow-external", "--force"];
    const built = await attempt(process.execPath, words);
    assert.equal(built.status, 0, built.stderr);
    return ova;
  };
  const planned = async <T>(
    how: How,
    use: (plan: PlannedDeployment, held: Awaited<ReturnType<typeof store.hold>>, driver: Driver) => Promise<T>,
  ): Promise<T> => {
    const { driver = open(), place = {}, start, autostart, emulate, signal } = how;
    const ctx = createContext(runtime, signal === undefined ? {} : { signal });
    const input = await openPath(how.pair === true ? await pair() : SINGLE, runtime.native);
    const source = await openSource(input, {}, ctx);
    const held = await store.hold("shop");
    try {
      const networks = new Map([["*", "lab & co"]]);
      const wanted = { ...{ storage: null, folder: null, pool: "Cluster", networks }, ...place };
      const plan = await planDeployment(
        source,
        {
          ...{
            name: "shop",
            access: { target, ...way },
            source: "shop",
            place: wanted,
            choice: {},
            answers: [],
            bridges: [],
          },
          environment: () => ENVIRONMENT,
          ...{ start: start === true, autostart: autostart === true, emulate: emulate === true, known: held.state },
        },
        driver,
        ctx,
      );
      try {
        return await use(plan, held, driver);
      } finally {
        await plan.close();
      }
    } finally {
      await held.release();
      await source.close();
      await input.close();
    }
  };
  return {
    fake,
    driver: open,
    plan: (how = {}) => planned(how, async ({ problems }) => problems),
    deploy: (how = {}) =>
      planned(how, async ({ plan, state, problems }, held, driver) => {
        assert.deepEqual(
          problems.filter(({ severity }) => severity === "error"),
          [],
        );
        const work = {
          ...{ plan, options: { integrity: true }, native: runtime.native, work: state.work },
          environment: () => ENVIRONMENT,
        };
        const ctx = createContext(runtime, how.signal === undefined ? {} : { signal: how.signal });
        return executeDeployment(state, work, { held, driver, hear: () => {} }, ctx);
      }),
    async destroy() {
      const held = await store.hold("shop");
      try {
        assert.ok(held.state !== null);
        return await removeDeployment(held.state, { held, driver: open(), hear: () => {} }, createContext(runtime));
      } finally {
        await held.release();
      }
    },
    stateText: () => readFileSync(join(states, "shop.json"), "utf8"),
    rewrite: (state) => writeFile(join(states, "shop.json"), renderState(state)),
    async left() {
      const { center } = fake;
      return [
        ...[...center.objects.values()].filter(({ id }) => /^group-v1\d\d$/.test(id)).map(() => "folder"),
        ...[...center.machines.values()].map(({ name }) => name),
        ...(await readdir(states).catch((): string[] => [])).filter((name) => name.endsWith(".json")),
      ];
    },
  };
}

/** For `assert.rejects`: an error of ours with this code, whose words or advice match. */
export function says(code: string, words: RegExp): (error: unknown) => boolean {
  return (error) => {
    if (!(error instanceof FerryError)) throw error;
    assert.equal(error.code, code, error.message);
    assert.match(`${error.message} ${error.hint ?? ""}`, words);
    assert.ok(!`${error.message}${String(error.cause)}`.includes(PASSWORD), "no secret is in it");
    return true;
  };
}
