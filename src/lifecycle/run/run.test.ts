import assert from "node:assert/strict";
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { blankMachine } from "../../appliance/blank.js";
import { FerryError } from "../../base/errors.js";
import { emptyQcow2 } from "../../disk/qcow2/empty.js";
import { stateRoot } from "../state-root.js";
import { natBackend, placeForwards, privateBackend, sharedNetworks } from "./networks.js";
import { startGroups } from "./order.js";
import { isAlive, processNow } from "./processes.js";
import { findQemu, prepareFirmware, qemuArguments } from "./qemu.js";
import { parseState, type RunState } from "./state.js";
import { openStore } from "./store.js";
import { startPrivateNetwork } from "./switch.js";

const machine = (id: string, networks: readonly string[] = []) => ({
  ...blankMachine(id),
  nics: networks.map((network) => ({
    network,
    kind: null,
    vlan: null,
    model: null,
    mac: null,
    connected: true,
    portProfile: null,
  })),
});
const code = (wanted: string) => (error: unknown) => error instanceof FerryError && error.code === wanted;
const state: RunState = {
  schema: "vmferry/vm@1",
  name: "web",
  package: "/app.ova",
  fingerprint: "f",
  created: "2026-01-01T00:00:00.000Z",
  configuration: null,
  answers: [{ key: "password", owner: null, value: "env:X" }],
  forwards: [{ protocol: "tcp", host: 8080, guest: 80, machine: null }],
  macs: "keep",
  phase: "stopped",
  failure: null,
  supervisor: null,
  sockets: null,
  machines: [{ id: "m", name: "m", macs: ["52:54:00:00:00:01"], process: null }],
};

test("machines start by their numbers, those without one last, each group after the longest delay before it", () => {
  const step = (id: string, order: number, startDelaySeconds = 0) => ({ machine: id, order, startDelaySeconds });
  assert.deepEqual(
    startGroups({
      machines: [machine("a"), machine("b"), machine("c"), machine("d"), machine("e")],
      startup: [step("b", 2), step("c", 1, 5), step("a", 1, 9), step("d", 0), step("gone", 1, 99)],
    }),
    [
      { machines: ["c", "a"], delaySeconds: 9 },
      { machines: ["b"], delaySeconds: 0 },
      { machines: ["d", "e"], delaySeconds: 0 },
    ],
  );
});

test("ports lead to the machine that is meant, and to none whose networks are private", () => {
  const machines = [machine("a", ["inside"]), machine("b", ["inside", "outside"])];
  const shared = sharedNetworks(machines);
  assert.deepEqual([...shared], ["inside"]);
  const forward = { protocol: "tcp", host: 8080, guest: 80, machine: null } as const;
  assert.deepEqual(placeForwards(machines, shared, [forward]).get(forward), { machine: "b", nic: 1 });
  assert.throws(() => placeForwards(machines, shared, [{ ...forward, machine: "a" }]), code("vm/no-forward"));
  assert.throws(() => placeForwards(machines, shared, [{ ...forward, machine: "x" }]), code("vm/no-forward"));
  assert.equal(natBackend("net0", [forward]), "user,id=net0,hostfwd=tcp:127.0.0.1:8080-:80");
  assert.equal(privateBackend("n", "/a,b"), "stream,id=n,server=off,addr.type=unix,addr.path=/a,,b");
});

test("QEMU gets no word of the host from a package: names with commas stay names", () => {
  const args = qemuArguments({
    accelerator: "tcg",
    machine: { ...machine("a"), name: "x,guest=y", firmware: "efi" },
    shape: { id: "q35", firmware: ["efi"], bootBuses: [], nicModels: [], buses: {} } as never,
    efi: { code: "/c,d", variables: "/v" },
    firmwareFile: true,
    behind: { drive: () => null, network: () => "" },
    monitor: "/m",
    console: "/c",
    log: "/l",
  });
  assert.ok(args.includes("guest=x,,guest=y"));
  assert.ok(args.includes("if=pflash,unit=0,format=raw,file=/c,,d,readonly=on"));
});

test("a state is taken whole or not at all", () => {
  assert.deepEqual(parseState(JSON.stringify(state), "s"), state);
  for (const wrong of [
    "",
    "[]",
    "{}",
    JSON.stringify({ ...state, schema: "vmferry/vm@2" }),
    JSON.stringify({ ...state, supervisor: { pid: 1, started: null } }),
    JSON.stringify({ ...state, supervisor: { pid: -5, started: null } }),
    JSON.stringify({ ...state, forwards: [{ protocol: "tcp", host: 0, guest: 80, machine: null }] }),
    JSON.stringify({ ...state, machines: [{ id: "m", name: "m", macs: ["x,y"], process: null }] }),
    JSON.stringify({ ...state, phase: "flying" }),
    JSON.stringify({ ...state, answers: [{ key: "k", value: "v" }] }),
  ]) {
    assert.throws(() => parseState(wrong, "s"), code("vm/bad-state"), wrong);
  }
});

