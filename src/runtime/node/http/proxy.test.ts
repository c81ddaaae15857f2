import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hasCode } from "../../../../test/support/errors.js";
import { FerryError } from "../../../base/errors.js";
import { type Environment, parseProxy, proxyFromEnvironment } from "./proxy.js";

function chosen(env: Environment, url: string): string | null {
  const proxy = proxyFromEnvironment(env)(new URL(url));
  return proxy === null ? null : `${proxy.secure ? "https" : "http"}://${proxy.host}:${proxy.port}`;
}

describe("the address of a proxy", () => {
  it("has curl's ports where it says none", () => {
    const port = (text: string): unknown => parseProxy(text, "x").port;
    assert.deepEqual(
      ["p", "p:80", "http://p", "http://p:80/", "http://u:1@p", "https://p", "https://p:443", "http://[::1]:99"].map(
        port,
      ),
      [1080, 80, 1080, 80, 1080, 443, 443, 99],
    );
    assert.equal(parseProxy("[::1]:99", "x").host, "::1");
  });

  it("may hold a user and a password, which are in no error", () => {
    assert.equal(parseProxy("http://ann:p%40ss@p:1", "x").authorization, `Basic ${btoa("ann:p@ss")}`);
    assert.equal(parseProxy("http://p:1", "x").authorization, null);
    for (const bad of [
      "socks5://ann:hunter2@p:1",
      "socks5h://p",
      "ftp://ann:hunter2@p",
      "http://ann:hunter2@p:99999",
      "http://",
    ]) {
      assert.throws(
        () => parseProxy(bad, "https_proxy"),
        (error: unknown) =>
          error instanceof FerryError && error.code === "http/bad-proxy" && !JSON.stringify(error).includes("hunter2"),
      );
    }
    assert.throws(() => parseProxy("socks4://p", "x"), hasCode("http/bad-proxy"));
  });
});

describe("the proxy that the environment names", () => {
  it("goes by the scheme of the address, small letters first, then by all_proxy", () => {
    const env = { http_proxy: "a:1", HTTP_PROXY: "b:1", HTTPS_PROXY: "c:1", ALL_PROXY: "d:1" };
    assert.equal(chosen(env, "http://h/"), "http://a:1");
    assert.equal(chosen(env, "https://h/"), "http://c:1");
    assert.equal(chosen({ all_proxy: "https://e" }, "https://h/"), "https://e:443");
    assert.equal(chosen({ http_proxy: "", HTTP_PROXY: "b:1" }, "http://h/"), "http://b:1");
    assert.equal(chosen({ http_proxy: "a:1" }, "https://h/"), null);
    assert.equal(chosen({}, "http://h/"), null);
  });

  it("is not HTTP_PROXY where a web server runs us, which takes it from a client's field", () => {
    const env = { HTTP_PROXY: "evil:1", REQUEST_METHOD: "GET" };
    assert.equal(chosen(env, "http://h/"), null);
    assert.equal(chosen({ ...env, http_proxy: "a:1" }, "http://h/"), "http://a:1");
    assert.equal(chosen({ HTTPS_PROXY: "c:1", REQUEST_METHOD: "GET" }, "https://h/"), "http://c:1");
  });

  const cases: readonly (readonly [list: string, direct: readonly string[], proxied: readonly string[]])[] = [
    ["*", ["http://any.example/"], []],
    [
      "example.com",
      ["http://example.com/", "http://a.EXAMPLE.com./", "https://example.com:8443/"],
      ["http://notexample.com/", "http://example.com.evil/"],
    ],
    [".example.com, other", ["http://a.example.com/", "http://example.com/", "http://other/"], ["http://another/"]],
    ["*.example.com", ["http://a.example.com/"], ["http://aexample.com/"]],
    ["h:8080 k:443", ["http://h:8080/", "https://k/"], ["http://h/", "http://k/", "http://h:80/"]],
    [
      "10.0.0.0/8,192.168.1.7",
      ["http://10.200.3.4/", "http://192.168.1.7/"],
      ["http://11.0.0.1/", "http://192.168.1.8/"],
    ],
    [
      "::1,[fd00::2]:81,fe80::/10",
      ["http://[::1]/", "http://[fd00::2]:81/", "http://[fe80::9]/"],
      ["http://[fd00::2]/", "http://[fd00::1]/"],
    ],
    ["10.0.0.0/99, ,", [], ["http://10.0.0.1/"]],
    ["1.2.3.4", [], ["http://x.1.2.3.5/"]],
  ];
  for (const [list, direct, proxied] of cases) {
    it(`is not used for what no_proxy lists: ${JSON.stringify(list)}`, () => {
      const env = { all_proxy: "p:1", NO_PROXY: list };
      for (const url of direct) assert.equal(chosen(env, url), null, url);
      for (const url of proxied.filter((text) => URL.canParse(text))) assert.equal(chosen(env, url), "http://p:1", url);
    });
  }
});
