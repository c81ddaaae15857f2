import { AwsV4Signer } from "aws4fetch";
import type { S3Credentials } from "./options.js";

/** SHA-256 of no bytes: requests have no body. */
const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** What a signature is made with. */
export interface Signing {
  readonly credentials: S3Credentials;
  readonly region: string;
  /** The time of the request. */
  readonly now: Date;
  /** Fields that have to be signed, in small letters: those that begin with `x-amz-`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The fields that sign a GET by Signature Version 4 ("Authenticating Requests: Using the Authorization Header", Amazon S3 API). */
export async function signedFields(url: URL, signing: Signing): Promise<Readonly<Record<string, string>>> {
  const { credentials, region, now, headers = {} } = signing;
  const signer = new AwsV4Signer({
    ...credentials,
    method: "GET",
    url: url.href,
    headers: { ...headers, "x-amz-content-sha256": EMPTY },
    service: "s3",
    region,
    datetime: now.toISOString().replace(/[:-]|\.\d{3}/g, ""),
  });
  return Object.fromEntries((await signer.sign()).headers);
}
