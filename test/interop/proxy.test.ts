/** Reading through tinyproxy: a real proxy, with and without a password. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type HttpOptions, openHttpSource, proxyFromEnvironment } from "../../src/node.js";
import { hasCode } from "../support/errors.js";
import { serve, type TestServer } from "../support/http-server.js";
import { lacking, peerPath } from "./peers.js";
import { freePort } from "./servers.js";

const content = new Uint8Array(3_000_000).map((_, i) => i % 251);

describe("tinyproxy", { skip: await lacking("tinyproxy", "openssl") }, () => {
  const folder = mkdtempSync(join(tmpdir(), "vmferry-tinyproxy-"));
  const running: { close(): Promise<void> }[] = [];
  let plain: TestServer;
  let secure: TestServer;
  let cert = "";

  before(async () => {
    execFileSync(
      "openssl",
      [
        ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
        ...["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"],
      ],
      { cwd: folder, stdio: "ignore", timeout: 20_000 },
    );
    cert = readFileSync(join(folder, "cert.pem"), "utf8");
    plain = await serve({ file: content });
    secure = await serve({ file: content }, { tls: { cert, key: readFileSync(join(folder, "key.pem"), "utf8") } });
    running.push(plain, secure);
  });
  after(async () => {
    for (const one of running) await one.close();
    rmSync(folder, { recursive: true });
  });

  /** Starts one that tunnels to the port of the https server alone. */
  async function started(...more: string[]): Promise<string> {
    const port = await freePort();
    const file = join(folder, `${port}.conf`);
    const ports = [`ConnectPort ${new URL(secure.origin).port}`];
    writeFileSync(
      file,
      [`Port ${port}`, "Listen 127.0.0.1", "Allow 127.0.0.1", "MaxClients 20", ...ports, ...more, ""].join("\n"),
    );
    const child = spawn(await peerPath("tinyproxy"), ["-d", "-c", file], { stdio: "ignore" });
    const ended = once(child, "exit");
    running.push({
      async close(): Promise<void> {
        child.kill("SIGKILL");
        await ended;
      },
    });
    for (let i = 0; i < 50; i++) {
      const socket = connect(port, "127.0.0.1");
      const there = await Promise.race([
        once(socket, "connect").then(
          () => true,
          () => false,
        ),
        sleep(1000, false),
      ]);
      socket.destroy();
      if (there) return `127.0.0.1:${port}`;
      await sleep(100);
    }
    throw new Error("tinyproxy does not listen");
  }

  async function readFrom(origin: string, options: HttpOptions): Promise<void> {
    const source = await openHttpSource(`${origin}/file`, { retryDelayMs: 5, timeoutMs: 5000, ...options });
    try {
      assert.deepEqual(await source.read(2_500_000, 1000), content.slice(2_500_000, 2_501_000));
    } finally {
      await source.close();
    }
  }

  it("lets http and https through", async () => {
    const proxy = proxyFromEnvironment({ ALL_PROXY: await started() });
    await readFrom(plain.origin, { proxy });
    await readFrom(secure.origin, { proxy, ca: cert });
    assert.match(String(plain.requests[0]?.headers.via), /tinyproxy/);
    assert.equal(secure.requests[0]?.headers.via, undefined);
  });

  it("asks for a password, and takes the right one", async () => {
    const place = await started("BasicAuth ann hunter2");
    for (const origin of [plain.origin, secure.origin]) {
      await readFrom(origin, { proxy: `http://ann:hunter2@${place}`, ca: cert });
      await assert.rejects(readFrom(origin, { proxy: `http://${place}`, ca: cert }), hasCode("http/proxy"));
      // tinyproxy 1.11 answers a wrong password with 401 and WWW-Authenticate, as a server would.
      const code = origin.startsWith("https") ? "http/proxy" : "http/denied";
      await assert.rejects(readFrom(origin, { proxy: `http://ann:wrong@${place}`, ca: cert }), hasCode(code));
    }
  });

  it("refuses ports that it does not tunnel to, and says so for servers that are gone", async () => {
    const place = await started();
    await assert.rejects(readFrom("https://127.0.0.1:9", { proxy: place }), hasCode("http/proxy"));
    await assert.rejects(
      readFrom(`http://127.0.0.1:${await freePort()}`, { proxy: place, retries: 0 }),
      hasCode("http/status"),
    );
  });
});
