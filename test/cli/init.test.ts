/** `vmferry init`: the YAML of something that exists, which builds the same again, and the one that is asked for. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { after, describe, it } from "node:test";
import { run } from "../../src/cli/program.js";
import type { InspectResult } from "../../src/report/results.js";
import { packageFixtures } from "../support/fixtures.js";
import { captureStreams } from "../support/streams.js";

const root = mkdtempSync(join(tmpdir(), "vmferry-init-"));
after(() => rmSync(root, { recursive: true }));

async function vmferry(...argv: string[]) {
  const streams = captureStreams();
  const exitCode = await run(argv, streams, new AbortController().signal);
  return { exitCode, out: streams.out(), err: streams.err() };
}

type Inspected = NonNullable<InspectResult["appliance"]>;

async function inspected(name: string): Promise<Inspected> {
  const { out } = await vmferry("inspect", name, "--json");
  return (JSON.parse(out) as InspectResult).appliance ?? assert.fail(out);
}

/** What a package by the standard alone says again: places of drives, not the ids that a writer gives to items. */
function factsOf({ machines, disks, networks, products, eulas, deploymentOptions, startup }: Inspected): object {
  return {
    machines: machines.map((machine) => ({
      name: machine.name,
      annotation: machine.annotation,
      cpu: machine.cpu.count,
      memoryBytes: machine.memoryBytes,
      // Nothing said, and any system of 64 bits.
      cim: machine.guestOs.cim ?? 102,
      transports: machine.transports,
      drives: machine.attachments
        .filter(({ device }) => device !== "floppy")
        .map(({ device, controller, slot, file }) => {
          const own = machine.controllers.find(({ id }) => id === controller);
          return [device, own?.bus ?? null, own === undefined ? null : slot, file !== null];
        }),
      nics: machine.nics.map(({ network, model, mac }) => [network, model === null ? null : model.toLowerCase(), mac]),
    })),
    disks: disks.map(({ capacityBytes }) => capacityBytes),
    networks: networks.map(({ name, description }) => [name, description]),
    products: products.map(({ machine: _, ...product }) => product),
    eulas: eulas.map(({ text }) => text),
    deploymentOptions,
    startup: startup.map(({ order, startDelaySeconds }) => [order, startDelaySeconds]),
  };
}

describe("init --from", () => {
  it("writes YAML that builds a package which says the same facts, for packages of every producer", async () => {
    let held = 0;
    for (const { name, source } of await packageFixtures()) {
      const [spec, ova] = [join(root, `${name}.yaml`), join(root, `${name}.ova`)];
      const written = await vmferry("init", spec, "--from", source);
      assert.equal(written.exitCode, 0, `${name}: ${written.err}`);
      // VMware has no virtio, and says so: those of VirtualBox stay by the standard alone.
      const flavour = name.startsWith("vbox-") ? "strict" : "vsphere";
      const yaml = `${readFileSync(spec, "utf8")}\nflavour: ${flavour}\novf-version: "1.1"\n`;
      writeFileSync(spec, yaml);
      const built = await vmferry("build", spec, ova, "--allow-external", "--workers", "0");
      assert.equal(built.exitCode, 0, `${name}: ${built.err}${built.out}\n${yaml}`);
      const [before, now] = [factsOf(await inspected(source)), factsOf(await inspected(ova))];
      assert.deepEqual(now, before, `${name} ${flavour}\n${yaml}`);
      held++;
    }
    assert.ok(held >= 15, String(held));
  });

  it("names what a descriptor says and no setting holds: icons, addresses, translations", async () => {
    const folder = join(root, "more");
    mkdirSync(folder);
    const [quiz] = (await packageFixtures()).filter(({ name }) => name === "compose-properties");
    assert.ok(quiz !== undefined);
    assert.equal((await vmferry("unpack", quiz.source, folder, "--quiet")).exitCode, 0);
    const file = join(folder, "quiz.ovf");
    const more = readFileSync(file, "utf8")
      .replace(
        "</Product>",
        '</Product><ProductUrl>http://example.org/</ProductUrl><Icon ovf:mimeType="image/png" ovf:fileRef="file1"/>',
      )
      .replace(/<\/(\w+:)?Envelope>/, '<Strings xml:lang="de"><Msg ovf:msgid="a">b</Msg></Strings></$1Envelope>');
    writeFileSync(file, more);
    const { out, exitCode, err } = await vmferry("init", "--from", file, "--no-color");
    assert.equal(exitCode, 0, err);
    for (const note of [/# +translations: 1 bundle/, /# +.*: the icon of /, /# +.*: an address of /])
      assert.match(out, note);
  });

  it("prints it where no file is named, and overwrites none", async () => {
    const [fixture] = await packageFixtures();
    assert.ok(fixture !== undefined);
    const printed = await vmferry("init", "--from", fixture.source);
    assert.match(printed.out, /^(?:# .*\n)?appliance: 1\n/);
    const there = join(root, `${fixture.name}.yaml`);
    const again = await vmferry("init", there, "--from", fixture.source);
    assert.equal(again.exitCode, 2);
    const asked = await vmferry("init", join(root, "none.yaml"));
    assert.deepEqual([asked.exitCode, existsSync(join(root, "none.yaml"))], [2, false]);
    assert.match(asked.err, /error\[cli\/usage\]/);
    const bad = await vmferry("init", "--from", "https://example.org/app.ova");
    assert.match(bad.err, /error\[cli\/usage\]/);
  });
});

describe("init on a terminal", () => {
  it("asks until each answer makes sense, and writes what was answered", async () => {
    const streams = captureStreams();
    const stdin = Object.assign(new PassThrough(), { isTTY: true });
    const answers = ["web", "nonsense", "debian12", "x", "2", "4GiB", "uefi", "efi", "8MiB", "", "LAN"];
    stdin.end(`${answers.join("\n")}\n`);
    const spec = join(root, "asked.yaml");
    const signal = new AbortController().signal;
    const exitCode = await run(["init", spec], { ...streams, stdin }, signal);
    assert.equal(exitCode, 0, streams.err());
    assert.match(streams.err(), /Nobody calls one so[\s\S]*from 1 to 999[\s\S]*One of bios/);
    const built = await vmferry("build", spec, join(root, "asked.ova"));
    assert.equal(built.exitCode, 0, built.err);
    const { machines, disks } = await inspected(join(root, "asked.ova"));
    const [machine] = machines;
    assert.deepEqual(
      [machine?.name, machine?.cpu.count, machine?.memoryBytes, machine?.firmware, machine?.nics[0]?.network],
      ["web", 2, 2 ** 32, "efi", "LAN"],
    );
    assert.deepEqual(
      disks.map(({ capacityBytes }) => capacityBytes),
      [8 * 2 ** 20],
    );
  });
});
