/** `vmferry build`: packages that say what the spec says, in every flavour, or none at all. */
import assert from "node:assert/strict";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { run } from "../../src/cli/program.js";
import type { BuildResult, InspectResult } from "../../src/report/results.js";
import { issue } from "../support/authority.js";
import { diskFile } from "../support/packages.js";
import { captureStreams } from "../support/streams.js";

const root = mkdtempSync(join(tmpdir(), "vmferry-build-"));
after(() => rmSync(root, { recursive: true }));
const shape = { sectors: 16_384, runs: [{ sector: 3, sectors: 4_000, content: "text" }] } as const;
writeFileSync(join(root, "root.qcow2"), await diskFile("qcow2", "uncompressed", shape));
writeFileSync(join(root, "data.img"), await diskFile("raw", "raw", shape));
writeFileSync(join(root, "seed.iso"), new Uint8Array(4096));
writeFileSync(join(root, "logo.png"), new Uint8Array([0x89, 0x50, 0x4e, 0x47]));
writeFileSync(join(root, "LICENSE.txt"), "Be nice.\n");
writeFileSync(join(root, "LIZENZ.txt"), "Seid nett.\n");

const SPEC = `appliance: 1
name: shop
variables: { VERSION: 1.2.3 }
targets: [vsphere-7]
networks: { LAN: The inside network }
options:
  small: { label: Small, description: For ten users }
  large: { label: Large, description: For more }
machine:
  name: { text: Web server, de: Netzrechner }
  annotation: An example
  os: debian12
  cpus: 2
  memory: 2GiB
  firmware: efi
  controllers: { scsi0: { bus: scsi, model: pvscsi } }
  drives: [root.qcow2, { disk: data.img, size: 16MiB }, { size: 64MiB, id: empty }, { cdrom: seed.iso }]
  nics: [{ network: LAN, model: vmxnet3, config: { wakeOnLanEnabled: true } }]
  boot: [disk, network]
  transports: [com.vmware.guestInfo]
  options: { large: { cpus: 8, memory: 16GiB } }
  devices: [{ type: 1, subtype: vmware.vmci, name: VMCI device }]
  vmware: { config: { memoryHotAddEnabled: true }, extra-config: { disk.EnableUUID: 'TRUE' } }
  eulas: [{ file: LICENSE.txt, de: { file: LIZENZ.txt } }]
  products:
    - name: Shop
      version: \${VERSION}
      vendor-url: https://example.org/
      app-url: https://$\${ip}/
      icons: [logo.png]
      properties:
        host: { label: { text: Host name, de: Rechnername }, category: Network, default: web, max-length: 63, values: { large: big } }
        ip: { type: string, label: Address, category: Network }
        secret: { password: yes, min-length: 8 }
`;
writeFileSync(join(root, "spec.yaml"), SPEC);

async function vmferry(...argv: string[]) {
  const streams = captureStreams();
  const exitCode = await run(argv, streams, new AbortController().signal);
  return { exitCode, out: streams.out(), err: streams.err() };
}

async function inspected(name: string, ...more: string[]): Promise<NonNullable<InspectResult["appliance"]>> {
  const { out } = await vmferry("inspect", name, "--json", ...more);
  return (JSON.parse(out) as InspectResult).appliance ?? assert.fail(out);
}

