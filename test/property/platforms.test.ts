import assert from "node:assert/strict";
import { test } from "node:test";
import type { Appliance, Machine } from "../../src/appliance/appliance.js";
import { fit } from "../../src/appliance/fit.js";
import { testContext } from "../../src/io/testing/context.js";
import { createFiles } from "../../src/platforms/files.js";
import { hypervScript } from "../../src/platforms/hyperv/script.js";
import type { ExportPlan } from "../../src/platforms/platform.js";
import { platforms } from "../../src/platforms/platforms.js";
import { filesBehind, machineArguments } from "../../src/platforms/qemu/arguments.js";
import { nodeHash } from "../../src/runtime/node/hash.js";
import type { MachineShape } from "../../src/targets/profile.js";
import { targets } from "../../src/targets/targets.js";
import { anyAppliance } from "../support/arbitrary-appliance.js";
import { fc } from "../support/fast-check.js";
import { expected, type Seen, seenDomain, seenQemu, seenScript, seenVmx } from "../support/seen.js";
import { seenProxmox } from "../support/seen-proxmox.js";
import { seenVbox } from "../support/seen-vbox.js";
import { seenXl } from "../support/seen-xl.js";
import { importRecords } from "../support/xapi.js";

/** A configuration as the tests read it back. */
interface Reader {
  read(index: number, fitted: Appliance, shapes: ReadonlyMap<string, MachineShape>, plan: ExportPlan): Seen;
  /** Facts that the platform cannot hold, with the code that has to say so where there is something to lose. */
  readonly lost: Readonly<Partial<Record<keyof Seen, string | ((want: Seen) => string | null)>>>;
  /** Codes of losses that it does not have: it says these facts. */
  readonly holds?: readonly string[];
}

const text = (plan: ExportPlan, index: number): string => new TextDecoder().decode(plan.configs[index]?.bytes);

const vbox: Reader = {
  read: (index, fitted, _, plan) => seenVbox(text(plan, index), fitted.machines[index] as Machine),
  lost: {
    firmware: ({ firmware }) => (firmware === "efi-secure" ? "virtualbox/secure-boot-by-hand" : null),
    coresPerSocket: ({ coresPerSocket, cpus }) =>
      coresPerSocket === null || coresPerSocket === cpus ? "" : "virtualbox/cores-dropped",
  },
};

/** Scripts are read from the trees that they are rendered from: the files get the same names again, machine by machine. */
const scriptChoice = {
  format: "vhdx",
  variant: "dynamic",
  extension: ".vhdx",
  cdromExtension: ".iso",
  floppyExtension: ".vfd",
} as const;

const readers: Readonly<Record<string, Reader>> = {
  virtualbox: vbox,
  vmware: { read: (index, _, __, plan) => seenVmx(text(plan, index)), lost: {} },
  libvirt: { read: (index, _, __, plan) => seenDomain(text(plan, index)), lost: {} },
  hyperv: {
    read(index, fitted, shapes) {
      const files = createFiles(fitted, scriptChoice);
      const scripts = fitted.machines.map((m) => {
        files.machine(m, ".ps1");
        return hypervScript(m, shapes.get(m.id) as MachineShape, files);
      });
      return seenScript(scripts[index] as (typeof scripts)[number]);
    },
    lost: { coresPerSocket: "hyperv/sockets-dropped" },
  },
  xenserver: {
    read: (index, fitted, _, plan) => seenXapi(plan, index, fitted.machines[index] ?? assert.fail()),
    lost: {},
    holds: ["platform/startup-dropped", "platform/network-description-dropped"],
  },
  proxmox: {
    read: (index, fitted, _, plan) => {
      // Names become those of hosts, and texts comments: test/contract/roundtrip-proxmox.test.ts reads them.
      const machine = fitted.machines[index] ?? assert.fail();
      const { name, annotation, memoryBytes } = expected(machine, plan);
      const configs = plan.configs.filter((config) => config.name.endsWith(".conf"));
      const seen = seenProxmox(new TextDecoder().decode(configs[index]?.bytes));
      // Memory that shrinks is the most that there is at first: a note says so.
      return { name, annotation, ...seen, ...(machine.dynamicMemory === null ? {} : { memoryBytes }) };
    },
    lost: { coresPerSocket: () => "" },
    holds: ["platform/startup-dropped"],
  },
  xen: {
    read: (index, fitted, _, plan) => {
      const machine = fitted.machines[index] ?? assert.fail();
      const { firmware, name, nics, annotation, coresPerSocket } = expected(machine, plan);
      const seen = seenXl(text(plan, index));
      return {
        ...seen,
        coresPerSocket,
        // A guest that is booted without firmware has none; slashes are none of a name; all cards are plugged in, which has a note.
        firmware: machine.virtualization === "hvm" || machine.virtualization === null ? seen.firmware : firmware,
        name: name.replaceAll("/", "-") === seen.name ? name : seen.name,
        nics: nics.map((nic, i) => (nic.replace(/not$/, "connected") === seen.nics[i] ? nic : `${seen.nics[i]}`)),
        annotation: sameLines(annotation, seen.annotation) ? annotation : seen.annotation,
      };
    },
    lost: { coresPerSocket: () => "" },
  },
  qemu: {
    read(index, fitted, shapes) {
      const files = createFiles(fitted, { format: "qcow2", variant: "uncompressed", extension: ".qcow2" });
      const all = fitted.machines.map((m) => {
        files.take(m.name, "-efi-vars.fd");
        const args = machineArguments(m, shapes.get(m.id) as MachineShape, filesBehind(files));
        files.take(fitted.machines.length === 1 ? "run" : `run-${m.name}`, ".sh");
        return args;
      });
      return seenQemu(all[index] ?? [], fitted.machines[index]?.firmware ?? "");
    },
    lost: { annotation: "qemu/annotation-dropped" },
  },
};

