import type { CodeTable } from "./codes.js";

/** Reading over HTTP. */
export const httpCodes: CodeTable = {
  "http/bad-url": {
    kind: "usage",
    what: "An address is no http or https URL that can be read.",
    why: "Only these two are fetched, and the address has to be complete.",
    fix: "Write it as https://HOST/PATH; characters with a meaning of their own are written as %XX.",
  },
  "http/no-ranges": {
    kind: "unsupported-feature",
    what: "A server sends a whole file where a part was asked for.",
    why: "Packages and disks are read in parts; without them each look at a header would fetch the whole file.",
    fix: "Fetch the file first, for example with `curl -LO URL`, and name the file; or use a server that answers range requests.",
  },
  "http/denied": {
    kind: "remote",
    what: "A server refuses to hand out a file.",
    why: "It wants to know who asks, or a signed address has expired.",
    fix: "Give credentials with `--netrc FILE` or `--header 'Authorization: env:NAME'`, or get a new signed address.",
  },
  "http/status": {
    kind: "remote",
    what: "A server answers with an error, also when asked again.",
    why: "It is overloaded, out of order, or does not know the request.",
    fix: "Try again later; look at the address with a browser or `curl -I`.",
  },
  "http/bad-answer": {
    kind: "remote",
    what: "What a server answers contradicts itself, the request, or the protocol.",
    why: "Bytes from such an answer could be of another place or another file, so none of them is used.",
    fix: "Fetch the file as a whole and verify it; a proxy or cache between here and the server may be at fault.",
  },
  "http/bad-redirect": {
    kind: "remote",
    what: "A server sends on in a circle, too often, or to an address that is not followed.",
    why: "Only http and https are followed, never from https back to http.",
    fix: "Give the address where the file is.",
  },
  "http/unreachable": {
    kind: "remote",
    what: "No connection to a server, or it breaks or falls silent again and again.",
    why: "The name is unknown, nothing listens there, or the network loses the connection.",
    fix: "Check the address and the network, and run again.",
  },
  "http/untrusted": {
    kind: "untrusted",
    what: "The certificate of an https server is not trusted.",
    why: "Somebody else could answer in its place; the check is never skipped.",
    fix: "If it is a server of your own, name the certificate of its authority with `--ca-file FILE`.",
  },
  "http/bad-proxy": {
    kind: "usage",
    what: "What is given as a proxy is no address of one that vmferry speaks to.",
    why: "Proxies for HTTP are used, reached by http or https; SOCKS is another protocol.",
    fix: "Write `http://HOST:PORT` or `https://HOST:PORT` in `--proxy` or the variable; without a proxy, give `--no-proxy`.",
  },
  "http/proxy": {
    kind: "remote",
    what: "A proxy cannot be reached, refuses the connection, or wants to know who asks.",
    why: "The variables `http_proxy`, `https_proxy` and `all_proxy`, or `--proxy`, say that servers are reached through it.",
    fix: "Check its address, user and password; go around it with `--no-proxy` or `no_proxy`.",
  },
  "http/private-address": {
    kind: "remote",
    what: "A redirect, or a package, leads to an address in a private network, or on this machine.",
    why: "Whoever wrote it could make this machine ask servers that only it can reach, such as a cloud's service for credentials.",
    fix: "If you trust where it leads, name that address yourself, or give `--allow-private`.",
  },
};
