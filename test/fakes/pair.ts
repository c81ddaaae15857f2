/** A package to be deployed in tests: two machines in an order, six questions, one of them for a password, and licence terms. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { TestContext } from "node:test";
import { attempt, type Ran } from "../interop/run.js";

/** The second machine of the file is the first one to start. Both have the disk of `KELP`. */
const SPEC = `
appliance: 1
name: pair
startup: [{ machine: web, order: 2 }, { machine: db, order: 1DELAY }]
networks: { LAN: The inside network }
eulas: [ "Do what you like." ]
machines:
  web:
    os: debian12
    memory: 64MiB
    firmware: FIRMWARE
    drives: [kelp/kelp.vmdk, { size: 16MiB }]
    nics: [{ network: LAN, model: e1000 }]
    transports: [iso]
    products:
      - name: Web
        properties:
          hostname: { label: Host name, default: web, max-length: 63 }
          port: { type: uint16, label: Port, default: "8080" }
          tls: { type: boolean, label: TLS, default: "True" }
          ratio: { type: real32, label: Ratio, default: "0.5" }
          size: { label: Size, choices: [small, large], default: small }
          secret: { label: Secret, password: true }
  db:
    os: debian12
    memory: 64MiB
    firmware: FIRMWARE
    drives: [kelp/kelp.vmdk]
    nics: [{ network: LAN, model: e1000 }]
`;

/** What the environment of `web` is told, and nobody else. */
export const SECRET = "c0rrect-h0rse";
const FOLDER = resolve("test/fixtures/packages/compose-dir/kelp");
/** The disk of both machines. */
export const KELP: string = join(FOLDER, "kelp.vmdk");

/** The package, and the command as its users call it. */
export interface Pair {
  readonly folder: string;
  readonly ova: string;
  /** Of the states of deployments. */
  readonly home: string;
  /** Of the command. */
  readonly env: Readonly<Record<string, string>>;
  /** @param limit milliseconds until the process alone is killed, as by the system */
  ferry(args: readonly string[], limit?: number): Promise<Ran>;
  /** Names of files with states. */
  states(): Promise<readonly string[]>;
}

/** The command as a script. */
export const COMMAND: string = resolve("dist/bin/vmferry.js");

function specOf(firmware: string, delay: number): string {
  return SPEC.replaceAll("kelp/", `${FOLDER}/`)
    .replaceAll("FIRMWARE", firmware)
    .replace("DELAY", delay === 0 ? "" : `, delay: ${delay}`);
}

/** Packages that were built by this process, by firmware and delay. */
const built = new Map<string, Promise<Uint8Array>>();

/**
 * Puts the package into a folder.
 * @param more of the command's environment, beside `SHOP`, which holds the secret
 * @param delay seconds after the start of the first machine
 */
export async function buildPair(
  t: TestContext,
  more: Readonly<Record<string, string>>,
  firmware: "bios" | "efi" = "bios",
  delay = 0,
): Promise<Pair> {
  const folder = await mkdtemp(join(tmpdir(), "pair-"));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));
  const [home, ova] = [join(folder, "home"), join(folder, "pair.ova")];
  const env = { XDG_STATE_HOME: home, SHOP: SECRET, ...more };
  const ferry = (args: readonly string[], limit = 60_000): Promise<Ran> =>
    attempt(process.execPath, [COMMAND, ...args], { env, timeout: limit });
  const build = async (): Promise<Uint8Array> => {
    const spec = join(folder, "pair.yaml");
    await writeFile(spec, specOf(firmware, delay));
    const ran = await ferry(["build", spec, ova, "--allow-external"]);
    assert.equal(ran.status, 0, ran.stderr);
    return readFile(ova);
  };
  const kind = `${firmware} ${delay}`;
  const bytes = built.get(kind) ?? build();
  built.set(kind, bytes);
  await writeFile(ova, await bytes);
  return {
    ...{ folder, ova, home, env, ferry },
    states: async () => (await readdir(join(home, "vmferry", "deployments")).catch((): string[] => [])).sort(),
  };
}

/** Answers to the package's questions, and its terms accepted. */
export const ANSWERS: readonly string[] = ["--accept-eulas", "--set", "hostname=shop", "--set", "secret=env:SHOP"];
