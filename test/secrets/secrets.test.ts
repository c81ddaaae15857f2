// Long: one table of all commands, which shows by itself what it leaves out.
/** No command shows a secret: not in results, errors, progress, reports, plans, written files or arguments of programs that it starts. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { CommandDefinition } from "../../src/cli/command.js";
import { commands } from "../../src/cli/commands.js";
import { run } from "../../src/cli/program.js";
import { platforms } from "../../src/platforms/platforms.js";
import { targets } from "../../src/targets/targets.js";
import { issue } from "../support/authority.js";
import { serve } from "../support/http-server.js";
import { layOut, ovaOf } from "../support/packages.js";
import { captureStreams } from "../support/streams.js";
import { watchChildren } from "./children.js";
import { plantedEnvironment, plantedPackage } from "./package.js";
import { findPlanted, PLANTED, plant } from "./planted.js";

const root = mkdtempSync(join(tmpdir(), "vmferry-secrets-"));
const files = plantedPackage();
const folder = layOut(join(root, "folder"), files);
const ova = join(root, "box.ova");
writeFileSync(ova, ovaOf(files));
/** The same with other secrets in the same places. */
const other = join(root, "other.ova");
writeFileSync(
  other,
  ovaOf({
    ...files,
    "box.ovf": Buffer.from(
      Buffer.from(files["box.ovf"] ?? [])
        .toString()
        .replaceAll(PLANTED, `${PLANTED}other-`),
    ),
  }),
);
const answers = join(root, "answers.yaml");
writeFileSync(answers, "properties: {a.short: env:VMFERRY_TEST_PASSPHRASE, a.number: env:VMFERRY_TEST_WRONG}\n");
/** A file as it must not be: the secrets stand in it. */
const plainAnswers = join(root, "plain.yaml");
writeFileSync(plainAnswers, `properties: { a.optional: ${JSON.stringify(plant("answer"))} }\n`);
const environment = join(root, "ovf-env.xml");
writeFileSync(environment, plantedEnvironment());
const disk = `${ova}!disk.vmdk`;
/** Answers as a good server does, but for some paths. */
const server = await serve(
  { "box.ova": ovaOf(files), "disk.vmdk": files["disk.vmdk"] ?? new Uint8Array() },
  {
    turn: ({ request, response, serve: answer }) => {
      const { pathname } = new URL(request.url ?? "/", "http://x");
      if (pathname.startsWith("/denied")) return response.writeHead(401, { "www-authenticate": "Basic" }).end();
      if (pathname.startsWith("/moved")) {
        return response
          .writeHead(302, {
            location: `http://u:${encodeURIComponent(plant("moved"))}@127.0.0.1:1/x?t=${plant("moved")}`,
          })
          .end();
      }
      return answer();
    },
  },
);
const { host } = new URL(server.origin);
const address = (path: string): string =>
  `http://user:${encodeURIComponent(plant("address"))}@${host}/${path}?token=${encodeURIComponent(plant("query"))}`;
const policy = join(root, "policy.yaml");
writeFileSync(
  policy,
  "policy: 1\nname: strict\nproperties: { default-passwords: forbidden, plain-secrets: forbidden }\n",
);
const spec = join(root, "spec.yaml");
writeFileSync(
  spec,
  [
    "appliance: 1",
    "targets: [vsphere-8]",
    "machine:",
    "  memory: 1GiB",
    "  products:",
    '    - properties: { secret: { password: yes, default: "${PASSWORD}", max-length: 4 } }',
  ].join("\n"),
);
const netrc = join(root, "netrc");
writeFileSync(netrc, `machine 127.0.0.1 login user password ${PLANTED}netrc\n`);
chmodSync(netrc, 0o600);
process.env.VMFERRY_TEST_HEADER = plant("variable");
const spoken = [
  "--header",
  `X-Token: ${plant("header")}`,
  "--header",
  "X-Other: env:VMFERRY_TEST_HEADER",
  "--netrc",
  netrc,
];
const proxied = ["--proxy", `http://user:${encodeURIComponent(plant("proxy"))}@127.0.0.1:1`];

process.env.XDG_STATE_HOME = join(root, "state");
process.env.QEMU = join(root, "no-qemu");

