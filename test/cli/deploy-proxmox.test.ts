/** Deployments to a fake of Proxmox VE, over real HTTPS. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { ANSWERS, buildPair, KELP, type Pair, SECRET } from "../fakes/pair.js";
import { type FakePve, PVE_LOGINS, startFakePve } from "../fakes/pve.js";
import { PveFault } from "../fakes/pve-state.js";

interface World extends Pair {
  readonly pve: FakePve;
}

async function world(t: TestContext, firmware: "bios" | "efi" = "bios"): Promise<World> {
  const pair = await buildPair(t, { PVE: PVE_LOGINS.token, ROOT: PVE_LOGINS.password }, firmware);
  const pve = await startFakePve(pair.folder);
  t.after(() => pve.close());
  return { ...pair, pve };
}

const to = ({ ova, pve }: World, ...more: readonly string[]): readonly string[] => [
  ...["deploy", ova, `proxmox://root@pam!deploy@127.0.0.1:${pve.port}/pve`, "--password", "env:PVE"],
  ...["--thumbprint", pve.certificate.fingerprint, "--storage", "local-lvm", "--yes", ...ANSWERS, ...more],
];
const deployIt = (here: World, ...more: readonly string[]): readonly string[] =>
  to(here, "--map-network", "LAN=lab", ...more);

/** Everything on the node that a deployment could make, when nothing works there any more. */
async function inventory({ pve: { state }, states }: World): Promise<Record<string, unknown>> {
  while ([...state.tasks.values()].some(({ exit }) => exit === null)) await new Promise((go) => setTimeout(go, 10));
  return {
    machines: [...state.machines].map(([vmid, { config, running }]) => [
      vmid,
      running,
      Object.entries(config)
        // What is chosen anew for each deployment.
        .map(([key, value]) => `${key}: ${value.replace(/uuid=.*|vmferry-[0-9a-f]{8}/g, "*")}`)
        .sort(),
    ]),
    volumes: [...state.volumes.keys()].map((id) => id.replace(/vmferry-[0-9a-f]{8}/, "*")).sort(),
    states: await states(),
  };
}

const EMPTY = { machines: [], volumes: [], states: [] };

