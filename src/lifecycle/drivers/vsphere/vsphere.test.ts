import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { hasCode } from "../../../../test/support/errors.js";
import { defaultLimits } from "../../../base/limits.js";
import { renderXml } from "../../../xml/build.js";
import { parseXml } from "../../../xml/parse.js";
import { vsphereAddress } from "./address.js";
import { vsphere } from "./driver.js";
import { faultError } from "./faults.js";
import { importSpecNode } from "./import-spec.js";
import { child, parseAnswer, refOf, textOf, VIM } from "./soap.js";
import { vsphereStep } from "./steps.js";
import { compareSent, trustFor } from "./upload.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const answer = (inner: string): Uint8Array =>
  bytes(
    `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><e:Body>${inner}</e:Body></e:Envelope>`,
  );

test("addresses name a host, a port, a user and a data center, and no password", () => {
  assert.deepEqual(vsphereAddress("vsphere://vc.example/"), {
    host: "vc.example",
    port: 443,
    user: null,
    datacenter: null,
  });
  assert.deepEqual(vsphereAddress("vsphere://administrator@vsphere.local@vc.example:8443/Berlin%2FOst"), {
    host: "vc.example",
    port: 8443,
    user: "administrator@vsphere.local",
    datacenter: "Berlin/Ost",
  });
  assert.equal(vsphereAddress("vsphere://[fe80::1]").host, "fe80::1");
  for (const bad of [
    "vsphere://",
    "vsphere://u:p@h/",
    "vsphere://h:0/",
    "vsphere://h:99999/",
    "vsphere://-h/",
    "vsphere://h/a?b",
    "vsphere://h/%zz",
    "vsphere://a b/",
  ]) {
    assert.throws(() => vsphereAddress(bad), hasCode("deploy/bad-target"), bad);
  }
  const secret = "vsphere://user:hunter2@host/";
  assert.throws(
    () => vsphereAddress(secret),
    (error: Error) => !error.message.includes("hunter2"),
  );
});

test("a user and a password have to be named before anybody is spoken to", () => {
  const access = { target: "vsphere://h/", user: null, password: "env:A", thumbprint: null, authorities: null };
  const scope = { reveal: async () => "", env: {} };
  assert.throws(() => vsphere.open(access, scope), hasCode("deploy/bad-target"));
  assert.throws(() => vsphere.open({ ...access, user: "u", password: null }, scope), hasCode("deploy/bad-target"));
});

test("answers are read, faults have their names and members, and anything else is refused", () => {
  const good = parseAnswer(
    answer(`<FindByUuidResponse xmlns="${VIM}"><returnval type="VirtualMachine">vm-1</returnval></FindByUuidResponse>`),
    "FindByUuid",
    defaultLimits,
  );
  assert.ok(!("fault" in good));
  assert.deepEqual(refOf(child(good, "returnval")), { type: "VirtualMachine", value: "vm-1" });
  const bad = parseAnswer(
    answer(
      `<e:Fault><faultcode>ServerFaultCode</faultcode><faultstring>No\u0085 &#x202e;right</faultstring><detail><NoPermissionFault xmlns="${VIM}" xsi:type="NoPermission"><object type="Folder">group-v3</object><privilegeId>VApp.Import</privilegeId></NoPermissionFault></detail></e:Fault>`,
    ),
    "ImportVApp",
    defaultLimits,
  );
  assert.ok("fault" in bad);
  assert.equal(bad.fault.name, "NoPermission");
  assert.ok(!/[\u0085\u202e]/.test(bad.fault.words), "nothing moves the cursor");
  const error = faultError(bad.fault, "import web");
  assert.equal(error.code, "deploy/denied");
  assert.match(error.message, /VApp\.Import/);
  for (const other of [
    "<html/>",
    "",
    "<a",
    new TextDecoder().decode(answer("")),
    new TextDecoder().decode(answer("<Other/>")),
  ]) {
    assert.throws(() => parseAnswer(bytes(other), "FindByUuid", defaultLimits), hasCode("deploy/bad-answer"), other);
  }
  assert.throws(
    () => parseAnswer(bytes(`<!DOCTYPE a [<!ENTITY b "c">]><a/>`), "FindByUuid", defaultLimits),
    hasCode("deploy/bad-answer"),
  );
});

