import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { ANSWERS, buildPair, COMMAND, KELP, type Pair, SECRET } from "../fakes/pair.js";
import { type FakeXapi, type FakeXapiOptions, PASSWORD, startXapi } from "../fakes/xapi.js";
import type { Row } from "../fakes/xapi-pool.js";

interface World extends Pair {
  readonly fake: FakeXapi;
  /** The command, to be killed. */
  start(args: readonly string[]): { kill(): void; readonly ended: Promise<NodeJS.Signals | null> };
}

async function world(t: TestContext, options: FakeXapiOptions = {}): Promise<World> {
  const pair = await buildPair(t, { XEN: PASSWORD }, "bios", 1);
  const env = { ...process.env, ...pair.env };
  const start: World["start"] = (args) => {
    const child = spawn(process.execPath, [COMMAND, ...args], { env, stdio: "ignore" });
    const ended = new Promise<NodeJS.Signals | null>((go) => child.once("exit", (_status, signal) => go(signal)));
    return { kill: () => void child.kill("SIGKILL"), ended };
  };
  return { ...pair, fake: await startXapi(t, options), start };
}

const deployIt = ({ ova, fake }: World, ...more: readonly string[]): readonly string[] => [
  ...["deploy", ova, `xenserver://127.0.0.1:${fake.port}`, "--password", "env:XEN"],
  ...["--thumbprint", fake.certificate.fingerprint, "--yes", ...ANSWERS, "--map-network", "LAN=lab", ...more],
];

/** Everything of the pool that a deployment could make, without what is chosen anew each time. */
async function inventory({ fake, states }: World): Promise<Record<string, unknown>> {
  // Where a run was killed, the server may still be taking away what it had begun.
  for (let left = 100; fake.busy() > 0 && left > 0; left--) await new Promise((go) => setTimeout(go, 50));
  const { pool } = fake;
  const rows = (kind: string): Row[] => [...pool.table(kind).values()];
  const nameOf = (kind: string, ref: unknown): unknown => pool.table(kind).get(String(ref))?.name_label ?? ref;
  return {
    machines: rows("VM")
      .map((vm) => ({
        ...{ name: vm.name_label, power: vm.power_state, order: vm.order, delay: vm.start_delay },
        ...{ group: nameOf("VM_appliance", vm.appliance), operations: vm.current_operations },
        drives: (vm.VBDs as string[]).map((ref) => {
          const { type, userdevice, mode, VDI } = pool.row("VBD", ref);
          return [type, userdevice, mode, nameOf("VDI", VDI)].join(" ");
        }),
        cards: (vm.VIFs as string[]).map((ref) => nameOf("network", pool.row("VIF", ref).network)),
      }))
      .sort((a, b) => String(a.name).localeCompare(String(b.name))),
    disks: rows("VDI")
      .map((vdi) => [vdi.name_label, vdi.virtual_size].join(" "))
      .sort(),
    drives: rows("VBD").length,
    cards: rows("VIF").length,
    networks: rows("network").length,
    groups: rows("VM_appliance").map((row) => row.name_label),
    used: pool.row("SR", pool.sr).physical_utilisation,
    tasks: rows("task").filter(({ status }) => status === "pending").length,
    sessions: rows("session").length > 0,
    states: await states(),
  };
}