const signer = await issue({ name: "Signer", usage: 0x80, key: "rsa" });
const key = join(root, "key.pem");
writeFileSync(
  key,
  signer.key.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: plant("passphrase") }),
);
chmodSync(key, 0o600);
const plainKey = join(root, "plain.pem");
writeFileSync(plainKey, signer.key.export({ type: "pkcs8", format: "pem" }));
chmodSync(plainKey, 0o600);
const certificate = join(root, "cert.pem");
writeFileSync(certificate, signer.pem);
process.env.VMFERRY_TEST_PASSPHRASE = plant("passphrase");
process.env.VMFERRY_TEST_WRONG = plant("wrong");

after(async () => {
  await server.close();
  rmSync(root, { recursive: true, force: true });
});

let next = 0;
/** A place for a result. */
const fresh = (ending = ""): string => join(root, `out${next++}${ending}`);
/** A copy of the package, to be changed where it lies. */
const copy = (): string => {
  const file = join(root, `copy${next++}.ova`);
  writeFileSync(file, ovaOf(files));
  return file;
};
const diskCopy = (): string => {
  const file = join(root, `copy${next++}.vmdk`);
  writeFileSync(file, files["disk.vmdk"] ?? new Uint8Array());
  return file;
};
/** What a command is called with that reads one thing: a file, good and bad addresses. */
const readings = (name: string, ...more: readonly string[]): string[][] => [
  [name === "disk.vmdk" ? disk : ova, ...more],
  [address(name), ...more],
  [address(`denied/${name}`), ...more, ...spoken],
  [address(`moved/${name}`), ...more, ...spoken],
  [address(name), ...more, ...proxied],
  [address(name).replace("http:", "ftp:"), ...more],
];
const to = (name: string, ending: string, ...more: readonly string[]): string[][] =>
  readings(name).map(([source = "", ...rest]) => [source, fresh(ending), ...more, ...rest]);

