/** `vmferry run` with a guest that boots by EFI and answers on a port that leads to it. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { HAS } from "../support/boot-guest/init.js";
import { lackingParts, makeBootGuest } from "../support/boot-guest.js";
import { lacking, type PeerName } from "./peers.js";
import { lackingEfi } from "./qemu-boot.js";
import { attempt, killGroup, type Ran } from "./run.js";
import { scratch } from "./scratch.js";

const needed: readonly PeerName[] = [
  "qemu-system-x86_64",
  "grub-mkimage",
  "mke2fs",
  "sgdisk",
  "mkfs.vfat",
  "mmd",
  "mcopy",
];
const skip = (await lacking(...needed)) || (await lackingParts()) || (await lackingEfi());
const command = "dist/bin/vmferry.js";

/** GRUB has no room for the initial RAM disk below OVMF in 256 MiB. The address is the one that QEMU's NAT leads to. */
const SPEC = `appliance: 1
name: efi
machine:
  os: debian12
  memory: 512MiB
  firmware: efi
  drives: [guest-efi.raw]
  nics: [{ network: outside, model: e1000 }]
  transports: [iso]
  products:
    - properties:
        address: { type: string, default: 10.0.2.15 }
        listen: { type: uint16, default: 7777 }
        hostname: { default: Guest-1 }
        ways: { password: yes }
`;

/** The value of a password: each way leads to it. */
const SECRET = "it's <that> & more";

/** A port of this machine that nobody has at the moment. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

/** What somebody says on a port of this machine; empty where nobody does, which QEMU ends at once. */
function heardFrom(port: number): Promise<string> {
  return new Promise((resolve) => {
    let heard = "";
    const socket = connect({ port, host: "127.0.0.1" });
    socket.setTimeout(2000, () => socket.destroy());
    socket.on("data", (bytes: Uint8Array) => {
      heard += new TextDecoder().decode(bytes);
      if (heard.includes("\n")) socket.destroy();
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(heard));
  });
}

test("a guest boots by EFI and answers where --forward leads to it, run prints its console, and Ctrl-C shuts it down", {
  skip,
  timeout: 300_000,
}, async (t) => {
  const folder = await scratch(t, "run-efi");
  const env = { XDG_STATE_HOME: join(folder, "state"), VMFERRY_TEST_WAYS: SECRET };
  const vmferry = (...args: readonly string[]): Promise<Ran> =>
    attempt(process.execPath, [command, ...args], { env, timeout: 120_000 });
  await makeBootGuest(folder, "efi", null, "environment");
  await writeFile(join(folder, "efi.yaml"), SPEC);
  const file = join(folder, "efi.ova");
  const built = await vmferry("build", join(folder, "efi.yaml"), file, "--quiet");
  assert.equal(built.status, 0, built.stderr);
  const port = await freePort();
  const words = ["--forward", `${port}:7777`, "--set", "ways=env:VMFERRY_TEST_WAYS"];
  words.push("--bridge", "cloud-init", "--bridge", "fw-cfg");
  const child = spawn(process.execPath, [command, "run", file, ...words, "--rm", "--name", "efi"], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  t.after(() => killGroup(child.pid, "SIGKILL"));
  const said = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    said.out += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    said.err += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const until = async (what: string, is: () => Promise<boolean>): Promise<void> => {
    for (const end = Date.now() + 120_000; !(await is()); ) {
      assert.ok(Date.now() < end && child.exitCode === null, `${what}: ${said.err}`);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  };
  let heard = "";
  await until("the guest answers", async () => {
    heard = await heardFrom(port);
    return heard !== "";
  });
  assert.equal(heard, `${HAS} firmware=efi\n`);
  // Another machine cannot have the port.
  const taken = await vmferry("run", file, ...words, "--detach", "--name", "second");
  assert.match(taken.stderr, /^error\[vm\/did-not-start\].*forward/m);
  await until("the guest waits for the power button", async () => said.out.includes(`${HAS} end`));
  for (const line of [`cd=${SECRET}`, `fw_cfg=${SECRET}`, "seed=Guest-1 #cloud-config"]) {
    assert.ok(said.out.includes(`${HAS} ${line}`), `${line}: ${said.out}`);
  }
  const state = JSON.parse(await readFile(join(env.XDG_STATE_HOME, "vmferry/vm/efi/vm.json"), "utf8"));
  assert.deepEqual(state.bridges, ["cloud-init", "fw-cfg"]);
  assert.ok(!(await readFile(`/proc/${state.machines[0].process.pid}/cmdline`, "utf8")).includes(SECRET));
  assert.deepEqual(
    (await readdir(state.sockets)).filter((name) => !/^(?:disks|\d+\.(?:monitor|console))$/.test(name)),
    [],
    "no file with the environment is left",
  );
  child.kill("SIGINT");
  assert.equal(await ended, 0, said.err);
  assert.match(said.out, new RegExp(`${HAS} off`));
  assert.match(said.err, /^efi: running after \d+\.\d\d s$/m);
  assert.deepEqual(await readdir(join(env.XDG_STATE_HOME, "vmferry/vm")), []);
  t.diagnostic(said.err.trim());
});
