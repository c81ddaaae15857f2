/** Files that a package names by an address: refused, and with --allow-remote fetched and checked as any other. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { run } from "../../src/cli/program.js";
import { type ServerOptions, serve, type TestServer } from "../support/http-server.js";
import { descriptorOf, diskFile } from "../support/packages.js";
import { captureStreams } from "../support/streams.js";

const root = mkdtempSync(join(tmpdir(), "vmferry-remote-"));
const servers: TestServer[] = [];
after(async () => {
  for (const server of servers) await server.close();
  rmSync(root, { recursive: true });
});
const SIZE =
  'ovf:capacity="64" ovf:capacityAllocationUnits="byte * 2^20" ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"';
const disk = await diskFile("vmdk", "streamOptimized", {
  sectors: 131_072,
  runs: [{ sector: 5000, sectors: 4000, content: "noise" }],
});
const iso = new Uint8Array(2_000_000).map((_, i) => i % 255);

interface Said {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
  readonly code: string | null;
}

async function vmferry(...argv: readonly string[]): Promise<Said> {
  const streams = captureStreams();
  const exitCode = await run([...argv, "--quiet"], streams, new AbortController().signal);
  const err = streams.err();
  return { exitCode, out: streams.out(), err, code: /^error\[(.+?)\]/m.exec(err)?.[1] ?? null };
}

async function started(options: ServerOptions = {}): Promise<TestServer> {
  const server = await serve({ "files/disk one.vmdk": disk, "files/tools.iso": iso }, options);
  servers.push(server);
  return server;
}

const sha256 = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");

/** A descriptor whose disk and drive are on a server, with a manifest that lists them by their addresses. */
function packageAt(origin: string, sums: { readonly disk?: Uint8Array } = {}): Record<string, string> {
  const [diskUrl, isoUrl] = [`${origin}/files/disk%20one.vmdk`, `${origin}/files/tools.iso`];
  const ovf = descriptorOf([
    { href: diskUrl, use: "disk", disk: SIZE },
    { href: isoUrl, use: "cdrom" },
  ]);
  const lines = [["box.ovf", ovf] as const, [diskUrl, sums.disk ?? disk] as const, [isoUrl, iso] as const];
  return { "box.ovf": ovf, "box.mf": lines.map(([name, of]) => `SHA256(${name})= ${sha256(of)}\n`).join("") };
}

let folders = 0;
function onDisk(files: Readonly<Record<string, string>>): string {
  const folder = join(root, `p${folders++}`);
  mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return join(folder, "box.ovf");
}

const ALLOWED = ["--allow-remote", "--allow-private"];

describe("a package that names files on a server", () => {
  it("reaches no server unless that is allowed, and says how", async () => {
    const { origin, requests } = await started();
    const file = onDisk(packageAt(origin));
    const said = await vmferry("verify", file);
    assert.equal(said.exitCode, 1);
    assert.match(said.out + said.err, /package\/outside-reference/);
    assert.match(said.out + said.err, /--allow-remote/);
    await vmferry("inspect", file);
    await vmferry("convert", file, join(root, "never"), "--to", "libvirt");
    assert.equal(requests.length, 0);
    assert.ok(!existsSync(join(root, "never")));
  });

  it("is inspected, validated and verified with them, each held to its line of the manifest", async () => {
    const { origin } = await started();
    const file = onDisk(packageAt(origin));
    const inspected = await vmferry("inspect", file, "--json", ...ALLOWED);
    assert.equal(inspected.exitCode, 0, inspected.err);
    const { appliance, diagnostics } = JSON.parse(inspected.out);
    assert.deepEqual(
      diagnostics.filter(({ severity }: { severity: string }) => severity === "error"),
      [],
    );
    assert.deepEqual(appliance.disks[0].variant, "streamOptimized");
    const verified = await vmferry("verify", file, "--json", ...ALLOWED);
    assert.equal(JSON.parse(verified.out).verdict, "intact", verified.out);
    const lines = JSON.parse(verified.out).files.map(({ name, ok }: { name: string; ok: boolean }) => [name, ok]);
    assert.deepEqual(lines, [
      ["box.ovf", true],
      [`${origin}/files/disk%20one.vmdk`, true],
      [`${origin}/files/tools.iso`, true],
    ]);
    assert.equal((await vmferry("validate", file, ...ALLOWED)).exitCode, 0);
  });

  it("is altered where a server has another file", async () => {
    const { origin } = await started();
    const file = onDisk(packageAt(origin, { disk: iso }));
    const verified = await vmferry("verify", file, "--json", ...ALLOWED);
    assert.equal(JSON.parse(verified.out).verdict, "altered");
    const target = join(root, "altered");
    const converted = await vmferry("convert", file, target, "--to", "libvirt", ...ALLOWED);
    assert.equal(converted.code, "package/not-intact", converted.err);
    assert.ok(!existsSync(target));
  });

  it("lacks a file that is not on the server, or is of another size", async () => {
    const { origin, files } = await started();
    const text = packageAt(origin);
    const href = `${origin}/files/tools.iso`;
    const short = onDisk({ "box.ovf": descriptorOf([{ href, use: "cdrom", attributes: 'ovf:size="17"' }]) });
    assert.match((await vmferry("verify", short, "--json", ...ALLOWED)).out, /package\/size-differs/);
    files.delete("files/tools.iso");
    const lacking = await vmferry("verify", onDisk(text), "--json", ...ALLOWED);
    assert.equal(lacking.exitCode, 1);
    assert.match(lacking.out, /package\/missing-file/);
  });

  it("is converted, to a platform and to OVF, with them in it under names of their own", async () => {
    const { origin } = await started();
    const file = onDisk(packageAt(origin));
    const kvm = join(root, "kvm");
    const converted = await vmferry("convert", file, kvm, "--to", "libvirt", ...ALLOWED);
    assert.equal(converted.exitCode, 0, converted.err + converted.out);
    assert.ok(readdirSync(kvm).some((name) => name.endsWith(".qcow2")));
    const ovf = join(root, "ovf");
    const again = await vmferry("convert", file, ovf, "--to", "ovf", ...ALLOWED);
    assert.equal(again.exitCode, 0, again.err + again.out);
    assert.deepEqual(readdirSync(ovf).sort(), ["box.mf", "box.ovf", "disk one.vmdk", "tools.iso"]);
    assert.ok(!readFileSync(join(ovf, "box.ovf"), "utf8").includes(origin));
    assert.equal((await vmferry("verify", join(ovf, "box.ovf"), "--require-manifest")).exitCode, 0);
  });

  it("gives its members by name, and leaves them where they are when it is unpacked", async () => {
    const { origin } = await started();
    const file = onDisk(packageAt(origin));
    const info = await vmferry("disk", "info", `${file}!disk one.vmdk`, "--json", ...ALLOWED);
    assert.equal(JSON.parse(info.out).variant, "streamOptimized", info.err);
    const ova = join(root, "box.ova");
    assert.equal((await vmferry("pack", file, ova, ...ALLOWED)).exitCode, 0);
    const target = join(root, "unpacked");
    const unpacked = await vmferry("unpack", ova, target, ...ALLOWED);
    assert.equal(unpacked.exitCode, 0, unpacked.err);
    assert.deepEqual(readdirSync(target).sort(), ["box.mf", "box.ovf"]);
  });

  it("never takes its manifest or descriptor from there, nor a name that the package has", async () => {
    const evil = await serve({ "box.mf": new TextEncoder().encode("SHA256(box.ovf)= 00\n"), "d/box.ovf": iso });
    servers.push(evil);
    const ovf = descriptorOf([
      { href: `${evil.origin}/box.mf`, use: "cdrom" },
      { href: `${evil.origin}/d/box.ovf`, use: "cdrom" },
    ]);
    const file = onDisk({ "box.ovf": ovf });
    const inspected = JSON.parse((await vmferry("inspect", file, "--json", ...ALLOWED)).out);
    assert.equal(inspected.manifest, null);
    const names = inspected.package.members.map(({ name, role }: { name: string; role: string }) => `${role} ${name}`);
    assert.equal(names.filter((name: string) => name.startsWith("descriptor")).length, 1);
    assert.equal(new Set(names).size, 3, names.join());
  });
});

