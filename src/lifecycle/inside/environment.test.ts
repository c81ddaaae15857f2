import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { FerryError } from "../../base/errors.js";
import { defaultLimits } from "../../base/limits.js";
import { renderEnvironment } from "../../ovf/environment-write.js";
import { writeIso } from "../../package/iso/write.js";
import { environmentOfGuest, shellLines } from "./environment.js";
import { environmentCandidates } from "./find.js";

const VALUE = `it's "a" <b> & c $(touch x) \`y\` \\`;
const text = (platform: string): string =>
  renderEnvironment(
    {
      id: "web",
      platform: { kind: platform, version: null, vendor: null, locale: null, timezone: null },
      values: new Map([
        ["vm.name", "www"],
        ["odd", VALUE],
        ["lines", "one\ntwo"],
        ["empty", ""],
      ]),
      entities: [{ id: "db", values: new Map([["only.db", "secret of another"]]) }],
    },
    () => "",
  );
const iso = (label: string, name: string, content: string): Uint8Array =>
  writeIso([{ name, bytes: new TextEncoder().encode(content) }], { label, modified: new Date(0) });
const FW_CFG = "sys/firmware/qemu_fw_cfg/by_name/opt/vmferry/ovf-env/raw";
const SEED = "var/lib/cloud/seed/ovf/ovf-env.xml";

async function rootOf(t: TestContext, files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "vmferry-inside-"));
  t.after(() => rm(root, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), content);
  }
  return root;
}
const ask = (root: string) => environmentOfGuest({ root, signal: new AbortController().signal, limits: defaultLimits });

test("a guest finds its environment on a CD first, then in fw_cfg, then beside cloud-init's seeds", async (t) => {
  const files = {
    "sys/class/block/sr0": "",
    "sys/class/block/sr1": "",
    "sys/class/block/vda": "",
    "dev/vda": iso("OTHER", "ovf-env.xml", text("vda")),
    "dev/sr0": iso("DEBIAN", "readme.txt", "not here"),
    "dev/sr1": iso("OVF ENV", "ovf-env.xml", text("sr1")),
    [FW_CFG]: `${text("fw_cfg")}\0`,
    [SEED]: text("seed"),
  };
  const seen: string[] = [];
  const root = await rootOf(t, files);
  for (const gone of ["dev/sr1", "dev/vda", FW_CFG, SEED]) {
    const { kind, platform, place } = await ask(root);
    assert.ok(place.startsWith(root));
    seen.push(`${kind} ${platform?.kind}`);
    await rm(join(root, gone));
  }
  assert.deepEqual(seen, ["volume sr1", "volume vda", "fw-cfg fw_cfg", "seed seed"]);
  await assert.rejects(ask(root), (cause) => cause instanceof FerryError && cause.code === "env/not-found");
});

test("its own properties are told apart from those of machines beside it", async (t) => {
  const result = await ask(await rootOf(t, { [SEED]: text("x") }));
  assert.equal(result.id, "web");
  assert.deepEqual(Object.fromEntries(result.properties.map(({ key, value }) => [key, value])), {
    "vm.name": "www",
    odd: VALUE,
    lines: "one\ntwo",
    empty: "",
  });
  assert.deepEqual(result.entities, [{ id: "db", properties: [{ key: "only.db", value: "secret of another" }] }]);
});

test("a document that is none does not hide one behind it, and is told where it is the only one", async (t) => {
  const root = await rootOf(t, { [FW_CFG]: "<Environment", [SEED]: text("seed") });
  assert.equal((await ask(root)).kind, "seed");
  await rm(join(root, SEED));
  await assert.rejects(ask(root), (cause) => cause instanceof FerryError && cause.code.startsWith("xml/"));
  await writeFile(join(root, FW_CFG), Buffer.alloc(2 ** 20 + 1, "<"));
  await assert.rejects(ask(root), (cause) => cause instanceof FerryError && cause.code === "env/not-found");
});

