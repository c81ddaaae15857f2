/** Servers behind proxies: who is asked for what, what the proxy learns, and what its failures are called. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { DiagnosticCode } from "../../src/base/diagnostics.js";
import { run } from "../../src/cli/program.js";
import { type HttpOptions, openHttpSource, proxyFromEnvironment } from "../../src/node.js";
import { hasCode } from "../support/errors.js";
import { type ProxyOptions, startProxy, type TestProxy } from "../support/http-proxy.js";
import { type ServerOptions, serve, type TestServer } from "../support/http-server.js";
import { captureStreams } from "../support/streams.js";

const content = new Uint8Array(500_000).map((_, i) => i % 251);
const patient: HttpOptions = { retryDelayMs: 5, timeoutMs: 2000 };
const folder = mkdtempSync(join(tmpdir(), "vmferry-proxy-"));
const running: { close(): Promise<void> }[] = [];
after(async () => {
  for (const one of running) await one.close();
  rmSync(folder, { recursive: true });
});

async function server(options: ServerOptions = {}): Promise<TestServer> {
  const started = await serve({ file: content }, options);
  running.push(started);
  return started;
}

async function proxy(options: ProxyOptions = {}): Promise<TestProxy> {
  const started = await startProxy(options);
  running.push(started);
  return started;
}

async function readFrom(url: string, options: HttpOptions): Promise<void> {
  const source = await openHttpSource(url, { ...patient, ...options });
  try {
    assert.deepEqual(await source.read(400_000, 100), content.slice(400_000, 400_100));
  } finally {
    await source.close();
  }
}

describe("an http server behind a proxy", () => {
  it("is asked for by its whole address, also under a name that only the proxy knows", async () => {
    const [web, way] = [await server(), await proxy({ hosts: { "files.test": "127.0.0.1" } })];
    const { port } = new URL(web.origin);
    await readFrom(`http://files.test:${port}/file?a=b`, { proxy: `http://127.0.0.1:${way.port}` });
    assert.deepEqual(way.seen, Array(2).fill(`GET http://files.test:${port}/file?a=b`));
    assert.equal(web.requests[0]?.headers.host, `files.test:${port}`);
  });

  it("never gets the proxy's password, nor does the proxy's refusal show it", async () => {
    const [web, way] = [await server(), await proxy({ login: "ann:hunter2" })];
    const env = { http_proxy: `http://ann:hunter2@127.0.0.1:${way.port}` };
    await readFrom(`${web.origin}/file`, { proxy: proxyFromEnvironment(env) });
    assert.ok(web.requests.every(({ headers }) => headers["proxy-authorization"] === undefined));
    const wrong = `http://ann:hunter3@127.0.0.1:${way.port}`;
    await assert.rejects(readFrom(`${web.origin}/file`, { proxy: wrong }), (error: unknown) => {
      assert.ok(hasCode("http/proxy")(error));
      return !JSON.stringify(error).includes("hunter3");
    });
  });

  it("cannot be reached where the proxy is not there", async () => {
    const web = await server();
    const gone = await startProxy();
    await gone.close();
    await assert.rejects(
      readFrom(`${web.origin}/file`, { proxy: `http://127.0.0.1:${gone.port}` }),
      hasCode("http/proxy"),
    );
    assert.equal(web.requests.length, 0);
  });

  it("is reached directly where no_proxy says so", async () => {
    const [web, way] = [await server(), await proxy()];
    const env = { all_proxy: `127.0.0.1:${way.port}`, no_proxy: "127.0.0.0/8" };
    await readFrom(`${web.origin}/file`, { proxy: proxyFromEnvironment(env) });
    assert.deepEqual(way.seen, []);
  });
});

describe("the command", () => {
  async function inspect(...options: string[]): Promise<string> {
    const streams = captureStreams();
    await run(["disk", "info", ...options, "--quiet"], streams, new AbortController().signal);
    return streams.err();
  }

  it("goes through --proxy, through the environment's, or with --no-proxy through none", async () => {
    const [web, way] = [await server(), await proxy()];
    const named = `http://127.0.0.1:${way.port}`;
    const before = process.env.http_proxy;
    try {
      process.env.http_proxy = named;
      await inspect(`${web.origin}/file`, "--no-proxy");
      await inspect(`${web.origin}/file`, "--proxy", named, "--no-proxy");
      assert.deepEqual([way.seen.length, web.requests.length > 0], [0, true]);
      await inspect(`${web.origin}/file`);
      const [first] = [way.seen.length];
      assert.ok(first > 0);
      process.env.http_proxy = "http://127.0.0.1:9";
      await inspect(`${web.origin}/file`, "--proxy", named);
      assert.ok(way.seen.length > first);
      assert.match(
        await inspect(`${web.origin}/file`, "--proxy", "socks5://u:hunter2@h:1"),
        /^error\[http\/bad-proxy\](?!.*hunter2)/,
      );
    } finally {
      if (before === undefined) delete process.env.http_proxy;
      else process.env.http_proxy = before;
    }
  });
});

const openssl = spawnSync("openssl", ["version"], { timeout: 20_000 }).status === 0;

describe("an https server behind a proxy", {
  skip: openssl ? false : "openssl is not installed, which makes the certificate",
}, () => {
  let key = "";
  let cert = "";
  before(() => {
    execFileSync(
      "openssl",
      [
        ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
        ...["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1,DNS:files.test"],
        ...["-keyout", "key.pem", "-out", "cert.pem"],
      ],
      { cwd: folder, stdio: "ignore", timeout: 20_000 },
    );
    key = readFileSync(join(folder, "key.pem"), "utf8");
    cert = readFileSync(join(folder, "cert.pem"), "utf8");
  });

  it("is spoken to by CONNECT, and its certificate is checked as ever", async () => {
    const [web, way] = [
      await server({ tls: { key, cert } }),
      await proxy({ hosts: { "files.test": "127.0.0.1", "wrong.test": "127.0.0.1" } }),
    ];
    const { port } = new URL(web.origin);
    const proxied = { proxy: `http://127.0.0.1:${way.port}` };
    await readFrom(`https://files.test:${port}/file?secret`, {
      ...proxied,
      ca: cert,
      headers: { "x-token": "hunter2" },
    });
    // One tunnel for all requests, and nothing of them in the open.
    assert.deepEqual(way.seen, [`CONNECT files.test:${port}`]);
    assert.ok(!JSON.stringify(way.headers).includes("hunter2"));
    await assert.rejects(readFrom(`https://files.test:${port}/file`, proxied), hasCode("http/untrusted"));
    await assert.rejects(
      readFrom(`https://wrong.test:${port}/file`, { ...proxied, ca: cert }),
      hasCode("http/untrusted"),
    );
  });

  it("is reached through a proxy that speaks TLS itself, where that is trusted", async () => {
    const [web, way] = [await server({ tls: { key, cert } }), await proxy({ tls: { key, cert }, login: "u:p" })];
    const proxied = { proxy: `https://u:p@127.0.0.1:${way.port}` };
    await readFrom(`${web.origin}/file`, { ...proxied, ca: cert });
    assert.equal(way.seen.length, 1);
    const plain = await server();
    await readFrom(`${plain.origin}/file`, { ...proxied, ca: cert });
    await assert.rejects(readFrom(`${web.origin}/file`, proxied), hasCode("http/proxy"));
  });

  const answers: readonly (readonly [what: string, code: DiagnosticCode, text: string | null])[] = [
    ["refuses", "http/proxy", "HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n"],
    ["wants a password", "http/proxy", "HTTP/1.1 407 Who\r\n\r\n"],
    ["sends on", "http/proxy", "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1/\r\n\r\n"],
    ["speaks for the server", "http/proxy", "HTTP/1.1 200 OK\r\n\r\nhello"],
    ["speaks something else", "http/proxy", "SSH-2.0-x\r\n\r\n"],
    ["sends fields without end", "http/proxy", `HTTP/1.1 200 OK\r\n${"x: y\r\n".repeat(20_000)}`],
    ["is busy for good", "http/status", "HTTP/1.1 503 Busy\r\n\r\n"],
    ["says nothing", "http/unreachable", null],
  ];
  for (const [what, code, text] of answers) {
    it(`is not reached where the proxy ${what}`, async () => {
      const way = await proxy({
        answer(_, socket) {
          if (text !== null) socket.end(text);
          return true;
        },
      });
      const hurried = { proxy: `http://127.0.0.1:${way.port}`, timeoutMs: 200, retries: 1 };
      await assert.rejects(readFrom("https://files.test/file", hurried), hasCode(code));
    });
  }

  it("is reached in the end where the proxy was busy", async () => {
    const web = await server({ tls: { key, cert } });
    const way = await proxy({
      answer(number, socket) {
        if (number < 3) socket.end("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n");
        return number < 3;
      },
    });
    await readFrom(`${web.origin}/file`, { proxy: `http://127.0.0.1:${way.port}`, ca: cert });
    assert.equal(way.seen.length, 3);
  });
});
