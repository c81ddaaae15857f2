import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "../../../../test/support/errors.js";
import type { FerryError } from "../../../base/errors.js";
import { openPve } from "./api.js";
import { proxmox } from "./driver.js";
import { storagesFor } from "./look.js";
import { createParameters } from "./parameters.js";
import { proxmoxPlace, proxmoxUser } from "./place.js";
import { proxmoxStep } from "./steps.js";
import { taskOf } from "./tasks.js";

const trust = { thumbprint: null, authorities: null };
const uuid = "00000000-0000-8000-a000-000000000000";

test("targets name a node, and users may be tokens", () => {
  assert.deepEqual(proxmoxPlace("proxmox://root@pam!deploy@pve.example/pve"), {
    user: "root@pam!deploy",
    host: "pve.example",
    port: 8006,
    node: "pve",
  });
  assert.deepEqual(proxmoxPlace("proxmox://[fe80::1]:443/node-2/"), {
    user: null,
    host: "fe80::1",
    port: 443,
    node: "node-2",
  });
  assert.equal(proxmoxUser("ann@example.org@ldap!ci"), "ann@example.org@ldap!ci");
});

test("what is no target or user of Proxmox VE is refused, and what may be a password is not shown", () => {
  const bad = [
    "proxmox://",
    "proxmox://host",
    "proxmox://host/",
    "proxmox://host/a/b",
    "proxmox://host/..",
    "proxmox://root@host/pve",
    "proxmox://root@pam!@host/pve",
    "proxmox://host:0/pve",
    "proxmox://host:70000/pve",
    "proxmox://host/pve?x=1",
    "proxmox://host/pve\n",
    "proxmox://a b/pve",
  ];
  for (const target of bad) assert.throws(() => proxmoxPlace(target), hasCode("deploy/bad-target"), target);
  for (const user of ["root", "root@pam!", "root@pam\r\nX: y", "root@pam=secret"]) {
    assert.throws(() => proxmoxUser(user), hasCode("deploy/bad-target"), user);
  }
  assert.throws(
    () => proxmoxPlace("proxmox://root@pam:hunter2@host/pve"),
    (error: FerryError) => error.code === "deploy/bad-target" && !error.message.includes("hunter2"),
  );
  const access = { target: "proxmox://root@pam@host/pve", user: null, password: null, ...trust };
  const scope = { reveal: async () => "", env: {} };
  assert.throws(() => proxmox.open(access, scope), hasCode("deploy/bad-target"), "a password is needed");
  const nobody = { ...access, target: "proxmox://host/pve", password: "env:X" };
  assert.throws(() => proxmox.open(nobody, scope), hasCode("deploy/bad-target"), "a user is needed");
});

test("a state cannot make steps of other kinds, of files elsewhere, or of settings of others", () => {
  const pve = openPve({ host: "127.0.0.1", port: 1, trust, user: "root@pam!x", secret: async () => "" });
  const own = { node: "pve", vmid: 100, uuid };
  const machine = { kind: "machine", ...own, file: "m.conf", pool: null, storage: "local", startup: 1, emulate: 0 };
  const drive = {
    ...{ kind: "drive", ...own, key: "scsi0", file: "m.qcow2", how: "import", from: "local" },
    ...{ upload: "vmferry-1-m.qcow2", storage: "local-lvm", options: "ro=1" },
  };
  const finish = { kind: "finish", ...own, order: "scsi0;net0", onboot: 1 };
  for (const right of [machine, drive, finish]) {
    assert.ok(proxmoxStep({ key: "k", text: "t", status: "open", action: right }, pve, "/x"));
  }
  const wrong = [
    { ...machine, kind: "shell" },
    { ...machine, file: "../m.conf" },
    { ...machine, node: "pve/../../access" },
    { ...machine, vmid: 99 },
    { ...machine, uuid: "x" },
    { ...machine, pool: "a/b" },
    { ...drive, key: "args" },
    { ...drive, options: "x,import-from=/etc/shadow" },
    { ...drive, upload: "../x.qcow2" },
    { ...drive, upload: 'x".qcow2' },
    { ...drive, from: "local/.." },
    { ...finish, order: "scsi0,legacy=c" },
    { ...finish, onboot: 2 },
  ];
  for (const action of wrong) {
    const record = { key: "k", text: "t", status: "open" as const, action };
    assert.throws(() => proxmoxStep(record, pve, "/x"), hasCode("deploy/bad-state"), JSON.stringify(action));
  }
});

test("a configuration becomes the parameters of a machine without its files", () => {
  const conf = new TextEncoder().encode(
    [
      "#A web server%3A 1",
      "bios: ovmf",
      "boot: order=scsi0",
      "cpu: x86-64-v2-AES",
      "efidisk0: local-lvm:vm-100-efidisk0,efitype=4m,size=4M",
      "ide2: none,media=cdrom",
      "scsi0: local-lvm:100/m-disk1.qcow2,size=8M",
      `smbios1: uuid=${uuid}`,
      "startup: order=1,up=5",
      "",
    ].join("\n"),
  );
  const wish = { vmid: 7001, uuid, pool: "shop", storage: "tank", startup: 0, emulate: 0 };
  assert.deepEqual(createParameters(conf, wish), {
    vmid: 7001,
    bios: "ovmf",
    cpu: "x86-64-v2-AES",
    efidisk0: "tank:1,efitype=4m",
    ide2: "none,media=cdrom",
    smbios1: `uuid=${uuid}`,
    description: "A web server: 1",
    pool: "shop",
  });
  const { startup, kvm, cpu } = createParameters(conf, { ...wish, startup: 1, emulate: 1 });
  assert.deepEqual([startup, kvm, cpu], ["order=1,up=5", 0, "max"]);
  const other = { ...wish, uuid: uuid.replace("8", "9") };
  assert.throws(() => createParameters(conf, other), hasCode("deploy/bad-state"));
});

test("storages are the named one where it can, and the roomiest otherwise", () => {
  const storage = (name: string, room: number, ...content: string[]) => ({
    ...{ name, type: "dir", content, active: true, room },
  });
  const storages = [
    storage("a", 10, "images", "import"),
    storage("b", 20, "images"),
    storage("c", 30, "import", "iso"),
    { ...storage("d", 99, "images", "import", "iso"), active: false },
  ];
  const host = { node: "pve", version: null, storages, bridges: new Map(), machines: [], kvm: true, pools: null };
  const names = (named: string | null): (string | undefined)[] => {
    const { images, import: staging, iso } = storagesFor(host, named);
    return [images?.name, staging?.name, iso?.name];
  };
  assert.deepEqual(names(null), ["b", "c", "c"]);
  assert.deepEqual(names("a"), ["a", "a", "c"]);
  assert.deepEqual(names("d"), [undefined, "c", "c"]);
});

test("tasks are known by ids of their form alone", () => {
  const upid = "UPID:pve:00001000:00020000:65A00000:qmcreate:100:root@pam!x:";
  assert.deepEqual(taskOf(upid), { upid, node: "pve", type: "qmcreate", id: "100", user: "root@pam!x" });
  for (const bad of [null, 7, "", "UPID:pve", upid.replace("pve", "../x"), `${upid}\n`])
    assert.equal(taskOf(bad), null);
});
