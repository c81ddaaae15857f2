/** Each setting of a policy, on a package that it takes and on one that it refuses. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { run } from "../../src/cli/program.js";
import { policyFields } from "../../src/operations/policy/policy.js";
import type { VerifyResult } from "../../src/report/results.js";
import { descriptorOf, ovaOf, packageOf } from "../support/packages.js";
import { captureStreams } from "../support/streams.js";

const fixtures = "test/fixtures/packages";
const SIGNER = "913fd0387427a72225c2458db85224176da6e0e11624ea4200336e7540c7d120";
const folder = mkdtempSync(join(tmpdir(), "vmferry-policy-"));
after(() => rmSync(folder, { recursive: true }));
let counter = 0;

function policyFile(text: string): string {
  const file = join(folder, `${counter++}.yaml`);
  writeFileSync(file, `policy: 1\nname: the test's\n${text}\n`);
  return file;
}

async function call(...words: string[]) {
  const streams = captureStreams();
  const exitCode = await run(words, streams, new AbortController().signal);
  return { exitCode, out: streams.out() };
}

/** Settings that a policy's own findings name, with their codes. */
async function refusedBy(source: string, text: string, ...options: string[]): Promise<readonly string[]> {
  const { out } = await call("verify", source, "--policy", policyFile(text), "--json", "--workers", "0", ...options);
  const { diagnostics, policy } = JSON.parse(out) as VerifyResult;
  const own = diagnostics.filter(({ code }) => code.startsWith("policy/"));
  if (own.length > 0) assert.equal(policy?.verdict, "refused");
  return [...new Set(own.map(({ code, data }) => `${code} ${String(data?.key)}`))];
}

/** A package of a test's own making: one disk, and what `change` makes of its descriptor. */
function made(change: (descriptor: string) => string, more: Readonly<Record<string, Uint8Array>> = {}): string {
  const file = join(folder, `${counter++}.ova`);
  const descriptor = change(descriptorOf([{ href: "disk.img", use: "disk" }]));
  writeFileSync(file, ovaOf(packageOf(descriptor, { "disk.img": new Uint8Array(512), ...more })));
  return file;
}

/** The same without a manifest. */
function bare(): string {
  const file = join(folder, `${counter++}.ova`);
  const descriptor = descriptorOf([{ href: "disk.img", use: "disk" }]);
  const files = packageOf(descriptor, { "disk.img": new Uint8Array(512) });
  writeFileSync(file, ovaOf(Object.fromEntries(Object.entries(files).filter(([name]) => !name.endsWith(".mf")))));
  return file;
}

const section = (text: string) => (descriptor: string) =>
  descriptor.replace("    <VirtualHardwareSection>", `${text}\n    <VirtualHardwareSection>`);
const property = (attributes: string): ((descriptor: string) => string) =>
  section(
    `    <ProductSection><Info>I</Info><Product>P</Product><Property ovf:key="k" ovf:type="string" ${attributes}/></ProductSection>`,
  );
const item = (text: string) => (descriptor: string) =>
  descriptor.replace("    </VirtualHardwareSection>", `      <Item>${text}</Item>\n    </VirtualHardwareSection>`);
const option = (key: string, value: string) => (descriptor: string) =>
  descriptor
    .replace("<Envelope ", '<Envelope xmlns:vmw="http://www.vmware.com/schema/ovf" ')
    .replace(
      "    </VirtualHardwareSection>",
      `      <vmw:ExtraConfig ovf:required="false" vmw:key="${key}" vmw:value="${value}"/>\n    </VirtualHardwareSection>`,
    );
const signed = `${fixtures}/vbox-signed-ovf20/goods.ova`;
const kelp = `${fixtures}/compose-sha256/kelp.ova`;
const bios = `${fixtures}/vbox-bios-ovf20/harbour.ova`;

interface Case {
  readonly code: string;
  /** What refuses, and of which package. */
  readonly bad: readonly [source: string, value: string];
  /** Other ways to fall short of it, which must not get by. */
  readonly worse?: readonly (readonly [source: string, value: string])[];
  readonly good: readonly [source: string, value: string];
}

