import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Appliance, Machine } from "../../appliance/appliance.js";
import { fit } from "../../appliance/fit.js";
import {
  appliance,
  biosIdeCd,
  efiSataVirtio,
  machine,
  nvmeSecure,
  scsiMultiDisk,
} from "../../appliance/testing/samples.js";
import { targets } from "../../targets/targets.js";
import type { ExportPlan } from "../platform.js";
import { exportQemu } from "./export.js";

const skip = existsSync("/bin/sh") ? false : "there is no /bin/sh";

function run(source: Appliance): ExportPlan {
  const target = targets.get("qemu");
  const { appliance: fitted, shapes } = fit(source, target);
  return exportQemu(fitted, shapes, target, {});
}

const one = (parts: Partial<Machine>): Appliance => appliance({ machines: [machine(parts)] });

/** Runs a script with a program in QEMU's place that says what it was given. */
function argumentsOf(plan: ExportPlan, options: readonly string[] = [], env: Record<string, string> = {}): string[] {
  const folder = mkdtempSync(join(tmpdir(), "vmferry-qemu-"));
  try {
    const fake = join(folder, "fake-qemu");
    writeFileSync(fake, `#!/bin/sh\nfor a in "$@"; do printf '%s\\0' "$a"; done\n`);
    chmodSync(fake, 0o755);
    for (const name of ["code.fd", "vars.fd"]) writeFileSync(join(folder, name), name);
    const [config] = plan.configs;
    assert.ok(config?.executable);
    const script = join(folder, config.name);
    writeFileSync(script, config.bytes);
    const output = execFileSync("/bin/sh", [script, ...options], {
      env: {
        PATH: process.env.PATH,
        QEMU: fake,
        QEMU_ACCEL: "tcg",
        OVMF_CODE: join(folder, "code.fd"),
        OVMF_VARS: join(folder, "vars.fd"),
        ...env,
      },
      timeout: 20_000,
    });
    return output.toString("utf8").split("\0").slice(0, -1);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Values of an option. */
const valuesOf = (args: readonly string[], option: string): string[] => args.filter((_, i) => args[i - 1] === option);

test("the script hands QEMU what the machine has", { skip }, () => {
  const args = argumentsOf(run(biosIdeCd()));
  assert.deepEqual(valuesOf(args, "-machine"), ["pc"]);
  assert.deepEqual(valuesOf(args, "-m"), ["512M"]);
  assert.deepEqual(valuesOf(args, "-rtc"), ["base=localtime"]);
  assert.deepEqual(valuesOf(args, "-device"), [
    "ide-hd,bus=ide.0,unit=0,drive=drive0,bootindex=2",
    "ide-cd,bus=ide.1,unit=0,drive=drive1,bootindex=1",
    "ide-cd,bus=ide.1,unit=1",
    "floppy,unit=0,drive=drive3",
    "pcnet,netdev=net0,mac=00:50:56:12:34:56,bootindex=3",
    "e1000",
  ]);
});

test("a name is data, whatever it looks like", { skip }, () => {
  const name = `it's $(touch pwned) \`id\` "x", and \\ more`;
  const args = argumentsOf(run(one({ name })));
  assert.deepEqual(valuesOf(args, "-name"), [`guest=${name.replace(",", ",,")}`]);
});

test("--serial and further options come last, so that they win", { skip }, () => {
  const args = argumentsOf(run(efiSataVirtio()), ["--serial", "-m", "64M", "two words"]);
  assert.deepEqual(args.slice(-7), ["-display", "none", "-serial", "mon:stdio", "-m", "64M", "two words"]);
  assert.ok(!argumentsOf(run(efiSataVirtio())).includes("-display"));
});

test("serial ports, sound and graphics are the machine's own", { skip }, () => {
  const port = (index: number, backing: Machine["serialPorts"][number]["backing"], target: string | null) => ({
    index,
    backing,
    target,
  });
  const plan = run(
    one({
      sound: "hdaudio",
      video: { model: "qxl", memoryBytes: null, heads: null },
      serialPorts: [port(0, "pty", null), port(1, "file", "/tmp/a,b.log"), port(2, "network", "telnet://:4555,server")],
    }),
  );
  const args = argumentsOf(plan);
  assert.deepEqual(valuesOf(args, "-vga"), ["qxl"]);
  assert.deepEqual(valuesOf(args, "-chardev"), [
    "file,id=serial1,path=/tmp/a,,b.log",
    "socket,id=serial2,host=0.0.0.0,port=4555,server=on,wait=off,telnet=on",
  ]);
  assert.deepEqual(valuesOf(args, "-device").slice(-4), [
    "isa-serial,chardev=serial1,index=1",
    "isa-serial,chardev=serial2,index=2",
    "intel-hda",
    "hda-duplex,audiodev=sound",
  ]);
  assert.ok(!plan.notes.some(({ code }) => code === "platform/fact-dropped"));
  const lost = run(
    one({
      sound: "opl3",
      video: { model: "VMSVGA", memoryBytes: null, heads: null },
      serialPorts: [port(0, "file", "/tmp/x"), port(1, "file", "relative"), port(7, "pty", null)],
    }),
  );
  const facts = lost.notes.filter(({ code }) => code === "platform/fact-dropped").map(({ data }) => data?.fact);
  assert.deepEqual([...new Set(facts)].sort(), ["serialPorts", "sound", "video"]);
});

test("another accelerator falls back to emulation", { skip }, () => {
  assert.deepEqual(valuesOf(argumentsOf(run(scsiMultiDisk()), [], { QEMU_ACCEL: "kvm" }), "-accel"), ["kvm", "tcg"]);
  assert.deepEqual(valuesOf(argumentsOf(run(scsiMultiDisk())), "-accel"), ["tcg"]);
});

test("EFI has firmware code that is never written to, and variables of its own", { skip }, () => {
  const drives = valuesOf(argumentsOf(run(efiSataVirtio())), "-drive").filter((d) => d.includes("pflash"));
  assert.match(drives[0] ?? "", /^if=pflash,unit=0,format=raw,readonly=on,file=.*code\.fd$/);
  assert.equal(drives[1], "if=pflash,unit=1,format=raw,file=web-server-efi-vars.fd");
  const secure = argumentsOf(run(nvmeSecure()));
  assert.deepEqual(valuesOf(secure, "-machine"), ["q35,smm=on"]);
  assert.ok(secure.includes("driver=cfi.pflash01,property=secure,value=on"));
});

test("a script without QEMU or firmware says what is missing", { skip }, () => {
  assert.throws(() => argumentsOf(run(biosIdeCd()), [], { QEMU: "/nowhere/qemu" }), { status: 127 });
  assert.throws(() => argumentsOf(run(efiSataVirtio()), [], { OVMF_VARS: "" }), { status: 1 });
});

test("each machine of several has a script of its own", () => {
  const plan = run(appliance({ machines: [machine({ id: "a", name: "a" }), machine({ id: "b", name: "b" })] }));
  assert.deepEqual(
    plan.configs.map((c) => c.name),
    ["run-a.sh", "run-b.sh"],
  );
});
