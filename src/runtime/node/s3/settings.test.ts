import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hasCode } from "../../../../test/support/errors.js";
import { parseS3Url, webAddressOf } from "./address.js";
import { s3FromEnvironment } from "./settings.js";

const none = { credentials: null, config: null };
const files = {
  credentials:
    "# kept by aws configure\n[default]\naws_access_key_id = A\naws_secret_access_key = a=/+\n\n[other]\r\naws_access_key_id=B\r\naws_secret_access_key=b\r\naws_session_token=t\r\n",
  config:
    "[default]\nregion = eu-west-1\ns3 =\n  max_concurrent_requests = 20\n  region = nested\n[profile other]\nregion=us-west-2 # near\nendpoint_url = https://store.example\n[profile role]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = default\n",
};

describe("settings of S3", () => {
  it("come from variables first", () => {
    const env = {
      AWS_ACCESS_KEY_ID: "I",
      AWS_SECRET_ACCESS_KEY: "s",
      AWS_SESSION_TOKEN: "k",
      AWS_DEFAULT_REGION: "eu-central-1",
      AWS_ENDPOINT_URL: "https://any.example",
      AWS_ENDPOINT_URL_S3: "https://s3.example",
    };
    const credentials = { accessKeyId: "I", secretAccessKey: "s", sessionToken: "k" };
    assert.deepEqual(s3FromEnvironment(env, files, "signed"), {
      credentials,
      region: "eu-central-1",
      endpoint: "https://s3.example",
    });
    assert.equal(s3FromEnvironment({ ...env, AWS_REGION: "eu-north-1" }, none, "signed").region, "eu-north-1");
  });

  it("come from the profile where variables leave them open", () => {
    assert.deepEqual(s3FromEnvironment({}, files, "signed"), {
      credentials: { accessKeyId: "A", secretAccessKey: "a=/+" },
      region: "eu-west-1",
    });
    assert.deepEqual(s3FromEnvironment({ AWS_PROFILE: "other" }, files, "signed"), {
      credentials: { accessKeyId: "B", secretAccessKey: "b", sessionToken: "t" },
      region: "us-west-2",
      endpoint: "https://store.example",
    });
  });

  it("are asked for where they are missing or elsewhere, and not where nothing is signed", () => {
    assert.throws(() => s3FromEnvironment({}, none, "signed"), hasCode("s3/no-credentials"));
    assert.throws(() => s3FromEnvironment({ AWS_PROFILE: "role" }, files, "signed"), hasCode("s3/no-credentials"));
    assert.throws(() => s3FromEnvironment({ AWS_PROFILE: "missing" }, files, "signed"), hasCode("s3/no-credentials"));
    assert.deepEqual(s3FromEnvironment({}, none, "unsigned"), { credentials: null });
  });
});

describe("the address of an object", () => {
  const web = (text: string, region = "us-east-1", endpoint?: string): string =>
    webAddressOf(parseS3Url(text), region, endpoint).href;

  it("has the bucket in its host, where a certificate covers that, and no endpoint is given", () => {
    assert.equal(web("s3://bucket/a/b.ova", "eu-west-1"), "https://bucket.s3.eu-west-1.amazonaws.com/a/b.ova");
    assert.equal(web("s3://bucket/a", "cn-north-1"), "https://bucket.s3.cn-north-1.amazonaws.com.cn/a");
    assert.equal(web("s3://my.bucket/a"), "https://s3.us-east-1.amazonaws.com/my.bucket/a");
    assert.equal(web("s3://Old_Bucket/a"), "https://s3.us-east-1.amazonaws.com/Old_Bucket/a");
    assert.equal(web("s3://bucket/a", "x", "http://127.0.0.1:9000/"), "http://127.0.0.1:9000/bucket/a");
    assert.equal(web("s3://bucket/a", "x", "https://h/base/"), "https://h/base/bucket/a");
  });

  it("keeps every character of the key", () => {
    assert.equal(
      web("s3://bucket/My App+(1)/a%23b%3F%25 ü.ova?versionId=v.1/2"),
      "https://bucket.s3.us-east-1.amazonaws.com/My%20App%2B%281%29/a%23b%3F%25%20%C3%BC.ova?versionId=v.1%2F2",
    );
    assert.equal(web("s3://bucket/a//b"), "https://bucket.s3.us-east-1.amazonaws.com/a//b");
  });

  for (const bad of [
    "s3://",
    "s3://bucket",
    "s3://bucket/",
    "s3://b/k",
    "s3://u:p@bucket/k",
    "s3://bucket/%zz",
    "s3://bucket/a%2F..%2Fb",
    "s3://bucket/k?acl",
    "s3://bucket.evil.example:1/k",
    "s3:bucket/k",
  ]) {
    it(`is refused: ${bad}`, () => {
      assert.throws(() => parseS3Url(bad), hasCode("s3/bad-address"));
    });
  }

  it("is refused with an endpoint that is none", () => {
    for (const endpoint of ["ftp://h", "h:9000", "https://u:p@h/", "https://h/?x"]) {
      assert.throws(() => web("s3://bucket/k", "x", endpoint), hasCode("s3/bad-address"), endpoint);
    }
  });
});
