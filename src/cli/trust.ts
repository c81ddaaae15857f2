/** Options about who made a package: certificates, lists, fingerprints and sums, which are read here and judged by others. */
import * as path from "node:path";
import { FerryError } from "../base/errors.js";
import type { HashName } from "../base/ids.js";
import type { Context } from "../io/context.js";
import type { GivenSum } from "../operations/verify.js";
import { parseManifest } from "../package/manifest/text.js";
import { fingerprintOf, type Trust } from "../package/trust/trust.js";
import { systemAuthorities } from "../runtime/node/authorities.js";
import type { OptionSpec } from "./command.js";
import type { NamedPackage } from "./named.js";
import { flag, invalid, list, text } from "./options.js";
import { readSmallFile } from "./small-file.js";

/** Bytes of a file of sums: a few thousand lines. */
const MOST_SUMS_BYTES = 4 * 1024 * 1024;
/** Bytes of a file of certificates or of a list of revoked ones: a system's bundle has 200 KiB, the largest lists some MiB. */
const MOST_TRUST_BYTES = 32 * 1024 * 1024;

/** Sums that a package file has to have. */
export const sumOptions: {
  readonly sha256: OptionSpec<readonly string[]>;
  readonly sums: OptionSpec<string | null>;
} = {
  sha256: list("--sha256 HEX", "the SHA-256 that the package file has to have"),
  sums: text("--sums FILE", "a file of sums, as sha256sum writes it, with a line for the package file"),
};

/** Whom to trust. */
export const trustOptions: {
  readonly trust: OptionSpec<readonly string[]>;
  readonly systemTrust: OptionSpec<boolean>;
  readonly intermediate: OptionSpec<readonly string[]>;
  readonly crl: OptionSpec<readonly string[]>;
  readonly signer: OptionSpec<readonly string[]>;
  readonly at: OptionSpec<string | null>;
} = {
  trust: list("--trust FILE", "certificates of authorities or signers that are trusted (PEM or DER)"),
  systemTrust: flag("--system-trust", "trust the authorities of this system"),
  intermediate: list(
    "--intermediate FILE",
    "certificates between a trusted one and the signer's, which prove nothing by themselves",
  ),
  crl: list("--crl FILE", "lists of revoked certificates (PEM or DER)"),
  signer: list("--signer FINGERPRINT", "the SHA-256 of the certificate that has to have signed; one of them"),
  at: text("--at TIME", "check certificates as of this time (ISO 8601) instead of now"),
};

/** `--policy`. */
export const policy: OptionSpec<string | null> = text("--policy FILE", "hold the package against this policy (YAML)");

/** What `trustOptions` say. */
export interface TrustChoice {
  readonly trust: readonly string[];
  readonly systemTrust: boolean;
  readonly intermediate: readonly string[];
  readonly crl: readonly string[];
  readonly signer: readonly string[];
  readonly at: string | null;
}

/** Reads what the options name. @throws `signature/unreadable`, `signature/bad-crl`, `cli/invalid-value`, `io/not-found`, `io/limit` */
export async function trustOf(choice: TrustChoice, ctx: Context): Promise<Trust> {
  const signers = choice.signer.map((text) => {
    const print = fingerprintOf(text);
    if (print === null)
      throw invalid("--signer", text, "It is a SHA-256: 64 hexadecimal digits, colons between them or not.");
    return print;
  });
  const files = choice.trust.length + choice.intermediate.length + choice.crl.length;
  if (files === 0 && !choice.systemTrust) {
    return { anchors: [], intermediates: [], crls: [], signers, at: timeOf(choice.at) };
  }
  // With them comes a library that most runs do not need.
  const { readCertificates, readCrls } = await import("../package/trust/material.js");
  const certificates = async (names: readonly string[]) =>
    (await Promise.all(names.map(async (name) => readCertificates(await smallFile(name), name, ctx.limits)))).flat();
  const system = choice.systemTrust ? await systemAuthorities() : null;
  return {
    anchors: [
      ...(await certificates(choice.trust)),
      ...(system === null ? [] : readCertificates(system.bytes, system.name, ctx.limits, "skip")),
    ],
    intermediates: await certificates(choice.intermediate),
    crls: (await Promise.all(choice.crl.map(async (name) => readCrls(await smallFile(name), name)))).flat(),
    signers,
    at: timeOf(choice.at),
  };
}

/** What `sumOptions` say. */
export interface SumChoice {
  readonly sha256: readonly string[];
  readonly sums: string | null;
}

/** The sums that a package file has to have. @throws `cli/sums-need-a-file`, `cli/sum-not-listed`, `cli/invalid-value`, `io/not-found`, `io/limit` */
export async function givenSums(
  named: NamedPackage<unknown>,
  options: SumChoice,
  ctx: Context,
): Promise<readonly GivenSum[]> {
  const sums: GivenSum[] = options.sha256.map((digest) => {
    if (!/^[0-9a-fA-F]{64}$/.test(digest)) throw invalid("--sha256", digest, "It has 64 hexadecimal digits.");
    return { algorithm: "sha256" as HashName, digest: digest.toLowerCase() };
  });
  if (options.sums !== null) {
    const file = options.sums;
    const listed = parseManifest(await smallFile(file, MOST_SUMS_BYTES), file, { ...ctx, report: () => {} });
    const own = listed.entries.filter((entry) => path.basename(entry.name) === named.fileName);
    if (own.length === 0) {
      throw new FerryError("cli/sum-not-listed", `${file} has no line for ${named.fileName}`, {
        hint: "Is it the right file of sums, and was the package renamed?",
      });
    }
    sums.push(...own.map(({ algorithm, digest }) => ({ algorithm, digest })));
  }
  if (sums.length > 0 && named.container === null) {
    throw new FerryError("cli/sums-need-a-file", `${named.name} is a folder, and sums are of a package file`, {
      hint: "Give the .ova, or the .ovf that the sum is of.",
    });
  }
  return sums;
}

function timeOf(text: string | null): Date | null {
  if (text === null) return null;
  const time = /^\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?$/.test(text) ? new Date(text) : new Date(Number.NaN);
  if (Number.isNaN(time.getTime()))
    throw invalid("--at", text, "It is a date or a time as 2026-01-31 or 2026-01-31T12:00:00Z.");
  return time;
}

async function smallFile(name: string, limit: number = MOST_TRUST_BYTES): Promise<Uint8Array> {
  const bytes = await readSmallFile(name, limit);
  if (bytes !== null) return bytes;
  throw new FerryError("io/limit", `${name} has more than ${limit} bytes`, {
    hint: "Is it the right file? Files of certificates and sums are small.",
  });
}
