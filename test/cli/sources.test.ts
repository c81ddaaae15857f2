/** What the command takes as a source, what it refuses in words, and the exit code of each. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { run } from "../../src/cli/program.js";
import { descriptorOf, diskFile, layOut, ovaOf, packageOf } from "../support/packages.js";
import { captureStreams } from "../support/streams.js";

const root = mkdtempSync(join(tmpdir(), "vmferry-sources-"));
after(() => rmSync(root, { recursive: true }));
const disk = await diskFile("vmdk", "streamOptimized", {
  sectors: 16_384,
  runs: [{ sector: 3, sectors: 300, content: "text" }],
});
const files = packageOf(descriptorOf([{ href: "disk.vmdk", use: "disk" }]), { "disk.vmdk": disk });
const folder = layOut(join(root, "box"), files);
const archive = join(root, "box.ova");
writeFileSync(archive, ovaOf(files));

interface Said {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
  /** Code of the error that ended it. */
  readonly code: string | null;
}

async function vmferry(...argv: string[]): Promise<Said> {
  const streams = captureStreams();
  const exitCode = await run([...argv, "--quiet"], streams, new AbortController().signal);
  const err = streams.err();
  return { exitCode, out: streams.out(), err, code: /^error\[(.+?)\]/m.exec(err)?.[1] ?? null };
}

/** Ends with an exit code and the code of an error, and says nothing on standard output. */
async function refused(argv: readonly string[], exitCode: number, code: string): Promise<Said> {
  const said = await vmferry(...argv);
  assert.deepEqual([said.exitCode, said.code, said.out], [exitCode, code, ""], argv.join(" "));
  return said;
}

/** Runs a command with bytes on standard input. */
async function piped(bytes: Uint8Array, ...argv: string[]): Promise<Said> {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 10_000) pieces.push(Buffer.from(bytes.subarray(at, at + 10_000)));
  const streams = { ...captureStreams(), stdin: Readable.from(pieces) };
  const exitCode = await run([...argv, "--quiet"], streams, new AbortController().signal);
  const err = streams.err();
  return { exitCode, out: streams.out(), err, code: /^error\[(.+?)\]/m.exec(err)?.[1] ?? null };
}

describe("a disk on standard input", () => {
  const whole = join(folder, "disk.vmdk");
  async function digestOf(name: string): Promise<string> {
    return JSON.parse((await vmferry("disk", "hash", name, "--json")).out).digest;
  }

  it("is converted as it comes, or saved first where its format needs that", async () => {
    const wanted = await digestOf(whole);
    const flat = join(root, "flat.raw");
    await vmferry("disk", "convert", whole, flat);
    for (const [i, [bytes, ...options]] of [
      [disk],
      [disk, "--from", "vmdk"],
      [disk, "--prove"],
      [new Uint8Array(readFileSync(flat)), "--from", "raw"],
      [await diskFile("vhd", "dynamic", { sectors: 16_384, runs: [{ sector: 3, sectors: 300, content: "text" }] })],
    ].entries() as Iterable<[number, [Uint8Array, ...string[]]]>) {
      const to = join(root, `piped-${i}.qcow2`);
      const said = await piped(bytes, "disk", "convert", "-", to, ...options);
      assert.deepEqual([said.exitCode, said.code], [0, null], said.err);
      assert.equal(await digestOf(to), wanted, options.join(" "));
    }
    assert.deepEqual(leftovers(), []);
  });

  it("can be hashed, looked at and compared", async () => {
    const said = await piped(disk, "disk", "hash", "-", "--json");
    assert.equal(JSON.parse(said.out).digest, await digestOf(whole));
    assert.equal((await piped(disk, "disk", "compare", "-", whole)).exitCode, 0);
    assert.match((await piped(disk, "disk", "info", "-")).out, /streamOptimized/);
  });

  it("that is cut off leaves nothing", async () => {
    const said = await piped(disk.subarray(0, disk.length - 600), "disk", "convert", "-", join(root, "cut.qcow2"));
    assert.deepEqual([said.exitCode, said.code], [3, "disk/stream-cut-off"]);
    assert.equal(existsSync(join(root, "cut.qcow2")), false);
    assert.deepEqual(leftovers(), []);
  });

  it("is not waited for on a terminal", async () => {
    const streams = { ...captureStreams(), stdin: Object.assign(Readable.from([]), { isTTY: true }) };
    assert.equal(await run(["disk", "info", "-", "--quiet"], streams, new AbortController().signal), 2);
    assert.match(streams.err(), /^error\[cli\/usage\]/);
  });

  function leftovers(): readonly string[] {
    return readdirSync(root).filter((name) => name.startsWith("."));
  }
});

