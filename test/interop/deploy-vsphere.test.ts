import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type TestContext, test } from "node:test";
import { lacking } from "./peers.js";
import { startQemuImg } from "./qemu.js";
import { attempt, type Ran } from "./run.js";
import { scratch } from "./scratch.js";
import { type Simulator, startSimulator, thumbprintAt } from "./servers.js";

const skip = await lacking("govc", "vcsim-export", "qemu-img");

/** Two machines, the second one in the file first: its number says so. The simulator knows neither SATA nor disks without an image. */
const SPEC = `
appliance: 1
name: pair
startup: [{ machine: web, order: 2 }, { machine: db, order: 1, delay: 1 }]
networks: { LAN: The inside network }
machines:
  web:
    os: debian12
    memory: 64MiB
    firmware: bios
    controllers: { s: { bus: scsi, model: lsilogic }, i: { bus: ide } }
    drives: [{ disk: kelp/kelp.vmdk, controller: s }, { cdrom: empty, controller: i }]
    nics: [{ network: LAN, model: e1000 }]
    transports: [com.vmware.guestInfo, iso]
    eulas: [Terms of use]
    products:
      - name: Web
        properties:
          hostname: { label: Host name, default: web }
          port: { type: uint16, default: "80" }
          secure: { type: boolean, default: "true" }
          share: { type: real32, default: "0.5" }
          greeting: { default: hello }
          secret: { label: Secret, password: true }
  db:
    os: debian12
    cpus: 2
    memory: 128MiB
    firmware: bios
    controllers: { s: { bus: scsi, model: lsilogic } }
    drives: [{ disk: kelp/kelp.vmdk, controller: s }]
    nics: [{ network: LAN, model: e1000 }, { network: LAN, model: VmxNet3 }]
`;
const SECRET = "c0rrect-h0rse";
const PASSWORD = "pa55-of-the-platform";

interface World {
  readonly simulator: Simulator;
  readonly ova: string;
  /** SHA-256 of the simulator's certificate. */
  readonly thumbprint: string;
  /** Folder of the datastore. */
  readonly store: string;
  /** Of the states of deployments. */
  readonly home: string;
  /** @param limit milliseconds until the process alone is killed, as by the system */
  ferry(args: readonly string[], limit?: number): Promise<Ran>;
}

async function world(t: TestContext, ...more: readonly string[]): Promise<World> {
  const folder = await scratch(t, "vsphere");
  const [home, ova, spec] = [join(folder, "home"), join(folder, "pair.ova"), join(folder, "pair.yaml")];
  const simulator = await startSimulator(t, "vcsim-export", ["-username", "user", "-password", "pass", ...more]);
  await writeFile(spec, SPEC.replaceAll("kelp/", `${resolve("test/fixtures/packages/compose-dir/kelp")}/`));
  const command = resolve("dist/bin/vmferry.js");
  const ferry = (args: readonly string[], limit = 120_000): Promise<Ran> =>
    attempt(process.execPath, [command, ...args], {
      env: { XDG_STATE_HOME: home, SHOP: SECRET, RIGHT: "pass", WRONG: PASSWORD },
      timeout: limit,
    });
  const built = await ferry(["build", spec, ova, "--allow-external"]);
  assert.equal(built.status, 0, built.stderr);
  const found = JSON.parse((await simulator.govc("datastore.info", "-json")).stdout);
  const store: string = found.Datastores[0].Info.Url;
  return { simulator, ova, thumbprint: await thumbprintAt(simulator.port), store, home, ferry };
}

const deployIt = ({ ova, simulator, thumbprint }: World, ...more: readonly string[]): readonly string[] => [
  ...["deploy", ova, `vsphere://user@127.0.0.1:${simulator.port}/DC0`, "--password", "env:RIGHT"],
  ...["--thumbprint", thumbprint, "--pool", "DC0_C0", "--map-network", "LAN=VM Network", "--accept-eulas", "--yes"],
  ...["--set", "hostname=shop", "--set", "port=8080", "--set", "secret=env:SHOP", ...more],
];

/** The same words with another value of an option. */
function instead(words: readonly string[], option: string, value: string): readonly string[] {
  return words.map((word, i) => (words[i - 1] === option ? value : word));
}

