/** Which kind of network an address belongs to: what a server or a package leads to must not be a way into the user's own. */
import { BlockList, isIP, isIPv4 } from "node:net";

/** Kinds of networks that are not the public internet, and that. */
export type NetworkKind =
  | "public"
  | "loopback"
  | "link-local"
  | "private"
  | "multicast"
  | "unspecified"
  /** Set aside for tests, documentation and the future: no server is there. */
  | "reserved";

/** Networks by kind (IANA's registries of special-purpose addresses, RFC 6890). The narrower ones come first. */
const NETWORKS: readonly (readonly [kind: NetworkKind, ...networks: string[]])[] = [
  ["unspecified", "0.0.0.0/8", "::/128"],
  ["loopback", "127.0.0.0/8", "::1/128"],
  ["link-local", "169.254.0.0/16", "fe80::/10"],
  // RFC 1918, carrier-grade NAT (RFC 6598), unique local (RFC 4193), and the old site-local addresses.
  ["private", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fec0::/10"],
  ["multicast", "224.0.0.0/4", "ff00::/8"],
  ["reserved", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4"],
  ["reserved", "100::/64", "2001:db8::/32"],
];

/** IPv6 addresses that carry one of IPv4 in their last 32 bits: mapped, translated, compatible (RFC 4291), NAT64 (RFC 6052, 8215). */
const CARRIERS: readonly string[] = ["::ffff:", "::ffff:0:", "::", "64:ff9b::", "64:ff9b:1::"];

/** The networks, made into what Node compares with: once, when this file is loaded; never changed. */
const TABLE: readonly (readonly [NetworkKind, BlockList])[] = NETWORKS.map(([kind, ...networks]) => {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", bits = ""] = network.split("/");
    if (!isIPv4(address)) {
      list.addSubnet(address, Number(bits), "ipv6");
      continue;
    }
    list.addSubnet(address, Number(bits), "ipv4");
    for (const carrier of CARRIERS) {
      // ::0.0.0.0/104 would take all of ::1 and ::, which have rows of their own.
      if (carrier === "::" && address.startsWith("0.")) continue;
      list.addSubnet(`${carrier}${address}`, 96 + Number(bits), "ipv6");
    }
    // 6to4 (RFC 3056): the address stands behind the first 16 bits.
    const [a = 0, b = 0, c = 0, d = 0] = address.split(".").map(Number);
    const six = `2002:${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}::`;
    list.addSubnet(six, 16 + Number(bits), "ipv6");
  }
  return [kind, list];
});

/** The kind of network of an IP address; `null` for a text that is no address. @param address without brackets */
export function networkOf(address: string): NetworkKind | null {
  const plain = address.split("%", 1)[0] ?? "";
  const version = isIP(plain);
  if (version === 0) return null;
  const family = version === 4 ? "ipv4" : "ipv6";
  return TABLE.find(([, list]) => list.check(plain, family))?.[0] ?? "public";
}

/** The same for the host of an address, where no name has to be looked up for it: literals, and `localhost` by RFC 6761. */
export function networkOfHost(hostname: string): NetworkKind | null {
  const plain = hostname.replace(/^\[|\]$/g, "");
  return /^(?:.+\.)?localhost\.?$/i.test(plain) ? "loopback" : networkOf(plain);
}
