import assert from "node:assert/strict";
import { test } from "node:test";
import { renderEnvironment } from "../ovf/environment-write.js";
import { openIso } from "../package/iso/read.js";
import { cloudInitSeed } from "./bridges.js";

async function seedOf(properties: Readonly<Record<string, string>>): Promise<Readonly<Record<string, string>>> {
  const model = { id: "vm", platform: null, values: new Map(Object.entries(properties)), entities: [] };
  const environment = renderEnvironment(model, () => "");
  const bytes = cloudInitSeed({ environment, name: "Web Server_1", instance: "vmferry-run-vm", modified: new Date(0) });
  const volume = await openIso(async (at, length) =>
    at + length <= bytes.length ? bytes.slice(at, at + length) : null,
  );
  // The first hierarchy has capital letters alone; cloud-init looks for both spellings, and Joliet's is the small one.
  assert.equal(volume?.label, "CIDATA");
  const found: Record<string, string> = {};
  for (const name of ["meta-data", "user-data", "ovf-env.xml"]) {
    found[name] = new TextDecoder().decode((await volume?.file(name, 10_000)) ?? new Uint8Array());
  }
  assert.equal(found["ovf-env.xml"], environment);
  return found;
}

test("a seed for cloud-init has a name and an instance where no property says one, and no settings", async () => {
  const seed = await seedOf({ port: "80" });
  assert.deepEqual(JSON.parse(seed["meta-data"] ?? ""), {
    "instance-id": "vmferry-run-vm",
    "local-hostname": "web-server-1",
  });
  assert.equal(seed["user-data"], "#cloud-config\n{}\n");
});

test("properties mean what they mean to cloud-init's own source for OVF, and no value becomes another word of YAML", async () => {
  const password = 'no: "yes"\n#cloud-config';
  const seed = await seedOf({
    hostname: "www",
    password,
    "public-keys": "ssh-ed25519 A a\n\nssh-rsa B",
    "instance-id": "i-1",
  });
  assert.deepEqual(JSON.parse(seed["meta-data"] ?? ""), {
    "instance-id": "i-1",
    "local-hostname": "www",
    "public-keys": ["ssh-ed25519 A a", "ssh-rsa B"],
  });
  const [first, ...rest] = (seed["user-data"] ?? "").split("\n");
  assert.equal(first, "#cloud-config");
  assert.deepEqual(JSON.parse(rest.join("\n")), { password, ssh_pwauth: true, chpasswd: { expire: false } });
});

test("user data goes as it is, out of Base64 where it is packed", async () => {
  const script = "#!/bin/sh\necho é\n";
  assert.equal((await seedOf({ "user-data": script }))["user-data"], script);
  const packed = Buffer.from(script).toString("base64");
  assert.equal((await seedOf({ "user-data": packed, password: "x" }))["user-data"], script);
});
