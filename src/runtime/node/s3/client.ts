import { FerryError, throwIfAborted } from "../../../base/errors.js";
import { placeOf, sameOrigin } from "../http/address.js";
import { createHttpClient, type HttpAnswer, type HttpClient } from "../http/client.js";
import type { HttpOptions } from "../http/options.js";
import { DEFAULT_REGION, isRegion, webAddressOf } from "./address.js";
import { failureIn, refusalOf } from "./errors.js";
import type { S3Options } from "./options.js";
import { signedFields } from "./sign.js";

/** Answers of servers that may be right the next time: what they are for every server. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);
/** Times that a request goes to another place of the same store. */
const MOST_MOVES = 3;

export { parseS3Url } from "./address.js";

/**
 * A client for addresses `s3://BUCKET/KEY`: each request is signed anew, also when it is tried again. To a bucket in another region it goes
 * as the store says; to hosts that are none of the store's, never.
 * @throws `s3/bad-address` for a region or endpoint that cannot be one
 */
export function createS3Client(options: HttpOptions, store: S3Options): HttpClient {
  const { credentials: _, ...spoken } = options;
  const client = createHttpClient(spoken);
  const { credentials, endpoint } = store;
  let region = store.region ?? DEFAULT_REGION;
  if (!isRegion(region)) {
    throw new FerryError("s3/bad-address", "the region of S3 cannot be one", {
      hint: "Set AWS_REGION, as in eu-central-1.",
    });
  }
  // Of the user's own fields those that a store wants to be signed.
  const extra = Object.fromEntries(
    Object.entries(options.headers ?? {}).filter(([name]) => name.toLowerCase().startsWith("x-amz-")),
  );

  /** Where a redirect leads inside of the store; `null`: nowhere. */
  function moved(answer: HttpAnswer, place: URL): URL | null {
    const { location } = answer.headers;
    if (location === undefined || !URL.canParse(location, place.href)) return null;
    const target = new URL(location, place);
    const isOfStore =
      sameOrigin(target, place) ||
      (endpoint === undefined &&
        target.protocol === "https:" &&
        /^(?:[a-z0-9.-]+\.)?s3(?:[.-][a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?$/.test(target.hostname));
    return isOfStore ? target : null;
  }

  return {
    options: client.options,
    exchange: client.exchange,
    async get(request, signal): Promise<HttpAnswer> {
      const label = placeOf(request.url);
      let place = webAddressOf(request.url, region, endpoint);
      for (let moves = 0; moves <= MOST_MOVES; moves++) {
        throwIfAborted(signal);
        const now = new Date();
        const fields =
          credentials === null ? {} : await signedFields(place, { credentials, region, now, headers: extra });
        const answer = await client.exchange({ ...request, url: place, named: place }, signal, fields);
        const { status } = answer;
        if (status < 300 || status === 416 || PASSING.has(status)) return { ...answer, url: request.url };
        const target = status === 307 ? moved(answer, place) : null;
        const failure = await failureIn(answer, client.options.timeoutMs, signal);
        if (target !== null) {
          place = target;
          continue;
        }
        if (failure.region !== null && failure.region !== region && isRegion(failure.region) && status !== 404) {
          region = failure.region;
          place = webAddressOf(request.url, region, endpoint);
          continue;
        }
        if (status < 400) break;
        throw refusalOf(answer, failure, label, credentials !== null, now);
      }
      throw new FerryError("http/bad-redirect", `${label}: the store sends on to where no bucket is`, {
        hint: "Check AWS_REGION and AWS_ENDPOINT_URL.",
      });
    },
    close: () => client.close(),
  };
}
