/** What an object store's refusal means. Of its words only the code is used: the rest may hold keys and what was signed. */
import { FerryError } from "../../../base/errors.js";
import { bodyOf } from "../http/body.js";
import type { HttpAnswer } from "../http/client.js";

/** Bytes of an answer that are looked at. */
const MOST_BYTES = 64 * 1024;

/** The error in an answer (REST error responses, Amazon S3 API). */
export interface S3Failure {
  /** `NoSuchKey`; `null`: it has none. */
  readonly code: string | null;
  /** Where the bucket is, as the answer says. */
  readonly region: string | null;
}

/** Reads the error, and no more than it takes. @throws `Interruption`, `run/canceled` */
export async function failureIn(answer: HttpAnswer, timeoutMs: number, signal?: AbortSignal): Promise<S3Failure> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of bodyOf(answer, timeoutMs, signal)) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= MOST_BYTES) break;
  }
  const text = Buffer.concat(chunks).subarray(0, MOST_BYTES).toString("latin1");
  const header = answer.headers["x-amz-bucket-region"];
  return {
    code: /<Code>([A-Za-z]{1,64})<\/Code>/.exec(text)?.[1] ?? null,
    region: typeof header === "string" ? header : (/<Region>([a-z0-9-]{1,32})<\/Region>/.exec(text)?.[1] ?? null),
  };
}

const CREDENTIALS: Readonly<Record<string, string>> = {
  ExpiredToken: "The session token has expired: get new credentials, for example with aws sso login or aws sts.",
  TokenRefreshRequired: "The session token has expired: get new credentials.",
  InvalidToken: "The session token is none of these keys: set AWS_SESSION_TOKEN anew, or unset it.",
  InvalidAccessKeyId: "This store does not know the key: check AWS_ACCESS_KEY_ID, AWS_PROFILE and the endpoint.",
  SignatureDoesNotMatch: "The secret key is not that of the access key: check AWS_SECRET_ACCESS_KEY.",
  AuthorizationHeaderMalformed: "Check AWS_REGION: the store wants requests for another region.",
};

/** What to throw. @param now this machine's time */
export function refusalOf(
  answer: HttpAnswer,
  failure: S3Failure,
  label: string,
  signed: boolean,
  now: Date,
): FerryError {
  const { status } = answer;
  const code = failure.code ?? String(status);
  const known = CREDENTIALS[code];
  if (known !== undefined) {
    return new FerryError("s3/bad-credentials", `${label}: the store does not take the credentials (${code})`, {
      hint: known,
    });
  }
  if (code === "RequestTimeTooSkewed") {
    const away = Math.round((now.getTime() - Date.parse(answer.headers.date ?? "")) / 60_000);
    const far =
      Number.isFinite(away) && away !== 0 ? `, which is ${Math.abs(away)} minutes ${away < 0 ? "late" : "early"}` : "";
    return new FerryError("s3/bad-credentials", `${label}: the store does not take a request of this time (${code})`, {
      hint: `Set this machine's clock${far}.`,
    });
  }
  if (code === "NoSuchBucket") {
    return new FerryError("io/not-found", `${label}: there is no such bucket`, {
      hint: "Check its name, and the endpoint: buckets of other stores need AWS_ENDPOINT_URL.",
    });
  }
  if (status === 404) {
    return new FerryError("io/not-found", `${label} does not exist (${code})`, {
      hint: "Check the key for typing errors.",
    });
  }
  if (code === "InvalidObjectState") {
    return new FerryError("http/status", `${label} lies in an archive (${code})`, { hint: "Have it restored first." });
  }
  if (status === 401 || status === 403) {
    return new FerryError("http/denied", `${label}: the store denies access (${code})`, {
      hint: signed
        ? "These credentials may not read it, or it does not exist: without the right to list a bucket both look the same."
        : "Not everybody may read it: give credentials, and leave out --no-sign-request.",
    });
  }
  return new FerryError(
    "http/status",
    `${label}: the store answers ${status}${failure.code === null ? "" : ` (${code})`}`,
    {
      hint: "Check bucket, key, region and endpoint.",
    },
  );
}