describe("what a package's addresses reach", () => {
  it("is not this machine or its networks, without --allow-private", async () => {
    const { origin, requests } = await started();
    for (const host of [origin, "http://169.254.169.254", "http://[::1]", "http://localhost", "http://10.0.0.1"]) {
      const said = await vmferry("inspect", onDisk(packageAt(host)), "--allow-remote");
      assert.equal(said.code, "http/private-address", host);
    }
    assert.equal(requests.length, 0);
  });

  it("is in the network of the package's own address, with its headers for its own origin alone", async () => {
    const [own, other] = [await started(), await started()];
    own.files.set("p/box.ovf", new TextEncoder().encode(packageAt(other.origin)["box.ovf"]));
    own.files.set("q/box.ovf", new TextEncoder().encode(packageAt(own.origin)["box.ovf"]));
    const { port } = new URL(own.origin);
    const secret = ["--allow-remote", "--header", "X-Token: hunter2"];
    for (const folder of ["p", "q"]) {
      const url = `http://me:hunter2@127.0.0.1:${port}/${folder}/box.ovf`;
      const said = await vmferry("inspect", url, ...secret);
      assert.equal(said.exitCode, 0, said.err);
      assert.ok(!(said.out + said.err).includes("hunter2"));
    }
    assert.ok(other.requests.length > 0);
    assert.ok(!JSON.stringify(other.requests).includes("hunter2"));
    assert.ok(other.requests.every(({ headers }) => headers.authorization === undefined));
    assert.ok(own.requests.every(({ headers }) => headers["x-token"] === "hunter2"));
  });

  it("gets no header and no credentials where the package is a file, and none of those in the package", async () => {
    const { origin, requests } = await started();
    const netrc = join(root, "netrc");
    writeFileSync(netrc, "default login me password hunter2\n");
    const named = origin.replace("http://", "http://eve:hunter3@");
    const said = await vmferry(
      "inspect",
      onDisk(packageAt(named)),
      ...ALLOWED,
      "--header",
      "X-Token: hunter2",
      "--netrc",
      netrc,
    );
    assert.equal(said.exitCode, 0, said.err);
    assert.ok(requests.length > 0 && !/hunter|authorization/.test(JSON.stringify(requests)));
  });

  it("is http and https alone, and not more than 256 files", async () => {
    const { origin, requests } = await started();
    const odd = ["file:///etc/passwd", "ftp://host/x", "s3://bucket/key", "//host/x"];
    const said = await vmferry(
      "verify",
      onDisk({ "box.ovf": descriptorOf(odd.map((href) => ({ href, use: "cdrom" as const }))) }),
      "--json",
      ...ALLOWED,
    );
    assert.equal(said.out.split("package/outside-reference").length - 1, odd.length);
    assert.equal(requests.length, 0);
    const many = Array.from({ length: 257 }, (_, i) => ({
      href: `${origin}/files/tools.iso?${i}`,
      use: "cdrom" as const,
    }));
    assert.equal((await vmferry("inspect", onDisk({ "box.ovf": descriptorOf(many) }), ...ALLOWED)).code, "io/limit");
  });
});
