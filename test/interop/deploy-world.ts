/** A libvirt to deploy to, a package of two machines, and the command as its users call it. */
import assert from "node:assert/strict";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { delimiter, dirname, join, resolve } from "node:path";
import type { TestContext } from "node:test";
import { lacking, peerPath } from "./peers.js";
import { attempt, type Ran } from "./run.js";
import { scratch } from "./scratch.js";
import { type Libvirt, startLibvirt } from "./servers.js";

/** Why tests with it cannot run. */
export const skip: string | false =
  (await lacking("libvirtd", "virtlogd", "virsh", "unshare", "qemu-system-x86_64", "qemu-img")) ||
  (process.getuid?.() === 0 ? false : "libvirtd of the system needs root");

/** Two machines, the second one in the file first: its number says so. */
export const SPEC = `
appliance: 1
name: pair
startup: [{ machine: web, order: 2 }, { machine: db, order: 1, delay: 1 }]
networks: { LAN: The inside network }
machines:
  web:
    os: debian12
    memory: 64MiB
    firmware: bios
    drives: [kelp/kelp.vmdk, { size: 16MiB }]
    nics: [{ network: LAN, model: e1000 }]
    transports: [iso]
    products:
      - name: Web
        properties:
          hostname: { label: Host name, default: web }
          secret: { label: Secret, password: true }
  db:
    os: debian12
    memory: 64MiB
    firmware: bios
    drives: [kelp/kelp.vmdk]
    nics: [{ network: LAN, model: e1000 }]
`;

export interface World {
  readonly libvirt: Libvirt;
  /** Folder of the pool. */
  readonly images: string;
  /** Of the states of deployments. */
  readonly home: string;
  readonly ova: string;
  /** Builds one more package of a YAML text. Returns its path. */
  build(name: string, spec: string): Promise<string>;
  /** @param limit milliseconds until the process alone is killed, as by the system */
  ferry(args: readonly string[], limit?: number): Promise<Ran>;
}

/** A libvirt with a pool and a network, a package, and the command as its users call it. */
export async function world(t: TestContext): Promise<World> {
  const folder = await scratch(t, "deploy");
  const [images, home] = [join(folder, "images"), join(folder, "home")];
  await mkdir(images);
  const libvirt = await startLibvirt(t);
  await libvirt.virsh("pool-define-as", "default", "dir", "--target", images);
  await libvirt.virsh("pool-start", "default");
  await libvirt.startNetwork("lab");
  const command = resolve("dist/bin/vmferry.js");
  const path = `${dirname(await peerPath("virsh"))}${delimiter}${process.env.PATH ?? ""}`;
  const [program, ...enter] = libvirt.inside;
  const ferry = (args: readonly string[], limit = 120_000): Promise<Ran> =>
    attempt(program, [...enter, process.execPath, command, ...args], {
      env: { XDG_STATE_HOME: home, PATH: path, SHOP: SECRET },
      timeout: limit,
    });
  const build = async (name: string, text: string): Promise<string> => {
    const [spec, result] = [join(folder, `${name}.yaml`), join(folder, `${name}.ova`)];
    await writeFile(spec, text.replaceAll("kelp/", `${resolve("test/fixtures/packages/compose-dir/kelp")}/`));
    const built = await attempt(process.execPath, [command, "build", spec, result, "--allow-external"]);
    assert.equal(built.status, 0, built.stderr);
    return result;
  };
  const ova = await build("pair", SPEC);
  return { libvirt, images, home, ova, build, ferry };
}

/** What the environment of `web` is told, and nobody else. */
export const SECRET = "c0rrect-h0rse";

/** The words of a deployment of the package. */
export const deployIt = ({ ova }: World, ...more: readonly string[]): readonly string[] => [
  ...[
    "deploy",
    ova,
    "libvirt:///system",
    "--map-network",
    "LAN=lab",
    "--emulate",
    "--yes",
    "--set",
    "hostname=shop",
    "--set",
    "secret=env:SHOP",
    ...more,
  ],
];

/** Everything of a libvirt that a deployment could make. */
export async function inventory({ libvirt, images, home }: World): Promise<Record<string, unknown>> {
  const lines = async (...args: string[]): Promise<string[]> =>
    (await libvirt.virsh(...args)).stdout
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "")
      .sort();
  const names = (await lines("list", "--all", "--name")).filter((name) => name !== "");
  const domains = await Promise.all(
    names.map(async (name) => {
      const xml = (await libvirt.virsh("dumpxml", name, "--inactive")).stdout;
      return [
        name,
        (await libvirt.virsh("domstate", name)).stdout.trim(),
        // What libvirt chooses is another in each world: addresses of cards, ids.
        xml.replace(/<mac address=.*\/>/g, "").replace(/<uuid>.*<\/uuid>/, ""),
      ];
    }),
  );
  await libvirt.virsh("pool-refresh", "default");
  const states = await readdir(join(home, "vmferry", "deployments")).catch((): string[] => []);
  return {
    domains,
    networks: await lines("net-list", "--all", "--name"),
    volumes: (await readdir(images)).sort(),
    states: states.sort(),
  };
}

/** What a world has before anything is deployed. */
export const EMPTY: Readonly<Record<string, readonly unknown[]>> = {
  domains: [],
  networks: ["lab"],
  volumes: [],
  states: [],
};
