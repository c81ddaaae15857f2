import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fc } from "../../../test/support/fast-check.js";
import type { Appliance } from "../../appliance/appliance.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import { defaultLimits } from "../../base/limits.js";
import { type OvfDocument, openOvf } from "../../ovf/document.js";
import { parseXml } from "../../xml/parse.js";
import { importOvf } from "./import.js";
import { referencesOf } from "./references.js";

const SHARED = "../shared";
const skip = existsSync(SHARED) ? false : "../shared is absent";
const CORPUS = join(SHARED, "corpus/ovf");
const CONFORMANCE = join(SHARED, "conformance/vmware");

interface Imported {
  readonly appliance: Appliance;
  readonly document: OvfDocument;
  readonly found: readonly Diagnostic[];
}

function importBytes(bytes: Uint8Array, name: string): Imported {
  const found: Diagnostic[] = [];
  const report = (diagnostic: Diagnostic): void => void found.push(diagnostic);
  const document = openOvf(parseXml(bytes, name, defaultLimits), report);
  const facts = { name: name.replace(/\.ovf$/, ""), find: null, references: "report" } as const;
  return { document, found, appliance: importOvf(document, facts, {}, report) };
}

const importFile = (folder: string, name: string): Imported =>
  importBytes(new Uint8Array(readFileSync(join(folder, name))), name);

/** What the model must hold whatever the document says. */
function checkWhole({ appliance, document, found }: Imported, name: string): void {
  const disks = new Set(appliance.disks.map((disk) => disk.id));
  const files = new Set(appliance.files.map((file) => file.id));
  const networks = new Set(appliance.networks.map((network) => network.name));
  assert.equal(disks.size, appliance.disks.length, `${name}: disk ids`);
  assert.equal(
    new Set(appliance.machines.map((machine) => machine.id)).size,
    appliance.machines.length,
    `${name}: machine ids`,
  );
  for (const disk of appliance.disks) assert.ok(Number.isSafeInteger(disk.capacityBytes), name);
  for (const machine of appliance.machines) {
    assert.ok(
      machine.cpu.count > 0 && Number.isSafeInteger(machine.cpu.count) && Number.isSafeInteger(machine.memoryBytes),
      name,
    );
    assert.equal(machine.firmware === "unknown", machine.firmwareFrom === null, name);
    for (const { disk, file, controller } of machine.attachments) {
      assert.ok(disk === null || disks.has(disk), `${name}: disk ${disk}`);
      assert.ok(file === null || files.has(file), `${name}: file ${file}`);
      assert.ok(
        controller === null || machine.controllers.some(({ id }) => id === controller),
        `${name}: controller ${controller}`,
      );
    }
    for (const bus of new Set(machine.controllers.map((controller) => controller.bus))) {
      const indexes = machine.controllers.filter((c) => c.bus === bus).map((c) => c.index);
      assert.deepEqual([...indexes].sort(), indexes.map((_, i) => i).sort(), `${name}: ${bus}`);
    }
    for (const nic of machine.nics) {
      assert.ok(nic.network === null || networks.has(nic.network), `${name}: network ${nic.network}`);
      assert.ok(nic.mac === null || /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(nic.mac), `${name}: ${nic.mac}`);
    }
    for (const fact of ["name", "memoryBytes", "cpu"]) {
      const origin = appliance.origins.get(`machines/${machine.id}/${fact}`);
      assert.ok(origin !== undefined || found.some(({ code }) => /missing|no-hardware/.test(code)), `${name}: ${fact}`);
    }
  }
  for (const product of appliance.products) {
    for (const property of product.properties) assert.ok(!property.password || property.value === null, name);
  }
  for (const { code, message, hint, location } of found) {
    assert.match(code, /^(ovf\/[a-z-]+|xml\/undeclared-prefix|virtualbox\/bad-value)$/);
    assert.ok(message !== "" && hint !== "" && location?.at === "text", `${name}: ${code}`);
  }
  assert.ok(referencesOf(document).length <= document.references.length);
}

/** Descriptors that cannot be imported, and why. */
const REFUSED: Readonly<Record<string, string>> = {
  "claudia__resources-ovf.ovf": "ovf/not-an-envelope",
};

test("every descriptor of the corpus is imported as a whole, or refused with a code", { skip }, () => {
  const refused: Record<string, string> = {};
  const names = readdirSync(CORPUS).filter((name) => name.endsWith(".ovf"));
  assert.ok(names.length > 150);
  for (const name of names) {
    try {
      checkWhole(importFile(CORPUS, name), name);
    } catch (error) {
      if (!(error instanceof FerryError)) throw error;
      refused[name] = error.code;
    }
  }
  assert.deepEqual(refused, REFUSED);
});