/** Whether comments hold a text: blanks at the end of lines do not count. */
function sameLines(want: string | null, got: string | null): boolean {
  const trimmed = (value: string | null): string => (value ?? "").replace(/[ \t]+$/gm, "");
  return trimmed(want) === trimmed(got);
}

/** An export as xapi's importer sees it. */
function seenXapi(plan: ExportPlan, index: number, machine: Machine): Seen {
  const imported = importRecords(plan.configs[0]?.bytes ?? new Uint8Array()).machines[index] ?? assert.fail();
  const { fields, drives, cards } = imported;
  const [platform, boot] = [fields.platform, fields.HVM_boot_params] as readonly Readonly<Record<string, string>>[];
  const hvm = fields.domain_type === "hvm";
  const efi = platform?.secureboot === "true" ? "efi-secure" : "efi";
  const model = !hvm ? "xen" : boot?.firmware === "uefi" ? "e1000" : "rtl8139";
  return {
    name: String(fields.name_label),
    annotation: String(fields.name_description).replace(/\r\n|\r/g, "\n"),
    memoryBytes: Number(fields.memory_dynamic_max),
    cpus: Number(fields.VCPUs_at_startup),
    coresPerSocket: platform?.["cores-per-socket"] === undefined ? null : Number(platform["cores-per-socket"]),
    // What a PV guest boots is no matter of firmware.
    firmware: !hvm ? machine.firmware : boot?.firmware === "uefi" ? efi : "bios",
    drives: drives.map(({ type, vdi }) => (type === "CD" ? "cdrom x -" : `disk x ${vdi}`)).sort(),
    nics: cards.map(({ mac, locking }) => `${model} ${mac || "-"} ${locking === "disabled" ? "not" : "connected"}`),
  };
}

for (const platform of platforms.all) {
  const { exportConfig, defaultTarget } = platform;
  if (exportConfig === undefined || defaultTarget === null) continue;
  const target = targets.get(defaultTarget);

  test(`${platform.id}: what a result does not hold has a note`, async () => {
    const reader = readers[platform.id];
    assert.ok(reader !== undefined, `test/property/platforms.test.ts has no reader for ${platform.id}`);
    await fc.assert(
      fc.asyncProperty(anyAppliance, async (source) => {
        const { appliance: fitted, shapes } = fit(source, target);
        const plan = await exportConfig(fitted, shapes, target, {}, testContext({ runtime: { hash: nodeHash } }));
        const codes = plan.notes.map((n) => n.code);
        for (const [index, machine] of fitted.machines.entries()) {
          const want = expected(machine, plan);
          const seen = reader.read(index, fitted, shapes, plan);
          for (const fact of Object.keys(want) as (keyof Seen)[]) {
            const lost = reader.lost[fact];
            const code = typeof lost === "function" ? lost(want) : (lost ?? null);
            if (code === "") continue;
            if (code === null)
              assert.deepEqual(
                readable(fact, seen, platform.id),
                readable(fact, want, platform.id),
                `${machine.id} ${fact}`,
              );
            else if (want[fact] !== null && want[fact] !== "")
              assert.ok(codes.includes(code as `${string}/${string}`), code);
          }
        }
        checkNames(plan, fitted);
        checkLosses(fitted, codes, reader.holds ?? []);
      }),
      { numRuns: 200, includeErrorInReport: true },
    );
  });
}

