/** One package to every platform that is deployed to: the guests with questions, a licence and an order that also boot on libvirt. */
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, dirname, join, resolve } from "node:path";
import { type TestContext, test } from "node:test";
import { startHyperv } from "../fakes/hyperv.js";
import { PVE_LOGINS, startFakePve } from "../fakes/pve.js";
import { startXapi, PASSWORD as XEN_PASSWORD } from "../fakes/xapi.js";
import { PAIR } from "../support/boot-guest/pair.js";
import { lackingParts, makeBootGuest } from "../support/boot-guest.js";
import { lacking, peerPath } from "./peers.js";
import { attempt, run } from "./run.js";
import { scratch } from "./scratch.js";
import { startSimulator, thumbprintAt } from "./servers.js";
import { startVirtualBox } from "./virtualbox.js";

/** A platform that was started: how it is deployed to, and with which variables. */
interface Place {
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Names of machines that are there. */
  machines(): Promise<readonly string[]>;
  /** Looks closer at what was deployed. @param same whether two disks hold the same */
  check?(ova: string, same: (a: string, b: string) => Promise<boolean>): Promise<void>;
}

/** Platforms, what their tests lack, and how they are started. */
const PLATFORMS: Readonly<
  Record<string, readonly [string | false, (t: TestContext, folder: string) => Promise<Place>]>