const cases: Readonly<Record<string, () => Case>> = {
  "signature.required": () => ({ code: "policy/required", bad: [kelp, "signed"], good: [signed, "signed"] }),
  "signature.signers": () => ({
    code: "policy/required",
    bad: [signed, `[${"0".repeat(64)}]`],
    worse: [[kelp, `[${SIGNER}]`]],
    good: [signed, `[${SIGNER}]`],
  }),
  "signature.digests": () => ({ code: "policy/not-allowed", bad: [signed, "sha512"], good: [signed, "sha256"] }),
  "signature.key-bits": () => ({ code: "policy/limit", bad: [signed, "16384"], good: [signed, "1024"] }),
  "manifest.required": () => ({
    code: "policy/required",
    bad: [bare(), "present"],
    good: [kelp, "complete"],
  }),
  "manifest.digests": () => ({ code: "policy/not-allowed", bad: [kelp, "[sha512]"], good: [kelp, "[sha256]"] }),
  "package.size": () => ({ code: "policy/limit", bad: [kelp, "1KiB"], good: [kelp, "1GiB"] }),
  "package.files": () => ({ code: "policy/limit", bad: [kelp, "1"], good: [kelp, "9"] }),
  "package.machines": () => ({
    code: "policy/limit",
    bad: [`${fixtures}/vbox-pair-ovf10/pair.ova`, "1"],
    good: [`${fixtures}/vbox-pair-ovf10/pair.ova`, "2"],
  }),
  "package.archives": () => ({ code: "policy/not-allowed", bad: [kelp, "[ustar]"], good: [kelp, "[ustar, gnu]"] }),
  "package.producers": () => ({ code: "policy/not-allowed", bad: [kelp, "[VMware]"], good: [bios, "[virtualbox]"] }),
  "package.external-references": () => ({
    code: "policy/forbidden",
    bad: [made((text) => text.replace('ovf:href="disk.img"', 'ovf:href="http://192.0.2.1/disk.img"')), "forbidden"],
    good: [kelp, "forbidden"],
  }),
  "package.unlisted-files": () => ({
    code: "policy/forbidden",
    bad: [made((text) => text, { "more.bin": new Uint8Array(9) }), "forbidden"],
    good: [kelp, "forbidden"],
  }),
  "package.compressed-files": () => ({
    code: "policy/forbidden",
    bad: [
      made((text) => text.replace('ovf:href="disk.img"', 'ovf:href="disk.img" ovf:compression="gzip"')),
      "forbidden",
    ],
    good: [kelp, "forbidden"],
  }),
  "disks.formats": () => ({
    code: "policy/not-allowed",
    bad: [kelp, "[vhd]"],
    worse: [[made((text) => text.replace(/ovf:format="[^"]*"/, 'ovf:format="http://vendor.example/x"')), "[vmdk]"]],
    good: [kelp, "[vmdk]"],
  }),
  "disks.capacity": () => ({ code: "policy/limit", bad: [kelp, "1MiB"], good: [kelp, "1TiB"] }),
  "disks.total": () => ({ code: "policy/limit", bad: [kelp, "1MiB"], good: [kelp, "1TiB"] }),
  "disks.parents": () => ({
    code: "policy/forbidden",
    bad: [made((text) => text.replace("<Disk ", '<Disk ovf:parentRef="base" ')), "forbidden"],
    good: [kelp, "forbidden"],
  }),
  "hardware.cpus": () => ({ code: "policy/limit", bad: [kelp, "0"], good: [kelp, "64"] }),
  "hardware.memory": () => ({ code: "policy/limit", bad: [kelp, "1MiB"], good: [kelp, "1TiB"] }),
  "hardware.nics": () => ({ code: "policy/limit", bad: [bios, "0"], good: [bios, "8"] }),
  "hardware.disks": () => ({ code: "policy/limit", bad: [kelp, "0"], good: [kelp, "8"] }),
  "hardware.firmware": () => ({ code: "policy/not-allowed", bad: [bios, "[efi]"], good: [bios, "[efi, bios]"] }),
  "hardware.networks": () => ({
    code: "policy/not-allowed",
    bad: [bios, "[Nowhere]"],
    good: [made((text) => text), "[]"],
  }),
  "hardware.forbidden-devices": () => ({
    code: "policy/forbidden",
    bad: [
      made(
        item(
          "<rasd:ElementName>serial</rasd:ElementName><rasd:InstanceID>90</rasd:InstanceID><rasd:ResourceType>21</rasd:ResourceType>",
        ),
      ),
      "[serial]",
    ],
    worse: [
      [made(option("serial0.fileName", "p")), "[serial]"],
      [made(option("sharedFolder0.hostPath", "/home")), "[shared-folder]"],
      [made(option("RemoteDisplay.vnc.enabled", "1")), "[remote-display]"],
    ],
    good: [kelp, "[serial, parallel, shared-folder, usb-filter, host-device, remote-display]"],
  }),
  "hardware.extra-configuration": () => ({
    code: "policy/forbidden",
    bad: [
      made((text) =>
        text
          .replace("<Envelope ", '<Envelope xmlns:vmw="http://www.vmware.com/schema/ovf" ')
          .replace(
            "    </VirtualHardwareSection>",
            '      <vmw:ExtraConfig ovf:required="false" vmw:key="isolation.tools.copy.disable" vmw:value="false"/>\n    </VirtualHardwareSection>',
          ),
      ),
      "harmless",
    ],
    good: [kelp, "forbidden"],
  }),
  "properties.default-passwords": () => ({
    code: "policy/forbidden",
    bad: [made(property('ovf:password="true" ovf:userConfigurable="true" ovf:value="hunter2"')), "forbidden"],
    good: [made(property('ovf:password="true" ovf:userConfigurable="true"')), "forbidden"],
  }),
  "properties.plain-secrets": () => ({
    code: "policy/forbidden",
    bad: [
      made((text) =>
        property('ovf:userConfigurable="true" ovf:value="hunter2"')(text).replace(
          'ovf:key="k"',
          'ovf:key="admin_password"',
        ),
      ),
      "forbidden",
    ],
    good: [made(property('ovf:userConfigurable="true" ovf:value="blue"')), "forbidden"],
  }),
  "properties.hidden": () => ({
    code: "policy/forbidden",
    bad: [made(property('ovf:userConfigurable="false" ovf:value="x"')), "forbidden"],
    good: [made(property('ovf:userConfigurable="true" ovf:value="x"')), "forbidden"],
  }),
  "properties.scripts": () => ({
    code: "policy/forbidden",
    bad: [
      made((text) =>
        property('ovf:userConfigurable="true" ovf:value="#!/bin/sh&#10;id"')(text).replace(
          'ovf:key="k"',
          'ovf:key="user-data"',
        ),
      ),
      "forbidden",
    ],
    good: [made(property('ovf:userConfigurable="true" ovf:value="x"')), "forbidden"],
  }),
  "properties.transports": () => ({
    code: "policy/not-allowed",
    bad: [
      made((text) => text.replace("<VirtualHardwareSection>", '<VirtualHardwareSection ovf:transport="iso">')),
      "[com.vmware.guestInfo]",
    ],
    good: [
      made((text) => text.replace("<VirtualHardwareSection>", '<VirtualHardwareSection ovf:transport="iso">')),
      "[iso]",
    ],
  }),
  "validation.level": () => ({
    code: "policy/invalid",
    bad: [made((text) => text.replace("<Info>Disks</Info>", "")), "strict"],
    good: [kelp, "importer"],
  }),
  "validation.targets": () => ({
    code: "policy/invalid",
    bad: [`${fixtures}/compose-disks/tide.ova`, "[virtualbox-7]"],
    good: [kelp, "[virtualbox-7]"],
  }),
};

describe("the policy's setting", () => {
  for (const { key, check } of policyFields) {
    if (check === undefined) continue;
    it(`${key} refuses what falls short of it, and nothing else`, async () => {
      const { code, bad, worse = [], good } = (cases[key] ?? assert.fail("there is no case for it"))();
      const [group, name] = key.split(".");
      assert.deepEqual(await refusedBy(bad[0], `${group}: { ${name}: ${bad[1]} }`), [`${code} ${key}`]);
      for (const [source, value] of worse) {
        assert.deepEqual(await refusedBy(source, `${group}: { ${name}: ${value} }`), [`${code} ${key}`]);
      }
      assert.deepEqual(await refusedBy(good[0], `${group}: { ${name}: ${good[1]} }`), []);
    });
  }

  it("signature.signers and signature.authorities say whom to trust", async () => {
    const wanted = "signature: { required: trusted";
    assert.deepEqual(await refusedBy(signed, `${wanted} }`), ["policy/required signature.required"]);
    assert.deepEqual(await refusedBy(signed, `${wanted}, signers: [{ name: us, sha256: ${SIGNER} }] }`), []);
    assert.deepEqual(await refusedBy(signed, `${wanted}, signers: [${"0".repeat(64)}] }`), [
      "policy/required signature.required",
    ]);
  });

  it("findings lets pass what it names, however often it is there", async () => {
    const many = Array.from({ length: 50 }, (_, i) => `<Property ovf:key="k${i}" ovf:type="string" ovf:value="x"/>`);
    const ova = made(section(`<ProductSection><Info>I</Info><Product>P</Product>${many.join("")}</ProductSection>`));
    const text = "properties: { hidden: forbidden }";
    assert.deepEqual(await refusedBy(ova, text), ["policy/forbidden properties.hidden"]);
    assert.deepEqual(await refusedBy(ova, `${text}\nfindings: { audit/hidden-property: off }`), []);
  });

  it("findings changes how bad findings are", async () => {
    const off = policyFile("findings: { signature/absent: off, manifest/absent: error }");
    assert.equal((await call("verify", kelp, "--policy", off, "--json")).exitCode, 0);
    const { exitCode, out } = await call("verify", bare(), "--policy", off, "--json");
    assert.equal(exitCode, 1);
    assert.equal(JSON.parse(out).policy.verdict, "refused");
  });
});

describe("a policy at the command line", () => {
  it("is told in the result: exit code 1 where it refuses, 0 where it accepts", async () => {
    const strict = policyFile("hardware: { cpus: 0 }");
    const refused = await call("verify", kelp, "--policy", strict);
    assert.equal(refused.exitCode, 1);
    assert.match(refused.out, /refused by the test's/);
    assert.match(refused.out, /policy\/limit/);
    const accepted = await call("verify", kelp, "--policy", policyFile("hardware: { cpus: 9 }"));
    assert.equal(accepted.exitCode, 0);
    assert.match(accepted.out, /accepted by the test's/);
  });

  it("is told as SARIF, with the setting", async () => {
    const { out, exitCode } = await call(
      "verify",
      kelp,
      "--policy",
      policyFile("hardware: { cpus: 0 }"),
      "--format",
      "sarif",
    );
    assert.equal(exitCode, 1);
    const { runs } = JSON.parse(out);
    assert.ok(runs[0].results.some(({ ruleId }: { readonly ruleId: string }) => ruleId === "policy/limit"));
  });

  for (const words of [["convert", "--to", "vmware"], ["unpack"], ["pack"]]) {
    const [command = "", ...options] = words;
    it(`keeps ${command} from writing anything where it refuses`, async () => {
      const dest = join(folder, `${counter++}`);
      const strict = policyFile("hardware: { cpus: 0 }");
      const { exitCode, out } = await call(
        command,
        kelp,
        dest,
        ...options,
        "--policy",
        strict,
        "--json",
        "--workers",
        "0",
      );
      assert.deepEqual([exitCode, JSON.parse(out).error.code, existsSync(dest)], [3, "policy/refused", false]);
      const kind = policyFile("hardware: { cpus: 9 }");
      assert.equal(
        (await call(command, kelp, dest, ...options, "--policy", kind, "--json", "--workers", "0")).exitCode,
        0,
      );
    });
  }

  it("that is no policy is refused with its place", async () => {
    const { exitCode, out } = await call("verify", kelp, "--policy", policyFile("hardwear: {}"), "--json");
    assert.deepEqual([exitCode, JSON.parse(out).error.location.line], [2, 3]);
  });
});
