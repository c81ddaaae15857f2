/** Who is believed, who is told what, and where a server may send a reader. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { FerryError } from "../../src/base/errors.js";
import { type HttpOptions, openHttpSource } from "../../src/node.js";
import { parseNetrc } from "../../src/runtime/node/http/netrc.js";
import { hasCode } from "../support/errors.js";
import { type ServerOptions, serve, type TestServer } from "../support/http-server.js";

const content = new Uint8Array(500_000).map((_, i) => i % 253);
const patient: HttpOptions = { retryDelayMs: 5, timeoutMs: 2000 };
const servers: TestServer[] = [];
const folder = mkdtempSync(join(tmpdir(), "vmferry-tls-"));
after(async () => {
  for (const server of servers) await server.close();
  rmSync(folder, { recursive: true });
});

async function started(options: ServerOptions = {}): Promise<TestServer> {
  const server = await serve({ file: content }, options);
  servers.push(server);
  return server;
}

/** Opens and reads something that needs a request of its own. */
async function readFrom(url: string, options: HttpOptions = {}): Promise<void> {
  const source = await openHttpSource(url, { ...patient, ...options });
  try {
    assert.deepEqual(await source.read(400_000, 100), content.slice(400_000, 400_100));
  } finally {
    await source.close();
  }
}

function redirecting(to: (path: string) => string, status = 302): ServerOptions {
  return {
    turn({ request, response, serve: answer }) {
      const target = to(request.url ?? "");
      return target === "" ? answer() : response.writeHead(status, { location: target }).end();
    },
  };
}

describe("a redirect", () => {
  for (const status of [301, 302, 303, 307, 308]) {
    it(`with ${status} is followed, once for all requests`, async () => {
      const server = await started(redirecting((path) => (path === "/file" ? "" : "file"), status));
      await readFrom(`${server.origin}/old`);
      assert.deepEqual(
        server.requests.map(({ path }) => path),
        ["old", "file", "file"],
      );
    });
  }

  it("in a circle, or on and on, ends", async () => {
    const circle = await started(redirecting((path) => (path === "/a" ? "/b" : "/a")));
    await assert.rejects(readFrom(`${circle.origin}/a`), hasCode("http/bad-redirect"));
    const chain = await started(redirecting((path) => `${path}x`));
    await assert.rejects(readFrom(`${chain.origin}/a`), hasCode("http/bad-redirect"));
    assert.ok(chain.requests.length <= 7);
  });

  for (const target of ["file:///etc/passwd", "ftp://host/x", "data:text/plain,x", "http://", ""]) {
    it(`to ${JSON.stringify(target)} is not followed`, async () => {
      const server = await started({
        turn: ({ response }) => response.writeHead(302, target === "" ? {} : { location: target }).end(),
      });
      await assert.rejects(readFrom(`${server.origin}/a`), hasCode("http/bad-redirect"));
    });
  }

  it("to another origin takes no credentials and no headers along", async () => {
    const other = await started();
    const server = await started(redirecting(() => `${other.origin.replace("http://", "http://u:p@")}/file`));
    const { port } = new URL(server.origin);
    await readFrom(`http://user:hunter2@127.0.0.1:${port}/x`, {
      headers: { "x-token": "secret" },
      credentials: () => ({ user: "u", password: "p" }),
    });
    assert.equal(server.requests[0]?.headers["x-token"], "secret");
    assert.equal(server.requests[0]?.headers.authorization, `Basic ${btoa("user:hunter2")}`);
    for (const { headers } of other.requests) {
      assert.deepEqual([headers["x-token"], headers.authorization, headers.cookie], [undefined, undefined, undefined]);
    }
    assert.equal(other.requests.length, 2);
  });

  it("to an address that has expired is asked for again", async () => {
    // Each key opens the file once.
    let key = 0;
    const used = new Set<string>();
    const server = await started({
      turn({ request, response, serve: answer }) {
        const url = request.url ?? "";
        if (url === "/file") return response.writeHead(302, { location: `/file?key=${++key}` }).end();
        if (used.has(url)) return response.writeHead(403).end();
        used.add(url);
        return answer();
      },
    });
    await readFrom(`${server.origin}/file`);
    assert.deepEqual([...used], ["/file?key=1", "/file?key=2"]);
  });
});