interface Seen {
  readonly Name: string;
  readonly Runtime: { readonly PowerState: string };
  readonly Config: {
    readonly InstanceUuid: string;
    readonly Hardware: {
      readonly NumCPU: number;
      readonly MemoryMB: number;
      readonly Device: readonly { readonly Backing?: { readonly DeviceName?: string; readonly FileName?: string } }[];
    };
    readonly ExtraConfig: readonly { readonly Key: string; readonly Value: string }[];
  };
}

async function machine({ simulator }: World, name: string): Promise<Seen> {
  return JSON.parse((await simulator.govc("vm.info", "-json", "-e", name)).stdout).VirtualMachines[0];
}

/** Everything of a platform that a deployment could make: objects, facts of machines, bytes of the datastore, states. */
async function inventory(here: World): Promise<Record<string, unknown>> {
  const objects = (await here.simulator.govc("find", "/DC0/vm")).stdout.trim().split("\n").sort();
  const names = objects.filter((path) => /\/pair-[a-z]+$/.test(path)).map((path) => path.replace(/^.*\//, ""));
  const machines = [];
  for (const name of names) {
    const { Runtime, Config } = await machine(here, name);
    machines.push([
      ...[name, Runtime.PowerState, Config.Hardware.NumCPU, Config.Hardware.MemoryMB],
      Config.Hardware.Device.flatMap(({ Backing }) => Backing?.DeviceName ?? Backing?.FileName ?? []),
      // Its own id is another one in each deployment.
      Config.ExtraConfig.map(({ Key, Value }) => [Key, Key === "vmferry.deployment" ? Value.length : Value]),
    ]);
  }
  const files = [];
  for (const file of await readdir(here.store, { recursive: true, withFileTypes: true })) {
    const path = join(file.parentPath, file.name);
    if (!file.isFile() || /_VM\d/.test(path)) continue;
    const bytes = await readFile(path);
    // A CD says when it was made, and a log when the machine was.
    const sum = /\.(?:iso|log)$/.test(path) ? "" : createHash("sha256").update(bytes).digest("hex");
    files.push([path.slice(here.store.length), bytes.length, sum]);
  }
  const folders = (await readdir(here.store)).sort();
  const states = await readdir(join(here.home, "vmferry", "deployments")).catch((): string[] => []);
  return { objects, machines, files: files.sort(), folders, states: states.sort() };
}

test("a package of two machines is deployed to a vCenter with networks, power, environments and bytes, and removed without a trace", {
  skip,
  timeout: 300_000,
}, async (t) => {
  const here = await world(t);
  const { ferry, store, simulator, ova, thumbprint } = here;
  const empty = await inventory(here);

  const refused = await ferry([
    "deploy",
    ova,
    `vsphere://user@127.0.0.1:${simulator.port}`,
    "--password",
    "env:RIGHT",
    "--yes",
  ]);
  assert.match(refused.stderr, /error\[deploy\/untrusted\]/, "nobody vouches for the certificate");
  const other = await ferry(
    deployIt({ ...here, thumbprint: thumbprint.replace(/^../, thumbprint.startsWith("00") ? "11" : "00") }),
  );
  assert.match(other.stderr, /error\[deploy\/untrusted\]/);
  const stranger = await ferry(instead(deployIt(here), "--password", "env:WRONG"));
  assert.match(stranger.stderr, /error\[deploy\/denied\]/);
  assert.ok(!stranger.stderr.includes(PASSWORD));
  const nowhere = await ferry(instead(deployIt(here), "--pool", "elsewhere"));
  assert.match(nowhere.stderr, /error\[deploy\/bad-place\][\s\S]*DC0_H0, DC0_C0/);
  const unplugged = await ferry(instead(deployIt(here), "--map-network", "LAN=nothing"));
  assert.match(unplugged.stderr, /deploy\/no-network[\s\S]*VM Network/);
  const unaccepted = await ferry(deployIt(here).filter((word) => word !== "--accept-eulas"));
  assert.match(unaccepted.stderr, /error\[deploy\/eula\]/);
  const dry = await ferry(deployIt(here, "--dry-run", "--json"));
  assert.equal(JSON.parse(dry.stdout).status, "planned", dry.stderr);
  assert.deepEqual(await inventory(here), empty, "plans and refusals leave nothing");

  const deployed = await ferry(deployIt(here, "--start"));
  assert.equal(deployed.status, 0, deployed.stderr);
  assert.ok(deployed.stderr.indexOf("start pair-db") < deployed.stderr.indexOf("start pair-web"), deployed.stderr);
  const [web, db] = [await machine(here, "pair-web"), await machine(here, "pair-db")];
  assert.deepEqual([web.Runtime.PowerState, db.Runtime.PowerState], ["poweredOn", "poweredOn"]);
  assert.deepEqual([db.Config.Hardware.NumCPU, db.Config.Hardware.MemoryMB], [2, 128]);
  const plugged = ({ Config }: Seen): string[] =>
    Config.Hardware.Device.flatMap(({ Backing }) => Backing?.DeviceName || []);
  assert.deepEqual([plugged(web), plugged(db)], [["VM Network"], ["VM Network", "VM Network"]]);
  const told = web.Config.ExtraConfig.find(({ Key }) => Key === "guestinfo.ovfEnv")?.Value ?? "";
  for (const answer of [
    ["hostname", "shop"],
    ["port", "8080"],
    ["secure", "true"],
    ["share", "0.5"],
    ["greeting", "hello"],
    ["secret", SECRET],
  ]) {
    assert.ok(told.includes(`oe:key="${answer[0]}" oe:value="${answer[1]}"`), `${answer[0]} in ${told}`);
  }
  const kelp = await readFile(resolve("test/fixtures/packages/compose-dir/kelp/kelp.vmdk"));
  const qemu = await startQemuImg();
  const wanted = Buffer.from(await qemu.guestBytes(resolve("test/fixtures/packages/compose-dir/kelp/kelp.vmdk")));
  for (const name of ["pair-web", "pair-db"]) {
    const disk = join(store, name, "disk-0.vmdk");
    assert.equal((await readFile(disk)).length, kelp.length, "carried as it is");
    assert.ok(Buffer.from(await qemu.guestBytes(disk)).equals(wanted), `${name} has the bytes of the package`);
  }
  const cd = await readFile(join(store, "pair-web", "_deviceImage0.iso"));
  assert.ok(cd.includes(SECRET) && cd.includes('oe:id="web"'));
  for (const said of [dry, deployed]) assert.ok(!`${said.stdout}${said.stderr}`.includes(SECRET));
  const kept = await readFile(join(here.home, "vmferry/deployments/pair.json"), "utf8");
  assert.ok(!kept.includes(SECRET) && !kept.includes('pass"'), kept);

  assert.equal((await ferry(deployIt(here, "--start"))).status, 0, "what is there is not deployed twice");
  const status = JSON.parse((await ferry(["deployment", "status", "pair", "--json"])).stdout);
  assert.deepEqual(
    status.deployments[0].machines.map(({ id, state }: Record<string, string>) => [id, state]),
    [
      ["db", "poweredOn"],
      ["web", "poweredOn"],
    ],
  );
  const stopped = await ferry(["deployment", "stop", "pair", "--force"]);
  assert.equal(stopped.status, 0, stopped.stderr);
  assert.equal((await machine(here, "pair-db")).Runtime.PowerState, "poweredOff");
  assert.equal((await ferry(["deployment", "start", "pair"])).status, 0);
  const destroyed = await ferry(["deployment", "destroy", "pair", "--yes"]);
  assert.equal(destroyed.status, 0, destroyed.stderr);
  assert.deepEqual(await inventory(here), empty);
});

test("what others have in a vCenter is never touched: taken names are refused, and a folder with a stranger in it stays", {
  skip,
  timeout: 120_000,
}, async (t) => {
  const here = await world(t);
  const { ferry, simulator } = here;
  await simulator.govc("folder.create", "/DC0/vm/pair");
  const taken = await ferry(deployIt(here));
  assert.match(taken.stderr, /error\[deploy\/blocked\][\s\S]*deploy\/taken/);
  const moved = await ferry(deployIt(here, "--folder", "pair"));
  assert.equal(moved.status, 0, moved.stderr);
  await simulator.govc("object.mv", "/DC0/vm/DC0_H0_VM0", "/DC0/vm/pair/pair");
  const left = await ferry(["deployment", "destroy", "pair", "--yes"]);
  assert.match(left.stderr, /deploy\/left-behind/);
  assert.match((await simulator.govc("find", "/DC0/vm/pair")).stdout, /pair\/pair\/DC0_H0_VM0/);
  await simulator.govc("object.mv", "/DC0/vm/pair/pair/DC0_H0_VM0", "/DC0/vm");
  assert.equal((await ferry(["deployment", "destroy", "pair", "--yes"])).status, 0);
  assert.equal((await simulator.govc("find", "/DC0/vm/pair")).stdout.trim(), "/DC0/vm/pair");
});

test("an ESXi alone takes machines too, where it has no folders for them", { skip, timeout: 120_000 }, async (t) => {
  const here = await world(t, "-esx");
  const { ferry, simulator, ova, thumbprint } = here;
  const words = [
    ...[
      "deploy",
      ova,
      `vsphere://user@127.0.0.1:${simulator.port}`,
      "--password",
      "env:RIGHT",
      "--thumbprint",
      thumbprint,
    ],
    ...["--map-network", "*=VM Network", "--accept-eulas", "--yes", "--set", "secret=env:SHOP", "--start"],
  ];
  const deployed = await ferry(words);
  assert.equal(deployed.status, 0, deployed.stderr);
  assert.equal((await machine(here, "pair-web")).Runtime.PowerState, "poweredOn");
  const folder = await ferry([...words, "--name", "other", "--folder", "a"]);
  assert.match(folder.stderr, /error\[deploy\/bad-place\]/);
  assert.equal((await ferry(["deployment", "destroy", "pair", "--yes"])).status, 0);
  assert.ok(!(await simulator.govc("find", "/", "-type", "m")).stdout.includes("pair-"));
});

/** Each point is two deployments and a removal: twenty in the long run (`VMFERRY_LONG=1`). */
const POINTS = process.env.VMFERRY_LONG === "1" ? 20 : 2;
/** Where points lie, as a part of a whole run: few of them where no run can be over, since it may be faster than the first one. */
const SPAN = POINTS === 20 ? 0.85 : 0.5;

test("killed at points all over and run again, a deployment to a vCenter ends in the same state, and destroy leaves nothing", {
  skip,
  timeout: 580_000,
}, async (t) => {
  const here = await world(t);
  const { ferry } = here;
  const words = deployIt(here, "--start");
  const empty = await inventory(here);
  const began = Date.now();
  assert.equal((await ferry(words)).status, 0);
  const whole = Date.now() - began;
  const wanted = await inventory(here);
  assert.equal((await ferry(["deployment", "destroy", "pair", "--yes"])).status, 0);
  assert.deepEqual(await inventory(here), empty);
  let killed = 0;
  for (let i = 0; i < POINTS; i++) {
    const limit = Math.round(whole * (0.1 + (SPAN * (i + Math.random())) / POINTS));
    if ((await ferry(words, limit)).status !== 0) killed++;
    const second = await ferry(words);
    assert.equal(second.status, 0, `killed after ${limit} ms of ${whole}: ${second.stderr}`);
    assert.deepEqual(await inventory(here), wanted, `killed after ${limit} ms of ${whole}`);
    const destroying = i % 2 === 0 ? Math.round(whole / 3) : undefined;
    const destroyed = await ferry(["deployment", "destroy", "pair", "--yes"], destroying);
    if (destroyed.status !== 0) {
      const rest = await ferry(["deployment", "destroy", "pair", "--yes"]);
      // One that was killed behind its last change left nothing to be destroyed.
      assert.ok(rest.status === 0 || /no-such-deployment/.test(rest.stderr), rest.stderr);
    }
    assert.deepEqual(await inventory(here), empty, `after ${limit} ms`);
  }
  t.diagnostic(`${killed} of ${POINTS} runs were killed, a whole one takes ${whole} ms`);
  assert.ok(killed >= 0.6 * POINTS, `${killed} of ${POINTS} runs were killed`);
});
