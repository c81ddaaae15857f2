/** Machines of VMware's products: what their VMX files say, read from the text by hand, against what is read of them. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { MIB } from "../../src/base/bytes.js";
import type { Appliance } from "../../src/index.js";
import { testContext } from "../../src/io/testing/context.js";
import type { ConfigFiles, MachineConfig } from "../../src/platforms/platform.js";
import { readVmx } from "../../src/platforms/vmware/import.js";

const FOLDER = "../shared/corpus/vmx";
const EXPECTED = "test/corpus/expected/vmware";
const skip = existsSync(FOLDER) ? false : `the corpus is not there: ${FOLDER}`;

/** Whatever is named is there; no list of snapshots. */
const everything: ConfigFiles = {
  find: (path) => (path.endsWith(".vmsd") ? undefined : { name: path, size: 1 }),
};

/** The facts of a machine, in the words of the expectations. */
function factsOf(config: MachineConfig, appliance: Appliance): Record<string, unknown> {
  const [machine] = appliance.machines;
  assert.ok(machine !== undefined);
  const buses = new Map(machine.controllers.map((c) => [c.id, `${c.bus}${c.index}`]));
  const fileOf = (id: string | null): string | null =>
    appliance.disks.find((disk) => disk.id === id)?.file ??
    appliance.files.find((file) => file.id === id)?.name ??
    null;
  return {
    version: config.version,
    name: machine.name,
    uuid: machine.uuid,
    guest: machine.guestOs.vmware,
    annotation: machine.annotation,
    memoryMiB: machine.memoryBytes / MIB,
    cpus: machine.cpu.count,
    coresPerSocket: machine.cpu.coresPerSocket,
    firmware: machine.firmware,
    controllers: machine.controllers
      .map(({ bus, index, model }) => [`${bus}${index}`, model])
      .sort(([a], [b]) => String(a).localeCompare(String(b))),
    drives: machine.attachments.map((drive) => [
      `${buses.get(drive.controller ?? "")}:${drive.slot}`,
      drive.device,
      fileOf(drive.disk ?? drive.file),
    ]),
    nics: machine.nics.map(({ network, kind, model, mac, connected }) => [network, kind, model, mac, connected]),
    serial: machine.serialPorts.map(({ index, backing, target }) => [index, backing, target]),
    sound: machine.sound,
    video: machine.video === null ? null : [machine.video.memoryBytes, machine.video.heads],
    boot: machine.boot.map(({ device }) => device),
    nvram: fileOf(machine.nvram),
  };
}

function read(file: string): { config: MachineConfig; appliance: Appliance; codes: readonly string[] } {
  const ctx = testContext();
  const config = readVmx({ name: file.slice(0, -4), label: file, bytes: readFileSync(`${FOLDER}/${file}`) });
  return { config, appliance: config.appliance(everything, (found) => ctx.report(found)), codes: ctx.codes() };
}

for (const file of readdirSync(EXPECTED)) {
  const name = file.slice(0, -".json".length);
  test(`${name} says what it was read to say`, { skip }, () => {
    const { foreign = [], secrets = [], ...expected } = JSON.parse(readFileSync(`${EXPECTED}/${file}`, "utf8"));
    const { config, appliance } = read(`${name}.vmx`);
    const facts = factsOf(config, appliance);
    const told = Object.fromEntries(Object.keys(expected).map((key) => [key, facts[key]]));
    assert.deepEqual(told, expected);
    const names = appliance.machines[0]?.foreign.map((thing) => thing.name) ?? [];
    for (const wanted of foreign) assert.ok(names.includes(wanted), `${wanted} is not among ${names.join(", ")}`);
    for (const secret of secrets) {
      for (const { payload } of appliance.machines[0]?.foreign ?? []) {
        assert.ok(!payload.split(/[ \n]/).includes(secret), "a password is carried along");
      }
    }
  });
}

test("every VMX file of the corpus is read, and nothing in it is taken for a mistake", { skip }, () => {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith(".vmx"));
  assert.ok(files.length >= 38, String(files.length));
  const wrong = files.flatMap((file) => read(file).codes.filter((code) => code !== "vmware/model-by-default"));
  assert.deepEqual(wrong, []);
});
