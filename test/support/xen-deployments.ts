/** Deployments to a fake XenServer, carried out in this process. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type Diagnostic, FerryError, openSource } from "../../src/index.js";
import { executeDeployment, removeDeployment } from "../../src/lifecycle/deployment/deploy.js";
import { parseState } from "../../src/lifecycle/deployment/parse-state.js";
import { type PlannedDeployment, planDeployment } from "../../src/lifecycle/deployment/plan.js";
import { type DeploymentState, renderState } from "../../src/lifecycle/deployment/state.js";
import { openDeploymentStore } from "../../src/lifecycle/deployment/store.js";
import type { Access, Driver, Place } from "../../src/lifecycle/driver.js";
import { openDriver } from "../../src/lifecycle/drivers/drivers.js";
import { createContext, type NodeRuntime, openPath } from "../../src/node.js";
import { type FakeXapi, type FakeXapiOptions, PASSWORD, startXapi } from "../fakes/xapi.js";

/** One machine with one disk of a few MiB and a card on `LAN`. */
const SOURCE = "test/fixtures/packages/compose-dir/kelp/kelp.ovf";

/** A fake, and deployments to it by this process. */
export interface XenDeployments {
  readonly fake: FakeXapi;
  driver(access?: Partial<Access>, password?: string): Driver;
  /** Plans and carries out. @param place the network is mapped where nothing else is said */
  deploy(how?: How): Promise<DeploymentState>;
  plan(how?: How): Promise<readonly Diagnostic[]>;
  destroy(): Promise<unknown>;
  /** The state as its file has it. */
  state(): DeploymentState;
  rewrite(state: DeploymentState): void;
  /** Names of what is there: machines, disks, networks, files of states. */
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
  readonly environment?: string;
}

/** Starts a fake, which ends with the test. */
export async function startXenDeployments(
  runtime: NodeRuntime,
  t: TestContext,
  options: FakeXapiOptions = {},
): Promise<XenDeployments> {
  const folder = await mkdtemp(join(tmpdir(), "xen-faults-"));
  const fake = await startXapi(t, options);
  const drivers: Driver[] = [];
  t.after(async () => {
    for (const driver of drivers) await driver.close();
    await rm(folder, { recursive: true, force: true });
  });
  const store = openDeploymentStore(folder);
  const open: XenDeployments["driver"] = (access = {}, password = PASSWORD) => {
    const way = { user: null, password: "env:XEN", thumbprint: fake.certificate.fingerprint, authorities: null };
    const target = `xenserver://127.0.0.1:${fake.port}`;
    const driver = openDriver({ target, ...way, ...access }, { reveal: async () => password, env: {} });
    drivers.push(driver);
    return driver;
  };
  const planned = async <T>(
    { driver = open(), place = {}, start, autostart, emulate, signal, environment }: How,
    use: (plan: PlannedDeployment, held: Awaited<ReturnType<typeof store.hold>>, driver: Driver) => Promise<T>,
  ): Promise<T> => {
    const ctx = createContext(runtime, signal === undefined ? {} : { signal });
    const input = await openPath(SOURCE, runtime.native);
    const source = await openSource(input, {}, ctx);
    const held = await store.hold("kelp");
    try {
      const { password, ...access } = { target: `xenserver://127.0.0.1:${fake.port}`, ...ACCESS };
      const wanted = { ...{ storage: null, folder: null, pool: null, networks: new Map([["*", "lab"]]) }, ...place };
      const plan = await planDeployment(
        source,
        {
          ...{
            name: "kelp",
            access: { ...access, password },
            source: SOURCE,
            place: wanted,
            choice: {},
            answers: [],
            bridges: [],
          },
          environment: () => environment ?? null,
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
      planned(how, async ({ plan, state }, held, driver) => {
        const work = {
          ...{ plan, options: { integrity: true }, native: runtime.native, work: state.work },
          environment: () => how.environment ?? null,
        };
        const ctx = createContext(runtime, how.signal === undefined ? {} : { signal: how.signal });
        return executeDeployment(state, work, { held, driver, hear: () => {} }, ctx);
      }),
    async destroy() {
      const held = await store.hold("kelp");
      try {
        assert.ok(held.state !== null);
        const scope = { held, driver: open(), hear: () => {} };
        return await removeDeployment(held.state, scope, createContext(runtime));
      } finally {
        await held.release();
      }
    },
    state: () => parseState(readFileSync(join(folder, "kelp.json"), "utf8"), "kelp.json"),
    rewrite: (state) => writeFileSync(join(folder, "kelp.json"), renderState(state)),
    async left() {
      for (let tries = 500; fake.busy() > 0 && tries > 0; tries--) await new Promise((go) => setTimeout(go, 20));
      const names = (kind: string): string[] =>
        [...fake.pool.table(kind).values()].map((row) => `${kind} ${String(row.name_label)}`);
      return [
        ...[...names("VM"), ...names("VDI"), ...names("VM_appliance")],
        ...[...fake.pool.table("VBD").keys()].map(() => "VBD"),
        ...names("network").slice(2),
        ...(await readdir(folder)).filter((name) => name.endsWith(".json")),
      ];
    },
  };
}

const ACCESS = { user: null, password: "env:XEN", thumbprint: null, authorities: null };
/** For `assert.rejects`: an error of ours with this code, whose words or advice match. */
export function says(code: string, words: RegExp): (error: unknown) => boolean {
  return (error) => {
    if (!(error instanceof FerryError)) throw error;
    assert.equal(error.code, code, error.message);
    assert.match(`${error.message} ${error.hint ?? ""}`, words);
    assert.ok(!`${error.message}${String(error.cause)}`.includes(PASSWORD), "no secret is in it");
    assert.doesNotMatch(error.message, /OpaqueRef/);
    return true;
  };
}