test("what VMware's tool accepts has no error but for files that lie elsewhere", { skip }, () => {
  const allowed = new Set(["ovf/href-outside-package", "ovf/no-machine"]);
  let count = 0;
  for (const name of readdirSync(join(CONFORMANCE, "accept"))) {
    try {
      const imported = importFile(join(CONFORMANCE, "accept"), name);
      checkWhole(imported, name);
      const errors = imported.found.filter((finding) => finding.severity === "error" && !allowed.has(finding.code));
      assert.deepEqual(errors, [], name);
      count++;
    } catch (error) {
      if (!(error instanceof FerryError)) throw error;
      assert.equal(error.code, "xml/undeclared-prefix", name);
    }
  }
  assert.ok(count >= 80, `${count} imported`);
});

test("what VMware's tool rejects ends in a whole appliance or in an error with a code", { skip }, () => {
  for (const folder of [join(CONFORMANCE, "reject"), join(SHARED, "corpus/invalid")]) {
    for (const name of readdirSync(folder)) {
      try {
        checkWhole(importFile(folder, name), name);
      } catch (error) {
        assert.ok(error instanceof FerryError, `${name}: ${error}`);
      }
    }
  }
});

/** One line for each machine: processors, MiB, firmware, drives by device, cards. */
function summary({ appliance, document }: Imported): readonly string[] {
  const machines = appliance.machines.map((machine) => {
    const drives = (device: string): number => machine.attachments.filter((a) => a.device === device).length;
    const firmware = machine.firmwareFrom === null ? "-" : machine.firmware;
    return `${machine.name}: ${machine.cpu.count} cpu ${machine.memoryBytes / 2 ** 20} MiB ${firmware} ${drives("disk")}d ${drives("cdrom")}c ${drives("floppy")}f ${machine.nics.length}n`;
  });
  const gib = appliance.disks.map((disk) => +(disk.capacityBytes / 2 ** 30).toFixed(2));
  const properties = appliance.products.map((product) => product.properties.length);
  return [
    `${document.dialect} ${document.producer}`,
    ...machines,
    `disks ${gib} GiB, products ${properties}, licences ${appliance.eulas.length}`,
  ];
}