/** Command lines of every command, without its name. Made anew for each way of output. A new command needs a line. */
const table: Readonly<Record<string, () => readonly (readonly string[])[]>> = {
  inspect: () => [...readings("box.ova"), [folder]],
  validate: () => [
    ...readings("box.ova"),
    [folder, "--strict"],
    [environment],
    [ova, ...targets.all.flatMap(({ id }) => ["--for", id])],
    ...["text", "json", "sarif", "markdown", "html"].map((format) => [
      folder,
      "--strict",
      "--format",
      format,
      "-o",
      fresh(`.${format}`),
    ]),
    [folder, "--write-baseline", fresh(".baseline")],
  ],
  explain: () => [["ovf/property-password-value"]],
  fix: () => [
    ...to("box.ova", ".ova"),
    [ova, "--dry-run", "--strict"],
    [folder, "--dry-run"],
    [ova, fresh(), "--strict"],
  ],
  verify: () => [
    ...readings("box.ova"),
    [folder],
    [ova, "--audit"],
    [ova, "--audit", "--format", "sarif"],
    [ova, "--policy", policy],
    [ova, "--policy", policy, "--format", "sarif"],
  ],
  sign: () => [
    ...readings("box.ova").map(([source = "", ...more]) => [
      source,
      fresh(".ova"),
      ...more,
      "--key",
      plainKey,
      "--certificate",
      certificate,
    ]),
    [copy(), "--key", key, "--certificate", certificate, "--passphrase", "env:VMFERRY_TEST_PASSPHRASE"],
    [copy(), "--key", key, "--certificate", certificate, "--passphrase", "env:VMFERRY_TEST_WRONG"],
    [copy(), "--key", key, "--certificate", certificate, "--passphrase", plant("argument")],
    [copy(), "--key", key, "--certificate", certificate, "--passphrase", "cmd:printenv VMFERRY_TEST_WRONG"],
    [
      copy(),
      "--certificate",
      certificate,
      "--sign-with",
      `sh -c 'sleep 0.2; exec openssl pkeyutl -sign -inkey ${plainKey} -pkeyopt digest:sha256'`,
    ],
    [copy(), "--certificate", certificate, "--sign-with", "sh -c 'exit 3'"],
  ],
  edit: () => [
    ...to("box.ova", ".ova", "--cpus", "2"),
    [ova, "--dry-run", "--annotation", "note"],
    [folder, fresh(), "--remove", "product"],
    [copy(), "--in-place", "--cpus", "2"],
  ],
  convert: () => [
    ...platforms.all.flatMap(({ id }) => [
      [ova, fresh(), "--to", id],
      [ova, fresh(), "--to", id, "--dry-run"],
    ]),
    ...to("box.ova", ".ova", "--to", "ova"),
    [folder, fresh(), "--to", "ovf"],
    // It is refused before anybody is spoken to.
    [`libvirt+ssh://root:${plant("target")}@host/system/web`, fresh(), "--to", "ovf"],
  ],
  adapt: () => {
    const all = [...platforms.all.filter(({ exportConfig }) => exportConfig !== undefined).map(({ id }) => id), "ova"];
    return [
      [ova, fresh(), "--to", all.join(",")],
      [ova, fresh(), "--to", all.join(","), "--dry-run"],
      [address("box.ova"), fresh(), "--to", "libvirt,vmware"],
    ];
  },
  init: () => [
    [fresh(".yaml"), "--from", ova],
    ["--from", folder],
  ],
  build: () => [
    [spec, fresh(".ova"), "--var", `PASSWORD=${plant("variable")}`],
    [spec, fresh(), "--var", `PASSWORD=${plant("variable")}`, "--dry-run"],
  ],
  diff: () => [
    ...readings("box.ova", other),
    [folder, other],
    [other, folder, "--deep"],
    [ova, other, "--no-disks", "--format", "markdown"],
  ],
  properties: () => [
    ...readings("box.ova"),
    [folder, "--write", fresh(".yaml")],
    [ova, "--check", answers],
    [ova, "--check", answers, "--secrets"],
    [ova, "--check", plainAnswers, "--write", fresh(".yaml")],
  ],
  // Nothing starts here: QEMU is asked for where none is. What runs is held to it in test/interop/run.test.ts.
  run: () => [
    [ova, "--set", `secret=${plant("argument")}`],
    [folder, "--accept-eulas", "--name", "box"],
    [address("box.ova")],
  ],
  env: () => [["--root", fresh()]],
  "vm ps": () => [[]],
  "vm logs": () => [["box"]],
  "vm console": () => [["box"]],
  "vm stop": () => [["box"]],
  "vm start": () => [["box"]],
  "vm rm": () => [["box", "--force"]],
  // No libvirt is needed: what it would be told is held to secrets by test/interop/deploy.test.ts.
  deploy: () => [
    [ova, "libvirt:///system", "--dry-run"],
    [address("box.ova"), "libvirt:///system", "--dry-run"],
    [ova, "libvirt:///system", "--dry-run", "--set", `secret=${plant("argument")}`],
    [ova, `libvirt+ssh://root:${plant("target")}@host/system`],
  ],
  "deployment list": () => [[]],
  "deployment status": () => [["box"]],
  "deployment start": () => [["box"]],
  "deployment stop": () => [["box"]],
  "deployment upgrade": () => [["box", "--undo"]],
  "deployment export": () => [["box", fresh(".ova")]],
  "deployment drift": () => [["box"], ["box", "--accept"]],
  "deployment destroy": () => [["box", "--yes"]],
  pack: () => [
    [folder, fresh(".ova")],
    [address("box.ova"), fresh(".ova")],
  ],
  unpack: () => to("box.ova", ""),
  "disk info": () => readings("disk.vmdk"),
  "disk convert": () => to("disk.vmdk", ".raw"),
  "disk compare": () => readings("disk.vmdk", disk),
  "disk check": () => readings("disk.vmdk"),
  "disk map": () => readings("disk.vmdk"),
  "disk hash": () => readings("disk.vmdk"),
  // A server that runs shows addresses alone; one that cannot listen says why.
  "disk serve": () => [
    [disk, "--socket", join(root, "none", "disk.sock")],
    [address("disk.vmdk"), "--socket", join(root, "none", "disk.sock")],
  ],
  "disk fix": () => [[diskCopy()], [address("disk.vmdk")]],
  "disk resize": () => [
    [diskCopy(), "16MiB"],
    [address("disk.vmdk"), "16MiB"],
  ],
  collect: () => [["hyperv"]],
  completion: () => [["bash"], ["zsh"], ["fish"]],
};