/** No annotation and an empty one are the same on every platform. A generation 1 machine has a floppy drive anyway. */
function readable(fact: keyof Seen, seen: Seen, platform: string): unknown {
  if (fact === "drives" && platform === "hyperv") return seen.drives.filter((d) => d !== "floppy floppy 0:0 -");
  if (fact === "drives" && platform === "virtualbox")
    return seen.drives.map((d) => d.replace(/ usb \d+:\d+ /, " usb ")).sort();
  // A card without an address gets one of VirtualBox's own range, without which it would not start.
  if (fact === "nics" && platform === "virtualbox")
    return seen.nics.map((nic) => nic.replace(/ 08:00:27(?::[0-9a-f]{2}){3} /, " - "));
  if (fact === "drives" && platform === "xen") return seen.drives.map((d) => d.replace(/ \d+:\d+ /, " ")).sort();
  if (fact === "drives" && platform === "proxmox") {
    // Its SCSI drives hang on one controller, whichever that is: a note says so.
    return seen.drives.map((d) => d.replace(/^(\S+ \S+) \d+:\d+ /, "$1 ").replace(" virtio-scsi ", " scsi ")).sort();
  }
  // Drives of all buses are numbered in one row.
  if (fact === "drives" && platform === "xenserver") return seen.drives.map((d) => d.replace(/ .* /, " ")).sort();
  return fact === "annotation" ? seen.annotation || null : seen[fact];
}

function checkNames(plan: ExportPlan, fitted: Appliance): void {
  // Disks in an archive are called by their references.
  const disks = plan.archive === undefined ? plan.disks : [];
  const names = [...plan.configs, ...disks, ...plan.files].map((f) => f.name);
  assert.equal(new Set(names.map((n) => n.toLowerCase())).size, names.length, names.join());
  for (const name of names) {
    assert.match(name, /^[\p{L}\p{M}\p{N}_][\p{L}\p{M}\p{N}._-]*$/u);
    assert.ok(new TextEncoder().encode(name).length < 200);
  }
  const attached = new Set(
    fitted.machines.flatMap((m) => m.attachments.flatMap((a) => (a.disk === null ? [] : [a.disk]))),
  );
  assert.deepEqual(new Set(plan.disks.map((d) => d.disk)), attached);
}

/** What only OVF can say is lost, and said to be. */
function checkLosses(fitted: Appliance, codes: readonly string[], holds: readonly string[]): void {
  const some = (pick: (m: Machine) => boolean): boolean => fitted.machines.some(pick);
  const facts: readonly (readonly [boolean, string])[] = [
    [fitted.products.length > 0, "platform/product-dropped"],
    [fitted.eulas.length > 0, "platform/eula-dropped"],
    [fitted.options.length > 0, "platform/options-dropped"],
    [fitted.startup.length > 0, "platform/startup-dropped"],
    [fitted.groups.length > 0, "platform/group-dropped"],
    [fitted.foreign.length > 0 || some((m) => m.foreign.length > 0), "platform/foreign-dropped"],
    [fitted.networks.some((n) => n.description !== null), "platform/network-description-dropped"],
    [some((m) => m.bounds.length > 0), "platform/bounds-dropped"],
    [some((m) => m.install !== null), "platform/install-dropped"],
    [some((m) => m.transports.length > 0), "platform/transport-dropped"],
    [some((m) => m.nics.some((n) => n.portProfile !== null)), "platform/port-profile-dropped"],
  ];
  for (const [there, code] of facts) {
    if (!holds.includes(code)) assert.equal(codes.includes(code), there, code);
  }
}
