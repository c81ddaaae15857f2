/** A VirtualBox to deploy to, for tests of deployments. No machine can be started here: there is no kernel module. */
import assert from "node:assert/strict";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { delimiter, dirname, join, resolve } from "node:path";
import type { TestContext } from "node:test";
import { lacking, peerPath } from "./peers.js";
import { attempt, type Ran } from "./run.js";
import { scratch } from "./scratch.js";
import { startVirtualBox, type VirtualBox } from "./virtualbox.js";

export const skip: string | false = await lacking("VBoxManage", "qemu-img");

/** Two machines, the second one in the file first; one with six properties, one of them a password. */
export const SPEC = `
appliance: 1
name: pair
startup: [{ machine: web, order: 2 }, { machine: db, order: 1, delay: 1 }]
networks: { LAN: The inside network, OUT: The outside }
eulas: [{ text: Be kind. }]
machines:
  web:
    os: debian12
    memory: 64MiB
    firmware: efi
    drives: [kelp/kelp.vmdk, { size: 16MiB }]
    nics: [{ network: LAN, model: e1000 }, { network: OUT, model: e1000 }]
    transports: [iso]
    products:
      - name: Web
        properties:
          hostname: { label: Host name, default: web }
          port: { label: Port, type: uint16, default: 80 }
          debug: { label: Debug, type: boolean, default: false }
          ratio: { label: Ratio, type: real64, default: 0.5 }
          mode: { label: Mode, default: fast }
          secret: { label: Secret, password: true }
  db:
    os: debian12
    memory: 64MiB
    firmware: bios
    drives: [kelp/kelp.vmdk]
    nics: [{ network: LAN, model: e1000 }]
`;

/** What the environment of `web` is told, and nobody else. */
export const SECRET = "c0rrect-h0rse";

export interface World {
  readonly box: VirtualBox;
  /** Of the states of deployments. */
  readonly home: string;
  readonly ova: string;
  /** Builds a package of a spec. @returns its path */
  build(name: string, spec: string): Promise<string>;
  /** @param limit milliseconds until the process alone is killed, as by the system: what it started goes on */
  ferry(args: readonly string[], limit?: number): Promise<Ran>;
}

/** A VirtualBox with folders of its own, a package, and the command as its users call it. */
export async function world(t: TestContext): Promise<World> {
  const folder = await scratch(t, "deploy-vbox");
  const [home, autostart] = [join(folder, "home"), join(folder, "autostart")];
  const box = await startVirtualBox(t);
  await mkdir(box.machines);
  await mkdir(autostart);
  await box.manage("setproperty", "machinefolder", box.machines);
  await box.manage("setproperty", "autostartdbpath", autostart);
  const command = resolve("dist/bin/vmferry.js");
  const path = `${dirname(await peerPath("VBoxManage"))}${delimiter}${process.env.PATH ?? ""}`;
  const env = { XDG_STATE_HOME: home, PATH: path, SHOP: SECRET, VBOX_USER_HOME: box.home };
  const ferry = (args: readonly string[], limit = 120_000): Promise<Ran> =>
    attempt(process.execPath, [command, ...args], { env, timeout: limit });
  const build = async (name: string, text: string): Promise<string> => {
    const [spec, to] = [join(folder, `${name}.yaml`), join(folder, `${name}.ova`)];
    await writeFile(spec, text.replaceAll("kelp/", `${resolve("test/fixtures/packages/compose-dir/kelp")}/`));
    const built = await ferry(["build", spec, to, "--allow-external"]);
    assert.equal(built.status, 0, built.stderr);
    return to;
  };
  return { box, home, ova: await build("pair", SPEC), build, ferry };
}

export const deployIt = ({ ova }: World, ...more: readonly string[]): readonly string[] => [
  ...["deploy", ova, "virtualbox:", "--yes", "--accept-eulas", "--set", "secret=env:SHOP", "--set", "hostname=shop"],
  ...["--map-network", "LAN=intnet:inside", "--map-network", "OUT=nat", ...more],
];

/** Facts that a deployment decides, by what `showvminfo` calls them. */
const FACTS =
  /^(?:name|groups|ostype|memory|firmware|cpus|VMState|autostart-enabled|(?:nic|nictype|intnet)[12]|SATA-\d-\d)$/;

/** Everything of a VirtualBox that a deployment could make. */
export async function inventory({ box, home }: World): Promise<Record<string, unknown>> {
  const lines = async (list: string): Promise<string[]> =>
    (await box.manage("list", list)).stdout.split("\n").map((line) => line.trim());
  const [vms, hdds, dvds] = await Promise.all([lines("vms"), lines("hdds"), lines("dvds")]);
  const machines = vms.flatMap((line) => /^"(.*)" \{/.exec(line)?.[1] ?? []).sort();
  const facts: unknown[] = [];
  for (const name of machines) {
    const shown = [...(await box.machineInfo(name))].filter(([key, value]) => FACTS.test(key) && value !== "none");
    facts.push(Object.fromEntries(shown.map(([key, value]) => [key, value.replace(box.machines, "")])));
  }
  const media = [...hdds, ...dvds].filter((line) => line.startsWith("Location:"));
  const files = (await readdir(box.machines, { recursive: true })).filter((file) => !file.endsWith("-prev")).sort();
  const starts = await readdir(join(home, "..", "autostart"));
  const states = await readdir(join(home, "vmferry", "deployments")).catch((): string[] => []);
  return { machines: facts, media: media.length, files, starts, states: states.sort() };
}

export const EMPTY: Readonly<Record<string, unknown>> = { machines: [], media: 0, files: [], starts: [], states: [] };