test("a package of two machines is deployed to XenServer, started in order, stopped and removed without a trace", async (t) => {
  const here = await world(t);
  const { fake, ferry, home } = here;
  const { pool } = fake;
  const empty = await inventory(here);

  const dry = await ferry(deployIt(here, "--dry-run", "--json"));
  assert.equal(dry.status, 0, dry.stderr);
  assert.equal(JSON.parse(dry.stdout).status, "planned");
  assert.deepEqual(await inventory(here), empty, "a plan leaves nothing");
  assert.ok(!fake.calls.some((name) => name.startsWith("PUT")));

  const losses: { code: string }[] = JSON.parse(dry.stdout).losses;
  assert.ok(
    !losses.some(({ code }) => /startup-dropped|product-dropped/.test(code)),
    "a deployment starts machines in their order, and tells guests their properties",
  );

  const unknown = await ferry(deployIt(here, "--bridge", "cloud-init"));
  assert.match(unknown.stderr, /error\[deploy\/bad-place\].*cloud-init/);
  const deployed = await ferry(deployIt(here, "--autostart", "--bridge", "xenstore"));
  assert.equal(deployed.status, 0, deployed.stderr);
  assert.match(deployed.stdout, /deploy\/no-autostart/);
  const seen = await inventory(here);
  assert.deepEqual(seen.machines, [
    {
      ...{ name: "pair-db", power: "Halted", order: "1", delay: "1", group: "pair", operations: {} },
      ...{ drives: ["Disk 0 RW kelp-2"], cards: ["lab"] },
    },
    {
      ...{ name: "pair-web", power: "Halted", order: "2", delay: "0", group: "pair", operations: {} },
      drives: ["Disk 0 RW kelp", "Disk 1 RW disk2", "Disk 2 RW pair-web OVF environment"],
      cards: ["lab"],
    },
  ]);
  const state = JSON.parse(await readFile(join(home, "vmferry/deployments/pair.json"), "utf8"));
  for (const { uuid, name } of state.machines) {
    const machine = pool.row("VM", pool.byUuid("VM", uuid));
    assert.equal(machine.name_label, name, "the UUIDs are those that were chosen");
    assert.equal((machine.other_config as Row).auto_poweron, "true");
    const stored = String((machine.xenstore_data as Row)?.["vm-data/ovf-env"] ?? "");
    assert.match(stored, /oe:key="hostname" oe:value="shop"/, "each is told what is beside it, too");
    assert.match(stored, name === "pair-web" ? /<Environment[^>]* oe:id="web"/ : /<Environment[^>]* oe:id="db"/);
  }

  const bytesOf = (label: string): Buffer => {
    const [ref = ""] = [...pool.table("VDI")].find(([, row]) => row.name_label === label) ?? [];
    return Buffer.from(pool.bytes.get(ref) ?? []);
  };
  const raw = join(home, "kelp.raw");
  assert.equal((await ferry(["disk", "convert", KELP, raw, "--to", "raw"])).status, 0);
  const kelp = await readFile(raw);
  assert.ok(kelp.some((byte) => byte !== 0));
  for (const label of ["kelp", "kelp-2"]) assert.ok(bytesOf(label).equals(kelp), `${label} is what the package holds`);
  assert.ok(bytesOf("disk2").length === 16 * 2 ** 20 && bytesOf("disk2").every((byte) => byte === 0));
  const cd = bytesOf("pair-web OVF environment").toString("latin1");
  assert.match(cd, /oe:id="web"/);
  for (const pair of ["hostname", "port", "tls", "ratio", "size", "secret"])
    assert.match(cd, new RegExp(`oe:key="${pair}"`));
  assert.match(cd, /oe:key="hostname" oe:value="shop"/);
  assert.ok(cd.includes(SECRET));

  const again = await ferry(deployIt(here, "--autostart", "--bridge", "xenstore"));
  assert.equal(again.status, 0, "what is there is not deployed twice");
  const started = await ferry(["deployment", "start", "pair"]);
  assert.equal(started.status, 0, started.stderr);
  assert.ok(started.stderr.indexOf("start pair-db") < started.stderr.indexOf("start pair-web"), started.stderr);
  const status = JSON.parse((await ferry(["deployment", "status", "pair", "--json"])).stdout);
  assert.deepEqual(
    status.deployments[0].machines.map(({ id, state: words }: Record<string, string>) => [id, words]),
    [
      ["db", "Running"],
      ["web", "Running"],
    ],
  );
  const stopped = await ferry(["deployment", "stop", "pair"]);
  assert.equal(stopped.status, 0, stopped.stderr);
  await ferry(["deployment", "start", "pair"]);
  const destroyed = await ferry(["deployment", "destroy", "pair", "--yes"]);
  assert.equal(destroyed.status, 0, destroyed.stderr);
  assert.deepEqual(await inventory(here), empty);

  // Each secret went where it belongs to, and nowhere else.
  for (const said of [dry, deployed, again, started, stopped, destroyed]) {
    for (const secret of [SECRET, PASSWORD]) assert.ok(!`${said.stdout}${said.stderr}`.includes(secret));
  }
  assert.ok(!JSON.stringify(state).includes(SECRET) && !JSON.stringify(state).includes(PASSWORD));
  const heard = fake.heard.filter((text) => !text.includes("VM.add_to_xenstore_data"));
  assert.ok(!heard.some((text) => text.includes(SECRET)), "what was asked for goes into the store, and nowhere else");
  for (const text of fake.heard) assert.ok(!text.includes(PASSWORD) || text.includes("login_with_password"));
  assert.ok(!fake.heard.some((text) => /^PUT \\S*session/.test(text)), "sessions are in no address");
});

