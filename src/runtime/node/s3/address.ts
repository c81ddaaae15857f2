/** Where objects are: `s3://BUCKET/KEY`, and the same as an address of the web. */
import { FerryError } from "../../../base/errors.js";
import type { S3Options } from "./options.js";

/** An object. */
interface S3Place {
  readonly bucket: string;
  /** Not escaped, without a slash in front. */
  readonly key: string;
  readonly versionId: string | null;
}

/** The region that AWS takes where none is said. */
export const DEFAULT_REGION = "us-east-1";

/**
 * `s3://BUCKET/KEY`, perhaps with `?versionId=ID`. Characters of the key with a meaning in addresses are written as `%XX`.
 * @throws `s3/bad-address`
 */
export function parseS3Url(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.protocol !== "s3:") throw badAddress("the address of an object cannot be read");
  placeIn(url);
  url.hash = "";
  return url;
}

/** What an address names. @throws `s3/bad-address` */
function placeIn(url: URL): S3Place {
  const bucket = url.host;
  if (url.username !== "" || url.password !== "")
    throw badAddress("an address of an object holds no user and password");
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/.test(bucket)) throw badAddress("the address names no bucket");
  let key: string;
  try {
    key = decodeURIComponent(url.pathname.slice(1));
  } catch {
    throw badAddress("the key in the address has a % that is no escape");
  }
  // Servers and clients on the way make another path of them.
  const odd = key === "" || key.length > 1024 || key.split("/").some((part) => part === "." || part === "..");
  if (odd) throw badAddress("the address names no object, or one with . or .. in its key");
  const others = [...url.searchParams.keys()].filter((name) => name !== "versionId");
  if (others.length > 0) throw badAddress("an address of an object has no query but ?versionId=ID");
  return { bucket, key, versionId: url.searchParams.get("versionId") };
}

/**
 * The address that is asked. With an endpoint, and for buckets whose name no certificate covers, the bucket stands in the path (path
 * style); otherwise in the host.
 * @param region checked already
 * @throws `s3/bad-address`
 */
export function webAddressOf(url: URL, region: string, endpoint: S3Options["endpoint"]): URL {
  const { bucket, key, versionId } = placeIn(url);
  const path = key.split("/").map(escaped).join("/");
  const host = `s3.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
  const base =
    endpoint !== undefined
      ? `${endpointOf(endpoint)}/${escaped(bucket)}`
      : /[._A-Z]/.test(bucket)
        ? `https://${host}/${escaped(bucket)}`
        : `https://${bucket}.${host}`;
  const query = versionId === null ? "" : `?versionId=${escaped(versionId)}`;
  return new URL(`${base}/${path}${query}`);
}

/** Without a slash at its end. */
function endpointOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "" || url.search !== "") {
    throw badAddress("the endpoint of S3 is no http or https address");
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}

/** Whether a text can be a region: it becomes a part of a host. */
export function isRegion(text: string): boolean {
  return /^[a-z0-9][a-z0-9-]{0,30}[a-z0-9]$/.test(text);
}

/** All but the unreserved characters of RFC 3986, as signatures want it. */
function escaped(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function badAddress(message: string): FerryError {
  return new FerryError("s3/bad-address", message, {
    hint: "Write it as s3://BUCKET/KEY; %, ? and # in a key are written as %25, %3F and %23. The endpoint is https://HOST.",
  });
}