test("two machines are deployed to Proxmox VE with all that they have, started in order, stopped and removed without a trace", async (t) => {
  const here = await world(t);
  const { pve, ferry, home } = here;
  const { state } = pve;

  const dry = await ferry(deployIt(here, "--dry-run", "--json"));
  assert.equal(dry.status, 0, dry.stderr);
  assert.equal(JSON.parse(dry.stdout).status, "planned");
  assert.ok(
    pve.seen.every((call) => call.startsWith("GET ")),
    "a plan only asks",
  );
  assert.deepEqual(await inventory(here), EMPTY);

  const deployed = await ferry(deployIt(here, "--start", "--autostart"));
  assert.equal(deployed.status, 0, deployed.stderr);
  assert.ok(deployed.stderr.indexOf("start pair-db") < deployed.stderr.indexOf("start pair-web"), deployed.stderr);
  const [db, web] = [state.machines.get(100), state.machines.get(101)];
  assert.deepEqual([db?.running, web?.running], [true, true]);
  const { smbios1, net0, ...rest } = db?.config ?? {};
  assert.match(net0 ?? "", /^model=e1000,bridge=lab$/);
  assert.match(smbios1 ?? "", /^uuid=[0-9a-f-]{36}$/);
  assert.deepEqual(rest, {
    name: "pair-db",
    memory: "64",
    cores: "1",
    sockets: "1",
    cpu: "x86-64-v2-AES",
    ostype: "l26",
    sata0: "local-lvm:vm-100-disk-0,size=4M",
    boot: "order=sata0",
    onboot: "1",
    startup: "order=1",
  });
  assert.match(web?.config.ide0 ?? "", /^local:iso\/vmferry-[0-9a-f]{8}-pair-ovf-env-web\.iso,media=cdrom,/);
  assert.equal(web?.config.startup, "order=2");
  assert.deepEqual((await inventory(here)).volumes, [
    "local-lvm:vm-100-disk-0",
    "local-lvm:vm-101-disk-0",
    "local-lvm:vm-101-disk-1",
    "local:iso/*-pair-ovf-env-web.iso",
  ]);
  for (const id of ["local-lvm:vm-100-disk-0", "local-lvm:vm-101-disk-0"]) {
    const same = await ferry(["disk", "compare", state.volumes.get(id)?.file ?? "", KELP]);
    assert.equal(same.status, 0, `${id} is what the package holds: ${same.stderr}`);
  }
  const [, iso] = [...state.volumes].find(([id]) => id.endsWith(".iso")) ?? [];
  const cd = await readFile(iso?.file ?? "");
  assert.match(cd.toString("latin1"), /oe:key="hostname" oe:value="shop"/);
  assert.ok(cd.includes(SECRET));
  const kept = await readFile(join(home, "vmferry/deployments/pair.json"), "utf8");
  const logs = [...state.tasks.values()].flatMap(({ log }) => log).join("\n");
  for (const text of [dry.stdout, dry.stderr, deployed.stdout, deployed.stderr, kept, logs, pve.seen.join("\n")]) {
    for (const secret of [SECRET, PVE_LOGINS.token]) assert.ok(!text.includes(secret));
  }

  const status = JSON.parse((await ferry(["deployment", "status", "pair", "--json"])).stdout);
  assert.deepEqual(
    status.deployments[0].machines.map(({ id, state: words }: Record<string, string>) => [id, words]),
    [
      ["db", "running"],
      ["web", "running"],
    ],
  );
  // The guest of one does not listen, and its shutdown holds the machine.
  if (db !== undefined) db.obeys = false;
  const impatient = await ferry(["deployment", "stop", "pair", "--timeout", "1"]);
  assert.match(impatient.stderr, /deploy\/still-running/);
  assert.deepEqual([db?.running, web?.running], [true, false], "the last one to start is the first one to stop");
  const forced = await ferry(["deployment", "stop", "pair", "--force"]);
  assert.equal(forced.status, 0, forced.stderr);
  const started = await ferry(["deployment", "start", "pair"]);
  assert.equal(started.status, 0, started.stderr);
  assert.deepEqual([db?.running, web?.running], [true, true]);
  const destroyed = await ferry(["deployment", "destroy", "pair", "--yes"]);
  assert.equal(destroyed.status, 0, destroyed.stderr);
  assert.deepEqual(await inventory(here), EMPTY);
});

test("what will fail is said before a byte moves: names, networks, storage, space, rights, version, node", async (t) => {
  const here = await world(t);
  const { pve, ferry } = here;
  const { state } = pve;
  const codesOf = async (args: readonly string[]): Promise<string> => {
    const ran = await ferry([...args, "--dry-run", "--json"]);
    assert.equal(ran.status, 3, ran.stderr);
    const { diagnostics } = JSON.parse(ran.stdout);
    return diagnostics
      .map(({ code, message, hint }: Record<string, string>) => `${code}: ${message} ${hint}`)
      .join("\n");
  };
  const wrongPlaces = await codesOf(
    to(here, "--pool", "none").map((word) => (word === "local-lvm" ? "nowhere" : word)),
  );
  assert.match(wrongPlaces, /deploy\/no-network: .*no bridge "LAN".*vmbr0, lab/);
  assert.match(wrongPlaces, /deploy\/no-storage: .*"nowhere" is not there.*local-lvm, tank/);
  assert.match(wrongPlaces, /deploy\/no-pool: .*no pool "none".*shop/);

  state.machines.set(200, { node: "pve", config: { name: "pair-web" }, running: false, obeys: true });
  state.storages.set("local", { type: "dir", active: true, limit: 1e9, content: ["iso"] });
  state.storage("local-lvm").limit = 1000;
  state.bridges.set("lab", false);
  pve.rights = new Map([["/", (pve.rights.get("/") ?? []).filter((right) => right !== "VM.Config.Disk")]]);
  state.version = "8.1.4";
  state.hvm = false;
  const all = await codesOf(deployIt(here, "--start"));
  assert.match(all, /deploy\/taken: .*"pair-web" already \(200 on pve\)/);
  assert.match(all, /deploy\/no-storage: .*takes disks to be imported/);
  assert.match(all, /deploy\/no-space: .*"local-lvm" has 1000 B free/);
  assert.match(all, /deploy\/no-network: .*not brought up its bridge "lab"/);
  assert.match(all, /deploy\/denied: .*VM\.Config\.Disk on \/vms\/100/);
  assert.match(all, /deploy\/old-platform: .*8\.1\.4/);
  assert.match(all, /deploy\/slow/);

  const blocked = await ferry(deployIt(here));
  assert.equal(blocked.status, 3);
  assert.match(blocked.stderr, /deploy\/blocked/);
  const folder = await ferry(deployIt(here, "--folder", "x"));
  assert.match(folder.stderr, /deploy\/bad-place/);
  const elsewhere = await ferry(deployIt(here).map((word) => word.replace(/\/pve$/, "/elsewhere")));
  assert.match(elsewhere.stderr, /deploy\/no-node.*"elsewhere"[\s\S]*pve, other/);
  assert.ok(
    pve.seen.every((call) => call.startsWith("GET ")),
    "nothing but questions",
  );
});