describe("credentials", () => {
  it("come from a netrc by host, where the address has none", async () => {
    const server = await started({
      turn: ({ request, response, serve: answer }) =>
        request.headers.authorization === `Basic ${btoa("ann:pa ss")}` ? answer() : response.writeHead(401).end(),
    });
    const credentials = parseNetrc('machine 127.0.0.1 login ann password "pa ss"\nmachine other login x password y');
    await readFrom(`${server.origin}/file`, { credentials });
    await assert.rejects(readFrom(`${server.origin}/file`), hasCode("http/denied"));
  });

  it("are read from a netrc as curl reads it", () => {
    const find = parseNetrc(
      "# machine commented login no password no\nmachine A.example\n  login ann\n\tpassword s3\nmacdef init\n machine fake login no password no\n\nmachine b login bob password x account y\nmachine a.example login second password no\ndefault login any password thing\n",
    );
    assert.deepEqual(find("a.EXAMPLE"), { user: "ann", password: "s3" });
    assert.deepEqual(find("b"), { user: "bob", password: "x" });
    assert.deepEqual(find("fake"), { user: "any", password: "thing" });
    assert.equal(parseNetrc("machine a login b password c")("d"), null);
    assert.equal(parseNetrc("")("d"), null);
  });

  it("and secrets of an address are in no error, whatever happens", async () => {
    const statuses = [302, 401, 404, 418, 503, 206, 200];
    const server = await started({
      turn: ({ number, response }) =>
        response.writeHead(statuses[number - 1] ?? 500, { location: `/hunter2?hunter2#hunter2` }).end("x"),
    });
    const { port } = new URL(server.origin);
    for (let i = 0; i < 10; i++) {
      const error: unknown = await openHttpSource(`http://me:hunter2@127.0.0.1:${port}/a.ova?sig=hunter2#hunter2`, {
        retries: 0,
        headers: { authorization: "hunter2" },
      }).then(
        (source) => source.label,
        (thrown: unknown) => thrown,
      );
      const shown = error instanceof FerryError ? JSON.stringify([error.toJSON(), error.stack]) : String(error);
      assert.ok(!shown.includes("hunter2"), shown);
    }
  });
});

const openssl = spawnSync("openssl", ["version"], { timeout: 20_000 }).status === 0;

describe("https", { skip: openssl ? false : "openssl is not installed, which makes the certificate" }, () => {
  let key = "";
  let cert = "";
  before(() => {
    execFileSync(
      "openssl",
      [
        ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
        ...["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"],
      ],
      { cwd: folder, stdio: "ignore", timeout: 20_000 },
    );
    key = readFileSync(join(folder, "key.pem"), "utf8");
    cert = readFileSync(join(folder, "cert.pem"), "utf8");
  });

  it("is believed with a certificate that was named, and with no other", async () => {
    const server = await started({ tls: { key, cert } });
    await readFrom(`${server.origin}/file`, { ca: cert });
    await assert.rejects(readFrom(`${server.origin}/file`), hasCode("http/untrusted"));
  });

  it("is not believed under another name", async () => {
    const server = await started({ tls: { key, cert } });
    const { port } = new URL(server.origin);
    await assert.rejects(readFrom(`https://localhost:${port}/file`, { ca: cert }), hasCode("http/untrusted"));
  });

  it("cannot be made to believe anybody by the environment", async () => {
    const server = await started({ tls: { key, cert } });
    // Node.js warns of it once; that is no news here.
    process.removeAllListeners("warning");
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
    try {
      await assert.rejects(readFrom(`${server.origin}/file`), hasCode("http/untrusted"));
    } finally {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    }
  });

  it("does not send on to http", async () => {
    const plain = await started();
    const server = await started({
      tls: { key, cert },
      turn: ({ response }) => response.writeHead(302, { location: `${plain.origin}/file` }).end(),
    });
    await assert.rejects(readFrom(`${server.origin}/file`, { ca: cert }), hasCode("http/bad-redirect"));
    assert.equal(plain.requests.length, 0);
  });

  it("is told from http", async () => {
    const plain = await started();
    const { port } = new URL(plain.origin);
    await assert.rejects(readFrom(`https://127.0.0.1:${port}/file`), hasCode("http/unreachable"));
  });
});
