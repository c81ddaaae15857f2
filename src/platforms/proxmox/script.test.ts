import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, test } from "node:test";
import type { Appliance, Machine } from "../../appliance/appliance.js";
import { fit } from "../../appliance/fit.js";
import { appliance, cpu, disk, drive, machine, nic } from "../../appliance/testing/samples.js";
import { GIB, MIB } from "../../base/bytes.js";
import { proxmox9 } from "../../targets/kvm.js";
import type { ExportPlan } from "../platform.js";
import { exportProxmox } from "./export.js";
import { readProxmoxConf } from "./import.js";

const root = mkdtempSync(join(tmpdir(), "vmferry-proxmox-"));
after(() => rmSync(root, { recursive: true }));

function write(source: Appliance): ExportPlan {
  const { appliance: fitted, shapes } = fit(source, proxmox9);
  return exportProxmox(fitted, shapes, proxmox9, {});
}

function textOf(plan: ExportPlan, ending: string): string {
  const config = plan.configs.find(({ name }) => name.endsWith(ending)) ?? assert.fail(ending);
  return new TextDecoder().decode(config.bytes);
}

const full = appliance({
  disks: [disk("a", { capacityBytes: 8 * GIB }), disk("b", { capacityBytes: 3 * MIB })],
  files: [{ id: "cd", name: "it's, a $(CD).iso", role: "iso", size: 1 }],
  startup: [{ machine: "m", order: 3, startDelaySeconds: 20 }],
  machines: [
    machine({
      id: "m",
      name: "web server_1",
      annotation: "50% of it's `id` $HOME\nsecond: line é",
      uuid: "564d1a2b-3c4d-5e6f-7081-92a3b4c5d6e7",
      firmware: "efi-secure",
      chipset: "q35",
      tpm: "2.0",
      clock: "localtime",
      cpu: { ...cpu(4), coresPerSocket: 2, max: 8, nested: true },
      memoryBytes: 2 * GIB,
      dynamicMemory: { minBytes: GIB, maxBytes: 2 * GIB },
      controllers: [
        { id: "s", bus: "virtio-scsi", model: "virtio-scsi-single", index: 0 },
        { id: "i", bus: "ide", model: null, index: 1 },
        { id: "v", bus: "virtio-blk", model: null, index: 0 },
      ],
      attachments: [
        drive("disk", { disk: "a", controller: "s", slot: 1 }),
        drive("cdrom", { file: "cd", controller: "i", slot: 0 }),
        drive("cdrom", { controller: "i", slot: 1 }),
        drive("disk", { disk: "b", controller: "v", slot: 3, readOnly: true }),
      ],
      nics: [
        nic({ network: "vmbr7", kind: "bridged", model: "virtio", mac: "bc:24:11:00:00:01", vlan: 12 }),
        nic({ network: "LAN", kind: "network", model: "e1000", mac: null, connected: false }),
        nic({ kind: "nat", model: "vmxnet3", mac: "bc:24:11:00:00:03" }),
      ],
      serialPorts: [{ index: 0, backing: "pipe", target: null }],
      sound: "ich9-intel-hda",
      video: { model: "qxl", memoryBytes: 32 * MIB, heads: 2 },
      guestOs: { ...machine().guestOs, proxmox: "win11" },
      boot: [
        { device: "cdrom", index: 1 },
        { device: "disk", index: 0 },
        { device: "network", index: 1 },
      ],
    }),
  ],
});

/** Lays a result into a folder as `convert` does, disks and images as small files. */
function lay(plan: ExportPlan): string {
  const folder = mkdtempSync(join(root, "it's a folder-"));
  for (const { name, bytes, executable } of plan.configs) {
    writeFileSync(join(folder, name), bytes);
    if (executable === true) chmodSync(join(folder, name), 0o755);
  }
  for (const { name } of [...plan.disks, ...plan.files]) writeFileSync(join(folder, name), "x");
  return folder;
}

/** A host that is not there: programs of its names, and where it keeps its machines. */
function host(): { readonly state: string; readonly env: NodeJS.ProcessEnv } {
  const place = mkdtempSync(join(root, "host-"));
  const bin = join(place, "bin");
  const state = join(place, "state");
  mkdirSync(bin);
  mkdirSync(state);
  const fake = resolve("dist/test/support/fake-qm.js");
  for (const program of ["qm", "pvesh", "pvesm"]) {
    writeFileSync(join(bin, program), `#!/bin/sh\nexec '${process.execPath}' '${fake}' ${program} "$@"\n`, {
      mode: 0o755,
    });
  }
  return { state, env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, FAKE_PVE: state } };
}

