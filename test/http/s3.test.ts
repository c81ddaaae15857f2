/** Packages and disks in object stores: signed requests, checked by a store of our own that reads the signatures. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { DiagnosticCode } from "../../src/base/diagnostics.js";
import { FerryError } from "../../src/base/errors.js";
import { run } from "../../src/cli/program.js";
import { type HttpOptions, openHttpSource, type S3Options } from "../../src/node.js";
import { hasCode } from "../support/errors.js";
import { startProxy } from "../support/http-proxy.js";
import type { TestServer } from "../support/http-server.js";
import { descriptorOf, ovaOf, packageOf } from "../support/packages.js";
import { type StoreOptions, serveS3 } from "../support/s3-server.js";
import { captureStreams } from "../support/streams.js";

const SECRET = "hunter2/secret+key";
const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: SECRET };
const content = new Uint8Array(500_000).map((_, i) => i % 251);
const folder = mkdtempSync(join(tmpdir(), "vmferry-s3-"));
const running: { close(): Promise<void> }[] = [];
after(async () => {
  for (const one of running) await one.close();
  rmSync(folder, { recursive: true });
});
const iso = new Uint8Array(2_000_000).map((_, i) => i % 255);
const parts = packageOf(descriptorOf([{ href: "tools+(1).iso", use: "cdrom" }]), { "tools+(1).iso": iso });
const objects = {
  "images/a b+(1)/ü.img": content,
  "images/box.ova": ovaOf(parts),
  "public/file": content,
  ...Object.fromEntries(Object.entries(parts).map(([name, bytes]) => [`images/dir/${name}`, bytes])),
};

async function store(options: Partial<StoreOptions> = {}): Promise<TestServer> {
  const started = await serveS3(objects, {
    keys: { [credentials.accessKeyId]: SECRET },
    region: "eu-west-1",
    open: ["public"],
    ...options,
  });
  running.push(started);
  return started;
}

async function readFrom(url: string, s3: S3Options, options: HttpOptions = {}): Promise<void> {
  const source = await openHttpSource(url, { retryDelayMs: 5, timeoutMs: 2000, retries: 2, ...options, s3 });
  try {
    assert.deepEqual(await source.read(400_000, 100), content.slice(400_000, 400_100));
  } finally {
    await source.close();
  }
}

describe("an object", () => {
  it("is read by signed requests, whatever its key is made of", async () => {
    const { origin, requests } = await store();
    const s3 = { credentials, region: "eu-west-1", endpoint: origin };
    await readFrom("s3://images/a b+(1)/ü.img", s3);
    await readFrom("s3://images/a%20b%2B%281%29/%C3%BC.img", s3, {
      headers: { "x-amz-request-payer": "requester", "x-other": "1" },
      // Keys sign; nothing else is to be sent in their place.
      credentials: () => ({ user: "u", password: "p" }),
    });
    assert.ok(requests.every(({ headers }) => headers.authorization?.startsWith("AWS4-HMAC-SHA256 ") === true));
    assert.deepEqual(requests.at(-1)?.headers["x-other"], "1");
  });

  it("is read with a session token, and without any signature where everybody may read it", async () => {
    const { origin, requests } = await store({ tokens: { [credentials.accessKeyId]: "tok" } });
    const s3 = { region: "eu-west-1", endpoint: origin };
    await readFrom("s3://images/a b+(1)/ü.img", { ...s3, credentials: { ...credentials, sessionToken: "tok" } });
    requests.length = 0;
    await readFrom("s3://public/file", { ...s3, credentials: null });
    assert.ok(requests.every(({ headers }) => headers.authorization === undefined));
  });

  it("is asked for in the region that the store names", async () => {
    const { origin, requests } = await store();
    await readFrom("s3://images/a b+(1)/ü.img", { credentials, endpoint: origin });
    // Once in the wrong one: then it is known.
    assert.equal(requests.length, 3);
  });

  it("is signed anew when a request is tried again", async () => {
    const { origin, requests } = await store({
      turn: ({ number, response }) => {
        if (number === 2) response.writeHead(503).end("<Error><Code>SlowDown</Code></Error>");
        return number === 2;
      },
    });
    await readFrom("s3://images/a b+(1)/ü.img", { credentials, region: "eu-west-1", endpoint: origin });
    assert.equal(requests.length, 3);
  });

  const refusals: readonly (readonly [
    what: string,
    code: DiagnosticCode,
    url: string,
    s3: Partial<S3Options>,
    store: Partial<StoreOptions>,
  ])[] = [
    ["whose key is not there", "io/not-found", "s3://images/none", {}, {}],
    ["whose bucket is not there", "io/not-found", "s3://nobucket/none", {}, {}],
    ["that not everybody may read", "http/denied", "s3://images/box.ova", { credentials: null }, {}],
    [
      "read with an unknown key",
      "s3/bad-credentials",
      "s3://images/box.ova",
      { credentials: { accessKeyId: "other", secretAccessKey: SECRET } },
      {},
    ],
    [
      "read with a wrong secret",
      "s3/bad-credentials",
      "s3://images/box.ova",
      { credentials: { ...credentials, secretAccessKey: "hunter2x" } },
      {},
    ],
    [
      "read with an expired token",
      "s3/bad-credentials",
      "s3://images/box.ova",
      { credentials: { ...credentials, sessionToken: "hunter2y" } },
      { tokens: { AKIDEXAMPLE: "new" } },
    ],
    ["read by a clock that is wrong", "s3/bad-credentials", "s3://images/box.ova", {}, { ahead: 60 }],
  ];
  for (const [what, code, url, s3, options] of refusals) {
    it(`${what} is refused with ${code}, and no secret in the error`, async () => {
      const { origin } = await store(options);
      const given = { credentials, region: "eu-west-1", endpoint: origin, ...s3 };
      await assert.rejects(readFrom(url, given), (error: unknown) => {
        assert.ok(error instanceof FerryError);
        assert.equal(error.code, code);
        assert.ok(error.hint !== undefined);
        return !/hunter2|AKIDEXAMPLE/.test(JSON.stringify([error.toJSON(), error.stack]));
      });
    });
  }

  const answers: readonly (readonly [
    what: string,
    code: DiagnosticCode,
    status: number,
    headers: Record<string, string>,
    body: string,
  ])[] = [
    ["sends on to another host", "http/bad-redirect", 307, { location: "http://images.evil.example/" }, ""],
    [
      "sends on to a host of AWS that is no store",
      "http/bad-redirect",
      307,
      { location: "https://x.execute-api.us-east-1.amazonaws.com/" },
      "",
    ],
    ["names a region that is none", "http/bad-redirect", 301, { "x-amz-bucket-region": "evil.example/" }, ""],
    ["sends on in a circle", "http/bad-redirect", 307, { location: "/images/box.ova" }, ""],
    ["sends on to nowhere", "http/bad-redirect", 301, {}, "<Error><Code>PermanentRedirect</Code></Error>"],
    ["has it in an archive", "http/status", 403, {}, "<Error><Code>InvalidObjectState</Code></Error>"],
    ["answers with what is no XML", "http/denied", 403, {}, "<".repeat(300_000)],
    ["wants another protocol", "http/status", 400, {}, "<Error><Code>InvalidRequest</Code></Error>"],
    [
      "wants another region, and again",
      "s3/bad-credentials",
      400,
      {},
      "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>",
    ],
  ];
  for (const [what, code, status, headers, body] of answers) {
    it(`is not read where the store ${what}`, async () => {
      const { origin, requests } = await store({
        turn: ({ response }) => {
          response.writeHead(status, headers).end(body);
          return true;
        },
      });
      await assert.rejects(readFrom("s3://images/box.ova", { credentials, endpoint: origin }), hasCode(code));
      assert.ok(requests.length <= 5);
    });
  }

  it("is not read without a word of who reads it, or with a region that cannot be one", async () => {
    await assert.rejects(openHttpSource("s3://images/box.ova"), hasCode("s3/no-credentials"));
    await assert.rejects(
      readFrom("s3://images/x", { credentials, region: "a.evil.example/" }),
      hasCode("s3/bad-address"),
    );
  });
});

describe("the commands", () => {
  const KEYS = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_PROFILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CONFIG_FILE",
  ];

  async function vmferry(
    env: Readonly<Record<string, string>>,
    ...argv: string[]
  ): Promise<{ exitCode: number; out: string; err: string }> {
    const before = KEYS.map((key) => [key, process.env[key]] as const);
    for (const key of KEYS) delete process.env[key];
    Object.assign(process.env, {
      AWS_CONFIG_FILE: join(folder, "empty"),
      AWS_SHARED_CREDENTIALS_FILE: join(folder, "empty"),
      ...env,
    });
    try {
      const streams = captureStreams();
      const exitCode = await run([...argv, "--quiet"], streams, new AbortController().signal);
      return { exitCode, out: streams.out(), err: streams.err() };
    } finally {
      for (const [key, value] of before) {
        if (value === undefined) delete process.env[key];
        else process.env[key] = value;
      }
    }
  }
  writeFileSync(join(folder, "empty"), "");

  it("read archives, members and files beside a descriptor, with keys of the environment or of a profile", async () => {
    const { origin } = await store();
    const env = {
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: SECRET,
      AWS_ENDPOINT_URL: origin,
      AWS_REGION: "eu-west-1",
    };
    writeFileSync(join(folder, "keys"), `[lab]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = ${SECRET}\n`);
    const profile = { AWS_PROFILE: "lab", AWS_SHARED_CREDENTIALS_FILE: join(folder, "keys"), AWS_ENDPOINT_URL: origin };
    for (const vars of [env, profile]) {
      for (const argv of [
        ["inspect", "s3://images/box.ova"],
        ["verify", "s3://images/box.ova"],
        ["verify", "s3://images/dir/box.ovf"],
        ["validate", "s3://images/dir/box.ovf", "--descriptor-only"],
      ]) {
        const said = await vmferry(vars, ...argv);
        assert.equal(said.exitCode, 0, `${argv.join(" ")}\n${said.err}\n${said.out}`);
        assert.ok(!(said.out + said.err).includes("hunter2"));
      }
    }
    const out = join(folder, "out");
    const said = await vmferry(env, "unpack", "s3://images/box.ova", out);
    assert.equal(said.exitCode, 0, said.err);
    assert.deepEqual(readdirSync(out).sort(), Object.keys(parts).sort());
    assert.deepEqual(new Uint8Array(readFileSync(join(out, "tools+(1).iso"))), iso);
  });

  it("say what is missing, and read what everybody may with --no-sign-request", async () => {
    const { origin } = await store();
    const bare = await vmferry({ AWS_ENDPOINT_URL: origin }, "inspect", "s3://images/box.ova");
    assert.match(bare.err, /^error\[s3\/no-credentials\]/);
    assert.equal(bare.exitCode, 2);
    const open = await vmferry(
      { AWS_ENDPOINT_URL: origin },
      "disk",
      "hash",
      "s3://public/file",
      "--from",
      "raw",
      "--no-sign-request",
    );
    assert.equal(open.exitCode, 0, open.err);
    const denied = await vmferry({ AWS_ENDPOINT_URL: origin }, "inspect", "s3://images/box.ova", "--no-sign-request");
    assert.match(denied.err, /^error\[http\/denied\]/);
  });
});

const openssl = spawnSync("openssl", ["version"], { timeout: 20_000 }).status === 0;

describe("a bucket of AWS", { skip: openssl ? false : "openssl is not installed, which makes the certificate" }, () => {
  it("is reached by its host, behind a proxy, in another region where AWS says so", async () => {
    execFileSync(
      "openssl",
      [
        ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
        ...["-subj", "/CN=test", "-keyout", "key.pem", "-out", "cert.pem"],
        ...["-addext", "subjectAltName=DNS:*.s3.us-east-1.amazonaws.com,DNS:*.s3.eu-west-1.amazonaws.com"],
      ],
      { cwd: folder, stdio: "ignore", timeout: 20_000 },
    );
    const [key, cert] = ["key.pem", "cert.pem"].map((name) => readFileSync(join(folder, name), "utf8"));
    assert.ok(key !== undefined && cert !== undefined);
    const web = await store({ tls: { key, cert }, virtualHost: /^s3\.[a-z0-9-]+\.amazonaws\.com$/ });
    const place = web.origin.replace("https://", "");
    const hosts = Object.fromEntries(
      ["us-east-1", "eu-west-1"].map((region) => [`images.s3.${region}.amazonaws.com`, place]),
    );
    const proxy = await startProxy({ hosts });
    running.push(proxy);
    await readFrom("s3://images/a b+(1)/ü.img", { credentials }, { proxy: `http://127.0.0.1:${proxy.port}`, ca: cert });
    assert.deepEqual(proxy.seen, [
      "CONNECT images.s3.us-east-1.amazonaws.com:443",
      "CONNECT images.s3.eu-west-1.amazonaws.com:443",
    ]);
  });
});
