/** Settings of S3 as the programs of AWS read them: variables first, then a profile in two files. */
import { FerryError } from "../../../base/errors.js";
import type { Environment } from "../http/proxy.js";
import type { S3Credentials, S3Options } from "./options.js";

/** Texts of `~/.aws/credentials` and `~/.aws/config`; `null` where a file is not there. */
export interface AwsFiles {
  readonly credentials: string | null;
  readonly config: string | null;
}

/** Keys of a profile whose credentials other programs fetch. */
const FETCHED = [
  "role_arn",
  "sso_session",
  "sso_start_url",
  "credential_process",
  "web_identity_token_file",
  "login_session",
];

/**
 * Region, endpoint and credentials: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION`,
 * `AWS_DEFAULT_REGION`, `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, and what they leave open from the profile `AWS_PROFILE`. Roles and
 * single sign-on are not resolved.
 * @param signing `signed` needs credentials, `unsigned` looks for none
 * @throws `s3/no-credentials`
 */
export function s3FromEnvironment(env: Environment, files: AwsFiles, signing: "signed" | "unsigned"): S3Options {
  const profile = profileOf(env, files);
  const pick = (...names: readonly string[]): string | null =>
    names.map((name) => env[name]?.trim()).find(Boolean) ?? null;
  const region = pick("AWS_REGION", "AWS_DEFAULT_REGION") ?? profile.get("region");
  const endpoint = pick("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL") ?? profile.get("endpoint_url");
  return {
    credentials: signing === "unsigned" ? null : credentialsOf(env, profile),
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
  };
}

function credentialsOf(env: Environment, profile: ReadonlyMap<string, string>): S3Credentials {
  const { AWS_ACCESS_KEY_ID: id = "", AWS_SECRET_ACCESS_KEY: secret = "", AWS_SESSION_TOKEN: token = "" } = env;
  if (id !== "" && secret !== "") return keys(id, secret, token);
  const [own, hidden] = [profile.get("aws_access_key_id") ?? "", profile.get("aws_secret_access_key") ?? ""];
  if (own !== "" && hidden !== "") return keys(own, hidden, profile.get("aws_session_token") ?? "");
  if (FETCHED.some((key) => profile.has(key))) {
    throw new FerryError(
      "s3/no-credentials",
      "the profile of AWS has a role, a sign-on or a program, which vmferry does not ask",
      {
        hint: 'Put what it gives into variables: eval "$(aws configure export-credentials --format env)".',
      },
    );
  }
  throw new FerryError("s3/no-credentials", "there are no credentials for S3", {
    hint: "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; for a bucket that everybody may read, give --no-sign-request.",
  });
}

function keys(accessKeyId: string, secretAccessKey: string, token: string): S3Credentials {
  return { accessKeyId, secretAccessKey, ...(token === "" ? {} : { sessionToken: token }) };
}

/** The values of the profile; those of the file of credentials count first. */
function profileOf(env: Environment, files: AwsFiles): ReadonlyMap<string, string> {
  const name = (env.AWS_PROFILE ?? "").trim() || (env.AWS_DEFAULT_PROFILE ?? "").trim() || "default";
  const config = files.config === null ? null : sections(files.config);
  const fromConfig = config?.get(`profile ${name}`) ?? (name === "default" ? config?.get(name) : undefined);
  const fromCredentials = files.credentials === null ? undefined : sections(files.credentials).get(name);
  if (fromConfig === undefined && fromCredentials === undefined && (env.AWS_PROFILE ?? "") !== "") {
    throw new FerryError("s3/no-credentials", "the profile that AWS_PROFILE names is in no file of AWS", {
      hint: "aws configure list-profiles shows those that there are.",
    });
  }
  return new Map([...(fromConfig ?? []), ...(fromCredentials ?? [])]);
}

/** Sections of an INI file as AWS writes it. Indented lines belong to a nested setting, and are passed over. */
function sections(text: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const all = new Map<string, Map<string, string>>();
  let current = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const header = /^\[\s*(.+?)\s*\]/.exec(line)?.[1];
    if (header !== undefined) {
      const title = header.replace(/^profile\s+/, "profile ").replace(/["']/g, "");
      current = all.get(title) ?? new Map();
      all.set(title, current);
      continue;
    }
    const [, key = "", value = ""] = /^([A-Za-z_]\w*)\s*=\s*(.*?)\s*(?:\s[#;].*)?$/.exec(line) ?? [];
    if (key !== "") current.set(key.toLowerCase(), value);
  }
  return all;
}