describe("a disk that is packed with gzip", () => {
  it("is read by what is in it, in one pass and otherwise", async () => {
    const packed = join(root, "disk.vmdk.gz");
    writeFileSync(packed, gzipSync(disk));
    const to = join(root, "unpacked.qcow2");
    assert.equal((await vmferry("disk", "convert", packed, to)).exitCode, 0);
    assert.equal((await vmferry("disk", "compare", packed, to)).exitCode, 0);
    // The sum of what is unpacked is at the end alone.
    writeFileSync(packed, gzipSync(disk).subarray(0, -5));
    await refused(["disk", "convert", packed, join(root, "no.qcow2")], 3, "io/codec-failed");
  });

  it("in name alone is opened as it is", async () => {
    const named = join(root, "odd.vmdk.gz");
    writeFileSync(named, disk);
    assert.equal((await vmferry("disk", "info", named, "--json")).exitCode, 0);
  });
});

describe("a member of a package", () => {
  it("is a disk by PACKAGE!MEMBER, of an archive, a folder and a descriptor", async () => {
    const digests = new Set<string>();
    for (const name of [
      `${archive}!disk.vmdk`,
      `${folder}!disk.vmdk`,
      `${folder}/box.ovf!disk.vmdk`,
      `${folder}/disk.vmdk`,
    ]) {
      const { exitCode, out } = await vmferry("disk", "hash", name, "--json");
      assert.equal(exitCode, 0, name);
      digests.add(JSON.parse(out).digest);
    }
    assert.equal(digests.size, 1);
  });

  it("that is not there is refused with a list of what is", async () => {
    const { err } = await refused(["disk", "info", `${archive}!gone.vmdk`], 3, "package/no-member");
    assert.match(err, /disk\.vmdk/);
  });

  it("of a package that is not there is refused by the package's name", async () => {
    const { err } = await refused(["disk", "info", join(root, "gone.ova!disk.vmdk")], 3, "io/not-found");
    assert.ok(err.includes(`${join(root, "gone.ova")} does not exist`));
  });

  it("is told from a file or a package whose own name has an exclamation mark", async () => {
    const odd = join(root, "wow!disk.vmdk");
    writeFileSync(odd, disk);
    assert.equal((await vmferry("disk", "info", odd)).exitCode, 0);
    const oddPackage = join(root, "a!b!.ova");
    writeFileSync(oddPackage, ovaOf(files));
    assert.equal((await vmferry("disk", "info", `${oddPackage}!disk.vmdk`)).exitCode, 0);
    assert.equal((await vmferry("inspect", oddPackage)).exitCode, 0);
    await refused(["disk", "info", `${oddPackage}!no!such`], 3, "package/no-member");
  });

  it("that is no disk is no disk", async () => {
    await refused(["disk", "info", `${archive}!box.ovf`], 2, "disk/unknown-format");
  });
});