test("an import specification goes back as it came, with the UUID at its place", () => {
  const text = `<returnval xmlns="${VIM}" xmlns:x="http://www.w3.org/2001/XMLSchema-instance" xmlns:s="http://www.w3.org/2001/XMLSchema" x:type="VirtualMachineImportSpec"><configSpec><name>web &amp; co</name><version>vmx-13</version><uuid>old</uuid><guestId>debian12_64Guest</guestId><deviceChange><operation>add</operation><device x:type="VirtualE1000"><key>-1</key></device></deviceChange><extraConfig><key>a</key><value x:type="s:string">b</value></extraConfig></configSpec><resPoolEntity type="ResourcePool">resgroup-1</resPoolEntity></returnval>`;
  const { root } = parseXml(bytes(text), "spec", defaultLimits);
  const node = importSpecNode(root, "11111111-2222-8333-a444-555555555555");
  const out = renderXml({
    ...node,
    attributes: [
      ["xmlns", VIM],
      ["xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"],
      ["xmlns:xsd", "http://www.w3.org/2001/XMLSchema"],
      ...node.attributes,
    ],
  });
  const back = parseXml(bytes(out), "spec", defaultLimits).root;
  assert.match(out, /xsi:type="VirtualMachineImportSpec"/);
  assert.match(out, /<device xsi:type="VirtualE1000">/);
  assert.match(out, /<value xsi:type="xsd:string">b<\/value>/);
  assert.match(out, /<resPoolEntity type="ResourcePool">resgroup-1</);
  const config = child(back, "configSpec");
  assert.equal(textOf(config, "name"), "web & co");
  assert.deepEqual(
    [...(config?.elements() ?? [])].map(({ name }) => name),
    ["name", "version", "uuid", "instanceUuid", "guestId", "deviceChange", "extraConfig"],
  );
  assert.equal(textOf(config, "uuid"), "11111111-2222-8333-a444-555555555555");
});

test("a host that a trusted server names is held to the thumbprint that it says, and to nothing that was said of the server", () => {
  const trust = { thumbprint: "a".repeat(64), authorities: "/ca.pem" };
  const login = { host: "vc", port: 443, trust, user: "u", password: async () => "" };
  const of = (url: string, thumbprint: string | null): unknown => trustFor({ url: new URL(url), thumbprint }, login);
  assert.deepEqual(of("https://vc/nfc/1", "b".repeat(40)), trust);
  assert.deepEqual(of("https://esx/nfc/1", "b".repeat(40)), { thumbprint: "b".repeat(40), authorities: "/ca.pem" });
  assert.deepEqual(of("https://esx/nfc/1", null), { thumbprint: null, authorities: "/ca.pem" });
});

test("digests of hosts are compared, up to the end marker of a stream that others padded", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "vmferry-sent-"));
  t.after(() => rm(folder, { recursive: true }));
  const stream = Buffer.concat([Buffer.alloc(1000, 7), Buffer.alloc(24), Buffer.alloc(512)]);
  const padded = Buffer.concat([stream, Buffer.alloc(60_000)]);
  const file = join(folder, "disk.vmdk");
  await writeFile(file, padded);
  const sum = (of: Uint8Array, algorithm: "sha1" | "sha256"): string => createHash(algorithm).update(of).digest("hex");
  const sent = { bytes: padded.length, sha1: sum(padded, "sha1"), sha256: sum(padded, "sha256") };
  const { signal } = new AbortController();
  for (const algorithm of ["sha1", "sha256"] as const) {
    for (const digest of [sum(padded, algorithm), sum(stream, algorithm)]) {
      await compareSent(file, sent, { key: "", algorithm, digest, size: null }, signal);
    }
  }
  const other = { key: "", algorithm: "sha1", digest: "0".repeat(40), size: null } as const;
  await assert.rejects(compareSent(file, sent, other, signal), hasCode("deploy/damaged"));
});

test("records of a state that somebody changed are no steps", () => {
  const client = {} as never;
  const tools = { files: "/nowhere", kept: "/nowhere", environment: () => null };
  const machine = {
    ...{
      kind: "machine",
      machine: "web",
      name: "web",
      uuid: "11111111-2222-8333-a444-555555555555",
      prefix: "1-",
      descriptor: "web.ovf",
    },
    ...{ pool: "resgroup-1", datastore: "datastore-1", host: null, parent: "group-v3", folder: "pair" },
  };
  const step = (action: Record<string, string | number | null>): unknown =>
    vsphereStep({ key: "k", text: "t", status: "open", action }, client, tools);
  assert.ok(step(machine));
  for (const wrong of [
    { kind: "other" },
    { uuid: "x" },
    { prefix: "../" },
    { descriptor: "../../etc/passwd" },
    { descriptor: "a/b.ovf" },
    { pool: 7 },
    { parent: "" },
    { host: "a\nb" },
  ]) {
    assert.throws(() => step({ ...machine, ...wrong }), hasCode("deploy/bad-state"), JSON.stringify(wrong));
  }
});
