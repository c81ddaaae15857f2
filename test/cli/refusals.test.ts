/** What the command does with packages that are not what they should be, and with destinations that cannot take the result. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { after, test } from "node:test";
import { run } from "../../src/cli/program.js";
import type { VerifyResult } from "../../src/index.js";
import { captureStreams } from "../support/streams.js";

const command = resolve("dist/bin/vmferry.js");
const archive = "test/fixtures/packages/vbox-bios-ovf20/harbour.ova";
const unpacked = "test/fixtures/packages/vbox-folder-ovf10/harbour";
const damagedDisk = "harbour-disk001.vmdk";
const root = await mkdtemp(join(tmpdir(), "vmferry-refusals-"));
after(() => rm(root, { recursive: true, force: true }));

/** A folder of one test's own. */
function place(): Promise<string> {
  return mkdtemp(join(root, "case-"));
}

interface Said {
  readonly exitCode: number;
  readonly out: string;
  /** The code of the error that ended the run. */
  readonly code: string | null;
}

/** Runs the command in this process. */
async function vmferry(...argv: string[]): Promise<Said> {
  const streams = captureStreams();
  const exitCode = await run([...argv, "--quiet"], streams, new AbortController().signal);
  return { exitCode, out: streams.out(), code: /^error\[(.+?)\]/m.exec(streams.err())?.[1] ?? null };
}

async function verified(...argv: string[]): Promise<VerifyResult & { readonly exitCode: number }> {
  const { exitCode, out } = await vmferry("verify", ...argv, "--json");
  return { ...(JSON.parse(out) as VerifyResult), exitCode };
}

/** A way to damage a package, and what is said of it. `code`: of the conversion; `unchecked`: of one with `--no-integrity`, `null` where that works. */
interface Damage {
  readonly what: string;
  make(folder: string): Promise<string>;
  readonly code: string;
  readonly unchecked: string | null;
  /** Findings of severity error that `verify` has to name. */
  readonly findings: readonly string[];
}

/** The fixture with bytes changed in place, or cut. */
function altered(change: (bytes: Buffer) => Buffer): Damage["make"] {
  return async (folder) => {
    const file = join(folder, "damaged.ova");
    await writeFile(file, change(await readFile(archive)));
    return file;
  };
}

/** Flips one bit, `by` bytes behind the first place of a text. */
function flipped(text: string, by: number): Damage["make"] {
  return altered((bytes) => {
    const at = bytes.indexOf(text) + by;
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    return bytes;
  });
}

/** The folder fixture without one of its files. */
function without(name: string): Damage["make"] {
  return async (folder) => {
    const result = join(folder, "harbour");
    await cp(unpacked, result, { recursive: true });
    await rm(join(result, name));
    return result;
  };
}

const FIRST_GRAIN = 128 * 512;
const damages: readonly Damage[] = [
  {
    what: "one bit flipped in a disk's data",
    make: flipped("KDMV", FIRST_GRAIN + 5000),
    code: "package/not-intact",
    unchecked: "io/codec-failed",
    findings: ["manifest/digest-mismatch"],
  },
  {
    what: "one bit flipped in a disk where no data is",
    make: flipped("KDMV", 20 * 512),
    code: "package/not-intact",
    unchecked: null,
    findings: ["manifest/digest-mismatch"],
  },
  {
    what: "one letter changed in the descriptor",
    make: flipped("BIOS, IDE", 0),
    code: "package/not-intact",
    unchecked: null,
    findings: ["manifest/digest-mismatch"],
  },
  {
    what: "the end of the archive cut off",
    make: altered((bytes) => bytes.subarray(0, 100_000)),
    code: "tar/cut-off",
    unchecked: "tar/cut-off",
    findings: ["tar/cut-off"],
  },
  {
    what: "a disk missing",
    make: without("harbour-disk002.vmdk"),
    code: "package/no-member",
    unchecked: "package/no-member",
    findings: ["package/missing-file", "manifest/missing-file"],
  },
];

for (const { what, make, code, unchecked, findings } of damages) {
  test(`a package with ${what} is told altered by verify`, async () => {
    const { verdict, exitCode, diagnostics } = await verified(await make(await place()));
    assert.equal(verdict, "altered");
    assert.equal(exitCode, 1);
    const errors = diagnostics.filter(({ severity }) => severity === "error").map((finding) => finding.code);
    assert.deepEqual(errors, findings);
  });

  for (const to of ["vmware", "ova"]) {
    test(`a package with ${what} leaves nothing when it is converted to ${to}`, async () => {
      const folder = await place();
      const source = await make(folder);
      const argv = ["convert", source, join(folder, `result-${to}`), "--to", to];
      const refused = await vmferry(...argv);
      assert.deepEqual([refused.exitCode, refused.code], [3, code]);
      assert.deepEqual(await readdir(folder), [basename(source)]);
    });
  }

  test(`with --no-integrity a package with ${what} ${unchecked === null ? "is converted" : "still is refused"}`, async () => {
    const folder = await place();
    const source = await make(folder);
    const done = await vmferry("convert", source, join(folder, "result"), "--to", "vmware", "--no-integrity", "--json");
    assert.deepEqual([done.exitCode, done.code], [unchecked === null ? 0 : 3, unchecked]);
    assert.equal((await readdir(folder)).length, unchecked === null ? 2 : 1);
    if (unchecked === null) assert.equal(JSON.parse(done.out).integrity, "unchecked");
  });
}