test("programs of the platform are asked in this root alone", async (t) => {
  const bin = await rootOf(t, {});
  const path = process.env.PATH ?? "";
  t.after(() => {
    process.env.PATH = path;
  });
  process.env.PATH = `${bin}:${path}`;
  await writeFile(join(bin, "environment.xml"), text("guestinfo"));
  const script = `#!/bin/sh\n[ "$*" = "--cmd info-get guestinfo.ovfEnv" ] && cat '${bin}/environment.xml'\n`;
  await writeFile(join(bin, "vmtoolsd"), script, { mode: 0o755 });
  const xenstore = `#!/bin/sh\n[ "$*" = vm-data/ovf-env ] && cat '${bin}/environment.xml'\n`;
  await writeFile(join(bin, "xenstore-read"), xenstore, { mode: 0o755 });
  const found: string[] = [];
  const { signal } = new AbortController();
  for await (const { kind, place } of environmentCandidates({ root: "/", signal })) found.push(`${kind}: ${place}`);
  assert.ok(found.includes("guestinfo: vmtoolsd --cmd info-get guestinfo.ovfEnv"), found.join("\n"));
  assert.ok(found.includes("xenstore: xenstore-read vm-data/ovf-env"));
  for await (const { kind } of environmentCandidates({ root: bin, signal })) assert.fail(kind);
});

test("lines for a shell are values and nothing else, under names of their own", async (t) => {
  const result = await ask(await rootOf(t, { [SEED]: text("x") }));
  const { lines } = shellLines(result);
  assert.deepEqual(lines[0], "export OVF_vm_name='www'");
  const script = `${lines.join("\n")}\nprintf '%s|%s|%s' "$OVF_odd" "$OVF_lines" "$OVF_empty"`;
  assert.equal(execFileSync("sh", ["-c", script], { encoding: "utf8" }), `${VALUE}|one\ntwo|`);
  const same = { id: null, properties: ["PATH", "a.b", "a-b"].map((key) => ({ key, value: "1" })) };
  assert.deepEqual(shellLines(same), { lines: ["export OVF_PATH='1'", "export OVF_a_b='1'"], leftOut: ["a-b"] });
});

const script = "examples/guest/ovf-env.sh";
const runs = ([program = "", ...args]: readonly string[]): boolean =>
  spawnSync(program, [...args, "-c", ":"]).status === 0;
/** The shells of Debian and of small guests, as far as they are here. */
const shells = [
  [["dash"], ["sh"]],
  [
    ["/opt/peers/guest/bin/busybox", "sh"],
    ["busybox", "sh"],
  ],
].flatMap((same) => (same.find(runs) === undefined ? [] : [same.find(runs) ?? []]));

for (const [program = "", ...args] of shells) {
  test(`the script for guests without Node.js says the same: ${[program, ...args].join(" ")}`, async (t) => {
    const root = await rootOf(t, {
      [FW_CFG]: text("fw_cfg"),
      "bin/environment.xml": text("tools"),
    });
    const bin = join(root, "bin");
    const say = (options: Readonly<Record<string, string>>, ...words: readonly string[]) => {
      const ran = spawnSync(program, [...args, script, ...words], {
        env: { PATH: `${bin}:${process.env.PATH}`, ...options },
        encoding: "utf8",
        timeout: 10_000,
      });
      return ran.status === 0 ? ran.stdout : `${ran.status}: ${ran.stderr}`;
    };
    assert.equal(say({ ROOT: root }).trim(), text("fw_cfg").trim());
    for (const [key, value] of [
      ["vm.name", "www"],
      ["odd", VALUE],
      ["lines", "one\ntwo"],
      ["empty", ""],
    ] as const) {
      assert.equal(say({ ROOT: root }, key), `${value}\n`);
    }
    assert.equal(say({ ROOT: root }, "only.db"), "1: ovf-env: there is no property only.db\n");
    assert.equal(say({ ROOT: root }, "vm[.]name"), "1: ovf-env: there is no property vm[.]name\n", "no pattern");
    assert.equal(say({ ROOT: bin }), "1: ovf-env: there is no OVF environment\n");
    await writeFile(
      join(bin, "vmtoolsd"),
      `#!/bin/sh\n[ "$2" = 'info-get guestinfo.ovfEnv' ] && cat '${bin}/environment.xml'\n`,
      {
        mode: 0o755,
      },
    );
    if (process.getuid?.() !== 0) return;
    // As root the volumes of this machine itself are mounted: in a namespace of its own, where nobody else sees it.
    const ran = spawnSync("unshare", ["--mount", program, ...args, script, "vm.name"], {
      env: { PATH: `${bin}:${process.env.PATH}` },
      encoding: "utf8",
      timeout: 20_000,
    });
    assert.equal(ran.stdout, "www\n", ran.stderr);
  });
}
