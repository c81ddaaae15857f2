/** Machines of a vSphere as sources, with the vCenter simulator: leases, descriptors and downloads over TLS. */
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import * as tls from "node:tls";
import { lacking, peerPath } from "./peers.js";
import { attempt, type Ran, run } from "./run.js";
import { scratch } from "./scratch.js";
import { startSimulator } from "./servers.js";

const skip = await lacking("govc", "vcsim-export", "qemu-img");
const command = resolve("dist/bin/vmferry.js");
const kelp = resolve("test/fixtures/packages/compose-dir/kelp/kelp.vmdk");

/** The simulator knows neither SATA nor disks without an image. */
const SPEC = `
appliance: 1
name: pair
startup: [{ machine: web, order: 2 }, { machine: db, order: 1, delay: 3 }]
networks: { LAN: The inside network }
machines:
  web:
    os: debian12
    memory: 64MiB
    controllers: { s: { bus: scsi, model: lsilogic } }
    drives: [{ disk: ${kelp}, controller: s }]
    nics: [{ network: LAN, model: e1000 }]
  db:
    os: debian12
    memory: 128MiB
    controllers: { s: { bus: scsi, model: lsilogic } }
    drives: [{ disk: ${kelp}, controller: s }]
    nics: [{ network: LAN, model: e1000 }]
`;

function thumbprintAt(port: number): Promise<string> {
  return new Promise((done, fail) => {
    const socket = tls.connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      done(socket.getPeerCertificate().fingerprint256.replaceAll(":", "").toLowerCase());
      socket.destroy();
    });
    socket.once("error", fail);
  });
}

test("machines of a vSphere come in one pass where the target lets them, else by a temporary file; deployments drift and become packages", {
  skip,
  timeout: 180_000,
}, async (t) => {
  const folder = await scratch(t, "live-vsphere");
  const simulator = await startSimulator(t, "vcsim-export", ["-username", "user", "-password", "pass"]);
  const thumbprint = await thumbprintAt(simulator.port);
  const env = { XDG_STATE_HOME: join(folder, "home"), RIGHT: "pass" };
  const ferry = (...args: readonly string[]): Promise<Ran> =>
    attempt(process.execPath, [command, ...args], { env, cwd: folder });
  const access = ["--password", "env:RIGHT", "--thumbprint", thumbprint];
  const center = `vsphere://user@127.0.0.1:${simulator.port}/DC0`;
  await writeFile(join(folder, "pair.yaml"), SPEC);
  await run(process.execPath, [command, "build", "pair.yaml", "pair.ova", "--allow-external"], { cwd: folder });
  const wishes = [...access, "--pool", "DC0_C0", "--map-network", "LAN=VM Network", "--yes"];
  const deployed = await ferry("deploy", "pair.ova", center, ...wishes);
  assert.equal(deployed.status, 0, deployed.stderr);

  // The simulator takes capacities for KiB: behind what the package holds are zeros.
  const assertKelp = async (place: string, count: number): Promise<void> => {
    const disks = (await readdir(join(folder, place))).filter((name) => /\.(?:vmdk|vdi|vhdx|qcow2)$/.test(name));
    assert.equal(disks.length, count, place);
    for (const name of disks) {
      const ran = await run(await peerPath("qemu-img"), ["compare", kelp, join(folder, place, name)]);
      assert.match(ran.stdout, /Images are identical/, `${place}/${name}`);
    }
  };
  const web = `${center}/vm/pair-web`;
  for (const to of ["libvirt", "virtualbox"]) {
    const once = await ferry("convert", web, to, "--to", to, "--json", ...access);
    assert.equal(once.status, 0, once.stderr);
    const codes = JSON.parse(once.stdout).diagnostics.map(({ code }: { code: string }) => code);
    assert.ok(codes.includes("disk/one-pass") && !codes.includes("deploy/fetched"), `${codes}`);
    assert.ok(!once.stderr.includes("save "), "nothing is stored in between");
    await assertKelp(to, 1);
  }
  const looked = await ferry("inspect", web, "--json", ...access);
  assert.equal(looked.status, 0, looked.stderr);
  assert.ok(!looked.stderr.includes("save "));
  const proven = await ferry("convert", web, "proven", "--to", "libvirt", "--prove", "--json", ...access);
  assert.equal(proven.status, 0, proven.stderr);
  assert.match(proven.stdout, /deploy\/fetched/);
  assert.equal(JSON.parse(proven.stdout).proof[0].equal, true);
  const packed = await ferry("convert", web, "web.ova", ...access);
  assert.equal(packed.status, 0, packed.stderr);
  const seen = JSON.parse((await ferry("inspect", "web.ova", "--json")).stdout);
  assert.deepEqual(
    seen.appliance.machines.map((one: Record<string, unknown>) => [one.name, one.memoryBytes]),
    [["pair-web", 64 * 1_048_576]],
  );
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.startsWith(".")),
    [],
    "temporary files are gone",
  );

  const lost = await ferry("inspect", `${center}/vm/nobody`, ...access);
  assert.match(lost.stderr, /error\[deploy\/no-machine\][\s\S]*pair-web/);
  const running = await ferry("inspect", `${center}/vm/DC0_H0_VM0`, ...access);
  assert.match(running.stderr, /error\[deploy\/running\][\s\S]*poweredOn/);

  const exported = await ferry("deployment", "export", "pair", "again", "--to", "ovf");
  assert.equal(exported.status, 0, exported.stderr);
  await assertKelp("again", 2);
  const again = JSON.parse((await ferry("inspect", "again", "--json")).stdout).appliance;
  assert.deepEqual(
    again.startup.map(({ machine, order }: Record<string, unknown>) => [machine, order]),
    [
      ["db", 1],
      ["web", 2],
    ],
  );

  const drift = async (): Promise<{ status: number | null; texts: string[] }> => {
    const ran = await ferry("deployment", "drift", "pair", "--json");
    return { status: ran.status, texts: JSON.parse(ran.stdout).changes.map(({ text }: { text: string }) => text) };
  };
  assert.deepEqual(await drift(), { status: 0, texts: [] });
  await simulator.govc("vm.power", "-on", "pair-web");
  assert.deepEqual(await drift(), { status: 0, texts: [] }, "power is no drift");
  await simulator.govc("vm.change", "-vm", "pair-web", "-m", "256", "-c", "3");
  await simulator.govc("vm.network.add", "-vm", "pair-web", "-net", "VM Network", "-net.adapter", "vmxnet3");
  const changed = await drift();
  assert.equal(changed.status, 1);
  for (const words of [/pair-web: memory 64 MiB -> 256 MiB/, /processors 1 -> 3/, /network card 1 added/]) {
    assert.match(changed.texts.join("\n"), words);
  }
  const state = await readFile(join(folder, "home/vmferry/deployments/pair.json"), "utf8");
  assert.ok(!state.includes('"pass"'));
});
