/**
 * An object store on 127.0.0.1 that checks signatures itself: Signature Version 4 as Amazon documents it ("Signature Calculations for the
 * Authorization Header: Transferring Payload in a Single Chunk", Amazon S3 API reference). Nothing here uses what is tested with it.
 */
import { createHash, createHmac } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { type Served, serve, type TestServer, type Turn } from "./http-server.js";

/** A request as a signature sees it. */
export interface SignedRequest {
  readonly method: string;
  /** As it stands in the request: path and query. */
  readonly target: string;
  /** By names in small letters. */
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** The parts of an Authorization field. */
interface Authorization {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly signed: readonly string[];
  readonly signature: string;
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;

/** Reads an Authorization field; `null` where it is none of this version. */
export function parseAuthorization(text: string | undefined): Authorization | null {
  const [, accessKeyId = "", date = "", region = "", signed = "", signature = ""] =
    AUTHORIZATION.exec(text ?? "") ?? [];
  return signature === "" ? null : { accessKeyId, date, region, signed: signed.split(";"), signature };
}

/** The signature that a request should have. */
export function signatureOf(
  request: SignedRequest,
  { date, region, signed }: Omit<Authorization, "signature">,
  secret: string,
): string {
  const encode = (text: string): string =>
    [...new TextEncoder().encode(text)]
      .map((byte) => {
        const char = String.fromCharCode(byte);
        return /[A-Za-z0-9\-._~]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
      })
      .join("");
  const [path = "", query = ""] = request.target.split("?", 2);
  const canonicalPath = path
    .split("/")
    .map((part) => encode(decodeURIComponent(part)))
    .join("/");
  const canonicalQuery = query
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => {
      const [name = "", value = ""] = pair.split("=", 2);
      return `${encode(decodeURIComponent(name))}=${encode(decodeURIComponent(value))}`;
    })
    .sort()
    .join("&");
  const fields = signed.map((name) => `${name}:${(request.headers[name] ?? "").trim()}\n`).join("");
  const canonical = [
    request.method,
    canonicalPath,
    canonicalQuery,
    fields,
    signed.join(";"),
    request.headers["x-amz-content-sha256"] ?? "",
  ].join("\n");
  const scope = `${date}/${region}/s3/aws4_request`;
  const text = `AWS4-HMAC-SHA256\n${request.headers["x-amz-date"] ?? ""}\n${scope}\n${createHash("sha256").update(canonical).digest("hex")}`;
  const hmac = (key: string | Buffer, value: string): Buffer => createHmac("sha256", key).update(value).digest();
  const key = [date, region, "s3", "aws4_request"].reduce<string | Buffer>(hmac, `AWS4${secret}`);
  return hmac(key, text).toString("hex");
}

/** A store. */
export interface StoreOptions {
  /** Secrets by access key. */
  readonly keys: Readonly<Record<string, string>>;
  /** The token that a key needs. */
  readonly tokens?: Readonly<Record<string, string>>;
  /** The region that signatures have to be for. */
  readonly region: string;
  /** Buckets that need no signature. */
  readonly open?: readonly string[];
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Buckets in the host: what stands behind `BUCKET.`. */
  readonly virtualHost?: RegExp;
  /** Minutes that its clock is ahead. */
  readonly ahead?: number;
  /** Looked at first: `true` where it was answered. */
  readonly turn?: (turn: Turn) => boolean;
}

/** Starts a store. Files are by `BUCKET/KEY`. */
export async function serveS3(files: Readonly<Record<string, Served>>, store: StoreOptions): Promise<TestServer> {
  const stored = new Map(Object.entries(files));
  const server = await serve(
    {},
    {
      ...(store.tls === undefined ? {} : { tls: store.tls }),
      turn(turn) {
        if (store.turn?.(turn) === true) return;
        const { request, response } = turn;
        const place = placeOf(request, store);
        const wrong = refusal(request, place, store, stored);
        if (wrong === null) {
          // The server finds files by the path of the request.
          const [path = ""] = (request.url ?? "").split("?");
          const found = stored.get(place);
          if (found !== undefined) server.files.set(decodeURIComponent(path.slice(1)), found);
          return turn.serve();
        }
        const [status, code, more = ""] = wrong;
        // Real ones repeat keys, and what was signed: none of that may be shown.
        const said = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>hunter2 secret</Message><AWSAccessKeyId>hunter2</AWSAccessKeyId>${more}</Error>`;
        const region = code === "PermanentRedirect" ? { "x-amz-bucket-region": store.region } : {};
        const date = new Date(Date.now() + (store.ahead ?? 0) * 60_000).toUTCString();
        return response.writeHead(status, { "content-type": "application/xml", date, ...region }).end(said);
      },
    },
  );
  return server;
}

/** `BUCKET/KEY` of a request. */
function placeOf({ url = "", headers }: IncomingMessage, { virtualHost }: StoreOptions): string {
  const path = decodeURIComponent((url.split("?")[0] ?? "").slice(1));
  const host = headers.host ?? "";
  const bucket = virtualHost === undefined ? undefined : /^([^.]+)\.(.*)$/.exec(host);
  return bucket != null && virtualHost?.test(bucket[2] ?? "") === true ? `${bucket[1]}/${path}` : path;
}

/** Why a request is not answered; `null`: it is. */
function refusal(
  request: IncomingMessage,
  place: string,
  store: StoreOptions,
  files: ReadonlyMap<string, Served>,
): readonly [status: number, code: string, more?: string] | null {
  const { headers } = request;
  const bucket = place.split("/")[0] ?? "";
  const isThere = [...files.keys()].some((name) => name.startsWith(`${bucket}/`));
  if (!isThere) return [404, "NoSuchBucket"];
  const given = parseAuthorization(headers.authorization);
  if (headers.authorization !== undefined || store.open?.includes(bucket) !== true) {
    if (headers.authorization === undefined) return [403, "AccessDenied"];
    if (given === null) return [400, "InvalidRequest"];
    const secret = store.keys[given.accessKeyId];
    if (secret === undefined) return [403, "InvalidAccessKeyId"];
    const time = String(headers["x-amz-date"]).replace(/(....)(..)(..)T(..)(..)(..)Z/, "$1-$2-$3T$4:$5:$6Z");
    const skew = Date.now() + (store.ahead ?? 0) * 60_000 - Date.parse(time);
    if (!(Math.abs(skew) < 15 * 60_000)) return [403, "RequestTimeTooSkewed"];
    if (given.region !== store.region) return [301, "PermanentRedirect"];
    const token = store.tokens?.[given.accessKeyId];
    if (headers["x-amz-security-token"] !== token) return [400, token === undefined ? "InvalidToken" : "ExpiredToken"];
    // Every x-amz- field of a request has to be signed, and the host.
    const needed = ["host", ...Object.keys(headers).filter((name) => name.startsWith("x-amz-"))];
    const fields = headers as Readonly<Record<string, string | undefined>>;
    const right = signatureOf(
      { method: request.method ?? "", target: request.url ?? "", headers: fields },
      given,
      secret,
    );
    if (needed.some((name) => !given.signed.includes(name)) || right !== given.signature) {
      return [403, "SignatureDoesNotMatch", `<StringToSign>${right}</StringToSign>`];
    }
  }
  return files.has(place) ? null : [404, "NoSuchKey"];
}