/** Written down from reading the files. */
const FACTS: Readonly<Record<string, readonly string[]>> = {
  "virtualbox__box-7.ovf": [
    "1.0 VirtualBox",
    "vagrant-smartos-pkgsrc: 1 cpu 1024 MiB bios 1d 1c 0f 1n",
    "disks 7.81 GiB, products , licences 0",
  ],
  "virtualbox__box-2.ovf": [
    "1.0 VirtualBox",
    "edev: 2 cpu 8196 MiB efi 1d 1c 0f 1n",
    "disks 4 GiB, products , licences 0",
  ],
  "virtualbox__winxp-2.ovf": [
    "1.0 VirtualBox",
    "Windows 5.1 XP 1: 1 cpu 895 MiB bios 2d 1c 1f 1n",
    "disks 9.77,2 GiB, products , licences 0",
  ],
  "cot__v0-9.ovf": ["0.9 null", "v0.9: 1 cpu 8192 MiB - 1d 1c 0f 1n", "disks 1 GiB, products , licences 1"],
  "jumpbox-ovf09__joomla-1-1-4-ovf.ovf": [
    "0.9 null",
    "joomla-1.1.4-ovf: 1 cpu 256 MiB - 2d 0c 0f 1n",
    "disks 1.5,10 GiB, products , licences 0",
  ],
  "citrix-xenserver__sample-app.ovf": [
    "1.0 XenServer",
    "Web server: 1 cpu 64 MiB - 1d 0c 0f 0n",
    "disks 0.01 GiB, products , licences 1",
  ],
  "microsoft-scvmm__containerhosttemplate.ovf": [
    "1.0 SCVMM",
    "ContainerHostTemplateNoDeps: 1 cpu 2048 MiB - 1d 1c 1f 1n",
    "disks 40 GiB, products , licences 0",
  ],
  "ovirt__vmovfdata.ovf": [
    "0.9 oVirt",
    "exporttedVM: 1 cpu 1024 MiB - 1d 0c 0f 0n",
    "disks 1,0 GiB, products , licences 0",
  ],
  "ovirt__ovf-test-v4-2.ovf": [
    "0.9 oVirt",
    "HostedEngine: 12 cpu 16384 MiB - 1d 1c 0f 1n",
    "disks 60 GiB, products , licences 0",
  ],
  "vmware-vcenter__nostalgia-chunkdisk.ovf": [
    "1.0 VMware",
    "Nostalgia: 1 cpu 64 MiB bios 1d 1c 0f 1n",
    "disks 0.1 GiB, products , licences 0",
  ],
  "vmware-appliance__vcf-license-server-9-1-0-0-25262073.ovf": [
    "1.0 open-vmdk",
    "VCF License Server Appliance: 2 cpu 4096 MiB efi-secure 3d 0c 0f 1n",
    "disks 4,4,4 GiB, products 13,1, licences 0",
  ],
  "lamw-appliance__photonos-template.ovf": [
    "1.0 null",
    "PhotonOS-Template: 2 cpu 4096 MiB efi-secure 1d 1c 0f 1n",
    "disks 40 GiB, products 6, licences 0",
  ],
  "vmware-vcenter__rabbitmq2.ovf": [
    "1.0 VMware",
    "RabbitMQ2: 2 cpu 512 MiB - 1d 1c 1f 1n",
    "disks 8 GiB, products 16, licences 0",
  ],
  "vmware-ovftool__vapp-with-2vms.ovf": [
    "1.0 VMware",
    "sql2k5-win-2k3-32-ent-sp2-ovf: 1 cpu 1024 MiB bios 1d 1c 1f 1n",
    "centos-5.5-32-esx-qa: 1 cpu 256 MiB bios 1d 1c 1f 1n",
    "disks 4,10 GiB, products , licences 0",
  ],
  "cisco__csr1000v-2017.ovf": [
    "1.0 null",
    "Cisco CSR 1000V Cloud Services Router: 1 cpu 4096 MiB bios 1d 2c 0f 3n",
    "disks 1 GiB, products 26, licences 0",
  ],
  "home-assistant__home-assistant.ovf": [
    "1.0 VirtualBox",
    "Home Assistant: 2 cpu 2048 MiB efi 1d 0c 0f 1n",
    "disks 32 GiB, products 0, licences 0",
  ],
  "amazon-ec2-vm-export__wazuh-ovf-template-3.ovf": [
    "1.0 Amazon EC2",
    "Wazuh v{WAZUH_VERSION} OVA: 4 cpu 8192 MiB - 1d 1c 1f 1n",
    "disks 40 GiB, products 0, licences 0",
  ],
  "vmware-test-suite__virtualsystemcollection.ovf": [
    "2.0 null",
    "Virtual Appliance One: 1 cpu 1024 MiB - 0d 0c 0f 1n",
    "Virtual Appliance Two: 1 cpu 1024 MiB - 0d 0c 0f 1n",
    "disks 4 GiB, products 2,2, licences 2",
  ],
};

for (const [name, facts] of Object.entries(FACTS)) {
  test(`${name} says what was read in it`, { skip }, () => {
    assert.deepEqual(summary(importFile(CORPUS, name)), facts);
  });
}

test("damaged descriptors end in a whole appliance or in an error with a code", { skip }, () => {
  const seeds = [
    "virtualbox__box-2.ovf",
    "cot__v0-9.ovf",
    "ovirt__vmovfdata.ovf",
    "cisco__iosv.ovf",
    "vmware-test-suite__uber.ovf",
    "citrix-xenserver__sample-app.ovf",
  ].map((name) => readFileSync(join(CORPUS, name), "utf8"));
  const words = [
    "",
    "-1",
    "0",
    "99999999999999999999",
    "__proto__",
    "constructor",
    "ovf:/disk/x",
    "../../x",
    "byte * 2^64",
    "$" + "{x}",
    "min",
    "true",
  ];
  const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
  fc.assert(
    fc.property(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(place, fc.constantFrom(...words), fc.boolean()), { minLength: 1, maxLength: 8 }),
      (seed, changes) => {
        let text = seed;
        for (const [at, word, inTag] of changes) {
          // Values between quotes or tags are swapped, so that most documents stay well-formed.
          const values = [...text.matchAll(inTag ? /"([^"<>]*)"/g : />([^<>]+)</g)];
          const value = values[Math.floor(at * values.length)];
          if (value !== undefined)
            text = `${text.slice(0, value.index + 1)}${word}${text.slice(value.index + value[0].length - 1)}`;
        }
        try {
          checkWhole(importBytes(new TextEncoder().encode(text), "damaged.ovf"), "damaged.ovf");
        } catch (error) {
          if (!(error instanceof FerryError)) throw error;
        }
      },
    ),
    { numRuns: 300 },
  );
});