/** Ways to be told, as far as a command has them. */
function ways({ options }: CommandDefinition): readonly (readonly string[])[] {
  const flags = new Set(Object.values(options).map((option) => option.flags.split(" ")[0]));
  // Threads of their own would only take time.
  const threads = flags.has("--workers") ? ["--workers", "0"] : [];
  return [
    threads,
    ...(flags.has("--json") ? [[...threads, "--json"]] : []),
    ...(flags.has("--progress") ? [[...threads, "--progress", "json"]] : []),
  ];
}

/** The package itself and what is of it: the guest has to read it. */
const GUEST_MEDIA = /\.(?:ovf|ova|mf|vmdk|raw)$/;

/** Searches everything that a command wrote. */
function searchWritten(): string[] {
  const found: string[] = [];
  for (const name of readdirSync(root).filter((entry) => entry.startsWith("out"))) {
    const place = join(root, name);
    const written = statSync(place).isDirectory()
      ? (readdirSync(place, { recursive: true }) as string[]).map((one) => join(place, one))
      : [place];
    for (const file of written) {
      if (!statSync(file).isFile() || GUEST_MEDIA.test(file)) continue;
      const secret = findPlanted(readFileSync(file, "latin1"));
      if (secret !== null) found.push(`the file ${file}: ${secret}`);
    }
    rmSync(place, { recursive: true });
  }
  return found;
}

test("every command has a line in the table of this test", () => {
  assert.deepEqual(Object.keys(table).sort(), commands.map(({ name }) => name).sort());
});

test("the search finds a planted value as it is, in an address, in base64 at every place, in hexadecimal and in UTF-16", () => {
  const value = plant("x");
  for (const form of [
    value,
    encodeURIComponent(value),
    JSON.stringify({ value }),
    ...["", "u:", "ab:"].map((before) => Buffer.from(`${before}${value}`).toString("base64")),
    Buffer.from(value).toString("hex"),
    Buffer.from(value, "utf16le").toString("latin1"),
  ]) {
    assert.notEqual(findPlanted(`some text, ${form} and more`), null, form);
  }
  assert.equal(findPlanted("planted and secret"), null);
});

for (const { name, load } of commands) {
  test(`vmferry ${name} shows no secret, whatever it is given and however it tells`, { timeout: 180_000 }, async () => {
    const definition = await load();
    const leaks: string[] = [];
    const children = watchChildren();
    for (const way of ways(definition)) {
      for (const [i, line] of (table[name]?.() ?? []).entries()) {
        // Servers that are not there are asked again and again, which takes its time and is told the same.
        if (way.includes("--progress") && line.some((word) => word === "--proxy" || word.includes("/moved/"))) continue;
        // SRC... takes options behind it as well.
        const plain = way.length > 0 && line.includes("--format") ? line : [...line, ...way];
        const streams = captureStreams();
        const exitCode = await run([...name.split(" "), ...plain, "--no-color"], streams, new AbortController().signal);
        assert.ok([0, 1, 2, 3].includes(exitCode));
        assert.ok(streams.out() !== "" || streams.err() !== "" || exitCode === 0, `line ${i} says nothing`);
        assert.ok(!streams.err().includes("internal/bug"), streams.err());
        for (const [stream, text] of [
          ["output", streams.out()],
          ["errors", streams.err()],
        ] as const) {
          const secret = findPlanted(text);
          if (secret !== null) leaks.push(`line ${i} ${way.join(" ")}, ${stream}: ${secret}`);
        }
        leaks.push(...searchWritten().map((leak) => `line ${i} ${way.join(" ")}, ${leak}`));
      }
    }
    const started = children.end();
    const seen = started.some((command) => command.includes("sleep 0.2"));
    if (name === "sign") assert.ok(seen, `the children were ${started.join("\n")}`);
    for (const command of started)
      if (findPlanted(command) !== null) leaks.push(`arguments of ${command.split(" ")[0]}`);
    assert.equal(leaks.join("\n"), "");
  });
}