test("nothing is said to a server with another certificate, and a login that is refused or ends is met", async (t) => {
  const here = await world(t);
  const { pve, ferry } = here;
  const other = await ferry(
    deployIt(here, "--dry-run").map((word) => (word === pve.certificate.fingerprint ? "0".repeat(64) : word)),
  );
  assert.match(other.stderr, new RegExp(`deploy/untrusted.*${pve.certificate.fingerprint}`));
  const strange = await ferry(
    deployIt(here, "--dry-run").filter((word) => word !== "--thumbprint" && word !== pve.certificate.fingerprint),
  );
  assert.match(strange.stderr, /deploy\/untrusted/);
  assert.deepEqual(pve.seen, [], "no request arrived");
  const wrong = await ferry(deployIt(here, "--dry-run").map((word) => (word === "env:PVE" ? "env:SHOP" : word)));
  assert.match(wrong.stderr, /deploy\/denied.*invalid token value/);
  assert.ok(!wrong.stderr.includes(SECRET));
  // With a password in place of a token, and all logins ended once on the way.
  const uploads = (): number => pve.seen.filter((call) => call.endsWith("/upload")).length;
  const root = deployIt(here, "--user", "root@pam").map((word) => (word === "env:PVE" ? "env:ROOT" : word));
  let ended = false;
  pve.fault = (_method, path) => {
    if (uploads() === 1 && !path.endsWith("/upload") && !ended) {
      ended = true;
      pve.expire();
    }
    return null;
  };
  const deployed = await ferry(root);
  assert.equal(deployed.status, 0, deployed.stderr);
  assert.ok(ended);
  assert.equal(pve.seen.filter((call) => call === "POST /access/ticket").length, 2);
  pve.fault = () => null;
  assert.equal((await ferry(["deployment", "destroy", "pair", "--yes"])).status, 0);
  assert.deepEqual(await inventory(here), EMPTY);
});

/** What goes wrong on the way, and the code and words that say so. */
const FAULTS: readonly (readonly [what: string, code: string, words: RegExp, set: (pve: FakePve) => void])[] = [
  [
    "the storage is full all of a sudden",
    "deploy/refused",
    /No space left on device/,
    (pve) => {
      pve.fault = (_method, path) => {
        if (path.endsWith("/upload")) pve.state.storage("local").limit = 10;
        return null;
      };
    },
  ],
  [
    "a disk cannot be imported",
    "deploy/refused",
    /cannot import from/,
    (pve) => {
      pve.fault = (method, path) => {
        if (method === "POST" && path.endsWith("/101/config")) pve.state.storage("local-lvm").limit = 10;
        return null;
      };
    },
  ],
  [
    "uploads break off again and again",
    "deploy/unreachable",
    /cannot be reached/,
    (pve) => {
      let uploads = 0;
      pve.fault = (_method, path) => (path.endsWith("/upload") && ++uploads >= 2 ? "drop" : null);
    },
  ],
  [
    "the server says no",
    "deploy/denied",
    /Permission check failed/,
    (pve) => {
      pve.fault = (method, path) =>
        method === "POST" && path.endsWith("/qemu")
          ? new PveFault(403, "Permission check failed (/vms/100, VM.Allocate)")
          : null;
    },
  ],
  [
    "somebody else takes the number",
    "deploy/taken",
    /number 100/,
    (pve) => {
      pve.fault = (method, path) => {
        if (method === "POST" && path.endsWith("/qemu")) {
          pve.state.machines.set(100, { node: "pve", config: { name: "other" }, running: false, obeys: true });
        }
        return null;
      };
    },
  ],
];