test("runs are kept in folders that only the user enters, one at a time holds one, and nothing stays of one that is removed", async (t) => {
  const root = await mkdtemp(join(tmpdir(), "vmferry-test-"));
  t.after(() => rm(root, { recursive: true, force: true }));
  const store = openStore(root);
  assert.deepEqual(await store.names(), []);
  await assert.rejects(store.read("web"), code("vm/unknown"));
  await assert.rejects(store.lock("web"), code("vm/unknown"));
  await store.create(state);
  await assert.rejects(store.create(state), code("vm/name-taken"));
  assert.equal((await stat(store.folder("web"))).mode & 0o777, 0o700);
  assert.equal((await stat(join(store.folder("web"), "vm.json"))).mode & 0o777, 0o600);
  assert.deepEqual(await store.read("web"), state);
  const lock = await store.lock("web");
  await assert.rejects(store.lock("web"), code("vm/busy"));
  await lock.release();
  await writeFile(join(store.folder("web"), "vm.json"), "{");
  await assert.rejects(store.read("web"), code("vm/bad-state"));
  for (const name of ["..", "a/b", "", "-x", "x".repeat(64)])
    assert.throws(() => store.folder(name), code("vm/bad-name"));
  await store.remove("web");
  assert.deepEqual(await readdir(join(root, "vm")), []);
  assert.equal(stateRoot({ XDG_STATE_HOME: "/state" }), "/state/vmferry");
  assert.match(stateRoot({ XDG_STATE_HOME: "relative" }), /\/\.local\/state\/vmferry$/);
});

test("a process that took the number of another one is another one", () => {
  const self = processNow(process.pid);
  assert.ok(isAlive(self));
  assert.ok(!isAlive({ pid: process.pid, started: "0" }));
  assert.equal(processNow(2 ** 30), null);
});

test("programs and firmware that are not there are named", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "vmferry-test-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await assert.rejects(findQemu({ PATH: folder }), code("vm/no-qemu"));
  const file = join(folder, "qemu-system-x86_64");
  await writeFile(file, "");
  await chmod(file, 0o755);
  assert.equal(await findQemu({ PATH: folder }), file);
  const efi = { ...machine("a"), firmware: "efi" as const };
  const env = { OVMF_CODE: join(folder, "code"), OVMF_VARS: join(folder, "vars") };
  await assert.rejects(prepareFirmware(efi, join(folder, "own"), env), code("vm/no-firmware"));
  await writeFile(env.OVMF_CODE, "code");
  await writeFile(env.OVMF_VARS, "vars", { mode: 0o444 });
  const images = await prepareFirmware(efi, join(folder, "own"), env);
  assert.deepEqual(images, { code: env.OVMF_CODE, variables: join(folder, "own") });
  assert.equal(await prepareFirmware(machine("a"), join(folder, "none"), env), null);
});

test("an empty image is one that our own reader takes, with nothing in it", () => {
  const bytes = emptyQcow2(3 * 2 ** 40);
  assert.equal(new DataView(bytes.buffer).getUint32(0), 0x514649fb);
  assert.ok(bytes.length <= 2 ** 20);
});

test("a switch learns who is where, floods what it does not know, and drops whoever sends nonsense", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "vmferry-test-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "net");
  const network = await startPrivateNetwork(path);
  t.after(() => network.close());
  const port = async () => {
    const socket = connect({ path });
    let heard = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      heard = Buffer.concat([heard, chunk]);
    });
    await new Promise((resolve) => socket.once("connect", resolve));
    return { socket, heard: () => heard.toString("hex") };
  };
  const [a, b, c] = [await port(), await port(), await port()];
  const frame = (to: string, from: string): Buffer => Buffer.from(`0000000e${to}${from}0800`, "hex");
  const [ofA, ofB] = ["525400000001", "525400000002"];
  const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));
  const first = frame("ffffffffffff", ofA);
  a.socket.write(first.subarray(0, 3));
  await settled();
  a.socket.write(first.subarray(3));
  await settled();
  assert.deepEqual([a.heard(), b.heard(), c.heard()], ["", first.toString("hex"), first.toString("hex")]);
  const second = frame(ofA, ofB);
  b.socket.write(second);
  await settled();
  assert.deepEqual([a.heard(), c.heard()], [second.toString("hex"), first.toString("hex")]);
  const closed = new Promise((resolve) => c.socket.once("close", resolve));
  c.socket.write(Buffer.from("ffffffff", "hex"));
  await closed;
});