function runScript(folder: string, env: NodeJS.ProcessEnv, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync("sh", [join(folder, "import.sh"), ...args], {
    env,
    encoding: "utf8",
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

/** A machine as the fake host keeps it, read by the same reader as any configuration. */
function machineOn(state: string, id: string): Machine {
  const config: Record<string, string> = JSON.parse(readFileSync(join(state, `${id}.json`), "utf8"));
  const { description, ...rest } = config;
  const lines = Object.entries(rest).map(([key, value]) => `${key}: ${value}`);
  const read = readConf(lines.join("\n"));
  return { ...read, annotation: description ?? null };
}

function readConf(text: string): Machine {
  const config = readProxmoxConf({ name: "100", label: "100.conf", bytes: new TextEncoder().encode(text) });
  return config.appliance({ find: () => undefined }, () => {}).machines[0] ?? assert.fail("no machine");
}

/** What both the configuration and the host say of a machine. */
function facts(m: Machine): unknown {
  const { foreign: _foreign, attachments, ...rest } = m;
  return { ...rest, attachments: attachments.map(({ file, ...a }) => ({ ...a, image: file !== null })) };
}

test("the script makes the very machine that the configuration describes", () => {
  const plan = write(full);
  const folder = lay(plan);
  const { state, env } = host();
  const first = runScript(folder, env);
  assert.equal(first.status, 0, first.stderr);
  assert.match(first.stdout, /machine 100 \(web-server-1\) is made/);
  const made = machineOn(state, "100");
  const described = readConf(textOf(plan, ".conf"));
  assert.deepEqual(facts(made), facts(described));
  assert.equal(made.annotation, full.machines[0]?.annotation);
  assert.deepEqual(
    [made.cpu, made.tpm, made.firmware, made.clock, made.dynamicMemory],
    [
      { count: 4, coresPerSocket: 2, threadsPerCore: null, max: 8, nested: true },
      "2.0",
      "efi-secure",
      "localtime",
      { minBytes: GIB, maxBytes: 2 * GIB },
    ],
  );
  assert.deepEqual(
    made.nics.map(({ network, kind, vlan, connected }) => [network, kind, vlan, connected]),
    [
      ["vmbr7", "bridged", 12, true],
      ["vmbr0", "bridged", null, false],
      [null, "nat", null, true],
    ],
  );
  assert.deepEqual(
    readdirSync(join(state, "iso")),
    plan.files.map(({ name }) => name),
  );
});

test("a second run is refused and changes nothing, and another number makes another machine", () => {
  const folder = lay(write(full));
  const { state, env } = host();
  assert.equal(runScript(folder, env, "--vmid", "205", "--storage", "tank", "--bridge", "vmbr1").status, 0);
  const before = readFileSync(join(state, "205.json"), "utf8");
  assert.match(before, /"net1":"model=e1000,bridge=vmbr1,link_down=1"/);
  assert.match(before, /tank:vm-205-disk-0/);
  for (const again of [[], ["--vmid", "205"]]) {
    const { status, stderr } = runScript(folder, env, ...again);
    assert.equal(status, 1, again.join(" "));
    assert.match(stderr, /nothing was changed/);
  }
  assert.equal(runScript(folder, env, "--vmid", "206").status, 0);
  assert.equal(readFileSync(join(state, "205.json"), "utf8"), before);
});

test("a step that fails takes the machine back", () => {
  const folder = lay(write(full));
  const { state, env } = host();
  const { status, stderr } = runScript(folder, env, "--storage", "gone");
  assert.notEqual(status, 0);
  assert.match(stderr, /taken back/);
  assert.deepEqual(
    readdirSync(state).filter((file) => file.endsWith(".json")),
    [],
  );
});

test("a dry run shows commands that mean the same, and needs no host", () => {
  const folder = lay(write(full));
  const { status, stdout, stderr } = runScript(folder, { PATH: "/usr/bin:/bin" }, "--dry-run");
  assert.equal(status, 0, stderr);
  const { state, env } = host();
  mkdirSync(join(state, "iso"));
  for (const file of readdirSync(folder)) if (file.endsWith(".iso")) writeFileSync(join(state, "iso", file), "x");
  execFileSync("sh", ["-eu", "-c", stdout], { env, timeout: 60_000 });
  assert.ok(existsSync(join(state, "100.json")));
  assert.equal(machineOn(state, "100").annotation, full.machines[0]?.annotation);
});

test("wrong arguments and missing files are told before anything is made", () => {
  const plan = write(full);
  const folder = lay(plan);
  const { state, env } = host();
  for (const wrong of [["--vmid", "x"], ["--vmid"], ["--storage", "a,b"], ["--bridge", ""], ["--what"]]) {
    const { status, stderr } = runScript(folder, env, ...wrong);
    assert.equal(status, 1, wrong.join(" "));
    assert.match(stderr, /^import\.sh: /);
  }
  rmSync(join(folder, plan.disks[0]?.name ?? ""));
  assert.match(runScript(folder, env).stderr, /is not beside this script/);
  assert.equal(runScript(folder, { ...process.env, PATH: "/usr/bin:/bin" }).status, 1);
  assert.deepEqual(readdirSync(state), []);
});

test("shellcheck finds nothing in the script", {
  skip: spawnSync("shellcheck", ["--version"]).status === 0 ? false : "shellcheck is not installed",
}, () => {
  for (const source of [full, appliance({ machines: [machine()] })]) {
    const { status, stdout } = spawnSync("shellcheck", [join(lay(write(source)), "import.sh")], {
      encoding: "utf8",
      timeout: 60_000,
    });
    assert.equal(status, 0, stdout);
  }
});