test("a deployment that fails on the way says why, and leaves what others have and nothing else", async (t) => {
  const pair = await buildPair(t, { PVE: PVE_LOGINS.token });
  for (const [what, code, words, set] of FAULTS) {
    await t.test(what, async (inner) => {
      const pve = await startFakePve(join(pair.folder, what));
      inner.after(() => pve.close());
      const here = { ...pair, pve };
      set(pve);
      const failed = await pair.ferry(deployIt(here));
      assert.notEqual(failed.status, 0, failed.stdout);
      assert.match(failed.stderr, new RegExp(code), failed.stderr);
      assert.match(failed.stderr, words);
      pve.fault = () => null;
      const { machines, ...left } = await inventory(here);
      assert.deepEqual(left, { volumes: [], states: [] }, failed.stderr);
      const others = code === "deploy/taken" ? [[100, false, ["name: other"]]] : [];
      assert.deepEqual(machines, others);
    });
  }
});

test("answers that are lost and questions that are dropped do not matter, on a slow link either", async (t) => {
  const here = await world(t, "efi");
  const { pve, ferry } = here;
  pve.rate = 3_000_000;
  let calls = 0;
  let uploads = 0;
  const deaf = new Set<string>();
  pve.fault = (method, path) => {
    calls++;
    if (method === "GET") return calls % 7 === 0 ? "drop" : null;
    // One upload breaks off before it is looked at, and another one when all of it arrived.
    if (path.endsWith("/upload") && uploads++ < 3) return uploads === 1 ? "drop" : uploads === 3 ? "deaf" : null;
    // The answer to each kind of work on machines is lost once: what was begun goes on.
    const kind = /\/(qemu|config|start)$/.exec(path)?.[1];
    if (method !== "POST" || kind === undefined || deaf.has(kind)) return null;
    deaf.add(kind);
    return "deaf";
  };
  const deployed = await ferry(deployIt(here, "--start"));
  assert.equal(deployed.status, 0, deployed.stderr);
  assert.deepEqual([...deaf].sort(), ["config", "qemu", "start"]);
  const [, web] = [...pve.state.machines.values()];
  assert.equal(web?.running, true);
  assert.match(web?.config.efidisk0 ?? "", /^local-lvm:vm-101-disk-\d,efitype=4m/);
  pve.fault = () => null;
  assert.equal((await ferry(["deployment", "destroy", "pair", "--yes"])).status, 0);
  assert.deepEqual(await inventory(here), EMPTY);
});

/** Each point is two deployments and a removal: twenty in the long run (`VMFERRY_LONG=1`); few lie where no run can be over. */
const POINTS = process.env.VMFERRY_LONG === "1" ? 20 : 1;
const SPAN = POINTS === 20 ? 0.8 : 0.5;

test("killed at points all over and run again, a deployment to Proxmox VE ends in the same state", async (t) => {
  const here = await world(t);
  const { ferry } = here;
  const words = deployIt(here, "--start");
  const began = Date.now();
  assert.equal((await ferry(words)).status, 0);
  const whole = Date.now() - began;
  const wanted = await inventory(here);
  assert.equal((await ferry(["deployment", "destroy", "pair", "--yes"])).status, 0);
  let killed = 0;
  for (let i = 0; i < POINTS; i++) {
    const limit = Math.round(whole * (0.2 + (SPAN * (i + Math.random())) / POINTS));
    if ((await ferry(words, limit)).status !== 0) killed++;
    const second = await ferry(words);
    assert.equal(second.status, 0, `killed after ${limit} ms of ${whole}: ${second.stderr}`);
    assert.deepEqual(await inventory(here), wanted, `killed after ${limit} ms of ${whole}`);
    const first = await ferry(
      ["deployment", "destroy", "pair", "--yes"],
      i % 2 === 0 ? Math.round(whole / 3) : undefined,
    );
    if (first.status !== 0) {
      const rest = await ferry(["deployment", "destroy", "pair", "--yes"]);
      // One that was killed behind its last change left nothing to be destroyed.
      assert.ok(rest.status === 0 || /no-such-deployment/.test(rest.stderr), rest.stderr);
    }
    assert.deepEqual(await inventory(here), EMPTY, `after ${limit} ms`);
  }
  assert.ok(killed >= 0.6 * POINTS, `${killed} of ${POINTS} runs were killed`);
});