/** Each point is two deployments and two removals: twenty in the long run (`VMFERRY_LONG=1`). */
const POINTS = process.env.VMFERRY_LONG === "1" ? 20 : 2;

test("killed at points all over and run again, a deployment to XenServer ends in the same state, and destroy leaves nothing", {
  timeout: 580_000,
}, async (t) => {
  const here = await world(t);
  const { fake, ferry, start } = here;
  const removal = ["deployment", "destroy", "pair", "--yes"];
  const words = deployIt(here, "--start");
  const empty = await inventory(here);
  // Sessions of what was killed end by themselves, a day later.
  const seen = async (): Promise<unknown> => ({ ...(await inventory(here)), sessions: false });
  /** Calls and parts of uploads that a command makes. */
  const counted = async (args: readonly string[]): Promise<number> => {
    const before = fake.moments();
    const ran = await ferry(args);
    assert.equal(ran.status, 0, ran.stderr);
    return fake.moments() - before;
  };
  /** Kills a command at one of those. Returns whether it met that point. */
  const killed = async (args: readonly string[], at: number): Promise<boolean> => {
    const child = start(args);
    const from = fake.moments();
    fake.faults.moment = (number) => {
      if (number === from + at) child.kill();
    };
    const signal = await child.ended;
    delete fake.faults.moment;
    return signal === "SIGKILL";
  };
  const whole = await counted(words);
  const wanted = await seen();
  const gone = await counted(removal);
  assert.deepEqual(await seen(), empty);
  // The server takes its time to clean up: a run finds what an earlier one left.
  fake.faults.cleanupMs = 300;
  let met = 0;
  for (let i = 0; i < POINTS; i++) {
    const at = Math.ceil(((i + Math.random()) / POINTS) * whole);
    if (await killed(words, at)) met++;
    const second = await ferry(words);
    assert.equal(second.status, 0, `killed at ${at} of ${whole}: ${second.stderr}`);
    assert.deepEqual(await seen(), wanted, `killed at ${at} of ${whole}`);
    const back = Math.ceil(((i + Math.random()) / POINTS) * gone);
    if (await killed(removal, back)) {
      const rest = await ferry(removal);
      // One that was killed behind its last change left nothing to be destroyed.
      assert.ok(rest.status === 0 || /no-such-deployment/.test(rest.stderr), rest.stderr);
    }
    assert.deepEqual(await seen(), empty, `killed at ${at} of ${whole}, and when it was removed at ${back} of ${gone}`);
  }
  t.diagnostic(`${met} of ${POINTS} deployments were killed, at ${whole} possible points`);
  assert.ok(met >= 0.6 * POINTS, `${met} of ${POINTS} deployments were killed`);
});
