import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { diskContext } from "../../../../test/support/disks.js";
import { hasCode } from "../../../../test/support/errors.js";
import type { FerryError } from "../../../base/errors.js";
import type { StepRecord } from "../../deployment/state.js";
import type { Place } from "../../driver.js";
import { openDriver } from "../drivers.js";
import { type HostNetworks, plugMeant, virtualboxPlace } from "./place.js";
import { removeMachine } from "./remove.js";
import { virtualboxStep } from "./steps.js";
import { guestAddresses, machineFacts, machinesThere, openVBoxManage, type VBoxManage } from "./vboxmanage.js";

const ctx = diskContext();
const { signal } = ctx;
const UUID = "00000000-0000-8000-a000-000000000000";
const scope = { reveal: async () => "", env: {} };
const tools = { files: "/x", kept: "/k" };
const nobody = { user: null, password: null, thumbprint: null, authorities: null };

async function scratch(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "vmferry-vbox-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A VBoxManage of a shell script, which writes its words into `calls`. */
async function scripted(folder: string, lines: string, patienceMs?: number): Promise<VBoxManage> {
  const program = join(folder, "VBoxManage");
  await writeFile(program, `#!/bin/sh\ncd "${folder}" || exit 9\nshift\necho "$*" >>calls\n${lines}\n`);
  await chmod(program, 0o755);
  return openVBoxManage(program, patienceMs);
}

test("the target is virtualbox: alone, and what stands behind it is not shown", () => {
  assert.equal(openDriver({ target: "virtualbox:", ...nobody }, scope).label, "VirtualBox");
  for (const target of ["virtualbox:hunter2", "virtualbox://host", "virtualbox:--help"]) {
    assert.throws(
      () => openDriver({ target, ...nobody }, scope),
      (error: FerryError) => error.code === "deploy/bad-target" && !error.message.includes("hunter2"),
    );
  }
  assert.throws(
    () => openDriver({ ...nobody, target: "virtualbox:", user: "root" }, scope),
    hasCode("deploy/bad-target"),
  );
});

test("places are absolute folders and groups of plain names", () => {
  const place = (some: Partial<Place>): Place => ({
    storage: null,
    folder: null,
    pool: null,
    networks: new Map(),
    ...some,
  });
  assert.deepEqual(virtualboxPlace(place({ storage: "/vms/", folder: "lab/Web 2" })), {
    base: "/vms",
    group: "/lab/Web 2",
  });
  assert.deepEqual(virtualboxPlace(place({ folder: "/" })), { base: null, group: null });
  const wrong = [
    { storage: "vms" },
    { storage: "/a\nb" },
    { pool: "x" },
    { folder: "/../etc" },
    { folder: "a//b" },
    { folder: "a/-x" },
  ];
  for (const some of wrong)
    assert.throws(() => virtualboxPlace(place(some)), hasCode("deploy/bad-place"), JSON.stringify(some));
});

test("a plain name is looked for among NAT networks, interfaces and internal networks, in this order", () => {
  const of = (...names: string[]): ReadonlySet<string> => new Set(names);
  const host: HostNetworks = {
    natnetwork: of("a"),
    bridged: of("a", "b"),
    hostonly: of("b", "c"),
    intnet: of("c", "d"),
  };
  const modes = ["a", "b", "c", "d", "nat", "intnet:x", "bridged:b:c"].map((name) => plugMeant(name, host));
  assert.deepEqual(
    modes.map((plug) => `${plug?.mode} ${plug?.name}`),
    ["natnetwork a", "bridged b", "hostonly c", "intnet d", "nat null", "intnet x", "bridged b:c"],
  );
  assert.deepEqual([plugMeant("e", host), plugMeant("bridged:", host)], [null, null]);
});

test("a VBoxManage that is not installed is said, and a state cannot make steps of other kinds or of files elsewhere", async () => {
  const box = openVBoxManage("/nowhere/VBoxManage");
  await assert.rejects(box.run(["list", "vms"], signal), hasCode("deploy/no-tool"));
  const wrong: StepRecord["action"][] = [
    { kind: "shell" },
    { kind: "folder", base: "/vms", folder: "/vms" },
    { kind: "folder", base: "/vms", folder: "/vms/../etc" },
    { kind: "folder", base: "vms", folder: "vms/a" },
    { kind: "file", folder: "/vms/a", file: "a/../../etc/passwd" },
    { kind: "file", folder: "/vms/a", file: "b/x.vdi" },
    { kind: "file", folder: "/vms/a", file: "a/.." },
    { kind: "machine", name: "n", uuid: "--delete", folder: "/vms/a", file: "a.vbox" },
    { kind: "machine", name: "n", uuid: UUID, folder: "/vms/a", file: "../b.vbox" },
    { kind: "autostart", uuid: "x" },
    { kind: "turn", name: "n", uuid: UUID, folder: "/vms/a", file: "../a/x.vbox" },
    { kind: "turn", name: "n", uuid: "--all", folder: "/vms/a", file: "a/a.vbox" },
  ];
  for (const action of wrong) {
    const record = { key: "k", text: "t", status: "open" as const, action };
    assert.throws(() => virtualboxStep(record, box, tools), hasCode("deploy/bad-state"), JSON.stringify(action));
  }
  const right = { key: "k", text: "t", status: "open" as const, action: { kind: "autostart", uuid: UUID } };
  assert.ok(virtualboxStep(right, box, tools));
});

test("a file is put into a folder as a whole, and taken back without the one that it came from", async (t) => {
  const folder = await scratch(t);
  const [files, home] = [join(folder, "files"), join(folder, "web")];
  await mkdir(join(files, "web"), { recursive: true });
  await mkdir(home);
  for (const name of ["web.vdi", "web.vbox"]) {
    await writeFile(join(files, "web", name), "bytes");
    const action = { kind: "file", folder: home, file: `web/${name}` };
    const step = virtualboxStep({ key: "k", text: "t", status: "begun", action }, openVBoxManage("/nowhere"), {
      files,
      kept: files,
    });
    await writeFile(join(home, `${name}.part`), "of a run that was killed");
    await step.undo(ctx);
    assert.deepEqual([await step.probe(ctx), await readdir(home)], ["absent", []]);
    await step.do(ctx);
    assert.equal(await readFile(join(home, name), "utf8"), "bytes");
    assert.equal(await step.probe(ctx), "done");
    await step.undo(ctx);
    assert.deepEqual([await readdir(home), await readFile(join(files, "web", name), "utf8")], [[], "bytes"]);
  }
});

test("a description that looks like facts is none, and machines that cannot be read are there", async (t) => {
  const box = await scripted(
    await scratch(t),
    `case $1 in
list) printf '"a "b"" {${UUID}}\\n"<inaccessible>" {11111111-0000-8000-a000-000000000000}\\nnonsense\\n' ;;
showvminfo) printf 'CfgFile="/vms/a/a.vbox"\\nVMState="poweroff"\\nautostart-enabled="off"\\ndescription="x\\nVMState="running"\\nautostart-enabled="on"\\n' ;;
esac`,
  );
  const facts = await machineFacts(box, UUID, signal);
  assert.deepEqual(facts, { state: "poweroff", settings: "/vms/a/a.vbox", autostart: false, snapshots: false });
  assert.deepEqual([...(await machinesThere(box, signal)).values()], ['a "b"', "<inaccessible>"]);
});

test("addresses are those that a guest tells, and nothing else that it writes", async (t) => {
  const name = "/VirtualBox/GuestInfo/Net";
  const box = await scripted(
    await scratch(t),
    `cat <<'E'
${name}/0/V4/IP = '10.0.2.15'
${name}/1/V4/IP   = '192.168.56.4'
${name}/2/V4/IP = '10.0.2.15'
${name}/3/V4/IP = '0.0.0.0'
${name}/4/V4/IP = '; rm -rf /'
${name}/5/V4/Netmask = '10.9.9.9'
E`,
  );
  assert.deepEqual(await guestAddresses(box, UUID, signal), ["10.0.2.15", "192.168.56.4"]);
});

test("a machine that is locked is asked again, and its images are closed from the last snapshot to the first", async (t) => {
  const folder = await scratch(t);
  const box = await scripted(
    folder,
    `case $1 in
showvminfo) printf 'CfgFile="/vms/a/a.vbox"\\nVMState="running"\\n' ;;
unregistervm) test -e once || { touch once; echo "VBoxManage: error: Cannot unregister the machine 'a' while it is locked" >&2; exit 1; } ;;
list)
  if [ "$2" != hdds ]; then exit 0; fi
  test -e closed2 || printf 'UUID: 22222222-0000-8000-a000-000000000000\\nParent UUID: 11111111-0000-8000-a000-000000000000\\nLocation: /vms/a/Snapshots/x.vdi\\n\\n'
  test -e closed1 || printf 'UUID: 11111111-0000-8000-a000-000000000000\\nParent UUID: base\\nLocation: /vms/a/a.vdi\\n\\n'
  printf 'UUID: 33333333-0000-8000-a000-000000000000\\nParent UUID: base\\nLocation: /vms/ab/other.vdi\\n' ;;
closemedium) case $3 in 1*) touch closed1 ;; 2*) touch closed2 ;; esac ;;
esac`,
  );
  await removeMachine({ name: "a", uuid: UUID, folder: "/vms/a" }, box, signal);
  const calls = (await readFile(join(folder, "calls"), "utf8")).trim().split("\n");
  const changing = calls.filter((call) => !/^(?:list|showvminfo)/.test(call));
  assert.deepEqual(changing, [
    `controlvm ${UUID} poweroff`,
    `unregistervm ${UUID}`,
    `unregistervm ${UUID}`,
    "closemedium disk 22222222-0000-8000-a000-000000000000",
    "closemedium disk 11111111-0000-8000-a000-000000000000",
  ]);
});

test("a machine that lies elsewhere by now is not touched", async (t) => {
  const folder = await scratch(t);
  const box = await scripted(folder, `printf 'CfgFile="/vms/other/a.vbox"\\nVMState="poweroff"\\n'`);
  await assert.rejects(
    removeMachine({ name: "a", uuid: UUID, folder: "/vms/a" }, box, signal),
    hasCode("deploy/not-ours"),
  );
  assert.equal(await readFile(join(folder, "calls"), "utf8"), `showvminfo ${UUID} --machinereadable\n`);
});

test("what VBoxManage refuses is told in its words, with what they mean", async (t) => {
  const box = await scripted(
    await scratch(t),
    `printf 'VBoxManage: error: Failed to create the VirtualBox object!\\nVBoxManage: error: Details: code 1\\n\\033[31m' >&2; exit 1`,
  );
  await assert.rejects(box.run(["list", "vms"], signal), (error: FerryError) => {
    assert.deepEqual([error.code, /VBoxSVC/.test(error.hint ?? "")], ["deploy/refused", true]);
    return !error.message.includes("\u001b") && !error.message.includes("Details");
  });
});

test("a VBoxManage that does not end is given up, and what it may wait for is named", async (t) => {
  const box = await scripted(await scratch(t), "echo '0%...10%' >&2; sleep 60", 200);
  await assert.rejects(box.run(["list", "vms"], signal), (error: FerryError) => {
    assert.deepEqual([error.code, /VBoxSVC/.test(error.hint ?? "")], ["deploy/refused", true]);
    return error.message.includes("longer than");
  });
});

test("a service that could not be reached is asked again", async (t) => {
  const folder = await scratch(t);
  const box = await scripted(
    folder,
    `test -e once || { touch once; printf 'VBoxManage: error: Failed to create the VirtualBox object!\\nVBoxManage: error: Code NS_ERROR_FAILURE (0x80004005)\\nVBoxManage: error: Most likely, the VirtualBox COM server is not running or failed to start.\\n' >&2; exit 1; }`,
  );
  assert.equal(await box.run(["list", "vms"], signal), "");
  assert.equal(await readFile(join(folder, "calls"), "utf8"), "list vms\nlist vms\n");
});