describe("a source", () => {
  const empty = join(root, "empty");
  mkdirSync(empty);
  const twice = layOut(join(root, "twice"), {
    "a.ovf": files["box.ovf"] as Uint8Array,
    "b.ovf": files["box.ovf"] as Uint8Array,
  });
  const cases: readonly (readonly [string, readonly string[], number, string])[] = [
    ["that is not there", ["inspect", join(root, "gone.ova")], 3, "io/not-found"],
    ["that is a folder without a descriptor", ["inspect", empty], 3, "package/no-descriptor"],
    ["that is a folder with two descriptors", ["inspect", twice], 2, "package/many-descriptors"],
    ["that is a disk where a package is meant", ["inspect", join(folder, "disk.vmdk")], 2, "package/unknown-kind"],
    ["that is a folder where a disk is meant", ["disk", "info", folder], 3, "io/read-failed"],
    [
      "without a signature and without a name that tells",
      ["disk", "info", join(folder, "box.mf")],
      2,
      "disk/unknown-format",
    ],
    ["that is standard input", ["inspect", "-"], 3, "cli/remote-source"],
    ["that is an empty standard input", ["disk", "hash", "-"], 2, "disk/unknown-format"],
    ["for a target that does not tell itself", ["convert", archive, join(root, "x")], 2, "cli/usage"],
    [
      "for a version of another platform",
      ["convert", archive, join(root, "x"), "--to", "libvirt", "--for", "vsphere-8"],
      2,
      "convert/wrong-target",
    ],
    [
      "for a disk format that its name does not tell",
      ["disk", "convert", join(folder, "disk.vmdk"), join(root, "x.unknown")],
      2,
      "disk/unknown-format-name",
    ],
    [
      "for a variant that there is not",
      ["disk", "convert", join(folder, "disk.vmdk"), join(root, "x.vhd"), "--variant", "odd"],
      2,
      "disk/unknown-variant",
    ],
  ];
  for (const [what, argv, exitCode, code] of cases) {
    it(`${what} ends with ${exitCode} and ${code}`, async () => {
      const before = readdirSync(root);
      await refused(argv, exitCode, code);
      assert.deepEqual(readdirSync(root), before);
    });
  }

  it("whose content and name disagree is a question, answered by --from", async () => {
    const file = join(root, "image.raw");
    writeFileSync(file, disk);
    await refused(["disk", "info", file], 2, "disk/name-disagrees");
    const kinds = [];
    for (const format of ["raw", "vmdk"]) {
      kinds.push(JSON.parse((await vmferry("disk", "info", file, "--from", format, "--json")).out).format);
    }
    assert.deepEqual(kinds, ["raw", "vmdk"]);
  });

  it("that is a URL is named without what is secret in it", async () => {
    for (const [url, shown] of [
      ["ftp://user:hunter2@host.example/a/b.ova?X-Signature=hunter2#hunter2", "ftp://host.example/a/b.ova is"],
      ["nfs://root:hun%2Fter2@vc.example/dc/vm/x", "nfs://vc.example/dc/vm/x is"],
      ["ssh://user:hunter2/more@host.example/b.ova", "ssh://... is"],
      ["ftp://hunter2@", "ftp://... is"],
    ] as const) {
      for (const command of [["inspect"], ["verify"], ["disk", "info"]]) {
        const { err } = await refused([...command, url], 3, "cli/remote-source");
        assert.ok(!err.includes("hunter2") && !err.includes("hun%2Fter2"), err);
        assert.ok(err.includes(shown), err);
      }
    }
    // A platform that is read has no password in its address.
    const { err } = await refused(["inspect", "vsphere://root:hun%2Fter2@vc.example/dc/vm/x"], 2, "deploy/bad-target");
    assert.ok(!err.includes("hun%2Fter2"), err);
  });
});

describe("--workers", () => {
  for (const workers of ["0", "1", "3"]) {
    it(`${workers} converts, compares and verifies as any other number does`, async () => {
      const made = join(root, `made-${workers}`);
      const how = ["--workers", workers];
      assert.equal((await vmferry("convert", archive, made, "--to", "libvirt", "--prove", ...how)).exitCode, 0);
      const [image = ""] = readdirSync(made).filter((name) => name.endsWith(".qcow2"));
      const compared = await vmferry("disk", "compare", join(made, image), `${archive}!disk.vmdk`, ...how);
      assert.equal(compared.exitCode, 0);
      assert.equal((await vmferry("verify", archive, ...how)).exitCode, 0);
      assert.equal((await vmferry("disk", "hash", join(made, image), ...how)).exitCode, 0);
      if (existsSync(join(root, "made-0"))) {
        assert.ok(readFileSync(join(made, image)).equals(readFileSync(join(root, "made-0", image))));
      }
    });
  }

  it("is a whole number", async () => {
    for (const workers of ["-1", "1.5", "many", "1000"]) {
      await refused(["verify", archive, "--workers", workers], 2, "cli/invalid-value");
    }
  });
});
