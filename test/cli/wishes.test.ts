/** Disks alone and machines of platforms as sources of `convert`, and the options that want something otherwise. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { run } from "../../src/cli/program.js";
import { diskFile } from "../support/packages.js";
import { captureStreams } from "../support/streams.js";

const root = mkdtempSync(join(tmpdir(), "vmferry-wishes-"));
after(() => rmSync(root, { recursive: true }));

async function vmferry(...argv: string[]): Promise<{ exitCode: number; out: string; err: string }> {
  const streams = captureStreams();
  const exitCode = await run(argv, streams, new AbortController().signal);
  return { exitCode, out: streams.out(), err: streams.err() };
}

async function inspect(name: string, ...options: string[]) {
  const { out, err } = await vmferry("inspect", name, "--json", ...options);
  assert.notEqual(out, "", err);
  return JSON.parse(out);
}

const disk = join(root, "disk.vmdk");
writeFileSync(
  disk,
  await diskFile("vmdk", "streamOptimized", { sectors: 16_384, runs: [{ sector: 3, sectors: 300, content: "text" }] }),
);

describe("a disk alone", () => {
  it("becomes a machine of the hardware that options say", async () => {
    const folder = join(root, "web");
    const { exitCode, err } = await vmferry(
      ...["convert", disk, folder, "--to", "vmware", "--cpus", "2", "--memory", "4GiB", "--firmware", "efi"],
      ...["--os", "debian12", "--bus", "nvme", "--nic", "e1000e", "--name", "web", "--prove"],
    );
    assert.equal(exitCode, 0, err);
    const { appliance, descriptor, package: found } = await inspect(folder);
    const [machine] = appliance.machines;
    assert.deepEqual(
      [machine.name, machine.cpu.count, machine.memoryBytes, machine.firmware, machine.guestOs.vmware],
      ["web", 2, 4 * 2 ** 30, "efi", "debian12-64"],
    );
    const details = await inspect(folder, "--details");
    assert.deepEqual([details.schema, details.machines[0].guestIds.osinfo], ["vmferry/details@1", null]);
    assert.deepEqual(
      [machine.controllers[0].bus, machine.nics[0].model, found.kind, descriptor.producer],
      ["nvme", "e1000e", "vmx", "VMware"],
    );
  });

  it("is told to lack a machine where options do not say it, and is none to inspect", async () => {
    const { out } = await vmferry("convert", disk, join(root, "x"), "--to", "libvirt", "--dry-run", "--memory", "1GiB");
    assert.match(out, /one processor is assumed/);
    const { exitCode, err: why } = await vmferry("inspect", disk);
    assert.deepEqual([exitCode, /error\[(.+?)\]/.exec(why)?.[1]], [2, "package/unknown-kind"]);
  });
});

describe("a machine whose disk lies elsewhere", () => {
  it("is converted with --map-disk, or with --allow-external where its path is whole", async () => {
    const folder = join(root, "moved");
    const { exitCode, err } = await vmferry("convert", disk, folder, "--to", "libvirt", "--name", "web", "--cpus", "1");
    assert.equal(exitCode, 0, err);
    const away = join(root, "away");
    mkdirSync(away);
    const image = join(folder, "web-disk1.qcow2");
    const there = join(away, "web-disk1.qcow2");
    renameSync(image, there);
    const vmx = join(root, "moved.vmx");
    writeFileSync(
      vmx,
      [
        'config.version = "8"',
        'displayName = "m"',
        'memsize = "64"',
        'sata0.present = "TRUE"',
        'sata0:0.present = "TRUE"',
        `sata0:0.fileName = "${there}"`,
      ].join("\n"),
    );
    const lacking = await vmferry("convert", vmx, join(root, "no"), "--to", "vmware");
    assert.deepEqual([lacking.exitCode, /error\[(.+?)\]/.exec(lacking.err)?.[1]], [3, "package/no-member"]);
    for (const [name, option] of [
      ["mapped", ["--map-disk", `sata0:0=${there}`]],
      ["external", ["--allow-external"]],
    ] as const) {
      const done = await vmferry("convert", vmx, join(root, name), "--to", "vmware", "--prove", ...option);
      assert.equal(done.exitCode, 0, done.err);
      assert.match(readFileSync(join(root, name, "m.vmx"), "utf8"), /sata0:0\.fileName = "m-disk1\.vmdk"/);
    }
  });
});

describe("options of a platform", () => {
  it("choose the format of its disks", async () => {
    const folder = join(root, "raw");
    const { exitCode, err } = await vmferry(
      "convert",
      disk,
      folder,
      "--to",
      "libvirt",
      "--option",
      "disks=raw",
      "--prove",
    );
    assert.equal(exitCode, 0, err);
    assert.match(readFileSync(join(folder, "disk.xml"), "utf8"), /type="raw"/);
  });

  for (const word of ["disk=raw", "disks=qcow3", "folder=/x"]) {
    it(`are refused: ${word}`, async () => {
      const { exitCode, err } = await vmferry("convert", disk, join(root, "x"), "--to", "libvirt", "--option", word);
      assert.deepEqual([exitCode, /error\[(.+?)\]/.exec(err)?.[1]], [2, "cli/invalid-value"]);
    });
  }
});

describe("--disk", () => {
  const kinds = {
    libvirt: ["raw", "raw", "disk-disk1.raw", /type="raw"/],
    qemu: ["raw", "raw", "disk-disk1.raw", /format=raw,discard/],
    xen: ["vhd", "dynamic", "disk-disk1.vhd", /format=vhd, vdev/],
    proxmox: ["raw", "raw", "disk-disk1.raw", /disk-disk1\.raw/],
    hyperv: ["vhd", "fixed", "disk-disk1.vhd", /disk-disk1\.vhd/],
    vmware: ["vmdk", "monolithicFlat", "disk-disk1.vmdk", /disk-disk1\.vmdk/],
    virtualbox: ["vhd", "dynamic", "disk-disk1.vhd", /format="VHD"/],
  } as const;
  for (const [platform, [format, variant, file, said]] of Object.entries(kinds)) {
    it(`chooses the format of one disk for ${platform}, and its configuration says so`, async () => {
      const folder = join(root, `disk-${platform}`);
      const wish = `disk:format=${format},variant=${variant}`;
      const { exitCode, err } = await vmferry(
        ...["convert", disk, folder, "--to", platform, "--disk", wish, "--prove", "--workers", "0"],
      );
      assert.equal(exitCode, 0, err);
      const info = JSON.parse((await vmferry("disk", "info", join(folder, file), "--json")).out);
      assert.deepEqual([info.format, info.variant], [format, variant]);
      const configs = readdirSync(folder).filter((name) => /\.(?:xml|sh|cfg|conf|ps1|vmx|vbox)$/.test(name));
      assert.ok(configs.some((name) => said.test(readFileSync(join(folder, name), "utf8"))));
    });
  }

  it("takes ids with colons, names, places, and '*' for all others", async () => {
    const vmx = join(root, "disk-libvirt-vmx");
    const made = await vmferry("convert", disk, vmx, "--to", "vmware", "--bus", "scsi", "--workers", "0");
    assert.equal(made.exitCode, 0, made.err);
    const folder = join(root, "disk-named");
    const words = ["--disk", "scsi0:0:name=root,disk.raw,bus=sata", "--disk", "*:format=raw"];
    const refused = await vmferry("convert", vmx, folder, "--to", "libvirt", ...words);
    assert.match(refused.err, /"root,disk\.raw"/);
    const named = ["--disk", "scsi0:0:name=root.raw,bus=sata", "--disk", "*:format=raw", "--prove"];
    const done = await vmferry("convert", vmx, folder, "--to", "libvirt", ...named);
    assert.equal(done.exitCode, 0, done.err);
    assert.match(readFileSync(join(folder, "disk.xml"), "utf8"), /root\.raw"\/>\s*<target dev="sda" bus="sata"/);
  });

  for (const [word, exitCode, code, ...to] of [
    ["disk", 2, "cli/invalid-value", "libvirt"],
    ["disk:raw", 2, "cli/invalid-value", "libvirt"],
    ["disk:frmat=raw", 2, "cli/invalid-value", "libvirt"],
    ["disk:format=", 2, "cli/invalid-value", "libvirt"],
    ["disk:bus=mfm", 2, "cli/invalid-value", "libvirt"],
    ["disc:format=raw", 2, "convert/no-such-disk", "libvirt"],
    ["disk:format=vdi", 3, "convert/blocked", "libvirt"],
    ["disk:name=x.vmdk", 3, "convert/blocked", "ova"],
    ["disk:format=vhd", 3, "convert/blocked", "ova"],
  ] as const) {
    it(`refuses ${word} for ${to}`, async () => {
      const said = await vmferry("convert", disk, join(root, "refused.ova"), "--to", ...to, "--disk", word);
      assert.deepEqual([said.exitCode, /error\[(.+?)\]/.exec(said.err)?.[1]], [exitCode, code], said.err);
    });
  }
});

describe("--profile", () => {
  const house = join(root, "house.yaml");
  writeFileSync(
    house,
    [
      "cpus: 2",
      "memory: 1GiB",
      "machines: { web: { firmware: efi }, mail: { cpus: 9 } }",
      "disks: { '*': { bus: sata } }",
      "targets:",
      "  libvirt: { options: { disks: raw }, name: from-libvirt }",
      "  ova: { flavour: virtualbox }",
      "  vsphere-8: { bus: scsi }",
      "",
    ].join("\n"),
  );

  it("says what many conversions want, and the command line counts before it", async () => {
    const folder = join(root, "profiled");
    const { exitCode, err } = await vmferry(
      ...["convert", disk, folder, "--to", "libvirt", "--profile", house, "--cpus", "3", "--prove", "--workers", "0"],
    );
    assert.equal(exitCode, 0, err);
    const xml = readFileSync(join(folder, "from-libvirt.xml"), "utf8");
    assert.match(xml, /<vcpu[^>]*>3<[\s\S]*type="raw"[\s\S]*bus="sata"/);
    assert.match(readFileSync(join(folder, "REPORT.md"), "utf8"), /fit\/profile-unused/);
    assert.doesNotMatch(err, /hardware-assumed/);
  });

  it("has sections for packages and for each target of adapt", async () => {
    const ova = join(root, "profiled.ova");
    const made = await vmferry("convert", disk, ova, "--profile", house, "--workers", "0");
    assert.equal(made.exitCode, 0, made.err);
    assert.equal((await inspect(ova)).appliance.machines[0].cpu.count, 2);
    assert.equal((await vmferry("unpack", ova, join(root, "profiled-ova"))).exitCode, 0);
    assert.match(readFileSync(join(root, "profiled-ova", "disk.ovf"), "utf8"), /vbox:Machine/);
    const folder = join(root, "adapted");
    const adapted = await vmferry(
      ...["adapt", disk, folder, "--to", "vsphere-8,libvirt", "--profile", house, "--workers", "0"],
    );
    assert.equal(adapted.exitCode, 0, adapted.err);
    const buses = await Promise.all(
      ["vsphere-8", "libvirt"].map(async (name) => {
        return (await inspect(join(folder, name))).appliance.machines[0].controllers[0].bus;
      }),
    );
    assert.deepEqual(buses, ["scsi", "sata"]);
  });

  it("is refused with line and column where it is not understood, and where it is not there", async () => {
    const wrong = join(root, "wrong.yaml");
    writeFileSync(wrong, "cpus: 2\nbus: mfm\n");
    const said = await vmferry("convert", disk, join(root, "x"), "--to", "libvirt", "--profile", wrong);
    assert.deepEqual([said.exitCode, /error\[(.+?)\]/.exec(said.err)?.[1]], [2, "config/bad-value"], said.err);
    assert.match(said.err, /wrong\.yaml:2:6/);
    const gone = await vmferry("convert", disk, join(root, "x"), "--to", "libvirt", "--profile", join(root, "no.yaml"));
    assert.deepEqual([gone.exitCode, /error\[(.+?)\]/.exec(gone.err)?.[1]], [3, "io/not-found"], gone.err);
  });
});

describe("options that cannot be met", () => {
  for (const [what, options, exitCode, code] of [
    ["a machine that is not there", ["--only", "x"], 2, "convert/no-such-machine"],
    ["a disk that is not there", ["--skip-disk", "x"], 2, "convert/no-such-disk"],
    ["a bus that the target lacks", ["--bus", "nvme"], 3, "convert/blocked"],
    ["a bus that nobody has", ["--bus", "mfm"], 2, "cli/invalid-value"],
    ["a guest that nobody knows", ["--os", "templeos"], 2, "convert/unknown-guest"],
  ] as const) {
    it(`are refused: ${what}`, async () => {
      const said = await vmferry("convert", disk, join(root, "refused"), "--to", "hyperv", ...options);
      assert.deepEqual([said.exitCode, /error\[(.+?)\]/.exec(said.err)?.[1]], [exitCode, code], said.err);
    });
  }
});
