import type { CodeTable } from "./codes.js";

/** Objects in stores that speak S3. */
export const s3Codes: CodeTable = {
  "s3/bad-address": {
    kind: "usage",
    what: "The address of an object in S3, the region, or the endpoint cannot be one.",
    why: "Bucket and key become parts of the address that is asked and signed.",
    fix: "Write `s3://BUCKET/KEY`; `%`, `?` and `#` in a key are written as `%25`, `%3F` and `%23`. Check `AWS_REGION` and `AWS_ENDPOINT_URL`.",
  },
  "s3/no-credentials": {
    kind: "usage",
    what: "There are no credentials for S3, or they would have to be asked for elsewhere.",
    why: "Requests are signed with keys out of variables or a profile; roles and single sign-on are not resolved.",
    fix: 'Set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or `AWS_PROFILE`; `eval "$(aws configure export-credentials --format env)"` does it for roles. For public buckets give `--no-sign-request`.',
  },
  "s3/bad-credentials": {
    kind: "remote",
    what: "An object store does not take the credentials, or the signature made with them.",
    why: "They have expired, belong to another store or region, or this machine's clock is wrong.",
    fix: "Get new ones, check `AWS_PROFILE`, the endpoint and the clock: the hint of the error says which.",
  },
};