test("damaged data are told with their place in the file that was given", async () => {
  const folder = await place();
  const source = await flipped("KDMV", FIRST_GRAIN + 5000)(folder);
  const argv = ["convert", source, join(folder, "result"), "--to", "qemu", "--no-integrity", "--json"];
  const { location } = JSON.parse((await vmferry(...argv)).out).error;
  assert.deepEqual({ at: location.at, file: location.file }, { at: "bytes", file: "damaged.ova" });
  const bytes = await readFile(source);
  const changed = bytes.indexOf("KDMV") + FIRST_GRAIN + 5000;
  // A grain's marker holds its sector and its length: the place is that of the grain with the changed byte.
  assert.ok(location.offset <= changed && changed < location.offset + 12 + bytes.readUInt32LE(location.offset + 8));
});

test("sums from outside decide: one digit is enough, from the command line and from a file", async () => {
  const folder = await place();
  const right = createHash("sha256")
    .update(await readFile(archive))
    .digest("hex");
  const wrong = right.replace(/.$/, (digit) => (digit === "0" ? "1" : "0"));
  for (const [sum, verdict, exitCode] of [
    [right, "intact", 0],
    [wrong, "altered", 1],
  ] as const) {
    const sums = join(folder, "SHA256SUMS");
    await writeFile(sums, `${"0".repeat(64)}  another.ova\n${sum}  harbour.ova\n`);
    for (const argv of [
      ["--sha256", sum],
      ["--sums", sums],
    ]) {
      const result = await verified(archive, ...argv);
      assert.deepEqual([result.verdict, result.exitCode], [verdict, exitCode]);
      assert.ok(result.files.some((file) => file.name === "harbour.ova" && file.ok === (verdict === "intact")));
    }
  }
  assert.equal((await vmferry("verify", archive, "--sha256", "12")).exitCode, 2);
});

test("what is at the destination stays as it is without --force, and goes with it", async () => {
  const folder = await place();
  const taken = join(folder, "taken");
  await mkdir(taken);
  await writeFile(join(taken, "notes.txt"), "mine");
  const file = join(folder, "taken.ova");
  await writeFile(file, "mine");
  for (const [destination, to] of [
    [taken, "vmware"],
    [file, "ova"],
    [file, "libvirt"],
  ] as const) {
    const refused = await vmferry("convert", archive, destination, "--to", to);
    assert.deepEqual([refused.exitCode, refused.code], [2, "io/exists"], destination);
  }
  assert.equal(await readFile(join(taken, "notes.txt"), "utf8"), "mine");
  assert.equal(await readFile(file, "utf8"), "mine");
  assert.deepEqual((await readdir(folder)).sort(), ["taken", "taken.ova"]);
  for (const [destination, to] of [
    [taken, "vmware"],
    [file, "ova"],
  ] as const) {
    assert.equal((await vmferry("convert", archive, destination, "--to", to, "--force")).exitCode, 0);
  }
  assert.equal(await readFile(join(taken, "notes.txt"), "utf8"), "mine", "what nobody asked to replace stays");
  assert.ok((await readdir(taken)).includes("harbour.vmx"));
  assert.equal((await verified(file)).exitCode, 0);
});

/** A package whose disk takes a while to pack: noise, in a format that has to be written anew. */
async function slowPackage(folder: string, mebibytes: number): Promise<string> {
  const source = join(folder, "harbour");
  await cp(unpacked, source, { recursive: true });
  const noise = randomBytes(2 ** 20);
  const raw = join(folder, "noise.raw");
  await writeFile(raw, Buffer.concat(Array.from({ length: mebibytes }, () => noise)));
  const disk = join(source, damagedDisk);
  assert.equal((await vmferry("disk", "convert", raw, disk, "--variant", "monolithicSparse", "--force")).exitCode, 0);
  await rm(raw);
  await rm(join(source, "harbour.mf"));
  return source;
}

test("Ctrl-C in the middle of a package's conversion exits with 130 and leaves nothing behind", async () => {
  const folder = await place();
  const source = await slowPackage(folder, 192);
  const argv = [command, "convert", source, join(folder, "result.ova"), "--level", "9", "--progress", "json"];
  const child = spawn(process.execPath, argv);
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    if (said === "") child.kill("SIGINT");
    said += chunk.toString();
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), 60_000);
  const exitCode = await new Promise<number | null>((end) => child.on("close", end));
  clearTimeout(timer);
  assert.equal(exitCode, 130, said);
  assert.deepEqual(await readdir(folder), ["harbour"]);
});

const mountable =
  process.getuid?.() === 0 && spawnSync("unshare", ["--mount", "true"], { timeout: 10_000 }).status === 0;

/** Runs the command where a folder is a file system of 4 MiB that nobody else sees. Prints what lies there afterwards. */
const SMALL_DISK = `
mount -t tmpfs -o size=4m tmpfs "$1" || exit 99
small=$1
shift
"$@"
status=$?
ls -A "$small"
exit $status
`;

test("where the disk is too small nothing is left, whether that is known before or found on the way", {
  skip: mountable ? false : "a small file system can be mounted by root alone",
  timeout: 120_000,
}, async () => {
  const folder = await place();
  const source = await slowPackage(folder, 8);
  const small = join(folder, "small");
  await mkdir(small);
  await chmod(small, 0o755);
  // The size of a packed disk is not known before; that of a plain one is.
  for (const [name, to] of [
    ["result.ova", "ova"],
    ["result", "ovf"],
    ["result", "libvirt"],
  ] as const) {
    const argv = [process.execPath, command, "convert", source, join(small, name), "--to", to, "--quiet"];
    const ran = spawnSync("unshare", ["--mount", "sh", "-c", SMALL_DISK, "sh", small, ...argv], {
      encoding: "utf8",
      timeout: 60_000,
    });
    assert.equal(ran.status, 3, `${to}: ${ran.stderr}`);
    assert.match(ran.stderr, /^error\[io\/no-space\]/m, to);
    assert.equal(ran.stdout, "", to);
  }
});
