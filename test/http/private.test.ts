/** Where servers may lead: not into networks that the user did not name. */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { type HttpOptions, openHttpSource } from "../../src/node.js";
import { createHttpClient } from "../../src/runtime/node/http/client.js";
import { openWithClient } from "../../src/runtime/node/http/source.js";
import { hasCode } from "../support/errors.js";
import { startProxy } from "../support/http-proxy.js";
import { serve, type TestServer } from "../support/http-server.js";

const content = new Uint8Array(300_000).map((_, i) => i % 251);
const patient: HttpOptions = { retryDelayMs: 1, timeoutMs: 2000, retries: 1 };
const running: { close(): Promise<void> }[] = [];
after(async () => {
  for (const one of running) await one.close();
});

async function leadingTo(location: string): Promise<TestServer> {
  const started = await serve(
    { file: content },
    {
      turn: ({ response, serve: answer }) => (location === "" ? answer() : response.writeHead(302, { location }).end()),
    },
  );
  running.push(started);
  return started;
}

const PRIVATE = [
  "http://169.254.169.254/latest/meta-data/",
  "http://[fd00:ec2::254]/",
  "http://10.0.0.1/",
  "http://172.16.5.4/",
  "http://192.168.0.1/",
  "http://100.100.100.200/",
  "http://0.0.0.0:1/",
  "http://0/",
  "http://[::]/",
  "http://[fe80::1]/",
  "http://224.0.0.1/",
  "http://[::ffff:10.0.0.1]/",
  "http://[::ffff:a9fe:a9fe]/",
  "http://[64:ff9b::a00:1]/",
  "http://0xa9fea9fe/",
  "http://240.0.0.1/",
];

describe("a redirect into another network than that of the address that was given", () => {
  for (const target of PRIVATE) {
    it(`is not followed: ${target}`, async () => {
      const { origin } = await leadingTo(target);
      await assert.rejects(openHttpSource(`${origin}/file`, patient), hasCode("http/private-address"));
    });
  }

  it("is not followed behind a proxy either, as far as the address itself says it", async () => {
    const { origin } = await leadingTo("http://169.254.169.254/");
    const proxy = await startProxy();
    running.push(proxy);
    const options = { ...patient, proxy: `http://127.0.0.1:${proxy.port}` };
    await assert.rejects(openHttpSource(`${origin}/file`, options), hasCode("http/private-address"));
    assert.equal(proxy.seen.length, 1);
  });

  it("is followed where the address that was given is in a network of the same kind", async () => {
    const other = await leadingTo("");
    const { origin } = await leadingTo(`${other.origin}/file`);
    const source = await openHttpSource(`${origin}/file`, patient);
    assert.equal(source.size, content.length);
    await source.close();
  });

  it("is tried where private networks are allowed", async () => {
    // Nothing listens there; what counts is that it was asked.
    const { origin } = await leadingTo("http://0.0.0.0:9/");
    const options: HttpOptions = { ...patient, privateAddresses: "allowed" };
    await assert.rejects(openHttpSource(`${origin}/file`, options), hasCode("http/unreachable"));
  });
});

describe("an address that a package names", () => {
  const open = async (url: string, options: HttpOptions = {}): Promise<number> => {
    const client = createHttpClient({ ...patient, ...options });
    try {
      return (await openWithClient(client, new URL(url), undefined, null)).size;
    } finally {
      client.close();
    }
  };

  it("is not asked on this machine, by number or by name", async () => {
    const server = await leadingTo("");
    const { port } = new URL(server.origin);
    for (const host of ["127.0.0.1", "localhost", "localhost.", "x.localhost", "[::1]", "2130706433"]) {
      await assert.rejects(open(`http://${host}:${port}/file`), hasCode("http/private-address"), host);
    }
    assert.equal(server.requests.length, 0);
    assert.equal(await open(`${server.origin}/file`, { privateAddresses: "allowed" }), content.length);
  });

  it("is looked at where it is connected to: no second answer of a resolver gets by", async () => {
    const server = await leadingTo("");
    const { port } = new URL(server.origin);
    const answers = [["127.0.0.1"], ["::ffff:127.0.0.1"], ["10.0.0.1", "169.254.169.254"]];
    let asked = 0;
    const resolve = async (): Promise<readonly string[]> => answers[asked++] ?? ["93.184.215.14"];
    for (const _ of answers) {
      await assert.rejects(open(`http://name.test:${port}/file`, { resolve }), hasCode("http/private-address"));
    }
    assert.deepEqual([asked, server.requests.length], [3, 0]);
  });
});

describe("a name with several addresses", () => {
  it("reaches those alone that may be reached", async () => {
    const other = await leadingTo("");
    const { port } = new URL(other.origin);
    const { origin } = await leadingTo(`http://mixed.test:${port}/file`);
    const resolve = async (): Promise<readonly string[]> => ["10.0.0.1", "127.0.0.1"];
    const source = await openHttpSource(`${origin}/file`, { ...patient, resolve });
    assert.equal(source.size, content.length);
    await source.close();
  });
});
