/** Calls of `vmferry sign` and `verify` in this process, and files for them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { run } from "../../src/cli/program.js";
import type { SignResult, VerifyResult } from "../../src/report/results.js";
import { type CertificateOptions, type Issued, issue } from "./authority.js";
import { captureStreams } from "./streams.js";

/** A folder for the files of one test, gone afterwards. */
export interface SigningFolder {
  /** A name that is free. */
  fresh(extension: string): string;
  /** Writes a file that nobody else may read, and returns its name. */
  put(content: string | Uint8Array, extension: string): string;
  /** The options for a signer that is made now. */
  signerOf(options: CertificateOptions): Promise<readonly string[]>;
}

/** Makes a folder for files of tests. */
export function signingFolder(): SigningFolder {
  const folder = mkdtempSync(join(tmpdir(), "vmferry-sign-"));
  after(() => rmSync(folder, { recursive: true }));
  let counter = 0;
  const fresh = (extension: string): string => join(folder, `${counter++}${extension}`);
  const put = (content: string | Uint8Array, extension: string): string => {
    const file = fresh(extension);
    writeFileSync(file, content, { mode: 0o600 });
    return file;
  };
  return {
    fresh,
    put,
    async signerOf(options): Promise<readonly string[]> {
      const made = await issue(options);
      return ["--key", put(pemOfKey(made) + made.pem, ".pem")];
    },
  };
}

/** PKCS #8 in PEM. */
export function pemOfKey({ key }: Issued): string {
  return key.export({ type: "pkcs8", format: "pem" }) as string;
}

/** What a call came to. */
export interface SignCall {
  readonly exitCode: number;
  readonly value: SignResult;
  /** `severity code` of each finding. */
  readonly codes: readonly string[];
  readonly error: string | null;
}

/** Runs a command with `--json`. */
export async function callSign(...words: readonly string[]): Promise<SignCall> {
  const streams = captureStreams();
  const exitCode = await run([...words, "--json", "--workers", "0"], streams, new AbortController().signal);
  const value = JSON.parse(streams.out()) as SignResult & { readonly error?: { readonly code: string } };
  const codes = (value.diagnostics ?? []).map(({ code, severity }) => `${severity} ${code}`);
  return { exitCode, value, codes, error: value.error?.code ?? null };
}

/** Exit code and both verdicts of a package that somebody has to have signed. */
export async function verifySigned(file: string, signer: Issued): Promise<readonly [number, string, string]> {
  const streams = captureStreams();
  const words = ["verify", file, "--signer", signer.fingerprint, "--json", "--workers", "0"];
  const exitCode = await run(words, streams, new AbortController().signal);
  const { verdict, signed } = JSON.parse(streams.out()) as VerifyResult;
  return [exitCode, verdict, signed];
}