describe("build", () => {
  it("makes packages that say what the spec says, and that read the same", async () => {
    const [ova, folder] = [join(root, "shop.ova"), join(root, "shop")];
    const done = await vmferry("build", join(root, "spec.yaml"), ova, folder, "--prove", "--json");
    assert.equal(done.exitCode, 0, done.err + done.out);
    const result = JSON.parse(done.out) as BuildResult;
    assert.equal(result.outcome, "written");
    for (const { proof } of result.outputs)
      assert.deepEqual(
        proof?.map(({ equal }) => equal),
        [true, true],
      );
    const appliance = await inspected(ova);
    assert.deepEqual({ ...(await inspected(folder)), name: "shop" }, appliance);
    const [machine] = appliance.machines;
    assert.deepEqual(
      [machine?.name, machine?.cpu.count, machine?.memoryBytes, machine?.firmware, machine?.annotation],
      ["Web server", 2, 2 ** 31, "efi", "An example"],
    );
    assert.deepEqual(
      appliance.disks.map(({ id, capacityBytes, file }) => [id, capacityBytes, file === null]),
      [
        ["root", 8 * 2 ** 20, false],
        ["data", 16 * 2 ** 20, false],
        ["empty", 64 * 2 ** 20, true],
      ],
    );
    assert.deepEqual(
      appliance.deploymentOptions.map(({ id, default: chosen }) => [id, chosen]),
      [
        ["small", false],
        ["large", false],
      ],
    );
    const [product] = appliance.products;
    assert.equal(product?.version, "1.2.3");
    assert.deepEqual(
      product?.properties.map(({ key, value, category, password }) => [key, value, category, password]),
      [
        ["secret", null, null, true],
        ["host", "web", "Network", false],
        ["ip", null, "Network", false],
      ],
    );
    const large = await inspected(ova, "--configuration", "large", "--locale", "de");
    assert.deepEqual(
      [large.machines[0]?.cpu.count, large.machines[0]?.memoryBytes, large.machines[0]?.name],
      [8, 2 ** 34, "Netzrechner"],
    );
    assert.deepEqual([large.products[0]?.properties[1]?.value, large.eulas[0]?.text], ["big", "Seid nett."]);
    const descriptor = readFileSync(join(folder, "shop.ovf"), "utf8");
    for (const line of [
      '<vmw:Config ovf:required="false" vmw:key="wakeOnLanEnabled" vmw:value="true"/>',
      '<vmw:Config ovf:required="false" vmw:key="memoryHotAddEnabled" vmw:value="true"/>',
      '<vmw:ExtraConfig ovf:required="false" vmw:key="disk.EnableUUID" vmw:value="TRUE"/>',
      "<AppUrl>https://${ip}/</AppUrl>",
      '<Icon ovf:fileRef="file4" ovf:mimeType="image/png"/>',
      "<rasd:ResourceSubType>vmware.vmci</rasd:ResourceSubType>",
    ]) {
      assert.ok(descriptor.includes(line), line);
    }
    for (const name of [ova, folder]) {
      const { exitCode, out } = await vmferry("validate", name, "--for", "vsphere-7");
      assert.equal(exitCode, 0, out);
    }
  });

  it("writes what each output wants, where the spec names them", async () => {
    const home = join(root, "outputs");
    mkdirSync(home);
    writeFileSync(
      join(home, "spec.yaml"),
      [
        "appliance: 1",
        "name: small",
        "machine: { memory: 1GiB, firmware: efi, drives: [{ size: 8MiB }], nics: [LAN] }",
        "outputs:",
        "  - a.ova",
        "  - { file: b.ova, flavour: virtualbox, targets: [virtualbox-7], manifest: sha512 }",
        "  - { file: c, flavour: strict, ovf-version: '2.0' }",
      ].join("\n"),
    );
    const { exitCode, err } = await vmferry("build", join(home, "spec.yaml"));
    assert.equal(exitCode, 0, err);
    assert.deepEqual(readdirSync(home), ["a.ova", "b.ova", "c", "spec.yaml"]);
    const { exitCode: verdict, out } = await vmferry("validate", join(home, "b.ova"), "--for", "virtualbox-7");
    assert.equal(verdict, 0, out);
    assert.match((await vmferry("inspect", join(home, "b.ova"))).out, /SHA-512/);
    assert.match(readFileSync(join(home, "c", "small.ovf"), "utf8"), /ovf\/envelope\/2/);
  });

  it("refuses with exit code 1 what a target would refuse, and writes nothing", async () => {
    const spec = join(root, "huge.yaml");
    writeFileSync(spec, "appliance: 1\nmachine:\n  memory: ${MEM}\n  firmware: bios\n");
    const never = join(root, "never.ova");
    const { exitCode, out } = await vmferry("build", spec, never, "--var", "MEM=9TiB", "--for", "vsphere-7", "--json");
    const result = JSON.parse(out) as BuildResult;
    assert.deepEqual([exitCode, result.outcome], [1, "refused"]);
    assert.deepEqual(
      result.outputs[0]?.refusals.map(({ code }) => code),
      ["target/hardware-too-new"],
    );
    assert.ok(!existsSync(never));
    const plan = await vmferry("build", spec, never, "--var", "MEM=1GiB", "--dry-run");
    assert.equal(plan.exitCode, 0, plan.err);
    assert.match(plan.out, /^plan, 1 package/m);
    assert.ok(!existsSync(never));
  });

  it("signs", async () => {
    const { key, pem } = await issue({ name: "Signer", usage: 0x80, key: "rsa" });
    writeFileSync(join(root, "key.pem"), key.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
    writeFileSync(join(root, "cert.pem"), pem);
    const signed = join(root, "signed.ova");
    const who = ["--key", join(root, "key.pem"), "--certificate", join(root, "cert.pem")];
    const { exitCode, err } = await vmferry("build", join(root, "spec.yaml"), signed, ...who);
    assert.equal(exitCode, 0, err);
    const trusted = await vmferry("verify", signed, "--trust", join(root, "cert.pem"));
    assert.equal(trusted.exitCode, 0, trusted.out + trusted.err);
    assert.match(trusted.out, /trusted signature/);
  });

  for (const [what, text, code, argv] of [
    ["a file that is not there", "drives: [gone.img]", "build/no-file", []],
    ["a file outside of its folder", "drives: [../other.img]", "build/outside-file", []],
    ["an absolute file", "drives: [/etc/hostname]", "build/outside-file", []],
    ["a disk that would be cut off", "drives: [{ disk: root.qcow2, size: 1MiB }]", "build/too-small", []],
    ["a guest system that nobody knows", "os: debain12", "build/unknown-reference", []],
    ["an output that is named twice", "cpus: 1", "cli/usage", ["x/../bad.ova"]],
    ["an output that is called as a descriptor", "cpus: 1", "cli/usage", ["bad.ovf"]],
  ] as const) {
    it(`refuses ${what}, and writes nothing`, async () => {
      const spec = join(root, "bad.yaml");
      writeFileSync(spec, `appliance: 1\nmachine:\n  memory: 1GiB\n  firmware: bios\n  ${text}\n`);
      const others = argv.map((name) => join(root, name));
      const { exitCode, err } = await vmferry("build", spec, join(root, "bad.ova"), ...others);
      assert.ok(exitCode === 2 || exitCode === 3, String(exitCode));
      assert.match(err, new RegExp(`error\\[${code}\\]`));
      assert.ok(!existsSync(join(root, "bad.ova")));
    });
  }

  it("takes files outside of the spec's folder where that is allowed", async () => {
    const home = join(root, "inner");
    mkdirSync(home);
    writeFileSync(
      join(home, "spec.yaml"),
      "appliance: 1\nmachine: { memory: 1GiB, firmware: bios, drives: [../data.img] }\n",
    );
    const { exitCode, err } = await vmferry("build", join(home, "spec.yaml"), join(home, "x.ova"), "--allow-external");
    assert.equal(exitCode, 0, err);
    const nothing = await vmferry("build", join(home, "spec.yaml"), "--allow-external");
    assert.match(nothing.err, /error\[build\/no-output\]/);
    const argv = ["build", join(home, "spec.yaml"), join(home, "y.ova"), "--allow-external", "--var", "A=1"];
    const unused = await vmferry(...argv);
    assert.match(unused.err, /error\[build\/unused-variable\]/);
  });
});

describe("build --reproducible", () => {
  const spec = join(root, "spec.yaml");
  const rebuilt = async (name: string, ...more: string[]) => {
    const { exitCode, out, err } = await vmferry("verify", name, "--rebuild", spec, "--json", ...more);
    const { diagnostics } = JSON.parse(out === "" ? `{"diagnostics":[{"code":${JSON.stringify(err)}}]}` : out);
    const found = (diagnostics as { code: string; data: unknown }[]).filter(({ code }) => code.startsWith("build/"));
    return [exitCode, found[0]?.code, found[0]?.data ?? null];
  };

  it("is proven by verify --rebuild, which writes nothing", async () => {
    const [ova, folder] = [join(root, "again.ova"), join(root, "again")];
    const { exitCode, err } = await vmferry("build", spec, ova, folder, "--reproducible");
    assert.equal(exitCode, 0, err);
    const before = readdirSync(root);
    assert.deepEqual(await rebuilt(ova), [0, "build/rebuilt", null]);
    assert.deepEqual(await rebuilt(folder), [0, "build/rebuilt", null]);
    assert.deepEqual(readdirSync(root), before);
    // Another variable is another package.
    const [code, other] = await rebuilt(ova, "--var", "VERSION=2");
    assert.deepEqual([code, other], [1, "build/rebuild-differs"]);
    // Nor is one that the fast codec packed, at a time of its own.
    await vmferry("build", spec, join(root, "fast.ova"));
    assert.deepEqual((await rebuilt(join(root, "fast.ova")))[1], "build/rebuild-differs");
  });

  it("says where the first byte is that differs, wherever that is", async () => {
    const ova = readFileSync(join(root, "again.ova"));
    for (const at of [0, 700, ova.length >> 1, ova.length - 3000, ova.length - 1]) {
      const changed = new Uint8Array(ova);
      changed[at] = (changed[at] ?? 0) ^ 1;
      writeFileSync(join(root, "changed.ova"), changed);
      const [code, other, data] = await rebuilt(join(root, "changed.ova"));
      // What is no archive any more is no package.
      if (other !== undefined && !String(other).startsWith("build/")) continue;
      assert.deepEqual([code, other, data], [1, "build/rebuild-differs", { file: "changed.ova", offset: at }]);
    }
    writeFileSync(join(root, "again", "extra.txt"), "x");
    rmSync(join(root, "again", "shop.mf"));
    assert.equal((await rebuilt(join(root, "again")))[1], "build/rebuild-differs");
  });

  it("does not depend on holes, and knows a package that was signed since", async () => {
    const sparse = join(root, "holes");
    mkdirSync(sparse);
    for (const name of ["root.qcow2", "seed.iso", "logo.png", "LICENSE.txt", "LIZENZ.txt", "spec.yaml"]) {
      writeFileSync(join(sparse, name), readFileSync(join(root, name)));
    }
    // The same bytes with nothing but data where there were holes, and the other way round.
    const bytes = readFileSync(join(root, "data.img"));
    writeFileSync(join(sparse, "data.img"), "");
    truncateSync(join(sparse, "data.img"), bytes.length);
    const file = openSync(join(sparse, "data.img"), "r+");
    for (let at = 0; at < bytes.length; at += 4096) {
      const page = bytes.subarray(at, at + 4096);
      if (page.some((byte) => byte !== 0)) writeSync(file, page, 0, page.length, at);
    }
    closeSync(file);
    await vmferry("build", join(sparse, "spec.yaml"), join(root, "sparse.ova"), "--reproducible");
    assert.ok(readFileSync(join(root, "sparse.ova")).equals(readFileSync(join(root, "again.ova"))));
    const { key, pem } = await issue({ name: "Signer", usage: 0x80, key: "rsa" });
    writeFileSync(join(root, "key2.pem"), key.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
    writeFileSync(join(root, "cert2.pem"), pem);
    const who = ["--key", join(root, "key2.pem"), "--certificate", join(root, "cert2.pem")];
    const signed = join(root, "signed-again.ova");
    await vmferry("build", spec, signed, "--reproducible", ...who);
    assert.deepEqual(await rebuilt(signed, "--trust", join(root, "cert2.pem")), [0, "build/rebuilt", null]);
    const stray = await vmferry("verify", signed, "--var", "VERSION=2");
    assert.match(stray.err, /error\[cli\/usage\]/);
  });
});
