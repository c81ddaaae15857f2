import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type NetworkKind, networkOf, networkOfHost } from "./network.js";

const KINDS: Readonly<Record<NetworkKind, readonly string[]>> = {
  public: [
    "8.8.8.8",
    "172.15.0.1",
    "172.32.0.1",
    "100.63.255.255",
    "169.253.1.1",
    "2606:4700::1",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
  ],
  loopback: [
    "127.0.0.1",
    "127.255.255.254",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
  ],
  "link-local": [
    "169.254.169.254",
    "fe80::1",
    "fe80::1%eth0",
    "febf::1",
    "::ffff:169.254.169.254",
    "64:ff9b:1::a9fe:a9fe",
  ],
  private: [
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "100.127.0.1",
    "fd00:ec2::254",
    "fc00::1",
    "::ffff:10.0.0.1",
    "::ffff:0:10.0.0.1",
    "2002:c0a8:101::1",
  ],
  multicast: ["224.0.0.1", "239.255.255.255", "ff02::1", "::ffff:224.0.0.1"],
  unspecified: ["0.0.0.0", "0.1.2.3", "::", "::ffff:0.0.0.0"],
  reserved: ["192.0.2.1", "198.18.0.1", "240.0.0.1", "255.255.255.255", "2001:db8::1"],
};

describe("the kind of network of an address", () => {
  for (const [kind, addresses] of Object.entries(KINDS)) {
    it(`is ${kind} for ${addresses[0]} and others`, () => {
      for (const address of addresses) assert.equal(networkOf(address), kind, address);
    });
  }

  it("is that of a literal or of localhost in a host, and unknown for other names", () => {
    assert.equal(networkOfHost("[::1]"), "loopback");
    assert.equal(networkOfHost("LOCALHOST."), "loopback");
    assert.equal(networkOfHost("db.localhost"), "loopback");
    assert.equal(networkOfHost("localhost.example"), null);
    assert.equal(networkOf("example"), null);
    // The parser of URLs resolves the odd forms of IPv4.
    for (const odd of ["2130706433", "0x7f.1", "017700000001", "127.1", "[::ffff:127.0.0.1]"]) {
      assert.equal(networkOfHost(new URL(`http://${odd}/`).hostname), "loopback", odd);
    }
  });
});
