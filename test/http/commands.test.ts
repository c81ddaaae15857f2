/** The commands on packages and disks behind a web server. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { run } from "../../src/cli/program.js";
import { type ServerOptions, serve, type TestServer } from "../support/http-server.js";
import { descriptorOf, diskFile, ovaOf, packageOf } from "../support/packages.js";
import { captureStreams } from "../support/streams.js";

const root = mkdtempSync(join(tmpdir(), "vmferry-http-"));
const servers: TestServer[] = [];
after(async () => {
  for (const server of servers) await server.close();
  rmSync(root, { recursive: true });
});
const SIZE =
  'ovf:capacity="64" ovf:capacityAllocationUnits="byte * 2^20" ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"';
const shape = {
  sectors: 131_072,
  runs: Array.from({ length: 12 }, (_, i) => ({ sector: 10_000 * i + 3, sectors: 4000, content: "noise" as const })),
};
const disk = await diskFile("vmdk", "streamOptimized", shape);
const iso = new Uint8Array(2_000_000).map((_, i) => i % 255);
const files = packageOf(
  descriptorOf([
    { href: "disk one.vmdk", use: "disk", disk: SIZE },
    { href: "tools.iso", use: "cdrom" },
  ]),
  { "disk one.vmdk": disk, "tools.iso": iso },
);
const ova = ovaOf(files);

async function started(options: ServerOptions = {}): Promise<TestServer> {
  const folder = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`pub/${name}`, bytes]));
  const server = await serve({ ...folder, "box.ova": ova, "pub/d/disk.vmdk": disk }, options);
  servers.push(server);
  return server;
}

interface Said {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
  readonly code: string | null;
}

async function vmferry(argv: readonly string[], signal = new AbortController().signal): Promise<Said> {
  const streams = captureStreams();
  const exitCode = await run([...argv, "--quiet"], streams, signal);
  const err = streams.err();
  return { exitCode, out: streams.out(), err, code: /^error\[(.+?)\]/m.exec(err)?.[1] ?? null };
}

async function well(...argv: string[]): Promise<Said> {
  const said = await vmferry(argv);
  assert.equal(said.exitCode, 0, `${argv.join(" ")}\n${said.err}\n${said.out}`);
  return said;
}

describe("an archive behind a server", () => {
  it("is judged by its headers, without reading its disks, and fixed into a file with all its digests", async () => {
    const server = await started();
    const address = `${server.origin}/box.ova`;
    await well("validate", address);
    const fetched = server.bytes();
    assert.ok(fetched < ova.length / 4, `${fetched} of ${ova.length} bytes`);
    const fixed = join(root, "fixed.ova");
    await well("fix", address, fixed);
    assert.ok(server.bytes() - fetched > ova.length);
    await well("verify", fixed);
  });

  it("is inspected and verified as a file is", async () => {
    const server = await started();
    const file = join(root, "box.ova");
    writeFileSync(file, ova);
    for (const command of ["inspect", "verify"]) {
      const [far, near] = [
        await well(command, `${server.origin}/box.ova`, "--json"),
        await well(command, file, "--json"),
      ];
      assert.deepEqual(JSON.parse(far.out), JSON.parse(near.out));
    }
  });

  it("is verified against a file of sums by its name, without what follows it in the address", async () => {
    const server = await started();
    const sums = join(root, "SUMS");
    const { createHash } = await import("node:crypto");
    writeFileSync(sums, `${createHash("sha256").update(ova).digest("hex")}  box.ova\n`);
    await well("verify", `${server.origin}/box.ova?sig=hunter2`, "--sums", sums);
  });

  it("is converted while each of its bytes is fetched about once, the manifest's digests included", async () => {
    const server = await started();
    const { out } = await well(
      "convert",
      `${server.origin}/box.ova`,
      join(root, "kvm"),
      "--to",
      "libvirt",
      "--json",
      "--workers",
      "2",
    );
    assert.equal(JSON.parse(out).integrity, "intact");
    assert.ok(server.bytes() < ova.length * 1.15, `${server.bytes()} of ${ova.length} bytes`);
    const image = readdirSync(join(root, "kvm")).find((name) => name.endsWith(".qcow2")) ?? "";
    await well("disk", "compare", join(root, "kvm", image), `${server.origin}/box.ova!disk one.vmdk`);
  });

  it("is unpacked while each of its bytes is fetched about once", async () => {
    const server = await started();
    await well("unpack", `${server.origin}/box.ova`, join(root, "unpacked"));
    for (const [name, bytes] of Object.entries(files)) {
      assert.deepEqual(new Uint8Array(readFileSync(join(root, "unpacked", name))), bytes, name);
    }
    assert.ok(server.bytes() < ova.length * 1.15, `${server.bytes()} of ${ova.length} bytes`);
  });

  it("that is altered leaves nothing", async () => {
    const server = await started();
    const altered = ova.slice();
    altered[altered.length - 1_000_000] = 1;
    server.files.set("box.ova", altered);
    const before = readdirSync(root);
    for (const argv of [
      ["convert", `${server.origin}/box.ova`, join(root, "x"), "--to", "libvirt"],
      ["unpack", `${server.origin}/box.ova`, join(root, "x")],
    ]) {
      const { exitCode, code } = await vmferry(argv);
      assert.deepEqual([exitCode, code], [3, "package/not-intact"]);
    }
    assert.equal((await vmferry(["verify", `${server.origin}/box.ova`])).exitCode, 1);
    assert.deepEqual(readdirSync(root), before);
  });

  it("is converted over connections that break every megabyte", async () => {
    const server = await started({
      turn: ({ number, request, serve: answer }) =>
        number % 5 === 0 ? request.socket.destroy() : answer({ cutAt: 1_000_000 }),
    });
    const { out } = await well(
      "convert",
      `${server.origin}/box.ova`,
      join(root, "flaky"),
      "--to",
      "libvirt",
      "--json",
      "--prove",
    );
    assert.equal(JSON.parse(out).integrity, "intact");
  });

  it("that is replaced on the way leaves nothing", async () => {
    const server = await started({
      turn: ({ number, serve: answer }) => answer(number > 4 ? { headers: { etag: '"two"' } } : {}),
    });
    const before = readdirSync(root);
    const { exitCode, code } = await vmferry([
      "convert",
      `${server.origin}/box.ova`,
      join(root, "x"),
      "--to",
      "libvirt",
    ]);
    assert.deepEqual([exitCode, code], [3, "io/changed"]);
    assert.deepEqual(readdirSync(root), before);
  });

  it("is let go at once where the user interrupts", { timeout: 20_000 }, async () => {
    const stop = new AbortController();
    const server = await started({
      turn({ number, serve: answer }) {
        if (number < 5) return answer();
        setTimeout(() => stop.abort(), 50);
        return undefined;
      },
    });
    const before = readdirSync(root);
    const { exitCode } = await vmferry(
      ["convert", `${server.origin}/box.ova`, join(root, "x"), "--to", "libvirt"],
      stop.signal,
    );
    assert.equal(exitCode, 130);
    assert.deepEqual(readdirSync(root), before);
  });
});

describe("a descriptor behind a server", () => {
  it("is read with the files beside it", async () => {
    const server = await started();
    const { out } = await well("inspect", `${server.origin}/pub/box.ovf`, "--json");
    const { manifest, appliance, package: found } = JSON.parse(out);
    assert.deepEqual([found.kind, manifest.entries, appliance.disks[0].format], ["directory", 3, "vmdk"]);
    await well("verify", `${server.origin}/pub/box.ovf`, "--require-manifest");
    await well("convert", `${server.origin}/pub/box.ovf`, join(root, "hv"), "--to", "hyperv", "--prove");
    await well("pack", `${server.origin}/pub/box.ovf`, join(root, "packed.ova"));
    await well("disk", "hash", `${server.origin}/pub/box.ovf!disk one.vmdk`);
  });

  it("reaches nothing outside of its folder", async () => {
    const server = await started();
    for (const href of [
      "../box.ova",
      "/box.ova",
      `${server.origin}/box.ova`,
      "..%2fbox.ova",
      "%2e%2e/box.ova",
      "d/../../box.ova",
      "..\\box.ova",
      "//127.0.0.1/box.ova",
    ]) {
      server.files.set("pub/evil.ovf", new TextEncoder().encode(descriptorOf([{ href, use: "disk", disk: SIZE }])));
      server.requests.length = 0;
      await vmferry(["inspect", `${server.origin}/pub/evil.ovf`]);
      assert.ok(server.requests.length > 0);
      assert.deepEqual(
        server.requests.filter(({ path }) => !path.startsWith("pub/") || path.includes("..")),
        [],
        href,
      );
    }
  });
});

describe("a disk behind a server", () => {
  it("is told, hashed, compared and converted", async () => {
    const server = await started();
    const url = `${server.origin}/pub/d/disk.vmdk`;
    const file = join(root, "disk.vmdk");
    writeFileSync(file, disk);
    const { out } = await well("disk", "info", url, "--json");
    assert.deepEqual(JSON.parse(out), JSON.parse((await well("disk", "info", file, "--json")).out));
    const [far, near] = [await well("disk", "hash", url, "--json"), await well("disk", "hash", file, "--json")];
    assert.equal(JSON.parse(far.out).digest, JSON.parse(near.out).digest);
    await well("disk", "compare", url, file);
    await well("disk", "convert", url, join(root, "disk.vhdx"), "--prove");
    await well("disk", "compare", join(root, "disk.vhdx"), file);
  });

  it("opens extents beside it, and nothing else", async () => {
    const server = await started();
    const descriptor = (extent: string): Uint8Array =>
      new TextEncoder().encode(
        `# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\ncreateType="monolithicFlat"\n\nRW 2048 FLAT "${extent}" 0\n`,
      );
    server.files.set("pub/d/flat.vmdk", descriptor("flat-flat.vmdk"));
    server.files.set("pub/d/flat-flat.vmdk", new Uint8Array(2 ** 20).fill(7));
    await well("disk", "hash", `${server.origin}/pub/d/flat.vmdk`);
    server.files.set("pub/d/evil.vmdk", descriptor("../box.ovf"));
    server.requests.length = 0;
    assert.equal((await vmferry(["disk", "hash", `${server.origin}/pub/d/evil.vmdk`])).code, "vmdk/extent-missing");
    assert.ok(server.requests.every(({ path }) => path === "pub/d/evil.vmdk"));
  });
});

describe("who asks", () => {
  const guarded: ServerOptions = {
    turn: ({ request, response, serve: answer }) =>
      request.headers.authorization === `Basic ${btoa("ann:hunter2")}` ? answer() : response.writeHead(401).end(),
  };

  it("is said by a header, by a netrc, or by the address", async () => {
    const server = await started(guarded);
    const url = `${server.origin}/box.ova`;
    assert.equal((await vmferry(["inspect", url])).code, "http/denied");
    process.env.VMFERRY_TEST_AUTH = `Basic ${btoa("ann:hunter2")}`;
    await well("inspect", url, "--header", "Authorization: env:VMFERRY_TEST_AUTH");
    delete process.env.VMFERRY_TEST_AUTH;
    const netrc = join(root, "netrc");
    writeFileSync(netrc, "machine 127.0.0.1 login ann password hunter2\n");
    await well("inspect", url, "--netrc", netrc);
    await well("inspect", url.replace("//", "//ann:hunter2@"));
  });

  it("is in no output and no error", async () => {
    const server = await started(guarded);
    const url = `${server.origin.replace("//", "//ann:hunter2@")}/box.ova?sig=hunter2`;
    for (const argv of [
      ["inspect", url],
      ["inspect", url, "--json"],
      ["verify", url],
      ["verify", url, "--json"],
      ["disk", "hash", `${url}!disk one.vmdk`, "--json"],
      ["disk", "info", `${url}!disk one.vmdk`],
      ["disk", "map", `${url}!disk one.vmdk`, "--json"],
      ["disk", "check", `${url}!disk one.vmdk`],
      ["disk", "info", `${url}!gone`, "--json"],
      ["disk", "info", url],
      ["verify", url, "--sha256", "0".repeat(64), "--json"],
      ["convert", url, join(root, "plan"), "--to", "libvirt", "--dry-run", "--json"],
      ["inspect", `${url.replace("box", "gone")}`],
      ["inspect", url.replace("http:", "vsphere:")],
    ]) {
      const { out, err } = await vmferry(argv);
      assert.ok(!`${out}${err}`.includes("hunter2"), `${argv.join(" ")}\n${out}${err}`);
      assert.ok(out !== "" || err !== "");
    }
  });

  const wrong: Readonly<Record<string, readonly string[]>> = {
    "a header without a colon": ["--header", "hunter2"],
    "a header with a line break": ["--header", "X: hunter2\r\nHost: x"],
    "a header that the request says itself": ["--header", "Range: hunter2"],
    "a header from a variable that is not set": ["--header", "X: env:VMFERRY_TEST_UNSET"],
    "a file of certificates without one": ["--ca-file", join(root, "SUMS")],
  };
  for (const [what, argv] of Object.entries(wrong)) {
    it(`${what} is refused, its value unsaid`, async () => {
      writeFileSync(join(root, "SUMS"), "none");
      const { exitCode, code, err } = await vmferry(["inspect", "http://127.0.0.1:9/x", ...argv]);
      assert.deepEqual([exitCode, code], [2, "cli/invalid-value"]);
      assert.ok(!err.includes("hunter2"));
    });
  }

  it("and files of credentials that are not there are refused", async () => {
    for (const option of ["--netrc", "--ca-file"]) {
      const gone = join(root, "gone");
      assert.ok(!existsSync(gone));
      assert.equal((await vmferry(["inspect", "http://127.0.0.1:9/x", option, gone])).code, "io/not-found");
    }
  });
});