> = {
  virtualbox: [
    await lacking("VBoxManage"),
    async (t) => {
      const box = await startVirtualBox(t);
      await mkdir(box.machines);
      await box.manage("setproperty", "machinefolder", box.machines);
      return {
        words: ["virtualbox:", "--map-network", "*=intnet:inside"],
        env: { VBOX_USER_HOME: box.home },
        machines: async () =>
          [...(await box.manage("list", "vms")).stdout.matchAll(/^"(.*)" \{/gm)].map(([, name = ""]) => name),
      };
    },
  ],
  vsphere: [
    await lacking("govc", "vcsim-export"),
    async (t) => {
      const simulator = await startSimulator(t, "vcsim-export");
      const names = async (): Promise<string[]> =>
        (await simulator.govc("find", "/", "-type", "m")).stdout
          .split("\n")
          .flatMap((line) => line.split("/").at(-1) || []);
      const before = new Set(await names());
      return {
        words: [
          ...[`vsphere://user@127.0.0.1:${simulator.port}/DC0`, "--password", "env:PLATFORM", "--pool", "DC0_C0"],
          ...["--thumbprint", await thumbprintAt(simulator.port), "--map-network", "*=VM Network", "--start"],
        ],
        env: { PLATFORM: "pass" },
        // The simulator begins with some of its own.
        machines: async () => (await names()).filter((name) => !before.has(name)),
        async check(ova, same) {
          const { Datastores } = JSON.parse((await simulator.govc("datastore.info", "-json")).stdout);
          for (const id of ["web", "db"]) {
            const { stdout } = await simulator.govc("vm.info", "-json", "-e", `pair-${id}`);
            const [{ Runtime, Config }] = JSON.parse(stdout).VirtualMachines;
            assert.equal(Runtime.PowerState, "poweredOn");
            const backings: { DeviceName?: string; FileName?: string }[] = Config.Hardware.Device.flatMap(
              ({ Backing }: { Backing?: object }) => Backing ?? [],
            );
            assert.ok(backings.some(({ DeviceName }) => DeviceName === "VM Network"));
            const extra: { Key: string; Value: string }[] = Config.ExtraConfig;
            assert.equal(extra.find(({ Key }) => Key === "vmferry.deployment")?.Value, Config.InstanceUuid);
            const disk = backings.find(({ FileName }) => /\.vmdk$/.test(FileName ?? ""))?.FileName ?? "";
            const file = join(Datastores[0].Info.Url, disk.replace(/^\[.*?\] */, ""));
            assert.ok(await same(`${ova}!${id}-disk1.vmdk`, file), `${file} is what the package holds`);
          }
        },
      };
    },
  ],
  xenserver: [
    false,
    async (t) => {
      const { port, certificate, pool } = await startXapi(t);
      return {
        words: [
          ...[`xenserver://127.0.0.1:${port}`, "--password", "env:PLATFORM", "--map-network", "*=lab"],
          ...["--thumbprint", certificate.fingerprint, "--start"],
        ],
        env: { PLATFORM: XEN_PASSWORD },
        machines: async () => [...pool.table("VM").values()].map(({ name_label }) => String(name_label)),
      };
    },
  ],
  proxmox: [
    false,
    async (t, folder) => {
      const pve = await startFakePve(folder);
      t.after(() => pve.close());
      return {
        words: [
          ...[`proxmox://root@pam!deploy@127.0.0.1:${pve.port}/pve`, "--password", "env:PLATFORM"],
          ...["--thumbprint", pve.certificate.fingerprint, "--map-network", "*=lab", "--start"],
          ...["--storage", "local-lvm"],
        ],
        env: { PLATFORM: PVE_LOGINS.token },
        machines: async () => [...pve.state.machines.values()].map(({ config }) => config.name ?? ""),
      };
    },
  ],
  hyperv: [
    false,
    async (t, folder) => {
      const { hyperv, close } = await startHyperv(folder);
      t.after(close);
      return {
        words: ["hyperv+ssh://admin@hyperv.example", "--map-network", "*=lab", "--start"],
        env: hyperv.env,
        machines: async () => hyperv.host.vms.map(({ name }) => name),
      };
    },
  ],
};
const GUEST_SECRET = "battery staple";

const command = resolve("dist/bin/vmferry.js");
let built: Promise<Uint8Array> | undefined;

/** The package, once for all. */
async function build(t: TestContext): Promise<Uint8Array> {
  const folder = await scratch(t, "everywhere-package");
  await makeBootGuest(folder, "bios", null, "environment");
  await writeFile(join(folder, "pair.yaml"), PAIR);
  await run(process.execPath, [command, "build", join(folder, "pair.yaml"), join(folder, "pair.ova"), "--quiet"]);
  return readFile(join(folder, "pair.ova"));
}

const parts = (await lacking("grub-mkimage", "mke2fs")) || (await lackingParts());

for (const [id, [lack, start]] of Object.entries(PLATFORMS)) {
  test(`the package that boots on libvirt is deployed to ${id}, and removed without a trace`, {
    skip: parts || lack,
    timeout: 180_000,
  }, async (t) => {
    const folder = await scratch(t, "everywhere");
    const [home, ova] = [join(folder, "home"), join(folder, "pair.ova")];
    built ??= build(t);
    await writeFile(ova, await built);
    const { words, env, machines, check } = await start(t, folder);
    const path = `${dirname(await peerPath("VBoxManage").catch(() => process.execPath))}${delimiter}${process.env.PATH ?? ""}`;
    const ferry = (...args: readonly string[]) =>
      attempt(process.execPath, [command, ...args], {
        env: { XDG_STATE_HOME: home, PATH: path, GUEST: GUEST_SECRET, ...env },
        timeout: 120_000,
      });
    const [target = "", ...rest] = words;
    const deploy = ["deploy", ova, target, ...rest, "--set", "hostname=www", "--set", "password=env:GUEST", "--yes"];
    const unread = await ferry(...deploy);
    assert.match(unread.stderr, /error\[deploy\/eula\]/);
    const deployed = await ferry(...deploy, "--accept-eulas");
    assert.equal(deployed.status, 0, deployed.stderr);
    assert.deepEqual([...(await machines())].sort(), ["pair-db", "pair-web"]);
    await check?.(ova, async (a, b) => {
      const compared = await ferry("disk", "compare", a, b);
      assert.ok(compared.status === 0 || compared.status === 1, compared.stderr);
      return compared.status === 0;
    });
    const status = await ferry("deployment", "status", "pair", "--json");
    assert.equal(status.status, 0, status.stderr);
    const [{ machines: seen, steps }] = JSON.parse(status.stdout).deployments;
    assert.deepEqual(
      seen.map(({ id: machine, order }: { id: string; order: number }) => [machine, order]),
      [
        ["db", 1],
        ["web", 2],
      ],
    );
    assert.ok(steps.every(({ status: step }: { status: string }) => step === "done"));
    for (const { stdout, stderr } of [deployed, status]) {
      for (const secret of [
        GUEST_SECRET,
        ...Object.entries(env).flatMap(([name, value]) => (name === "PLATFORM" ? value : [])),
      ]) {
        assert.ok(!`${stdout}${stderr}`.includes(secret));
      }
    }
    const destroyed = await ferry("deployment", "destroy", "pair", "--yes");
    assert.equal(destroyed.status, 0, destroyed.stderr);
    assert.deepEqual(await machines(), []);
    assert.deepEqual(await readdir(join(home, "vmferry", "deployments")), []);
  });
}
